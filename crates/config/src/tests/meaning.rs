//! What a configuration that is right means.

use std::time::Duration;

use ringwire_ami::{LoginMethod, TlsTrust};
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_dialects::{AgentKey, BodyFormat, ToField, ZammadOptions};

use super::*;
use crate::{LogFormat, LogLevel, Options, describe};

#[test]
fn unset_keys_have_defaults() {
    let config = load(&format!("{PBX}{TARGET}")).unwrap();
    assert_eq!(config.warnings, []);
    let pbx = config.pbxs.first().unwrap();
    assert_eq!((pbx.name.as_str(), pbx.host.as_str(), pbx.port), ("main", "127.0.0.1", 5038));
    let login = pbx.login.as_ref().unwrap();
    assert_eq!((login.username.as_str(), login.method), ("ringwire", LoginMethod::Md5));
    assert_eq!(login.events, "system,call,agent,dialplan");
    assert!(!pbx.rules.prefix_ids && pbx.rules.trunks.is_empty() && pbx.rules.directory.is_empty());
    assert_eq!(pbx.rules.gather, Duration::from_millis(250));
    assert!(pbx.rules.inbound_contexts.iter().any(|pattern| pattern.matches("from-pstn-e1")));
    let target = config.targets.first().unwrap();
    assert_eq!((target.name.as_str(), target.dialect.name()), ("desk", "zammad"));
    assert_eq!(target.options, Options::Zammad(ZammadOptions::default()));
    assert_eq!((target.connect_timeout, target.timeout), (Duration::from_secs(5), Duration::from_secs(15)));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
}

#[test]
fn each_tls_key_enables_tls_and_its_port() {
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
        let config = load(&format!("{PBX}{lines}\n{TARGET}")).unwrap();
        let pbx = config.pbxs.first().unwrap();
        assert_eq!((pbx.tls.as_ref().map(|tls| &tls.trust), pbx.port), (Some(&trust), port), "{lines}");
    }
    let config = load(&format!("{PBX}tls = false\nfilter_events = false\n{TARGET}")).unwrap();
    let pbx = config.pbxs.first().unwrap();
    assert_eq!((&pbx.tls, pbx.port, pbx.filter_events), (&None, 5038, false));
}

#[test]
fn set_keys_override_defaults() {
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
        [target.desk]
        dialect = "zammad"
        url_env = "URL"
        format = "form"
        to = "queue"
        send_queue = false
        find_agent_by = "login"
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
    let target = config.targets.first().unwrap();
    let options = ZammadOptions {
        format: BodyFormat::Form,
        to: ToField::Queue,
        send_queue: false,
        find_agent_by: AgentKey::Login,
        internal: true,
        trunks: vec!["PJSIP/trunk*".into()],
        dids: vec!["+4930*".into()],
    };
    assert_eq!(target.options, Options::Zammad(options));
    assert_eq!(
        (target.connect_timeout, target.timeout),
        (Duration::from_millis(2500), Duration::from_millis(2500))
    );
    assert_eq!(target.concurrency, 1);
    assert_eq!((config.log.level, config.log.format), (LogLevel::Debug, LogFormat::Json));
}

#[test]
fn users_are_merged_and_the_first_entry_wins() {
    let place = Place::new();
    place.put("users.csv", "# phones\nname;extension\nAlice;101\n\nBob; 102 \nSecond;101\n", 0o644);
    let text = format!(
        "{PBX}users_file = \"users.csv\"\nusers = [{{ extension = \"101\", name = \"Anna\" }}]\n{TARGET}"
    );
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).unwrap();
    let directory = &config.pbxs.first().unwrap().rules.directory;
    let name = |extension| directory.find("PJSIP/x", Some(extension)).and_then(|user| user.name.as_deref());
    assert_eq!((name("101"), name("102"), name("103")), (Some("Anna"), Some("Bob"), None));
    assert_eq!(
        place.warnings(&config),
        [
            "users.csv:3: the extension 101 is already assigned to Anna; this one is ignored",
            "users.csv:6: the extension 101 is already assigned to Anna; this one is ignored",
        ]
    );
}

#[test]
fn settings_that_hide_calls_are_warned_about() {
    for (lines, warning) in [
        (
            "inbound_contexts = []",
            "inbound_contexts: without inbound contexts and trunks, no call is inbound; list the trunks in trunks",
        ),
        (
            "trunks = \"trunk\"",
            "trunks: \"trunk\" matches no endpoint: endpoints are written TECH/name; write \"*/trunk\"",
        ),
        (
            "events = \"call\"",
            "events: without the event class agent, no queues are seen; add it: \"system,call,agent,dialplan\"",
        ),
    ] {
        let place = Place::new();
        let config =
            place.put("ringwire.toml", format!("{PBX}{lines}\n{TARGET}"), 0o600).load(Purpose::Run).unwrap();
        assert_eq!(place.warnings(&config), [format!("ringwire.toml:4: pbx.main.{warning}")]);
    }
    let place = Place::new();
    let config = place.put("ringwire.toml", PBX, 0o600).load(Purpose::Run).unwrap();
    assert_eq!(
        place.warnings(&config),
        [
            "ringwire.toml: no target is configured, so no call is reported; add a section [target.NAME] with dialect and url_file"
        ]
    );
}

