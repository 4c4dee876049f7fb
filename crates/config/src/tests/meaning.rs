//! What a configuration that is right means.

use std::time::Duration;

use ringwire_ami::{LoginMethod, TlsTrust};
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_dialects::{BodyFormat, ToField, ZammadOptions};

use super::*;
use crate::{LogFormat, LogLevel, Options, describe};

#[test]
fn what_is_not_set_has_its_default() {
    let config = load(&format!("{PBX}{ENDPOINT}")).unwrap();
    assert_eq!(config.warnings, []);
    let pbx = config.pbxs.first().unwrap();
    assert_eq!((pbx.name.as_str(), pbx.host.as_str(), pbx.port), ("main", "127.0.0.1", 5038));
    let login = pbx.login.as_ref().unwrap();
    assert_eq!((login.username.as_str(), login.method), ("ringwire", LoginMethod::Md5));
    assert_eq!(login.events, "system,call,agent,dialplan");
    assert!(!pbx.rules.prefix_ids && pbx.rules.trunks.is_empty() && pbx.rules.directory.is_empty());
    assert_eq!(pbx.rules.gather, Duration::from_millis(250));
    assert!(pbx.rules.inbound_contexts.iter().any(|pattern| pattern.matches("from-pstn-e1")));
    let endpoint = config.endpoints.first().unwrap();
    assert_eq!((endpoint.name.as_str(), endpoint.dialect.name()), ("desk", "zammad"));
    assert_eq!(endpoint.options, Options::Zammad(ZammadOptions::default()));
    assert_eq!(
        (endpoint.connect_timeout, endpoint.timeout),
        (Duration::from_secs(5), Duration::from_secs(15))
    );
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
}

#[test]
fn each_way_to_speak_tls_asks_for_it_and_moves_the_port() {
    let fingerprint = [0xab; 32];
    let written = "AB:".repeat(32);
    for (lines, trust, port) in [
        ("tls = true".to_owned(), TlsTrust::System, 5039),
        (
            format!("tls_fingerprint = {:?}", written.trim_end_matches(':')),
            TlsTrust::Pinned(fingerprint.into()),
            5039,
        ),
        ("tls = true\nport = 5038".to_owned(), TlsTrust::System, 5038),
    ] {
        let config = load(&format!("{PBX}{lines}\n{ENDPOINT}")).unwrap();
        let pbx = config.pbxs.first().unwrap();
        assert_eq!((pbx.tls.as_ref().map(|tls| &tls.trust), pbx.port), (Some(&trust), port), "{lines}");
    }
    let config = load(&format!("{PBX}tls = false\nfilter_events = false\n{ENDPOINT}")).unwrap();
    let pbx = config.pbxs.first().unwrap();
    assert_eq!((&pbx.tls, pbx.port, pbx.filter_events), (&None, 5038, false));
}

