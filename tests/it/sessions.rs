//! `ringwire sessions`.

use std::{process::Output, thread};

use crate::{
    support::{run, stdout},
    tail::double::Double,
};

/// What the command prints when the API answers `body`.
fn asked(args: &[&str], body: &str) -> (String, Output) {
    let double = Double::start();
    let socket = double.path().display().to_string();
    let args: Vec<_> =
        [&["sessions", "--api", &socket], args].concat().iter().map(|arg| (*arg).to_owned()).collect();
    let running = thread::spawn(move || run(args));
    let asked = double.asked();
    let path = asked.path.clone();
    asked.answer("200 OK", "application/json", body);
    (path, running.join().unwrap())
}

#[test]
fn who_has_signed_in_is_listed() {
    let session = r#"[{"name":"anna\u202e","role":"agent","startedAt":"2026-11-21T08:00:00Z","expiresAt":"2026-12-21T08:00:00Z"}]"#;
    let (path, output) = asked(&[], session);
    assert_eq!(path, "/api/v1/sessions");
    assert_eq!(
        stdout(&output),
        "TOKEN         ROLE   SIGNED IN            UNTIL\n\
         anna\\u{202e}  agent  2026-11-21 08:00:00  2026-12-21 08:00:00\n"
    );
    assert_eq!(stdout(&asked(&[], "[]").1), "Nobody has signed in.\n");
}

#[test]
fn everybody_is_signed_out_by_one_command() {
    let (path, output) = asked(&["revoke"], r#"{"ended":3}"#);
    assert_eq!(path, "/api/v1/sessions");
    assert_eq!(stdout(&output), "3 sessions ended.\n");
}
