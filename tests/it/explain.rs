//! `ringwire explain`.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write as _},
    os::unix::fs::OpenOptionsExt,
    time::Duration,
};

use insta::with_settings;
use ringwire::Signal;
use ringwire_event::{Cause, Decision, ExplanationStep, RuleRef, SourceEvent};
use ringwire_outbox::{StoreWrite, StoredDeliveryState};
use ringwire_testkit::{
    player::{PlaybackOptions, PlaybackRecording, PlaybackServer, PlaybackSpeed},
    zammad::{ZammadConfig, ZammadServer},
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    journal::{Place, answer, at, hangup, new_call},
    support::{capture, captures, run, stderr, stdout},
};

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

const RELEASES: [&str; 3] = ["11", "16", "22"];

/// How much of a busy hour is held against its snapshot.
const LINES: usize = 120;

fn explain(args: &[&str]) -> String {
    let output = run([&["explain"], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn check(name: &str, explained: &str) {
    with_settings!({ snapshot_path => "explained", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, explained);
    });
}

#[test]
fn every_recorded_call_can_be_followed() {
    for release in RELEASES {
        let mut files: Vec<_> =
            fs::read_dir(captures().join(release)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "ami")) {
            let explained = explain(&["--to", "zammad", file.to_str().unwrap()]);
            assert!(explained.lines().count() <= 300, "{} is too long to be followed", file.display());
            check(&format!("{release}-{}", file.file_stem().unwrap().to_str().unwrap()), &explained);
        }
    }
}

#[test]
fn a_call_into_which_a_caller_has_written_can_be_followed() {
    let forged = captures().join("../forged");
    let mut files: Vec<_> = fs::read_dir(forged).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "ami")) {
        let name = format!("forged-{}", file.file_stem().unwrap().to_str().unwrap());
        check(&name, &explain(&[file.to_str().unwrap()]));
    }
}

