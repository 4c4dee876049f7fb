//! What is said of a configuration that is wrong.

use super::*;

/// What is said of `text`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let message = load(text).map(|config| format!("{config:?}")).unwrap_err();
    assert_eq!(message, expected, "of:\n{text}");
}

/// What is said of `lines` in the table of the PBX; they are the fourth and following ones.
#[track_caller]
fn check_pbx(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{lines}\n{TARGET}"), expected);
}

/// What is said of `lines` in the table of the target; they are the seventh and following ones.
#[track_caller]
fn check_target(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{TARGET}{lines}\n"), expected);
}

/// What is said of `lines` in a route; they are the eighth and following ones.
#[track_caller]
fn check_route(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{TARGET}[[route]]\n{lines}\n"), expected);
}

const PBX_KEYS: &str = "host, port, tls, tls_ca_file, tls_fingerprint, tls_server_name, username, secret_file, secret_env, secret_credential, secret, auth, events, \
    filter_events, agents, devices, country, strip, inbound_contexts, trunks, gather_ms, users_file, users";

#[test]
fn a_missing_file_is_named() {
    let message = Place::new().load(Purpose::Run).unwrap_err();
    assert_eq!(
        message,
        ["ringwire.toml: no such file; expected a configuration file; name the file with --config or \
          $RINGWIRE_CONFIG, or start from examples/ringwire.toml"]
    );
}

#[test]
fn an_empty_configuration_says_what_is_required() {
    check(
        "",
        &[
            "ringwire.toml: no PBX and no target is configured; expected a section [pbx.NAME] for the PBX to connect to, and [target.NAME] for the system to notify; see examples/ringwire.toml",
        ],
    );
    check(
        TARGET,
        &["ringwire.toml: no PBX is configured; expected a section [pbx.NAME] with host, \
           username and secret_file; see examples/ringwire.toml"],
    );
}

#[test]
fn syntax_errors_have_a_line_and_a_key() {
    check_pbx(
        "port = five",
        &[
            "ringwire.toml:4: pbx.main.port: text without quotes; expected text in quotes, a number, true or false",
        ],
    );
    check_pbx("host = \"a", &["ringwire.toml:4: pbx.main.host: invalid basic string; expected `\"`"]);
    check_pbx("username = \"b\"", &["ringwire.toml:4: pbx.main.username: duplicate key"]);
    check("[pbx.main\n", &["ringwire.toml:1: unclosed table; expected `]`"]);
}

#[test]
fn all_unknown_keys_are_reported_with_a_suggestion() {
    check_pbx(
        "prot = 5038\ntruncs = []\ncolour = \"red\"",
        &[
            &format!(
                "ringwire.toml:4: pbx.main.prot: unknown key; expected one of {PBX_KEYS}; did you mean port?"
            ),
            &format!(
                "ringwire.toml:5: pbx.main.truncs: unknown key; expected one of {PBX_KEYS}; did you mean trunks?"
            ),
            &format!("ringwire.toml:6: pbx.main.colour: unknown key; expected one of {PBX_KEYS}"),
        ],
    );
    check_pbx(
        "[[pbx.main.users]]\nextension = \"101\"\nmail = \"a@example.com\"",
        &["ringwire.toml:6: pbx.main.users.mail: unknown key; expected one of endpoint, extension, name, \
           number, email, login; did you mean email?"],
    );
    check_target(
        "[logs]",
        &[
            "ringwire.toml:7: logs: unknown key; expected one of log, journal, api, pbx, target, route; did you mean log?",
        ],
    );
}

