//! The example that is shipped.

use super::*;
use crate::config::{describe, keys::keys, raw};

/// Keys of which one says what another says differently, or whose value is an example.
const NOT_DEFAULTS: [&str; 16] = [
    "secret_env",
    "secret_credential",
    "secret",
    "url_env",
    "url_credential",
    "url",
    "ca_file",
    "tls_ca_file",
    "tls_fingerprint",
    "tls_server_name",
    "pbx",
    "queue",
    "did",
    "account",
    "tenant",
    "user",
];

/// What `text` means, beside the example's list of users.
fn meaning(text: &str) -> String {
    let place = Place::new();
    place.put("ringwire.toml", text, 0o644).put("users.csv", example("users.csv"), 0o644);
    describe(&place.load(Purpose::Replay).unwrap())
}

#[test]
fn the_example_loads_where_it_is_and_without_warnings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ringwire.toml");
    let config = Config::load(&path, Purpose::Replay).unwrap();
    assert_eq!(config.warnings, []);
    let pbx = config.pbxs.first().unwrap();
    assert_eq!(pbx.rules.directory.len(), 4);
    assert_eq!(pbx.rules.numbers.normalise("030 123456"), "4930123456");
}

#[test]
fn the_example_has_every_key() {
    let text = example("ringwire.toml");
    let present: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once(" = "))
        .map(|(key, _value)| key)
        .chain(text.contains("[[pbx.main.users]]").then_some("users"))
        .collect();
    for key in [
        keys::<raw::RawLog>(),
        keys::<raw::RawPbx>(),
        keys::<raw::RawUser>(),
        keys::<raw::RawEndpoint>(),
        keys::<raw::RawRoute>(),
    ]
    .concat()
    {
        assert!(present.contains(&key), "{key} is not in examples/ringwire.toml");
    }
}

#[test]
fn what_the_example_calls_the_default_is() {
    let text = example("ringwire.toml");
    let mut uncommented = 0;
    let with_defaults: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix("# ").filter(|rest| is_default(rest)) {
            Some(rest) => {
                uncommented += 1;
                rest
            }
            None => line,
        })
        .collect();
    assert!(uncommented > 10, "{uncommented}");
    assert_eq!(meaning(&with_defaults.join("\n")), meaning(&text));
}

fn is_default(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ') && !NOT_DEFAULTS.contains(&key))
}

#[test]
fn what_is_commented_out_can_be_taken_in() {
    let text = example("ringwire.toml");
    for key in ["pbx", "queue", "did", "account", "tenant", "user"] {
        let taken_in = text.replace(&format!("# {key} = "), &format!("{key} = "));
        assert_ne!(meaning(&taken_in), meaning(&text), "{key}");
    }
}
