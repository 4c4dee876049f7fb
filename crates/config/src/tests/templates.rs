//! Dialects that are files: where they are, their settings, and what is said of their mistakes.

use ringwire_dialects::AuthScheme;

use super::*;
use crate::{Options, describe};

/// A dialect file with a setting of each kind.
const PORTAL: &str = r#"
name = "portal"

[settings.key]
about = "the key of ringwire at the portal"
secret = true
required = true

[settings.line]
default = "main"

[settings.quota]
type = "number"

[settings.internal]
default = false

[auth]
scheme = "header"
name = "X-Key"
value = "{{ settings.key }}"

[[on.newCall]]
url = "calls"
json = { phone = "{{ from }}", line = "{{ settings.line }}" }
"#;

/// A target that speaks it.
const TARGET: &str =
    "[target.portal]\ndialect = \"./portal.toml\"\nurl = \"https://portal.example.com/api\"\n";

fn place(target: &str) -> Place {
    let place = Place::new();
    place.put("portal.toml", PORTAL, 0o644);
    place.put("ringwire.toml", format!("{PBX}{target}"), 0o600);
    place
}

fn load(target: &str) -> Result<Config, Vec<String>> {
    place(target).load(Purpose::Run)
}

#[track_caller]
fn check(target: &str, expected: &[&str]) {
    assert_eq!(load(target).unwrap_err(), expected);
}

#[test]
fn a_dialect_is_a_file_beside_the_configuration_with_settings_from_anywhere() {
    for key in ["\"hunter22\"", "{ file = \"key\" }", "{ env = \"SECRET\" }", "{ credential = \"key\" }"] {
        let place = place(&format!(
            "{TARGET}[target.portal.settings]\nkey = {key}\nquota = {{ file = \"quota\" }}\n"
        ));
        fs::create_dir(place.0.path().join("credentials")).unwrap();
        place
            .put("key", "hunter22\n", 0o600)
            .put("credentials/key", "hunter22", 0o600)
            .put("quota", "7\n", 0o600);
        let config = place.load(Purpose::Run).unwrap();
        let target = &config.targets[0];
        assert_eq!(target.dialect.name(), "portal");
        let Some(AuthScheme::Header { value, .. }) = target.dialect.auth() else {
            panic!("{:?}", target.dialect)
        };
        let secret = if key.contains("env") { "hunter2" } else { "hunter22" };
        assert_eq!(secrecy::ExposeSecret::expose_secret(value), secret);
        assert!(!format!("{config:?}").contains("hunter"), "{config:?}");
        let text = describe(&config);
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("Uses the dialect portal at https://portal.example.com;"), "{text}");
        assert!(
            text.contains("Settings: key (secret), line = \"main\", quota = \"7\", internal = \"false\"."),
            "{text}"
        );
        assert!(
            text.contains("Authenticates with a secret in the header X-Key, as the dialect says."),
            "{text}"
        );
        assert_eq!(target.credentials.others.len(), 1);
    }
}

