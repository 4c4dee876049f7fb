//! Checks the login of a client (AMI notes 1.5).

use std::hash::{BuildHasher, RandomState};

use md5::{Digest, Md5};

use super::action::ClientAction;
use super::options::PlaybackOptions;

/// A challenge for a login by MD5: a random number.
pub(super) fn new_challenge() -> String {
    (RandomState::new().hash_one(()) % 1_000_000_000).to_string()
}

/// Whether `login` proves that it comes from the user, by the secret or by its hash with `challenge`.
pub(super) fn is_valid(login: &ClientAction, options: &PlaybackOptions, challenge: Option<&str>) -> bool {
    let is_user = login.get("Username").is_some_and(|name| name.eq_ignore_ascii_case(&options.username));
    let has_proof = if login.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) {
        challenge.is_some_and(|challenge| login.get("Key") == Some(&md5_key(challenge, &options.secret)))
    } else {
        login.get("Secret") == Some(&options.secret)
    };
    is_user && has_proof
}

/// The hash that a client sends instead of its secret.
pub(super) fn md5_key(challenge: &str, secret: &str) -> String {
    let digest = Md5::new().chain_update(challenge).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_md5_of_challenge_and_secret_in_lower_case() {
        assert_eq!(md5_key("abc", ""), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(md5_key("a", "bc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
