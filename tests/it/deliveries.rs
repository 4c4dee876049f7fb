//! `ringwire deliveries`.

use ringwire_delivery::DeliveryId;
use ringwire_event::Cause;
use ringwire_outbox::{AppliedCommand, StoredDeliveryState};

use crate::journal::{Place, answer, hangup, new_call};
use crate::support::{run, stderr, stdout};

/// A journal with a delivery in each state: 1, 3 and 5 to 8 for the desk, 2 and 4 for another.
fn place_with_deliveries() -> Place {
    let place = Place::new();
    place.commit(new_call("1.1", 0), &["desk", "crm"]);
    place.commit(answer("1.1", 10), &["desk", "crm"]);
    place.commit(hangup("1.1", 20, Cause::NormalClearing), &["desk"]);
    place.commit(new_call("1.2", 30), &["desk"]);
    place.commit(new_call("1.3", 40), &["desk"]);
    place.commit(new_call("1.4", 50), &["desk"]);
    place.tried(1, Some(200), "{}", StoredDeliveryState::Delivered);
    place.tried(3, Some(503), "HTTP 503: back soon\u{1b}[2J", StoredDeliveryState::Retry);
    place.tried(6, Some(422), "HTTP 422: no", StoredDeliveryState::Dead);
    place.tried(7, None, "no connection in time", StoredDeliveryState::Expired);
    place.set_target_state("crm", "misconfigured", "HTTP 401: who are you?");
    place
}

/// The same, and no daemon has it.
fn left() -> Place {
    let mut place = place_with_deliveries();
    place.close();
    place
}

