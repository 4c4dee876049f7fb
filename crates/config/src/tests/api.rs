//! `[api]`: where the daemon can be asked, and by whom.

use super::*;
use crate::describe;

const TOKEN: &str = "secret = \"0123456789abcdef\"";

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
    assert!(!message.contains("0123456789abcdef"), "{message}");
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
