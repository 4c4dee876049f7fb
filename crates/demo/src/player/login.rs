//! Who a client is (AMI contract, 1.5).

use std::hash::{BuildHasher, RandomState};

use md5::{Digest, Md5};

use super::{Action, PlayOptions};

/// A challenge for a login by MD5: a number that was not used before.
pub(super) fn challenge() -> String {
    (RandomState::new().hash_one(()) % 1_000_000_000).to_string()
}

/// Whether `login` proves to come from the user, by the secret itself or by what it makes of `challenge`.
pub(super) fn is_valid(login: &Action, options: &PlayOptions, challenge: Option<&str>) -> bool {
    let user = login.get("Username").is_some_and(|name| name.eq_ignore_ascii_case(&options.username));
    let proof = if login.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) {
        challenge.is_some_and(|challenge| login.get("Key") == Some(&key(challenge, &options.secret)))
    } else {
        login.get("Secret") == Some(&options.secret)
    };
    user && proof
}

/// What a client sends in place of its secret.
pub(super) fn key(challenge: &str, secret: &str) -> String {
    let digest = Md5::new().chain_update(challenge).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_md5_of_challenge_and_secret_in_lower_case() {
        assert_eq!(key("abc", ""), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(key("a", "bc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