#[test]
fn what_is_not_delivered_is_listed_with_how_each_endpoint_stands() {
    left().says(
        &["deliveries"],
        r"ID  STATE    TARGET  EVENT    CALL  TIME                 FAILURES  NEXT ATTEMPT         REASON
 2  paused   crm     newCall  1.1   2027-01-15 08:00:00
 3  retry    desk    answer   1.1   2027-01-15 08:00:10         1  2027-01-15 08:01:30  HTTP 503: back soon\u{1b}[2J
 4  paused   crm     answer   1.1   2027-01-15 08:00:10
 5  pending  desk    hangup   1.1   2027-01-15 08:00:20
 6  dead     desk    newCall  1.2   2027-01-15 08:00:30         1                       HTTP 422: no
 7  expired  desk    newCall  1.3   2027-01-15 08:00:40         1                       no connection in time
 8  pending  desk    newCall  1.4   2027-01-15 08:00:50

TARGET  PENDING  RETRYING  DEAD  EXPIRED  DROPPED  STATUS
crm           2         0     0        0        0  misconfigured since 2027-01-15 08:00:30: HTTP 401: who are you?; no longer configured
desk          2         1     1        1        0  OK
",
    );
}

#[test]
fn a_hangup_whose_outcome_is_unknown_is_listed_with_what_to_do() {
    let place = place_with_deliveries();
    place.tried(5, None, "no answer within 180s", StoredDeliveryState::Unknown);
    let mut place = place;
    place.close();
    let list = stdout(&place.run(&["deliveries"]));
    assert!(list.contains(" 5  unknown  desk    hangup   1.1"), "{list}");
    assert!(list.contains("if it still rings there, run `ringwire deliveries retry ID`"), "{list}");
    assert!(list.contains("DROPPED  UNKNOWN  STATUS"), "{list}");
    let shown = stdout(&place.run(&["deliveries", "show", "5"]));
    assert!(shown.contains("outcome unknown, not repeated") && shown.contains("retry ID"), "{shown}");
    place.says(
        &["deliveries", "drop", "5"],
        "The daemon is not running; queued until it starts: 1 delivery is dropped.\n",
    );
}

#[test]
fn deliveries_are_chosen() {
    let place = left();
    for (args, ids) in [
        (&[][..], &[2, 3, 4, 5, 6, 7, 8][..]),
        (&["--state", "delivered"], &[1]),
        (&["--state", "pending"], &[5, 8]),
        (&["--state", "paused"], &[2, 4]),
        (&["--state", "dead,expired"], &[6, 7]),
        (&["--state", "retry", "--state", "paused"], &[2, 3, 4]),
        (&["--target", "crm"], &[2, 4]),
        (&["--call", "1.1", "--target", "desk"], &[3, 5]),
        (&["--call", "9.9"], &[]),
        (&["--limit", "2"], &[7, 8]),
    ] {
        let output = place.run(&[&["deliveries", "--json"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        let printed: Vec<i64> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_i64().unwrap())
            .collect();
        assert_eq!(printed, ids, "{args:?}");
    }
    let output = place.run(&["deliveries", "--limit", "2"]);
    assert_eq!(stderr(&output), "Only the newest 2 are shown; use --limit N to see more.\n");
}

#[test]
fn nothing_is_told_plainly_too() {
    let mut place = Place::new();
    place.close();
    place.says(
        &["deliveries"],
        "All events are delivered.

TARGET  PENDING  RETRYING  DEAD  EXPIRED  DROPPED  STATUS
desk          0         0     0        0        0  OK
",
    );
}

#[test]
fn a_delivery_tells_each_of_its_tries() {
    let place = left();
    place.says(
        &["deliveries", "show", "3"],
        r"Delivery 3 to desk: failed, will be retried, since 2027-01-15 08:01:00
  Reason:        HTTP 503: back soon\u{1b}[2J
  Event ID:      1.1/2, recorded 2027-01-15 08:00:10
  Event:         08:00:10.000  answer    1.1                     in         4917612345678 → 4930100         Alice (101)
  Next attempt:  2027-01-15 08:01:30

Attempts
  2027-01-15 08:01:00.000      42 ms  HTTP 503   failed: HTTP 503: back soon\u{1b}[2J
    reply: HTTP 503: back soon\u{1b}[2J
",
    );
    place.says(
        &["deliveries", "show", "8"],
        r"Delivery 8 to desk: pending, since 2027-01-15 08:00:50
  Event ID:      1.4/1, recorded 2027-01-15 08:00:50
  Event:         08:00:50.000  newCall   1.4                     in         4917612345678 → 4930100         Alice (101)

Not attempted yet.
",
    );
    place.says(
        &["deliveries", "show", "7", "--json"],
        r#"{"id":7,"target":"desk","event":"1.3/1","kind":"newCall","call":"1.3","state":"expired","failures":1,"recordedAt":"2027-01-15T08:00:40Z","changedAt":"2027-01-15T08:01:00Z","reason":"no connection in time","sentEvent":{"id":"1.3/1","event":"newCall","users":[{"endpoint":"PJSIP/alice","extension":"101","name":"Alice"}],"call":"1.3","seq":1,"time":"2027-01-15T08:00:40Z","pbx":"main","direction":"in","from":"4917612345678","fromName":"Erika Mustermann","to":"4930100"},"attempts":[{"at":"2027-01-15T08:01:00Z","durationMs":42,"outcome":"failed: no connection in time"}]}
"#,
    );
}

#[test]
fn orders_hold_from_the_next_start_where_no_daemon_runs() {
    let mut place = left();
    place.says(
        &["deliveries", "retry", "6", "7"],
        "The daemon is not running; queued until it starts: 2 deliveries will be retried.\n",
    );
    place.says(
        &["deliveries", "drop", "8"],
        "The daemon is not running; queued until it starts: 1 delivery is dropped.\n",
    );
    place.says(
        &["deliveries", "resume", "crm"],
        "The daemon is not running; queued until it starts: crm is resumed.\n",
    );
    place.says(&["deliveries", "pause", "desk"], "The daemon is not running; queued until it starts: desk is paused until you run `ringwire deliveries resume desk`.\n");
    assert_eq!(
        states(&place),
        ["pending", "paused", "pending", "paused", "paused", "paused", "dropped"],
        "of 2 to 8"
    );
    place.says(
        &["deliveries", "retry", "--target", "desk"],
        "The daemon is not running; queued until it starts: desk: 1 failed delivery will be retried.\n",
    );
    place.says(
        &["deliveries", "retry", "--target", "desk"],
        "No delivery to desk is dead, expired or dropped.\n",
    );
    assert_eq!(states(&place).last().unwrap(), "paused");
    let desk = "\ndesk          4         1     0        0        0  paused since 20";
    let message = stdout(&place.run(&["deliveries"]));
    assert!(message.contains(desk) && message.ends_with(": by the operator\n"), "{message}");
    place.open();
    place.says(&["deliveries", "resume", "desk"], "Accepted by the daemon: desk is resumed.\n");
}

/// The states of what is listed.
fn states(place: &Place) -> Vec<String> {
    let state = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["state"].as_str().unwrap().to_owned()
    };
    stdout(&place.run(&["deliveries", "--json"])).lines().map(state).collect()
}

#[test]
fn a_daemon_that_runs_takes_orders_up() {
    let place = place_with_deliveries();
    place.commit(new_call("1.5", 60), &[]);
    place.says(&["deliveries", "retry", "5", "8"], "Accepted by the daemon: 2 deliveries will be retried.\n");
    assert!(matches!(place.applied(), AppliedCommand::Retry(_, pending) if pending.id == DeliveryId(5)));
    assert!(matches!(place.applied(), AppliedCommand::Retry(_, pending) if pending.id == DeliveryId(8)));
    place.says(
        &["deliveries", "pause", "desk"],
        "Accepted by the daemon: desk is paused until you run `ringwire deliveries resume desk`.\n",
    );
    assert!(matches!(place.applied(), AppliedCommand::Pause(endpoint) if endpoint.as_str() == "desk"));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let place = Place::empty();
    for args in [&["deliveries"][..], &["deliveries", "show", "1"], &["deliveries", "pause", "desk"]] {
        place.fails(
            args,
            66,
            "journal.db: the journal does not exist\n\nhint: the daemon creates it when it starts; use --config or --journal to name another one",
        );
    }
    assert!(!place.path("journal.db").exists());
    let place = left();
    let no_delivery = "delivery 99 not found in the journal\n\nhint: run `ringwire deliveries` to list undelivered events, with --state delivered the others";
    let no_endpoint = "unknown target \"zamad\": neither in the configuration nor in the journal\n\nhint: expected one of: crm, desk";
    for (args, message) in [
        (&["show", "99"][..], no_delivery),
        (&["retry", "6", "99"], no_delivery),
        (&["drop", "99"], no_delivery),
        (&["retry", "--target", "zamad"], no_endpoint),
        (&["pause", "zamad"], no_endpoint),
        (&["resume", "zamad"], no_endpoint),
        (&["--target", "zamad"], no_endpoint),
        (
            &["retry", "6", "1"],
            "delivery 1 is delivered and cannot be retried\n\nhint: none of the given deliveries was changed",
        ),
        (
            &["drop", "1"],
            "delivery 1 is delivered and cannot be dropped\n\nhint: none of the given deliveries was changed",
        ),
        (
            &["--target", "desk", "pause", "desk"],
            "options of the list cannot be combined with a command\n\nhint: put the options after the command: ringwire deliveries retry --target NAME",
        ),
    ] {
        place.fails(&[&["deliveries"], args].concat(), 64, message);
    }
    place.says(&["deliveries", "--state", "dead", "--json", "--target", "crm"], "");
    for args in [&["retry"][..], &["drop"], &["retry", "6", "--target", "desk"], &["--state", "lost"]] {
        let output = run([&["deliveries"], args].concat());
        assert_eq!(output.status.code(), Some(64), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn help_is_complete() {
    for (args, expected) in [
        (
            &["calls", "--help"][..],
            &["--since", "--missed", "--living", "--user", "--number", "--limit", "--json", "Examples:"][..],
        ),
        (
            &["deliveries", "--help"],
            &[
                "show",
                "retry",
                "drop",
                "pause",
                "resume",
                "--target",
                "--state",
                "--call",
                "--limit",
                "Examples:",
            ],
        ),
        (&["--help"], &["calls", "deliveries"]),
    ] {
        let output = run(args);
        let message = stdout(&output);
        assert!(output.status.success());
        for part in expected {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }
}
