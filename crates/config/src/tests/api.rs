//! `[api]`: where the daemon can be asked, and by whom.

use super::*;
use crate::describe;

const TOKEN: &str = "secret = \"mFqT8bXw2LrZ5kPd\"";

#[track_caller]
fn check(api: &str, expected: &[&str]) {
    let place = Place::new();
    place.put("ringwire.toml", format!("{PBX}{TARGET}[api]\n{api}\n"), 0o600);
    let message = match place.load(Purpose::Run) {
        Ok(config) => describe(&config),
        Err(lines) => lines.join("\n"),
    };
    for line in expected {
        assert!(message.contains(line), "{line:?} is not in:\n{message}");
    }
    assert!(!message.contains("mFqT8bXw2LrZ5kPd"), "{message}");
}

#[test]
fn the_description_names_socket_port_tokens_and_origins() {
    check("socket = \"\"", &["Does not open a socket.", "Does not listen on a port."]);
    check("listen = \"127.0.0.1:8480\"", &["Listens on 127.0.0.1:8480, but no token is configured"]);
    check(
        &format!(
            "listen = \"[::1]:8480\"\nallow_origins = \"https://wall.example.com\"\n[api.token.wall]\nrole = \"viewer\"\n{TOKEN}"
        ),
        &[
            "Listens on [::1]:8480 for these tokens: wall (viewer).",
            "The desk is at http://[::1]:8480/.",
            "Web pages of https://wall.example.com may use the API, too.",
        ],
    );
    check(
        "listen = \"127.0.0.1:8480\"\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
        &["Takes the word of 127.0.0.1/32 and 10.0.0.0/8 for the address of a client."],
    );
}

#[test]
fn mistakes_in_the_api_section_are_located_with_a_hint() {
    check(
        "listen = \"0.0.0.0:8480\"",
        &["api.listen: 0.0.0.0:8480 is not a loopback address", "put a reverse proxy with TLS in front"],
    );
    check("listen = \"8480\"", &["api.listen: invalid address \"8480\"", "as in \"127.0.0.1:8480\""]);
    check("allow_origins = \"*\"", &["api.allow_origins: invalid origin \"*\""]);
    check("allow_origins = \"https://a.example/x\"", &["write \"https://a.example\""]);
    check("[api.token.anna]\nrole = \"boss\"", &["api.token.anna.role: ", "viewer", "admin"]);
    check("[api.token.anna]\nrole = \"agent\"", &["the token is missing", "secret_file"]);
    check(
        "[api.token.anna]\nrole = \"agent\"\nsecret = \"short\"",
        &["the token is too short to be safe", "openssl rand -hex 24"],
    );
}

#[test]
fn a_weak_or_doubled_token_is_refused() {
    for weak in [
        "0123456789abcdef",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "passwordpassword",
        "qwertyuiopasdfgh",
        "changemechangeme",
    ] {
        let token = format!("[api.token.anna]\nrole = \"agent\"\nsecret = \"{weak}\"");
        check(&token, &["the token is easy to guess", "openssl rand -hex 24"]);
    }
    check(
        &format!("[api.token.anna]\nrole = \"agent\"\n{TOKEN}\n[api.token.berta]\nrole = \"admin\"\n{TOKEN}"),
        &["the token is the same as that of api.token.anna", "openssl rand -hex 24"],
    );
    check("trusted_proxies = \"proxy.example.com\"", &["invalid address \"proxy.example.com\""]);
}

#[test]
fn a_random_token_is_accepted() {
    // Digests are as random as what openssl gives, and the same each time.
    let hash = |number: u32| ring::digest::digest(&ring::digest::SHA256, &number.to_be_bytes());
    for number in 0..20 {
        let hex: String = hash(number).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let token =
            format!("listen = \"127.0.0.1:8480\"\n[api.token.anna]\nrole = \"agent\"\nsecret = \"{hex}\"");
        check(&token, &["for these tokens: anna (agent)"]);
    }
}