#[test]
fn a_shipped_dialect_is_known_by_its_name() {
    let text = "[target.hook]\ndialect = \"webhook\"\nurl = \"https://hook.example.com/\"\n";
    let config = load(text).unwrap();
    assert_eq!(config.targets[0].dialect.name(), "webhook");
    assert!(matches!(&config.targets[0].options, Options::Template(options) if options.file.is_none()));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn a_mistake_in_the_file_is_located_there_and_all_are_told() {
    let place = place(TARGET);
    let wrong = PORTAL.replace("{{ from }}", "{{ form }}").replace("scheme =", "schema =");
    place.put("portal.toml", wrong, 0o644);
    let errors = place.load(Purpose::Run).unwrap_err();
    assert!(errors[0].starts_with("portal.toml:18:1: auth: "), "{errors:?}");
    assert!(
        errors.iter().any(|error| error.starts_with("portal.toml:25:22: on.newCall[1].json.phone: ")
            && error.ends_with("write `from`")),
        "{errors:?}"
    );
}

#[test]
fn a_mistake_in_the_settings_is_located_in_the_configuration() {
    let settings = |text: &str| format!("{TARGET}[target.portal.settings]\n{text}");
    check(
        TARGET,
        &["ringwire.toml:4: target.portal.settings.key: missing; the key of ringwire at the portal"],
    );
    check(
        &settings("key = \"hunter22\"\nquoat = 7\n"),
        &["ringwire.toml:9: target.portal.settings.quoat: unknown setting; write \"quota\""],
    );
    check(
        &settings("key = \"hunter22\"\nquota = true\n"),
        &[
            "ringwire.toml:9: target.portal.settings.quota: a boolean where a number is expected; write a number",
        ],
    );
    check(
        &settings("key = { file = \"none\" }\n"),
        &[
            "ringwire.toml:8: target.portal.settings.key: none: no such file; expected a file with nothing but the secret in it; make it readable by the user that ringwire runs as",
        ],
    );
    let errors = load(&settings("key = { path = \"hunter22\" }\n")).unwrap_err();
    assert!(errors[0].contains("expected { file") && !errors[0].contains("hunter"), "{errors:?}");
    let errors = load(&settings("key = [\"hunter22\"]\n")).unwrap_err();
    assert!(errors[0].starts_with("ringwire.toml:8:") && !errors[0].contains("hunter"), "{errors:?}");
}

#[test]
fn a_secret_setting_in_a_file_that_others_can_read_is_refused() {
    let place = place(&format!("{TARGET}[target.portal.settings]\nkey = \"hunter22\"\n"));
    place.put("ringwire.toml", fs::read(place.0.path().join("ringwire.toml")).unwrap(), 0o644);
    let errors = place.load(Purpose::Run).unwrap_err();
    assert_eq!(
        errors,
        [
            "ringwire.toml:8: target.portal.settings.key: the secret is in a file that others can read; expected mode 0600; chmod 600 ringwire.toml, or move it to a file: key = { file = \"…\" }"
        ]
    );
}

#[test]
fn what_is_neither_a_name_nor_a_file_is_said() {
    let target = |dialect: &str| {
        format!("[target.portal]\ndialect = \"{dialect}\"\nurl = \"https://portal.example.com/\"\n")
    };
    check(
        &target("none/portal.toml"),
        &[
            "ringwire.toml:5: target.portal.dialect: none/portal.toml: no such file; expected a dialect file; ringwire dialect new writes one to start from",
        ],
    );
    let errors = load(&target("webhok")).unwrap_err();
    assert!(errors[0].contains("unknown dialect \"webhok\"; expected zammad, the name of"), "{errors:?}");
    assert!(errors[0].ends_with("or the path of a dialect file; did you mean webhook?"), "{errors:?}");
}

#[test]
fn keys_of_one_dialect_are_refused_beside_another() {
    check(
        &format!("{TARGET}internal = true\n[target.portal.settings]\nkey = \"hunter22\"\n"),
        &[
            "ringwire.toml:4: target.portal.internal: only the dialect zammad has this key; remove it; a dialect file has [settings] of its own",
        ],
    );
    let zammad =
        "[target.desk]\ndialect = \"zammad\"\nurl_env = \"URL\"\n[target.desk.settings]\nformat = \"form\"\n";
    check(
        zammad,
        &[
            "ringwire.toml:7: target.desk.settings: the dialect zammad has no table of settings; its keys stand in the section of the target itself",
        ],
    );
}

#[test]
fn a_url_is_missed_only_where_a_request_needs_it() {
    let target = "[target.portal]\ndialect = \"portal.toml\"\n[target.portal.settings]\nkey = \"hunter22\"\n";
    let errors = load(target).unwrap_err();
    assert!(errors[0].contains("the URL of the target is missing"), "{errors:?}");
    let place = place(target);
    place.put("portal.toml", PORTAL.replace("\"calls\"", "\"https://portal.example.com/calls\""), 0o644);
    let config = place.load(Purpose::Run).unwrap();
    assert!(config.targets[0].address.is_none());
    assert!(describe(&config).contains("Uses the dialect portal.\n"), "{}", describe(&config));
}

#[test]
fn a_replay_shows_requests_without_secrets_and_the_journal_needs_no_file() {
    let place = place(&format!("{TARGET}[target.portal.settings]\nkey = {{ file = \"none\" }}\n"));
    let config = place.load(Purpose::Replay).unwrap();
    let Some(AuthScheme::Header { value, .. }) = config.targets[0].dialect.auth() else { panic!() };
    assert_eq!(secrecy::ExposeSecret::expose_secret(value), "<key>");
    fs::remove_file(place.0.path().join("portal.toml")).unwrap();
    for purpose in [Purpose::Inspect, Purpose::Record] {
        assert_eq!(place.load(purpose).unwrap().targets[0].dialect.name(), "./portal.toml");
    }
}

#[test]
fn tokens_that_change_are_kept_beside_the_journal() {
    let text = format!(
        "[journal]\npath = \"state/journal.db\"\n{TARGET}[target.portal.settings]\nkey = \"hunter22\"\n"
    );
    let place = place(&text);
    let config = place.load(Purpose::Run).unwrap();
    assert_eq!(config.targets[0].state_folder.as_deref(), Some(place.0.path().join("state").as_path()));
}

#[test]
fn a_broker_is_a_target_of_a_dialect_that_is_a_file() {
    let target = |url: &str| format!("[target.bus]\ndialect = \"webhook\"\nurl = \"{url}\"\n");
    for (url, origin) in [
        ("nats://localhost:4222", "nats://localhost:4222"),
        ("tls://nats.example.com/", "tls://nats.example.com"),
        ("mqtt://127.0.0.1", "mqtt://127.0.0.1"),
        ("amqps://amqp.example.com/office", "amqps://amqp.example.com"),
        ("mqtts://u:hunter2@mqtt.example.com:8884", "mqtts://mqtt.example.com:8884"),
    ] {
        let config = load(&target(url)).unwrap();
        assert_eq!(config.targets[0].address.as_ref().unwrap().origin, origin);
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
    let place = place(&target("nats://nats.example.com"));
    let config = place.load(Purpose::Run).unwrap();
    assert_eq!(
        place.warnings(&config),
        [
            "ringwire.toml:6: target.bus.url: the token and all phone numbers are sent to nats.example.com unencrypted; use tls"
        ]
    );
    for (keys, expected) in [
        ("destination = \"calls.{{ evnt }}\"", "unknown name"),
        ("exchange = \"calls\"", "only AMQP has exchanges"),
    ] {
        let errors = load(&format!("{}{keys}\n", target("nats://localhost"))).unwrap_err();
        assert!(errors[0].contains(expected), "{errors:?}");
    }
    let errors = load(&format!("{}destination = \"x\"\n", target("https://example.com"))).unwrap_err();
    assert!(errors[0].contains("only a broker has a destination"), "{errors:?}");
    let errors = load(&target("nats://localhost/calls")).unwrap_err();
    assert!(errors[0].contains("has no path; set destination"), "{errors:?}");
    let errors = load(&target("kafka://kafka.example.com/calls")).unwrap_err();
    assert!(errors[0].contains("nor that of a broker: nats, tls, mqtt, mqtts, amqp, amqps"), "{errors:?}");
    let errors = load(&format!("{}https_only = true\n", target("mqtt://mqtt.example.com"))).unwrap_err();
    assert!(errors[0].contains("the URL of mqtt.example.com does not use mqtts"), "{errors:?}");
}
