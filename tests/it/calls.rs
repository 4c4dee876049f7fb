//! `ringwire calls`.

use std::process::Stdio;

use ringwire_event::{AnsweredBy, CallEvent, Cause, Direction, EventKind};

use crate::journal::{Place, alice, answer, event, hangup, new_call};
use crate::support::{run, stderr, stdout};

/// A journal with a call of each kind.
fn history() -> Place {
    let mut place = Place::new();
    let queued = |event: CallEvent| CallEvent { queue: Some("support".to_owned()), ..event };
    for event in [
        new_call("1.1", 0),
        answer("1.1", 12),
        hangup("1.1", 77, Cause::NormalClearing),
        queued(new_call("1.2", 100)),
        queued(hangup("1.2", 130, Cause::Cancel)),
    ] {
        place.commit(event, &[]);
    }
    let out = |event: CallEvent| CallEvent {
        direction: Direction::Out,
        from: "101".to_owned(),
        from_name: None,
        to: "43155".to_owned(),
        ..event
    };
    place.commit(out(event("1.3", 1, 200, EventKind::NewCall { users: vec![alice()] })), &[]);
    place.commit(out(hangup("1.3", 205, Cause::Busy)), &[]);
    let hostile = CallEvent {
        from: "anonymous".to_owned(),
        from_name: Some("\u{1b}[2JBobby\u{202e}\n".to_owned()),
        ..new_call("1.4", 300)
    };
    place.commit(hostile, &[]);
    let voicemail = event("1.4", 2, 320, EventKind::Answer { answered_by: AnsweredBy::Voicemail });
    place.commit(CallEvent { recovered: true, ..voicemail }, &[]);
    place.commit(CallEvent { recovered: true, ..hangup("1.4", 4320, Cause::NormalClearing) }, &[]);
    place.commit(new_call("1.5", 7000), &[]);
    place.commit(new_call("1.6", 7010), &[]);
    place.commit(answer("1.6", 7020), &[]);
    place.close();
    place
}

const TABLE: &str = r"STARTED              DIRECTION  FROM                                   TO       RANG  TALKED  ANSWERED BY  OUTCOME                 QUEUE
2027-01-15 08:00:00  in         4917612345678 Erika Mustermann         4930100   12s   1m05s  Alice (101)  answered
2027-01-15 08:01:40  in         4917612345678 Erika Mustermann         4930100   30s                       missed: caller gave up  support
2027-01-15 08:03:20  out        101                                    43155      5s                       busy
2027-01-15 08:05:00  in         anonymous \u{1b}[2JBobby\u{202e}\u{a}  4930100  ~20s  ~1h06m  voicemail    answered
2027-01-15 09:56:40  in         4917612345678 Erika Mustermann         4930100                             ringing
2027-01-15 09:56:50  in         4917612345678 Erika Mustermann         4930100   10s          Alice (101)  talking
";

#[test]
fn a_call_is_a_line() {
    history().says(&["calls"], TABLE);
}

#[test]
fn calls_are_chosen() {
    let place = history();
    for (args, ids) in [
        (&["--missed"][..], &["1.2"][..]),
        (&["--living"], &["1.5", "1.6"]),
        (&["--since", "2027-01-15T09:56:41"], &["1.6"]),
        (&["--since", "2027-01-15T10:56:40+01:00"], &["1.5", "1.6"]),
        (&["--since", "2027-01-15"], &["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]),
        (&["--limit", "2"], &["1.5", "1.6"]),
        (&["--user", "ALICE", "--limit", "3"], &["1.4", "1.5", "1.6"]),
        (&["--user", "bob"], &[]),
        (&["--number", "+43 155"], &["1.3"]),
        (&["--number", "0043155"], &["1.3"]),
        (&["--number", "0176 12345678", "--missed"], &["1.2"]),
        (&["--number", "0176", "--missed"], &["1.2"]),
        (&["--number", "0177"], &[]),
    ] {
        let output = place.run(&[&["calls", "--json"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        let printed: Vec<String> = stdout(&output)
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(printed, ids, "{args:?}");
    }
    let output = place.run(&["calls", "--limit", "2"]);
    assert_eq!(stderr(&output), "Only the newest 2 are shown; use --limit N to see more.\n");
}

#[test]
fn a_call_is_an_object() {
    history().says(
        &["calls", "--json", "--since", "2027-01-15", "--missed"],
        r#"{"id":"1.2","pbx":"main","direction":"in","from":"4917612345678","fromName":"Erika Mustermann","to":"4930100","queue":"support","users":[{"endpoint":"PJSIP/alice","extension":"101","name":"Alice"}],"startedAt":"2027-01-15T08:01:40Z","endedAt":"2027-01-15T08:02:10Z","cause":"cancel","rang":30}
"#,
    );
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let place = Place::empty();
    const TIMES: &str = "hint: expected 90m, 2h, 3d or 1w; today or yesterday; 2026-11-21; 2026-11-21T08:00; or \
                         2026-11-21T08:00:00+01:00";
    place.fails(
        &["calls"],
        66,
        "journal.db: the journal does not exist\n\nhint: the daemon creates it when it starts; use --config or --journal to name another one",
    );
    place.fails(
        &["calls", "--since", "soon"],
        64,
        &format!("--since: \"soon\" is not a valid time\n\n{TIMES}"),
    );
    let place = history();
    place.fails(
        &["calls", "--number", "anonymous"],
        64,
        "--number \"anonymous\": contains no digits\n\nhint: expected a number or a part of one, such as 0176 123456",
    );
    place.says(&["calls", "--user", "nobody"], "No calls found.\n");
    let output = run(["calls", "--missed", "--living"]);
    assert_eq!(output.status.code(), Some(64));
    let output = run(["calls", "--config", "/nowhere/ringwire.toml"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        stderr(&output).ends_with("\nhint: use --journal FILE to name the journal directly\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_journal_can_be_named_itself() {
    let place = history();
    let journal = place.path("journal.db");
    let output = run(["calls", "--missed", "--journal", journal.to_str().unwrap()]);
    assert!(stdout(&output).contains("missed: caller gave up"), "{}", stderr(&output));
}

#[test]
fn a_daemon_may_write_the_journal_meanwhile() {
    let place = Place::new();
    place.commit(new_call("1.1", 0), &[]);
    assert_eq!(stdout(&place.run(&["calls", "--json"])).lines().count(), 1);
    place.commit(new_call("1.2", 0), &[]);
    assert_eq!(stdout(&place.run(&["calls", "--json"])).lines().count(), 2);
}

#[test]
fn colours_are_for_terminals_and_can_be_refused() {
    let place = history();
    let output_text = |variable: &str| {
        let output = place.command(&["calls", "--missed"]).env(variable, "1").output().unwrap();
        stdout(&output)
    };
    assert!(output_text("CLICOLOR_FORCE").contains("\u{1b}[1m\u{1b}[31mmissed: caller gave up\u{1b}[0m"));
    assert!(!output_text("NO_COLOR").contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let place = history();
    let mut child = place.command(&["calls"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn each_command_reports_that_a_journal_deleted_under_the_daemon_was_begun_anew() {
    let place = Place::new();
    place.commit(new_call("1.1", 0), &["desk"]);
    std::fs::remove_file(place.path("journal.db")).unwrap();
    place.begun_anew();
    for command in ["calls", "deliveries", "doctor"] {
        let output = place.run(&[command]);
        let printed = format!("{}{}", stdout(&output), stderr(&output));
        let loss = "its file was deleted while ringwire was running";
        assert!(
            printed.contains("the journal was begun anew") && printed.contains(loss),
            "{command}: {printed}"
        );
    }
}