#[test]
fn wrong_types_are_reported_in_plain_words() {
    for (line, message) in [
        ("port = \"5038\"", "port: found string \"5038\"; expected a whole number"),
        ("port = 1.5", "port: found floating point `1.5`; expected a whole number"),
        ("host = 1", "host: found integer `1`; expected text in quotes"),
        ("trunks = 1", "trunks: found integer `1`; expected text in quotes, or a list of texts"),
        ("trunks = [1]", "trunks: found integer `1`; expected text in quotes"),
        ("auth = \"md4\"", "auth: unknown variant `md4`; expected `md5` or `plain`"),
        ("users = \"alice\"", "users: found string \"alice\"; expected a list"),
        ("users = [\"alice\"]", "users: found string \"alice\"; expected a table"),
    ] {
        check_pbx(line, &[&format!("ringwire.toml:4: pbx.main.{message}")]);
    }
    check_target(
        "internal = \"no\"",
        &["ringwire.toml:7: target.desk.internal: found string \"no\"; expected true or false"],
    );
    check_target(
        "timeout = \"1s\"",
        &["ringwire.toml:7: target.desk.timeout: found string \"1s\"; expected a number"],
    );
    check("pbx = 1", &["ringwire.toml:1: pbx: not a section; give the section a name: [pbx.main]"]);
    check(
        "[pbx]\nmain = 1",
        &["ringwire.toml:2: pbx.main: not a section; give the section a name: [pbx.main]"],
    );
    check(
        "[route]\nqueue = \"a\"",
        &["ringwire.toml:1: route: not a list of sections; expected sections [[route]]"],
    );
    check("log = 1", &["ringwire.toml:1: log: not a section; expected a section [log]"]);
}

#[test]
fn a_secret_of_a_wrong_type_is_not_shown() {
    let expected = "found a value of another type; expected text in quotes";
    for value in ["12345", "1.5", "true"] {
        let text = format!("[pbx.main]\nusername = \"a\"\nsecret = {value}\n{TARGET}");
        check(&text, &[&format!("ringwire.toml:3: pbx.main.secret: {expected}")]);
    }
    let text = format!("{PBX}[target.desk]\ndialect = \"zammad\"\nurl = [\"https://host/t0ken\"]");
    check(&text, &["ringwire.toml:6: target.desk.url: found sequence; expected text in quotes"]);
}

#[test]
fn contradictory_tls_keys_are_refused() {
    check_pbx(
        "tls = false\ntls_server_name = \"pbx\"",
        &[
            "ringwire.toml:4: pbx.main.tls: TLS is off, but other keys configure it; expected true, or none of the other \
           keys that begin with tls_",
        ],
    );
    check_pbx(
        "tls_ca_file = \"ca.pem\"\ntls_fingerprint = \"00\"",
        &[
            "ringwire.toml:5: pbx.main.tls_fingerprint: tls_ca_file is set as well; expected one of them: a pinned certificate needs no CA",
        ],
    );
    check_pbx(
        "tls_fingerprint = \"xyz\"",
        &[
            "ringwire.toml:4: pbx.main.tls_fingerprint: a SHA-256 fingerprint has only hexadecimal digits and colons, not \
           'x'; expected a SHA-256 fingerprint",
        ],
    );
    let message = load(&format!("{PBX}tls_ca_file = \"nowhere.pem\"\n{TARGET}")).unwrap_err();
    assert!(
        message.iter().any(|line| line.starts_with("ringwire.toml:4: pbx.main.tls_ca_file: ")),
        "{message:?}"
    );
}