#[test]
fn replay_needs_neither_secrets_nor_sections() {
    let replay = |text: &str| Place::new().put("ringwire.toml", text, 0o644).load(Purpose::Replay).unwrap();
    let empty = replay("");
    assert_eq!(describe(&empty), describe(&Config::embedded()));
    let config = replay(
        "[pbx.main]\ncountry = \"DE\"\nsecret_file = \"/none\"\n[target.desk]\ndialect = \"zammad\"\nurl = \"x\"\n",
    );
    assert_eq!(config.warnings, []);
    assert!(config.pbxs.iter().all(|pbx| pbx.login.is_none() && pbx.rules.pbx == "main"));
    assert!(config.targets.iter().all(|target| target.address.is_none()));
}

#[test]
fn the_description_covers_pbxs_targets_and_routes() {
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
        [target.desk]
        dialect = "zammad"
        url_env = "URL"
        [target.sales]
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
        targets = ["sales"]
    "#;
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).unwrap();
    let expected = r#"PBX berlin
  Connects to 127.0.0.1:5038 without TLS and logs in as "ringwire" with an MD5 challenge.
  Subscribes to the event classes system, call, agent and dialplan.
  A call is inbound if it starts in context from-trunk*,
  or on trunk PJSIP/trunk* or SIP/carrier.
  Numbers are read as in DE and reported as E.164 digits.
  The prefix 0 is removed from dialled outside numbers.
  1 user is configured.
  Ringing phones are collected for 250 ms before a call is announced.
  Call IDs start with berlin-.

PBX munich
  Connects to [2001:db8::5]:5038 without TLS and logs in as "other" with the secret in clear text.
  Subscribes to the event classes call.
  No call is inbound: neither contexts nor trunks are configured.
  No country is set, so national numbers are reported as they are. Set country to get E.164 digits.
  No users are configured: phones are reported by their name and number in Asterisk.
  Ringing phones are collected for 250 ms before a call is announced.
  Call IDs start with munich-.

Target desk
  Uses the dialect zammad at https://helpdesk.example.com; the rest of the URL is secret.
  Posts newCall, answer and hangup as JSON; "to" is the dialled number.
  Zammad finds the agent who answers by the extension, which must be the agent's Phone field.
  With a caller log filter, calls in a queue notify agents by the dialled number and are listed by the queue's name; other calls do both by the number.
  Internal calls are not sent.
  While it is down, events wait for it: newCall, answer and hangup for 7 days; ringing for 1 minute; hold, unhold and transfer for 1 hour.
  An event that it keeps failing while it is up is attempted 10 times within 2 days.
  Once a call has ended, events that are more than 1 minute late are condensed: that it came in, who answered, how it ended.
  Connections time out after 5s, requests after 15s; at most 8 requests run at once.
  The hangup of a missed call waits 3 minutes for its reply; without one it is not repeated, but listed as unknown.

Target sales
  Uses the dialect zammad at https://helpdesk.example.com; the rest of the URL is secret.
  Posts newCall, answer and hangup as JSON; "to" is the queue of the call, or else the dialled number.
  Zammad finds the agent who answers by the extension, which must be the agent's Phone field.
  With a caller log filter, calls in a queue notify agents and are listed by the queue's name; other calls do both by the dialled number.
  Inbound calls are sent only for number 4930*.
  Internal calls are sent as inbound calls.
  While it is down, events wait for it: newCall, answer and hangup for 7 days; ringing for 1 minute; hold, unhold and transfer for 1 hour.
  An event that it keeps failing while it is up is attempted 10 times within 2 days.
  Once a call has ended, events that are more than 1 minute late are condensed: that it came in, who answered, how it ended.
  Connections time out after 5s, requests after 15s; at most 8 requests run at once.
  The hangup of a missed call waits 3 minutes for its reply; without one it is not repeated, but listed as unknown.

Routes
  Calls with direction in or out of PBX berlin in queue sales* or vip involving user alice go to sales.
  Every call goes to desk.

Journal
  Events are stored in /var/lib/ringwire/journal.db.
  A call is kept for 90 days after it ends; the oldest calls are removed earlier if the journal exceeds 1024 MiB.
  Numbers and names are kept as long as the call.

API
  Listens on the socket /run/ringwire/ringwire.sock for its owner and group.
  Does not listen on a port.

Log
  Level info and above, format text.

Warnings
  ringwire.toml:15: pbx.munich.events: without the event class agent, no queues are seen; add it: "system,call,agent,dialplan"
  ringwire.toml:16: pbx.munich.inbound_contexts: without inbound contexts and trunks, no call is inbound; list the trunks in trunks
