//! The example that is shipped.

use super::*;
use crate::{describe, keys::keys, raw};

/// Keys of which one says what another says differently, or whose value is an example.
const NOT_DEFAULTS: [&str; 49] = [
    "personal_data_days",
    "listen",
    "allow_origins",
    "trusted_proxies",
    "role",
    "secret_file",
    "secret_env",
    "secret_credential",
    "secret",
    "url_env",
    "url_credential",
    "url",
    "ca_file",
    "bearer_file",
    "bearer_env",
    "bearer_credential",
    "bearer",
    "basic_user",
    "basic_password_file",
    "basic_password_env",
    "basic_password_credential",
    "basic_password",
    "header_name",
    "header_value_file",
    "header_value_env",
    "header_value_credential",
    "header_value",
    "headers",
    "tls_certificate_file",
    "tls_key_file",
    "signing_secret_file",
    "signing_secret_env",
    "signing_secret_credential",
    "signing_secret",
    "signing_secret_previous_file",
    "signing_secret_previous_env",
    "signing_secret_previous_credential",
    "signing_secret_previous",
    "tls_ca_file",
    "tls_fingerprint",
    "tls_server_name",
    "pbx",
    "queue",
    "did",
    "account",
    "tenant",
    "user",
    "portal",
    "key",
];

/// What `text` means, beside the example's list of users.
fn meaning(text: &str) -> String {
    let place = Place::new();
    place.put("ringwire.toml", text, 0o644).put("users.csv", example("users.csv"), 0o644);
    [Purpose::Replay, Purpose::Inspect].map(|purpose| describe(&place.load(purpose).unwrap())).concat()
}

#[test]
fn the_example_loads_without_warnings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ringwire.toml");
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
        .chain(text.contains("# [api.token.anna]").then_some("token"))
        .chain(text.contains("# [target.crm.settings]").then_some("settings"))
        .chain(text.contains("[target.helpdesk.expire]").then_some("expire"))
        .collect();
    for key in [
        keys::<raw::RawLog>(),
        keys::<raw::RawJournal>(),
        keys::<raw::RawApi>(),
        keys::<raw::RawToken>(),
        keys::<raw::RawPbx>(),
        keys::<raw::RawUser>(),
        keys::<raw::RawTarget>(),
        keys::<raw::RawExpire>(),
        keys::<raw::RawRoute>(),
    ]
    .concat()
    {
        assert!(present.contains(&key), "{key} is not in examples/ringwire.toml");
    }
}

#[test]
fn defaults_in_the_example_are_the_defaults() {
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

#[test]
fn credentials_in_the_example_load_when_uncommented() {
    let place = Place::new();
    for (name, text) in [
        ("crm.password", "hunter2"),
        ("crm.key", "hunter2"),
        ("crm.signing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("crm.signing.old", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ("ami.secret", "hunter2"),
        ("zammad.url", "https://desk.example.com/api/v1/cti/t0ken"),
    ] {
        place.put(name, text, 0o600);
    }
    let (certificate, key) = certificate("ringwire");
    place.put("ringwire.pem", certificate, 0o644).put("ringwire.key", key, 0o600);
    let mut text = example("ringwire.toml").replace("/etc/ringwire/", "");
    for key in [
        "basic_user",
        "basic_password_file",
        "header_name",
        "header_value_file",
        "headers",
        "tls_certificate_file",
        "tls_key_file",
        "signing_secret_file",
        "signing_secret_previous_file",
        "https_only",
    ] {
        text = text.replace(&format!("\n# {key} = "), &format!("\n{key} = "));
    }
    text = text.replace("https_only = false", "https_only = true");
    place.put("ringwire.toml", text, 0o644).put("users.csv", example("users.csv"), 0o644);
    let config = place.load(Purpose::Run).unwrap();
    assert_eq!(place.warnings(&config), Vec::<String>::new());
    let message = describe(&config);
    for line in [
        "Authenticates with the password of user \"ringwire\", a secret in the header x-api-key and a client certificate.",
        "Signs requests with the current and the previous secret (Standard Webhooks).",
        "Adds the headers x-site: berlin and x-tenant: acme.",
        "Requires https.",
    ] {
        assert!(message.contains(line), "{line} is not in {message}");
    }
    assert!(!message.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
}

fn is_default(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ') && !NOT_DEFAULTS.contains(&key))
}

#[test]
fn commented_keys_of_the_example_load() {
    let text = example("ringwire.toml");
    for key in ["pbx", "queue", "did", "account", "tenant", "user"] {
        let taken_in = text.replace(&format!("# {key} = "), &format!("{key} = "));
        assert_ne!(meaning(&taken_in), meaning(&text), "{key}");
    }
}
