//! The seed of the replacements.

use std::fmt;

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// The seed of the replacements. The same seed gives the same replacements, and whoever has it can undo them.
#[derive(Clone)]
pub struct AnonymiserSeed([u8; 32]);

/// The operating system returned no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot create a random seed: the operating system returned no random numbers")]
pub struct SeedError;

impl AnonymiserSeed {
    /// The minimum length of a text made up by a person, in characters, for it to be hard to guess.
    pub const SHORTEST_TEXT: usize = 16;

    /// A seed of these bytes, which must be unpredictable.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A seed derived from `text`, which should have at least [`AnonymiserSeed::SHORTEST_TEXT`] characters, because
    /// shorter texts can be guessed.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut bytes = [0; 32];
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hash)| *byte = *hash);
        Self(bytes)
    }

    /// A random seed. Once it is dropped, nobody can undo the replacements.
    ///
    /// # Errors
    ///
    /// If the operating system returns no random numbers.
    pub fn random() -> Result<Self, SeedError> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SeedError)?;
        Ok(Self(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Does not show the seed.
impl fmt::Debug for AnonymiserSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnonymiserSeed(_)")
    }
}
