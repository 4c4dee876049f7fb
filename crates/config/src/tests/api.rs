//! `[api]`: where the daemon can be asked, and by whom.

use super::*;
use crate::describe;

const TOKEN: &str = "secret = \"0123456789abcdef\"";

#[track_caller]
fn check(api: &str, expected: &[&str]) {
    let place = Place::new();
    place.put("ringwire.toml", format!("{PBX}{ENDPOINT}[api]\n{api}\n"), 0o600);
    let said = match place.load(Purpose::Run) {
        Ok(config) => describe(&config),
        Err(lines) => lines.join("\n"),
    };
    for line in expected {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
    assert!(!said.contains("0123456789abcdef"), "{said}");
}

#[test]
fn it_is_told_in_words() {
    check("socket = \"\"", &["Has no socket.", "Does not listen on the network."]);
    check("listen = \"127.0.0.1:8480\"", &["Listens on 127.0.0.1:8480, where nobody has a token"]);
    check(
        &format!(
            "listen = \"[::1]:8480\"\nallow_origins = \"https://wall.example.com\"\n[api.token.wall]\nrole = \"viewer\"\n{TOKEN}"
        ),
        &[
            "Listens on [::1]:8480 for those who have a token: wall (viewer).",
            "The desk is at http://[::1]:8480/.",
            "Web pages of https://wall.example.com may ask, too.",
        ],
    );
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    check(
        "listen = \"0.0.0.0:8480\"",
        &["api.listen: 0.0.0.0:8480 can be reached by others", "put a web server with TLS before it"],
    );
    check("listen = \"8480\"", &["api.listen: \"8480\" is no address", "as in \"127.0.0.1:8480\""]);
    check("allow_origins = \"*\"", &["api.allow_origins: \"*\" is no origin"]);
    check("allow_origins = \"https://a.example/x\"", &["write \"https://a.example\""]);
    check("[api.token.anna]\nrole = \"boss\"", &["api.token.anna.role: ", "viewer", "admin"]);
    check("[api.token.anna]\nrole = \"agent\"", &["the token is missing", "secret_file"]);
    check(
        "[api.token.anna]\nrole = \"agent\"\nsecret = \"short\"",
        &["the token is short enough to be guessed", "openssl rand -hex 24"],
    );
}
