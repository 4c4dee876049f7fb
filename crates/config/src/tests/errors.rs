//! What is said of a configuration that is wrong.

use super::*;

/// What is said of `text`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let said = load(text).map(|config| format!("{config:?}")).unwrap_err();
    assert_eq!(said, expected, "of:\n{text}");
}

/// What is said of `lines` in the table of the PBX; they are the fourth and following ones.
#[track_caller]
fn check_pbx(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{lines}\n{ENDPOINT}"), expected);
}

/// What is said of `lines` in the table of the endpoint; they are the seventh and following ones.
#[track_caller]
fn check_endpoint(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{ENDPOINT}{lines}\n"), expected);
}

/// What is said of `lines` in a route; they are the eighth and following ones.
#[track_caller]
fn check_route(lines: &str, expected: &[&str]) {
    check(&format!("{PBX}{ENDPOINT}[[route]]\n{lines}\n"), expected);
}

const PBX_KEYS: &str = "host, port, tls, tls_ca_file, tls_fingerprint, tls_server_name, username, secret_file, secret_env, secret_credential, secret, auth, events, \
    filter_events, country, strip, inbound_contexts, trunks, gather_ms, users_file, users";

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = Place::new().load(Purpose::Run).unwrap_err();
    assert_eq!(
        said,
        [
            "ringwire.toml: there is no such file; expected a configuration file; name the file with --config or \
          $RINGWIRE_CONFIG, or start from examples/ringwire.toml"
        ]
    );
}