#[test]
fn invalid_values_are_refused() {
    const CLASSES: &str = "event classes: agent, agi, all, aoc, call, cc, cdr, command, config, dialplan, dtmf, \
        log, message, originate, reporting, security, system, test, user, verbose";
    for (line, message) in [
        ("port = 0", "port: 0 is out of range; expected a port from 1 to 65535".to_owned()),
        ("port = 70000", "port: 70000 is out of range; expected a port from 1 to 65535".to_owned()),
        ("gather_ms = -1", "gather_ms: -1 is out of range; expected milliseconds from 0 to 10000".to_owned()),
        ("host = \"\"", "host: must not be empty; expected a host name or an address".to_owned()),
        (
            "host = \"pbx.example.com:5038\"",
            "host: the host \"pbx.example.com:5038\" contains a port; expected a host name or an address; set the port with the key port".to_owned(),
        ),
        (
            "host = \"tcp://pbx\"",
            "host: invalid host \"tcp://pbx\"; expected a host name or an address".to_owned(),
        ),
        (
            "country = \"Germany\"",
            "country: no numbering plan is known for the country \"GERMANY\"; expected two letters of ISO 3166: DE, AT, CH, US …".to_owned(),
        ),
        (
            "strip = [\"0\", \"abc\"]",
            "strip: \"abc\" cannot be dialled; expected what is dialled to get a line: digits, * and #".to_owned(),
        ),
        ("trunks = [\"\"]", "trunks: must not be empty; expected patterns of endpoints, TECH/name".to_owned()),
        ("events = \"calls\"", format!("events: unknown event class \"calls\"; expected {CLASSES}")),
        (
            "events = \"system\"",
            "events: without the event class call, no calls are seen; expected system,call,agent,dialplan".to_owned(),
        ),
        (
            "users = [{ name = \"Alice\" }]",
            "users: the user has neither endpoint nor extension; expected at least one of them, to identify the user's phone".to_owned(),
        ),
    ] {
        let message = message.lines().next().unwrap();
        let all = load(&format!("{PBX}{line}\n{TARGET}")).unwrap_err();
        assert_eq!(all.first().unwrap(), &format!("ringwire.toml:4: pbx.main.{message}"), "of {line}");
    }
    for (line, message) in [
        ("timeout = 0", "timeout: 0 is out of range; expected seconds from 0.1 to 300"),
        ("connect_timeout = nan", "connect_timeout: NaN is out of range; expected seconds from 0.1 to 300"),
        ("concurrency = 0", "concurrency: 0 is out of range; expected requests at once from 1 to 256"),
        (
            "ca_file = \"none.pem\"",
            "ca_file: none.pem: no such file; expected certificates in PEM form (-----BEGIN CERTIFICATE-----)",
        ),
    ] {
        check_target(line, &[&format!("ringwire.toml:7: target.desk.{message}")]);
    }
}

#[test]
fn missing_keys_are_reported_with_their_section() {
    check(
        "[log]\n\n[pbx.main]\n\n[target.desk]\n",
        &[
            "ringwire.toml:3: pbx.main.secret_file: the secret of the user in manager.conf is missing; expected \
             secret_file, secret_env, secret_credential or secret; a file that only ringwire can read is recommended",
            "ringwire.toml:3: pbx.main.username: missing; expected the name of a user in the PBX's manager.conf",
            "ringwire.toml:5: target.desk.dialect: missing; expected zammad, the name of a dialect that is shipped, or the path of a dialect file; ringwire dialect list prints the names",
            "ringwire.toml:5: target.desk.url_file: the URL of the target is missing; expected url_file, url_env, \
             url_credential or url; a file that only ringwire can read is recommended",
        ],
    );
}

#[test]
fn an_unknown_dialect_lists_the_known_ones() {
    let text = format!("{PBX}{}", TARGET.replace("\"zammad\"", "\"otrs\""));
    check(
        &text,
        &[
            "ringwire.toml:5: target.desk.dialect: unknown dialect \"otrs\"; expected zammad, the name of a dialect that is shipped, or the path of a dialect file; ringwire dialect list prints the names",
        ],
    );
}

#[test]
fn section_names_are_restricted() {
    let expected = "expected 1 to 64 letters, digits, dots, dashes or underscores";
    let text = format!("{}{TARGET}", PBX.replace("pbx.main", "pbx.\"a b\""));
    check(&text, &[&format!("ringwire.toml:1: pbx.a b: \"a b\" is not a valid name; {expected}")]);
}

#[test]
fn routes_refer_to_configured_pbxs_and_targets() {
    for (lines, message) in [
        (
            "pbx = \"mian\"\ntargets = \"desk\"",
            "8: route.pbx: no PBX is named \"mian\"; expected one of main; did you mean main?",
        ),
        (
            "targets = [\"desk\",\n\"crm\"]",
            "9: route.targets: no target is named \"crm\"; expected one of desk",
        ),
        (
            "queue = \"a\"",
            "7: route.targets: the route has no target; expected the names of targets; the targets are desk",
        ),
        (
            "targets = []",
            "8: route.targets: the route has no target; expected the names of targets; the targets are desk",
        ),
        (
            "targets = \"desk\"\ndirection = \"both\"",
            "9: route.direction: unknown direction \"both\"; expected one of in, out, internal",
        ),
        (
            "targets = \"desk\"\nqueue = []",
            "9: route.queue: an empty list matches no call; expected at least one pattern; leave the key out to match every call",
        ),
    ] {
        check_route(lines, &[&format!("ringwire.toml:{message}")]);
    }
}