#[test]
fn a_busy_hour_is_a_line_a_call_and_each_can_be_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("storm.ami");
    let packed = fs::File::open(captures().join("storm-22.ami.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap();
    let all = explain(&["--brief", file]);
    let lines: Vec<_> = all.lines().collect();
    let (total, calls) = lines.split_last().unwrap();
    assert!(total.starts_with(&format!("{} calls", calls.len())), "{total}");
    check("storm-22", &format!("{}\n…\n{total}", calls[..LINES].join("\n")));
    let id = calls[LINES].split(": ").next().unwrap();
    let one = explain(&["--call", id, file]);
    assert!(
        one.starts_with(&format!("{id}: ")) && one.contains("newCall") && one.contains("hangup"),
        "{one}"
    );
}

#[test]
fn a_call_is_found_by_the_uniqueid_of_any_of_its_channels() {
    let file = capture("22/inbound-answered");
    let file = file.to_str().unwrap();
    let all = explain(&[file]);
    let (one, _) = all.split_once("\n\n").unwrap();
    for id in ["pbx1-1795226702.0", "pbx1-1795226702.1"] {
        assert_eq!(explain(&["--call", id, file]).split_once("\n\n").unwrap().0, one);
    }
}

#[test]
fn machines_get_the_notes_as_the_journal_has_them() {
    let printed = explain(&["--json", "--to", "zammad", capture("22/inbound-busy").to_str().unwrap()]);
    let printed: serde_json::Value = serde_json::from_str(printed.trim_end()).unwrap();
    assert_eq!(printed["id"], "pbx1-1795226714.6");
    assert_eq!(printed["events"][3]["cause"], "busy");
    assert_eq!(printed["deliveries"][0]["request"]["event"], "newCall");
    let over =
        printed["explanation"].as_array().unwrap().iter().find(|note| note["decision"] == "ended").unwrap();
    assert_eq!((&over["rule"], &over["source"]["event"]), (&"rules 4.3".into(), &"Hangup".into()));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_and_an_exit_code() {
    let file = capture("22/inbound-busy");
    let file = file.to_str().unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let journal = nowhere.path().join("journal.db");
    let journal = journal.to_str().unwrap();
    for (args, code, message) in [
        (vec!["explain"], 64, "CALL|FILE"),
        (vec!["explain", "/nowhere/call.ami", "--journal", journal], 66, "/nowhere/call.ami: no such file"),
        (vec!["explain", "1795226702.0", "--journal", journal], 66, "the journal does not exist"),
        (vec!["explain", "1795226702.0", "--to", "zammad"], 64, "--to applies to recordings only"),
        (vec!["explain", file, "--call", "1.1"], 64, "contains no call 1.1"),
        (vec!["explain", file, "--to", "zamad"], 64, "expected one of: zammad"),
        (vec!["explain", file, "--json", "--brief"], 64, "cannot be used with"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{args:?}: {}", stderr(&output));
    }
}

fn note(seconds: i64, decision: Decision, text: &str, event: Option<&str>) -> ExplanationStep {
    ExplanationStep {
        time: Some(at(seconds)),
        source: Some(SourceEvent {
            event: "Hangup".to_owned(),
            channel: Some("PJSIP/trunk-1".to_owned()),
            uniqueid: Some("1.7".to_owned()),
            with: "Cause 16".to_owned(),
        }),
        decision,
        rule: event.is_none().then_some(RuleRef::rules_part(4, 1)),
        text: text.to_owned(),
        event: event.map(str::to_owned),
    }
}

/// A journal with a call that is over and has a explained, one that has none, and one that lives.
fn stored() -> Place {
    let mut place = Place::new();
    place.commit(new_call("1.1", 0), &["desk", "crm"]);
    place.commit(hangup("1.1", 20, Cause::NormalClearing), &["desk"]);
    place.commit(new_call("1.2", 30), &[]);
    place.commit(hangup("1.2", 31, Cause::Busy), &[]);
    place.commit(new_call("1.3", 40), &["desk"]);
    place.commit(answer("1.3", 42), &["desk"]);
    place.tried(1, Some(503), "HTTP 503: back\u{1b}[2J soon", StoredDeliveryState::Retry);
    place.tried(1, Some(200), "{}", StoredDeliveryState::Delivered);
    place.tried(2, Some(422), "HTTP 422: no", StoredDeliveryState::Dead);
    let notes = vec![
        note(20, Decision::Ended, "the caller is gone\u{7}", None),
        note(20, Decision::Published, "publishes hangup", Some("1.1/3")),
    ];
    place.write(StoreWrite::Explanation { call: "1.1".to_owned(), explanation: notes.into() });
    place.close();
    place
}

#[test]
fn a_stored_call_is_told_with_who_was_told_and_what_they_replied() {
    let place = stored();
    let printed = stdout(&place.run(&["explain", "1.1"]));
    check("stored", &printed);
    assert_eq!(stdout(&place.run(&["explain", "1.7"])), printed, "by another of its channels");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&place.run(&["explain", "--json", "1.1"]))).unwrap();
    assert_eq!(json["call"]["cause"], "normalClearing");
    assert_eq!(json["deliveries"][0]["attempts"][1]["status"], 200);
    assert_eq!(json["explanation"][0]["decision"], "ended");
}

#[test]
fn without_an_explanation_the_events_are_printed_and_where_the_explanation_is() {
    let place = stored();
    check("stored-without-explanation", &stdout(&place.run(&["explain", "1.2"])));
    let socket = place.path("nobody.sock");
    let living = stdout(&place.run(&["explain", "1.3", "--api", socket.to_str().unwrap()]));
    check("stored-living", &living.replace(socket.to_str().unwrap(), "SOCKET"));
}

#[test]
fn a_call_that_is_not_stored_is_an_error_that_says_what_to_do() {
    stored().fails(
        &["explain", "1.4"],
        66,
        "1.4: neither a file nor a call in the journal journal.db

hint: run `ringwire calls --json` to list the ids of calls; a call that was never announced is only in a recording: \
         ringwire capture, then ringwire explain FILE",
    );
}

#[tokio::test]
async fn the_daemon_keeps_the_explanation_for_those_who_ask_later() {
    let recorded = PlaybackRecording::parse(&fs::read(capture("22/inbound-answered")).unwrap(), None);
    let options = PlaybackOptions {
        speed: PlaybackSpeed::Unlimited,
        pause: Duration::ZERO,
        ..PlaybackOptions::new("ringwire", "swordfish")
    };
    let pbx = PlaybackServer::start(vec![recorded], options).await.unwrap();
    let zammad = ZammadServer::start(ZammadConfig::new("token")).await.unwrap();
    let mut posts = zammad.requests();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("ringwire.toml");
    let (address, url) = (pbx.address(), zammad.url());
    let (host, port) = (address.ip(), address.port());
    let text = format!(
        "[journal]\npath = \"journal.db\"\n[api]\nsocket = \"ringwire.sock\"\n\
         [target.zammad]\ndialect = \"zammad\"\nurl = \"{url}\"\n\
         [pbx.main]\nhost = \"{host}\"\nport = {port}\nusername = \"ringwire\"\nsecret = \"swordfish\"\n"
    );
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&config).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let (signals, printed) = mpsc::channel(1);
    let path = config.clone();
    let daemon = tokio::spawn(async move { ringwire::serve(&path, printed).await });
    for _ in ["newCall", "answer", "hangup"] {
        timeout(LONG, posts.recv()).await.unwrap().unwrap();
    }
    let socket = home.path().join("ringwire.sock");
    let ask = move || run(["explain", "pbx1-1795226702.0", "--api", socket.to_str().unwrap()]);
    let asked = tokio::task::spawn_blocking(ask).await.unwrap();
    signals.send(Signal::Stop).await.unwrap();
    timeout(LONG, daemon).await.unwrap().unwrap().unwrap();
    let (asked, errors) = (stdout(&asked), stderr(&asked));
    for part in
        ["PJSIP/trunk is a trunk: its context from-trunk", "→ zammad: delivered", "» hangup  normalClearing"]
    {
        assert!(asked.contains(part), "{part:?} is not in {asked}{errors}");
    }

    let explained = run(["explain", "pbx1-1795226702.1", "--config", config.to_str().unwrap()]);
    let (explained, errors) = (stdout(&explained), stderr(&explained));
    let printed = [
        "pbx1-1795226702.0: inbound, 491761234567 → 4930100, answered by Alice Adams (101), ended after",
        "PJSIP/trunk is a trunk: its context from-trunk matches from-trunk*  [rules 2]",
        "» newCall  in  491761234567 → 4930100  Alice Adams (101)",
        "→ zammad: delivered  event=newCall",
        "attempt 1,",
        "» hangup  normalClearing",
    ];
    let mut rest = explained.as_str();
    for part in printed {
        let (_, after) =
            rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is not in {explained}{errors}"));
        rest = after;
    }
}