#[test]
fn a_configuration_of_nothing_says_what_belongs_in_it() {
    check(
        "",
        &[
            "ringwire.toml: it names neither a PBX nor an endpoint; expected a table [pbx.NAME] for the PBX to listen \
           to, and [endpoint.NAME] for the system to tell; examples/ringwire.toml shows both",
        ],
    );
    check(
        ENDPOINT,
        &[
            "ringwire.toml: it names no PBX, so there is nothing to listen to; expected a table [pbx.NAME] with host, \
           username and secret_file; examples/ringwire.toml shows one",
        ],
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_line_and_key() {
    check_pbx(
        "port = five",
        &[
            "ringwire.toml:4: pbx.main.port: the text stands without quotes; expected text in quotes, a number, true or false",
        ],
    );
    check_pbx("host = \"a", &["ringwire.toml:4: pbx.main.host: invalid basic string; expected `\"`"]);
    check_pbx("username = \"b\"", &["ringwire.toml:4: pbx.main.username: duplicate key"]);
    check("[pbx.main\n", &["ringwire.toml:1: unclosed table; expected `]`"]);
}

#[test]
fn unknown_keys_are_told_all_at_once_with_what_was_meant() {
    check_pbx(
        "prot = 5038\ntruncs = []\ncolour = \"red\"",
        &[
            &format!(
                "ringwire.toml:4: pbx.main.prot: there is no such key; expected one of {PBX_KEYS}; perhaps port was meant"
            ),
            &format!(
                "ringwire.toml:5: pbx.main.truncs: there is no such key; expected one of {PBX_KEYS}; perhaps trunks was meant"
            ),
            &format!("ringwire.toml:6: pbx.main.colour: there is no such key; expected one of {PBX_KEYS}"),
        ],
    );
    check_pbx(
        "[[pbx.main.users]]\nextension = \"101\"\nmail = \"a@example.com\"",
        &[
            "ringwire.toml:6: pbx.main.users.mail: there is no such key; expected one of endpoint, extension, name, \
           number, email, login; perhaps email was meant",
        ],
    );
    check_endpoint(
        "[logs]",
        &[
            "ringwire.toml:7: logs: there is no such key; expected one of log, journal, api, pbx, endpoint, route; perhaps log was meant",
        ],
    );
}

#[test]
fn wrong_types_are_told_in_plain_words() {
    for (line, said) in [
        ("port = \"5038\"", "port: found string \"5038\"; expected a whole number"),
        ("port = 1.5", "port: found floating point `1.5`; expected a whole number"),
        ("host = 1", "host: found integer `1`; expected text in quotes"),
        ("trunks = 1", "trunks: found integer `1`; expected text in quotes, or a list of texts"),
        ("trunks = [1]", "trunks: found integer `1`; expected text in quotes"),
        ("auth = \"md4\"", "auth: unknown variant `md4`; expected `md5` or `plain`"),
        ("users = \"alice\"", "users: found string \"alice\"; expected a list"),
        ("users = [\"alice\"]", "users: found string \"alice\"; expected a table"),
    ] {
        check_pbx(line, &[&format!("ringwire.toml:4: pbx.main.{said}")]);
    }
    check_endpoint(
        "internal = \"no\"",
        &["ringwire.toml:7: endpoint.desk.internal: found string \"no\"; expected true or false"],
    );
    check_endpoint(
        "timeout = \"1s\"",
        &["ringwire.toml:7: endpoint.desk.timeout: found string \"1s\"; expected a number"],
    );
    check("pbx = 1", &["ringwire.toml:1: pbx: is no table; expected tables [pbx.NAME]"]);
    check("[pbx]\nmain = 1", &["ringwire.toml:2: pbx.main: is no table; expected a table [pbx.main]"]);
    check(
        "[route]\nqueue = \"a\"",
        &["ringwire.toml:1: route: is no list of tables; expected tables [[route]]"],
    );
    check("log = 1", &["ringwire.toml:1: log: is no table; expected a table [log]"]);
}

#[test]
fn a_secret_of_a_wrong_type_is_not_shown() {
    let expected = "found a value of another type; expected text in quotes";
    for value in ["12345", "1.5", "true"] {
        let text = format!("[pbx.main]\nusername = \"a\"\nsecret = {value}\n{ENDPOINT}");
        check(&text, &[&format!("ringwire.toml:3: pbx.main.secret: {expected}")]);
    }
    let text = format!("{PBX}[endpoint.desk]\ndialect = \"zammad\"\nurl = [\"https://host/t0ken\"]");
    check(&text, &["ringwire.toml:6: endpoint.desk.url: found sequence; expected text in quotes"]);
}

#[test]
fn tls_that_cannot_be_tried_is_refused() {
    check_pbx(
        "tls = false\ntls_server_name = \"pbx\"",
        &[
            "ringwire.toml:4: pbx.main.tls: there are keys that say how to speak TLS; expected true, or none of the other \
           keys that begin with tls_",
        ],
    );
    check_pbx(
        "tls_ca_file = \"ca.pem\"\ntls_fingerprint = \"00\"",
        &[
            "ringwire.toml:5: pbx.main.tls_fingerprint: there is also a tls_ca_file; expected one of them: a pinned \
           certificate needs no authority",
        ],
    );
    check_pbx(
        "tls_fingerprint = \"xyz\"",
        &[
            "ringwire.toml:4: pbx.main.tls_fingerprint: a SHA-256 fingerprint has only hexadecimal digits and colons, not \
           'x'; expected a SHA-256 fingerprint",
        ],
    );
    let said = load(&format!("{PBX}tls_ca_file = \"nowhere.pem\"\n{ENDPOINT}")).unwrap_err();
    assert!(said.iter().any(|line| line.starts_with("ringwire.toml:4: pbx.main.tls_ca_file: ")), "{said:?}");
}

#[test]
fn values_are_held_against_what_they_mean() {
    const CLASSES: &str = "classes of events: agent, agi, all, aoc, call, cc, cdr, command, config, dialplan, dtmf, \
        log, message, originate, reporting, security, system, test, user, verbose";
    for (line, said) in [
        ("port = 0", "port: 0 is out of range; expected a port from 1 to 65535".to_owned()),
        ("port = 70000", "port: 70000 is out of range; expected a port from 1 to 65535".to_owned()),
        ("gather_ms = -1", "gather_ms: -1 is out of range; expected milliseconds from 0 to 10000".to_owned()),
        ("host = \"\"", "host: it is empty; expected a host name or an address".to_owned()),
        (
            "host = \"pbx.example.com:5038\"",
            "host: \"pbx.example.com:5038\" has a port in it; expected a host name or an address; the port has a key of its own: port".to_owned(),
        ),
        (
            "host = \"tcp://pbx\"",
            "host: \"tcp://pbx\" is no host; expected a host name or an address".to_owned(),
        ),
        (
            "country = \"Germany\"",
            "country: no numbering plan is known for the country \"GERMANY\"; expected two letters of ISO 3166: DE, AT, CH, US …".to_owned(),
        ),
        (
            "strip = [\"0\", \"abc\"]",
            "strip: \"abc\" cannot be dialled; expected what is dialled to get a line: digits, * and #".to_owned(),
        ),
        ("trunks = [\"\"]", "trunks: it is empty; expected patterns of endpoints, TECH/name".to_owned()),
        ("events = \"calls\"", format!("events: there is no class of events \"calls\"; expected {CLASSES}")),
        (
            "events = \"system\"",
            "events: without the class call no call is seen; expected system,call,agent,dialplan".to_owned(),
        ),
        (
            "users = [{ name = \"Alice\" }]",
            "users: the user has neither endpoint nor extension; expected at least one of them, to know the user's phone by".to_owned(),
        ),
    ] {
        let said = said.lines().next().unwrap();
        let all = load(&format!("{PBX}{line}\n{ENDPOINT}")).unwrap_err();
        assert_eq!(all.first().unwrap(), &format!("ringwire.toml:4: pbx.main.{said}"), "of {line}");
    }
    for (line, said) in [
        ("timeout = 0", "timeout: 0 is out of range; expected seconds from 0.1 to 300"),
        ("connect_timeout = nan", "connect_timeout: NaN is out of range; expected seconds from 0.1 to 300"),
        ("concurrency = 0", "concurrency: 0 is out of range; expected requests at once from 1 to 256"),
        (
            "ca_file = \"none.pem\"",
            "ca_file: none.pem: there is no such file; expected certificates in PEM form (-----BEGIN CERTIFICATE-----)",
        ),
    ] {
        check_endpoint(line, &[&format!("ringwire.toml:7: endpoint.desk.{said}")]);
    }
}

#[test]
fn what_is_missing_is_told_with_the_table_it_is_missing_from() {
    check(
        "[log]\n\n[pbx.main]\n\n[endpoint.desk]\n",
        &[
            "ringwire.toml:3: pbx.main.secret_file: the secret of the user in manager.conf is missing; expected \
             secret_file, secret_env, secret_credential or secret; a file that only ringwire can read is the usual place",
            "ringwire.toml:3: pbx.main.username: it is missing; expected the name of a user in the PBX's manager.conf",
            "ringwire.toml:5: endpoint.desk.dialect: it is missing; expected one of zammad",
            "ringwire.toml:5: endpoint.desk.url_file: the URL of the endpoint is missing; expected url_file, url_env, \
             url_credential or url; a file that only ringwire can read is the usual place",
        ],
    );
}

#[test]
fn the_dialects_are_listed_where_an_unknown_one_is_asked_for() {
    let text = format!("{PBX}{}", ENDPOINT.replace("\"zammad\"", "\"otrs\""));
    check(
        &text,
        &["ringwire.toml:5: endpoint.desk.dialect: there is no dialect \"otrs\"; expected one of zammad"],
    );
}

#[test]
fn names_are_short_and_plain() {
    let expected = "expected 1 to 64 letters, digits, dots, dashes or underscores";
    let text = format!("{}{ENDPOINT}", PBX.replace("pbx.main", "pbx.\"a b\""));
    check(&text, &[&format!("ringwire.toml:1: pbx.a b: \"a b\" cannot be a name; {expected}")]);
}

#[test]
fn routes_lead_from_what_is_configured_to_what_is_configured() {
    for (lines, said) in [
        (
            "pbx = \"mian\"\nendpoints = \"desk\"",
            "8: route.pbx: no PBX is called \"mian\"; expected one of main; perhaps main was meant",
        ),
        (
            "endpoints = [\"desk\",\n\"crm\"]",
            "9: route.endpoints: no endpoint is called \"crm\"; expected one of desk",
        ),
        (
            "queue = \"a\"",
            "7: route.endpoints: the route leads nowhere; expected the names of endpoints; the endpoints are desk",
        ),
        (
            "endpoints = []",
            "8: route.endpoints: the route leads nowhere; expected the names of endpoints; the endpoints are desk",
        ),
        (
            "endpoints = \"desk\"\ndirection = \"both\"",
            "9: route.direction: there is no direction \"both\"; expected one of in, out, internal",
        ),
        (
            "endpoints = \"desk\"\nqueue = []",
            "9: route.queue: no call can meet an empty list; expected at least one pattern; leave the key out to let every call pass",
        ),
    ] {
        check_route(lines, &[&format!("ringwire.toml:{said}")]);
    }
}

#[test]
fn a_table_that_cannot_be_read_is_not_missed_elsewhere() {
    check(
        &format!(
            "{PBX}port = \"a\"\n{ENDPOINT}format = \"xml\"\n[[route]]\npbx = \"main\"\nendpoints = \"desk\"\n"
        ),
        &[
            "ringwire.toml:4: pbx.main.port: found string \"a\"; expected a whole number",
            "ringwire.toml:8: endpoint.desk.format: unknown variant `xml`; expected `json` or `form`",
        ],
    );
}

#[test]
fn a_users_file_is_told_with_its_own_lines() {
    let text = format!("{PBX}users_file = \"users.csv\"\n{ENDPOINT}");
    for (csv, said) in [
        (
            "extension,mail\n1,a\n",
            "users.csv:1: there is no column \"mail\"; expected some of endpoint, extension, name, number, email, login; perhaps email was meant",
        ),
        (
            "# all\n\nName;Phone\nAlice;101\n",
            "users.csv:3: there is no column \"phone\"; expected some of endpoint, extension, name, number, email, login",
        ),
        (
            "extension,name\n101,Alice\n102\n",
            "users.csv:3: the line has 1 columns; expected 2, as the first line has",
        ),
        (
            "extension,name\r\n101,Bob\r\n# gone\r\n\r\n,Alice\r\n",
            "users.csv:5: the user has neither endpoint nor extension; expected at least one of them, to know the user's phone by",
        ),
    ] {
        let place = Place::new();
        let said_of =
            place.put("ringwire.toml", &text, 0o600).put("users.csv", csv, 0o644).load(Purpose::Run);
        assert_eq!(said_of.map(|_| ()).unwrap_err(), [said], "of {csv:?}");
    }
    check(
        &text,
        &[
            "ringwire.toml:4: pbx.main.users_file: users.csv: there is no such file; expected a CSV file of users",
        ],
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|[\\[\\]a-z.=\"'# {},0-9\n-]{0,80}", cut in 0..4000_usize, length in 0..40_usize) {
        let example: Vec<_> = example("ringwire.toml").chars().collect();
        let damaged = example.iter().take(cut).copied().chain(text.chars()).chain(example.iter().skip(cut + length).copied());
        for text in [text.clone(), damaged.collect()] {
            if let Err(said) = Place::new().put("ringwire.toml", text, 0o600).load(Purpose::Replay) {
                proptest::prop_assert!(said.iter().all(|line| line.starts_with("ringwire.toml") || line.starts_with("users.csv")));
            }
        }
    }
}

#[test]
fn times_of_deliveries_and_of_the_journal_are_within_reason() {
    for (lines, said) in [
        (
            "late = \"all\"\nlate_after = 5",
            "8: endpoint.desk.late_after: everything is told, however late it is; expected late = \"final\" beside it",
        ),
        ("late = \"some\"", "7: endpoint.desk.late: unknown variant `some`; expected `all` or `final`"),
        (
            "[endpoint.desk.expire]\nringing = \"soon\"",
            "8: endpoint.desk.expire.ringing: \"soon\" is no time; expected a time from 1s to 36500d, as in 90s, 10m, 12h or 7d",
        ),
        (
            "[endpoint.desk.expire]\nhold = \"1 month\"",
            "8: endpoint.desk.expire.hold: \"1 month\" is no time; expected a time from 1s to 36500d, as in 90s, 10m, 12h or 7d",
        ),
        (
            "[endpoint.desk.expire]\nring = \"60s\"",
            "8: endpoint.desk.expire.ring: there is no such key; expected one of new_call, ringing, answer, hold, \
             unhold, transfer, hangup; perhaps ringing was meant",
        ),
        (
            "[journal]\nkeep_days = 0",
            "8: journal.keep_days: 0 is out of range; expected a number of days from 1 to 36500",
        ),
        (
            "[journal]\npath = \"\"",
            "8: journal.path: it is empty; expected the path of a file on a local disk",
        ),
    ] {
        check_endpoint(lines, &[&format!("ringwire.toml:{said}")]);
    }
}