#[test]
fn what_is_set_counts() {
    let config = load(
        r#"
        log = { level = "debug", format = "json" }
        [pbx.berlin]
        host = "[2001:db8::5]"
        port = 5039
        username = "ringwire"
        secret_env = "SECRET"
        auth = "plain"
        events = ["call", "Agent"]
        country = "de"
        strip = "0"
        inbound_contexts = []
        trunks = ["PJSIP/trunk*", "SIP/carrier"]
        gather_ms = 0
        users = [{ endpoint = "PJSIP/alice", extension = "101", name = " Alice ", number = "", login = "alice" }]
        [pbx.munich]
        username = "ringwire"
        secret_env = "SECRET"
        [endpoint.desk]
        dialect = "zammad"
        url_env = "URL"
        format = "form"
        to = "queue"
        internal = true
        trunks = "PJSIP/trunk*"
        dids = ["+4930*"]
        timeout = 2.5
        concurrency = 1
        "#,
    )
    .unwrap();
    let [berlin, munich] = config.pbxs.as_slice() else { panic!("{:?}", config.pbxs) };
    assert_eq!((berlin.host.as_str(), berlin.port), ("2001:db8::5", 5039));
    let login = berlin.login.as_ref().unwrap();
    assert_eq!((login.method, login.events.as_str()), (LoginMethod::Plain, "call,agent"));
    assert_eq!((berlin.rules.pbx.as_str(), munich.rules.pbx.as_str()), ("berlin", "munich"));
    assert!(berlin.rules.prefix_ids && munich.rules.prefix_ids);
    assert_eq!(berlin.rules.numbers.normalise_dialled("0017612345678"), "4917612345678");
    assert!(berlin.rules.inbound_contexts.is_empty());
    assert!(berlin.rules.trunks.iter().any(|pattern| pattern.matches("SIP/carrier")));
    assert_eq!(berlin.rules.gather, Duration::ZERO);
    let alice = berlin.rules.directory.find("PJSIP/alice", None).unwrap();
    assert_eq!((alice.name.as_deref(), alice.number.as_deref()), (Some("Alice"), None));
    let endpoint = config.endpoints.first().unwrap();
    let options = ZammadOptions {
        format: BodyFormat::Form,
        to: ToField::Queue,
        internal: true,
        trunks: vec!["PJSIP/trunk*".into()],
        dids: vec!["+4930*".into()],
    };
    assert_eq!(endpoint.options, Options::Zammad(options));
    assert_eq!(
        (endpoint.connect_timeout, endpoint.timeout),
        (Duration::from_millis(2500), Duration::from_millis(2500))
    );
    assert_eq!(endpoint.concurrency, 1);
    assert_eq!((config.log.level, config.log.format), (LogLevel::Debug, LogFormat::Json));
}

#[test]
fn users_come_from_tables_and_files_and_the_first_counts() {
    let place = Place::new();
    place.put("users.csv", "# phones\nname;extension\nAlice;101\n\nBob; 102 \nSecond;101\n", 0o644);
    let text = format!(
        "{PBX}users_file = \"users.csv\"\nusers = [{{ extension = \"101\", name = \"Anna\" }}]\n{ENDPOINT}"
    );
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).unwrap();
    let directory = &config.pbxs.first().unwrap().rules.directory;
    let name = |extension| directory.find("PJSIP/x", Some(extension)).and_then(|user| user.name.as_deref());
    assert_eq!((name("101"), name("102"), name("103")), (Some("Anna"), Some("Bob"), None));
    assert_eq!(
        place.warnings(&config),
        [
            "users.csv:3: the extension 101 belongs to Anna already, who counts",
            "users.csv:6: the extension 101 belongs to Anna already, who counts",
        ]
    );
}

#[test]
fn what_leads_to_silence_is_warned_of() {
    for (lines, warning) in [
        (
            "inbound_contexts = []",
            "inbound_contexts: with neither inbound contexts nor trunks no call comes from outside; name the trunks in trunks",
        ),
        (
            "trunks = \"trunk\"",
            "trunks: \"trunk\" matches no endpoint: they are written TECH/name; write \"*/trunk\"",
        ),
        (
            "events = \"call\"",
            "events: without the class agent no queue is seen; add it: \"system,call,agent,dialplan\"",
        ),
    ] {
        let place = Place::new();
        let config = place
            .put("ringwire.toml", format!("{PBX}{lines}\n{ENDPOINT}"), 0o600)
            .load(Purpose::Run)
            .unwrap();
        assert_eq!(place.warnings(&config), [format!("ringwire.toml:4: pbx.main.{warning}")]);
    }
    let place = Place::new();
    let config = place.put("ringwire.toml", PBX, 0o600).load(Purpose::Run).unwrap();
    assert_eq!(
        place.warnings(&config),
        [
            "ringwire.toml: it names no endpoint, so nobody is told of any call; add a table [endpoint.NAME] with dialect and url_file"
        ]
    );
}