"#;
    assert_eq!(place.lines(&describe(&config)).join("\n"), expected.trim_end());
}

#[test]
fn late_and_expire_set_the_delivery_policy() {
    let config = load(&format!("{PBX}{TARGET}")).unwrap();
    let target = config.targets.first().unwrap();
    assert_eq!(target.late, LatePolicy::Final { after: Duration::from_secs(60) });
    assert_eq!(target.lifetimes, EventLifetimes::default());
    let config = load(&format!(
        "{PBX}{TARGET}late = \"all\"\n[target.desk.expire]\nnew_call = \"90s\"\nhangup = \"1 week\"\n"
    ))
    .unwrap();
    let target = config.targets.first().unwrap();
    assert_eq!(target.late, LatePolicy::All);
    let seconds = Duration::from_secs;
    let expected =
        EventLifetimes { new_call: seconds(90), hangup: seconds(7 * 24 * 3600), ..EventLifetimes::default() };
    assert_eq!(target.lifetimes, expected);
    let message = describe(&config);
    for line in [
        "  While it is down, events wait for it: newCall for 90 seconds; ringing for 1 minute; \
         answer and hangup for 7 days; hold, unhold and transfer for 1 hour.\n",
        "  Late events are sent in full.\n",
    ] {
        assert!(message.contains(line), "{message}");
    }
}

#[test]
fn the_description_names_journal_path_and_retention() {
    let paragraph = |lines: &str| {
        let message = describe(&load(&format!("[journal]\n{lines}\n{PBX}{TARGET}")).unwrap());
        message.split_once("\nJournal\n").unwrap().1.split_once("\n\n").unwrap().0.to_owned()
    };
    assert_eq!(
        paragraph(""),
        "  Events are stored in /var/lib/ringwire/journal.db.
  A call is kept for 90 days after it ends; the oldest calls are removed earlier if the journal exceeds 1024 MiB.
  Numbers and names are kept as long as the call."
    );
    assert_eq!(
        paragraph(
            "path = \"/srv/calls.db\"\nkeep_days = 1\nsize_mib = 16\npersonal_data_days = 7\npersonal_data = \"hash\""
        ),
        "  Events are stored in /srv/calls.db.
  A call is kept for 1 day after it ends; the oldest calls are removed earlier if the journal exceeds 16 MiB.
  Numbers and names are replaced by tokens 7 days after the call ends.
  Whoever has the journal can find out by trying which number a token is: its key is there, too."
    );
}

#[test]
fn record_needs_a_pbx_and_inspect_needs_nothing() {
    let load = |text: &str, purpose| Place::new().put("ringwire.toml", text, 0o600).load(purpose).map(|_| ());
    let unreadable = "[pbx.main]\nusers_file = \"gone.csv\"\nsecret_file = \"gone\"\n\
                      [target.desk]\ndialect = \"zammad\"\nurl_file = \"gone\"\nca_file = \"gone\"\n";
    for (text, record, inspect) in [
        (PBX.to_owned(), true, true),
        (format!("{PBX}[target.desk]\ndialect = \"zammad\"\nurl_file = \"gone\"\n"), true, true),
        (String::new(), false, true),
        (unreadable.to_owned(), false, true),
        ("[journal]\nkeep_days = 0\n".to_owned(), false, false),
    ] {
        assert_eq!(load(&text, Purpose::Record).is_ok(), record, "{text}");
        assert_eq!(load(&text, Purpose::Inspect).is_ok(), inspect, "{text}");
    }
}

#[test]
fn what_a_target_asks_for_by_name_is_followed_at_each_pbx() {
    let place = Place::new();
    let text = format!(
        "{PBX}events = [\"call\", \"agent\"]\n{TARGET}variables = [\"CUSTOMER\"]\ndtmf = true\n\
         [target.other]\ndialect = \"zammad\"\nurl_env = \"URL\"\nvariables = [\"A\", \"CUSTOMER\"]\n"
    );
    let config = place.put("ringwire.toml", text, 0o644).load(Purpose::Run).unwrap();
    let pbx = &config.pbxs[0];
    assert_eq!((pbx.rules.variables.join(" ").as_str(), pbx.rules.dtmf), ("A CUSTOMER", true));
    assert_eq!(pbx.login.as_ref().unwrap().events, "call,agent,dialplan,dtmf");
    let asked: Vec<_> = config.targets.iter().map(|target| (target.variables.len(), target.dtmf)).collect();
    assert_eq!(asked, [(1, true), (2, false)]);
    let wrong = format!("{PBX}{TARGET}variables = [\"__A\", \"CALLERID(num)\"]\n");
    let errors = place.put("ringwire.toml", wrong, 0o644).load(Purpose::Run).unwrap_err();
    let refused = errors.iter().filter(|line| line.contains("is no name of a variable")).count();
    assert_eq!(refused, 2, "{errors:?}");
}
