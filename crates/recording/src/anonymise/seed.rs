//! What the replacements follow from.

use std::fmt;

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// What the replacements follow from: with the same seed the same is replaced by the same, and whoever has it can
/// work out what was replaced.
#[derive(Clone)]
pub struct Seed([u8; 32]);

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

impl Seed {
    /// The shortest text that is not guessed, in characters, if it was made up by a person.
    pub const SHORTEST_TEXT: usize = 16;

    /// The seed of these bytes, which nobody can guess.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The seed that is made from `text`; it should have [`Seed::SHORTEST_TEXT`] characters, for it can be tried out.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut bytes = [0; 32];
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hash)| *byte = *hash);
        Self(bytes)
    }

    /// A seed that is forgotten with what was made with it: nothing replaced can be worked out any more.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Shows nothing of it.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(_)")
    }
}