#[test]
fn a_replay_needs_no_secrets_and_misses_nothing() {
    let replay = |text: &str| Place::new().put("ringwire.toml", text, 0o644).load(Purpose::Replay).unwrap();
    let empty = replay("");
    assert_eq!(describe(&empty), describe(&Config::embedded()));
    let config = replay(
        "[pbx.main]\ncountry = \"DE\"\nsecret_file = \"/none\"\n[endpoint.desk]\ndialect = \"zammad\"\nurl = \"x\"\n",
    );
    assert_eq!(config.warnings, []);
    assert!(config.pbxs.iter().all(|pbx| pbx.login.is_none() && pbx.rules.pbx == "main"));
    assert!(config.endpoints.iter().all(|endpoint| endpoint.address.is_none()));
}

#[test]
fn a_configuration_is_told_in_words() {
    let place = Place::new();
    let text = r#"
        [pbx.berlin]
        username = "ringwire"
        secret_env = "SECRET"
        country = "DE"
        strip = "0"
        trunks = ["PJSIP/trunk*", "SIP/carrier"]
        inbound_contexts = "from-trunk*"
        users = [{ extension = "101" }]
        [pbx.munich]
        host = "2001:db8::5"
        username = "other"
        secret_env = "SECRET"
        auth = "plain"
        events = "call"
        inbound_contexts = []
        [endpoint.desk]
        dialect = "zammad"
        url_env = "URL"
        [endpoint.sales]
        dialect = "zammad"
        url_env = "URL"
        to = "queue"
        internal = true
        dids = "4930*"
        [[route]]
        pbx = "berlin"
        direction = ["in", "out"]
        queue = ["sales*", "vip"]
        user = "alice"
        endpoints = ["sales"]
    "#;
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).unwrap();
    let expected = r#"PBX berlin
  Connects to 127.0.0.1:5038 without TLS as "ringwire", by MD5 challenge.
  Asks for events of the classes system, call, agent and dialplan.
  A call comes from outside if it begins in context from-trunk*,
  or on trunk PJSIP/trunk* or SIP/carrier.
  Numbers are written as in DE and told as E.164 digits.
  Before outside numbers, 0 is dialled to get a line.
  1 user is named.
  A round of ringing is collected for 250 ms before a call is announced.
  The ids of its calls begin with berlin-.

PBX munich
  Connects to [2001:db8::5]:5038 without TLS as "other", with the secret in plain.
  Asks for events of the classes call.
  No call counts as coming from outside.
  No country is set, so national numbers are told as they are: set country to have E.164 digits.
  No users are named: each phone goes by the name and the number it has in Asterisk.
  A round of ringing is collected for 250 ms before a call is announced.
  The ids of its calls begin with munich-.

Endpoint desk
  Speaks zammad to https://helpdesk.example.com; the rest of the URL is a secret.
  Posts newCall, answer and hangup as JSON objects; "to" is the number that was dialled.
  Does not hear of internal calls.
  What cannot be delivered is tried again: newCall, answer and hangup for 7 days; ringing for 1 minute; hold, unhold and transfer for 1 hour.
  Of a call that is over, what is later than 1 minute is told in brief: it came in, who took it, how it ended.
  Gives up a connection after 5s and a request after 15s; at most 8 at once.

Endpoint sales
  Speaks zammad to https://helpdesk.example.com; the rest of the URL is a secret.
  Posts newCall, answer and hangup as JSON objects; "to" is the queue of the call, or else the number that was dialled.
  Hears of inbound calls to 4930* only.
  Hears of internal calls too, as inbound.
  What cannot be delivered is tried again: newCall, answer and hangup for 7 days; ringing for 1 minute; hold, unhold and transfer for 1 hour.
  Of a call that is over, what is later than 1 minute is told in brief: it came in, who took it, how it ended.
  Gives up a connection after 5s and a request after 15s; at most 8 at once.

Routes
  Calls with direction in or out of PBX berlin in queue sales* or vip in which user is seen: alice go to sales.
  Every call goes to desk.

Journal
  What happens is kept in /var/lib/ringwire/journal.db.
  A call is kept for 90 days after its end, and the oldest go earlier where all take more than 1024 MiB.
  Numbers and names are kept with the call.