#[test]
fn an_unreadable_section_causes_no_further_errors() {
    check(
        &format!(
            "{PBX}port = \"a\"\n{TARGET}format = \"xml\"\n[[route]]\npbx = \"main\"\ntargets = \"desk\"\n"
        ),
        &[
            "ringwire.toml:4: pbx.main.port: found string \"a\"; expected a whole number",
            "ringwire.toml:8: target.desk.format: unknown variant `xml`; expected `json` or `form`",
        ],
    );
}

#[test]
fn mistakes_in_the_users_file_have_its_lines() {
    let text = format!("{PBX}users_file = \"users.csv\"\n{TARGET}");
    for (csv, message) in [
        (
            "extension,mail\n1,a\n",
            "users.csv:1: unknown column \"mail\"; expected some of endpoint, extension, name, number, email, login; did you mean email?",
        ),
        (
            "# all\n\nName;Phone\nAlice;101\n",
            "users.csv:3: unknown column \"phone\"; expected some of endpoint, extension, name, number, email, login",
        ),
        (
            "extension,name\n101,Alice\n102\n",
            "users.csv:3: the line has 1 fields; expected 2, as the first line has",
        ),
        (
            "extension,name\r\n101,Bob\r\n# gone\r\n\r\n,Alice\r\n",
            "users.csv:5: the user has neither endpoint nor extension; expected at least one of them, to identify the user's phone",
        ),
    ] {
        let place = Place::new();
        let result = place.put("ringwire.toml", &text, 0o600).put("users.csv", csv, 0o644).load(Purpose::Run);
        assert_eq!(result.map(|_| ()).unwrap_err(), [message], "of {csv:?}");
    }
    check(
        &text,
        &["ringwire.toml:4: pbx.main.users_file: users.csv: no such file; expected a CSV file of users"],
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|[\\[\\]a-z.=\"'# {},0-9\n-]{0,80}", cut in 0..4000_usize, length in 0..40_usize) {
        let example: Vec<_> = example("ringwire.toml").chars().collect();
        let damaged = example.iter().take(cut).copied().chain(text.chars()).chain(example.iter().skip(cut + length).copied());
        for text in [text.clone(), damaged.collect()] {
            if let Err(message) = Place::new().put("ringwire.toml", text, 0o600).load(Purpose::Replay) {
                proptest::prop_assert!(message.iter().all(|line| line.starts_with("ringwire.toml") || line.starts_with("users.csv")));
            }
        }
    }
}

#[test]
fn durations_and_sizes_have_limits() {
    for (lines, message) in [
        (
            "late = \"all\"\nlate_after = 5",
            "8: target.desk.late_after: has no effect while late events are sent in full; expected late = \"final\"",
        ),
        ("late = \"some\"", "7: target.desk.late: unknown variant `some`; expected `all` or `final`"),
        (
            "[target.desk.expire]\nringing = \"soon\"",
            "8: target.desk.expire.ringing: invalid duration \"soon\"; expected a duration from 1s to 36500d, as in 90s, 10m, 12h or 7d",
        ),
        (
            "[target.desk.expire]\nhold = \"1 month\"",
            "8: target.desk.expire.hold: invalid duration \"1 month\"; expected a duration from 1s to 36500d, as in 90s, 10m, 12h or 7d",
        ),
        (
            "[target.desk.expire]\nring = \"60s\"",
            "8: target.desk.expire.ring: unknown key; expected one of new_call, ringing, answer, hold, \
             unhold, transfer, hangup; did you mean ringing?",
        ),
        (
            "[journal]\nkeep_days = 0",
            "8: journal.keep_days: 0 is out of range; expected a number of days from 1 to 36500",
        ),
        (
            "[journal]\npath = \"\"",
            "8: journal.path: must not be empty; expected the path of a file on a local disk",
        ),
    ] {
        check_target(lines, &[&format!("ringwire.toml:{message}")]);
    }
}