API
  Can be asked over the socket /run/ringwire/ringwire.sock, by whoever may use that.
  Does not listen on the network.

Log
  info and above, as text.

Worth a look
  ringwire.toml:15: pbx.munich.events: without the class agent no queue is seen; add it: "system,call,agent,dialplan"
  ringwire.toml:16: pbx.munich.inbound_contexts: with neither inbound contexts nor trunks no call comes from outside; name the trunks in trunks
"#;
    assert_eq!(place.lines(&describe(&config)).join("\n"), expected.trim_end());
}

#[test]
fn what_comes_late_is_told_as_it_is_set() {
    let config = load(&format!("{PBX}{ENDPOINT}")).unwrap();
    let endpoint = config.endpoints.first().unwrap();
    assert_eq!(endpoint.late, LatePolicy::Final { after: Duration::from_secs(60) });
    assert_eq!(endpoint.lifetimes, EventLifetimes::default());
    let config = load(&format!(
        "{PBX}{ENDPOINT}late = \"all\"\n[endpoint.desk.expire]\nnew_call = \"90s\"\nhangup = \"1 week\"\n"
    ))
    .unwrap();
    let endpoint = config.endpoints.first().unwrap();
    assert_eq!(endpoint.late, LatePolicy::All);
    let seconds = Duration::from_secs;
    let expected =
        EventLifetimes { new_call: seconds(90), hangup: seconds(7 * 24 * 3600), ..EventLifetimes::default() };
    assert_eq!(endpoint.lifetimes, expected);
    let said = describe(&config);
    for line in [
        "  What cannot be delivered is tried again: newCall for 90 seconds; ringing for 1 minute; \
         answer and hangup for 7 days; hold, unhold and transfer for 1 hour.\n",
        "  Hears everything, however late.\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn the_journal_says_where_it_is_and_how_long_it_keeps_what() {
    let paragraph = |lines: &str| {
        let said = describe(&load(&format!("[journal]\n{lines}\n{PBX}{ENDPOINT}")).unwrap());
        said.split_once("\nJournal\n").unwrap().1.split_once("\n\n").unwrap().0.to_owned()
    };
    assert_eq!(
        paragraph(""),
        "  What happens is kept in /var/lib/ringwire/journal.db.
  A call is kept for 90 days after its end, and the oldest go earlier where all take more than 1024 MiB.
  Numbers and names are kept with the call."
    );
    assert_eq!(
        paragraph(
            "path = \"/srv/calls.db\"\nkeep_days = 1\nsize_mib = 16\npersonal_data_days = 7\npersonal_data = \"hash\""
        ),
        "  What happens is kept in /srv/calls.db.
  A call is kept for 1 day after its end, and the oldest go earlier where all take more than 16 MiB.
  Numbers and names are replaced by tokens 7 days after the end of the call."
    );
}

#[test]
fn to_record_a_pbx_takes_no_endpoint_and_to_inspect_takes_nothing() {
    let load = |text: &str, purpose| Place::new().put("ringwire.toml", text, 0o600).load(purpose).map(|_| ());
    let unreadable = "[pbx.main]\nusers_file = \"gone.csv\"\nsecret_file = \"gone\"\n\
                      [endpoint.desk]\ndialect = \"zammad\"\nurl_file = \"gone\"\nca_file = \"gone\"\n";
    for (text, record, inspect) in [
        (PBX.to_owned(), true, true),
        (format!("{PBX}[endpoint.desk]\ndialect = \"zammad\"\nurl_file = \"gone\"\n"), true, true),
        (String::new(), false, true),
        (unreadable.to_owned(), false, true),
        ("[journal]\nkeep_days = 0\n".to_owned(), false, false),
    ] {
        assert_eq!(load(&text, Purpose::Record).is_ok(), record, "{text}");
        assert_eq!(load(&text, Purpose::Inspect).is_ok(), inspect, "{text}");
    }
}
