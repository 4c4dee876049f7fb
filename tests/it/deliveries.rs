//! `ringwire deliveries`.

use ringwire_delivery::DeliveryId;
use ringwire_event::Cause;
use ringwire_outbox::{AppliedCommand, StoredDeliveryState};

use crate::journal::{Place, answer, hangup, new_call};
use crate::support::{run, stderr, stdout};

/// A journal with a delivery in each state: 1, 3 and 5 to 8 for the desk, 2 and 4 for another.
fn owed() -> Place {
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
    let mut place = owed();
    place.close();
    place
}

#[test]
fn what_is_not_delivered_is_listed_with_how_each_endpoint_stands() {
    left().says(
        &["deliveries"],
        r"ID  STATE    ENDPOINT  EVENT    CALL  HAPPENED             FAILED  NEXT TRY             REASON
 2  paused   crm       newCall  1.1   2027-01-15 08:00:00
 3  retry    desk      answer   1.1   2027-01-15 08:00:10       1  2027-01-15 08:01:30  HTTP 503: back soon\u{1b}[2J
 4  paused   crm       answer   1.1   2027-01-15 08:00:10
 5  pending  desk      hangup   1.1   2027-01-15 08:00:20
 6  dead     desk      newCall  1.2   2027-01-15 08:00:30       1                       HTTP 422: no
 7  expired  desk      newCall  1.3   2027-01-15 08:00:40       1                       no connection in time
 8  pending  desk      newCall  1.4   2027-01-15 08:00:50

ENDPOINT  WAITING  RETRYING  DEAD  EXPIRED  DROPPED  STANDING
crm             2         0     0        0        0  misconfigured since 2027-01-15 08:00:30: HTTP 401: who are you?; it is not configured any more
desk            2         1     1        1        0  running
",
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
        let told: Vec<i64> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_i64().unwrap())
            .collect();
        assert_eq!(told, ids, "{args:?}");
    }
    let output = place.run(&["deliveries", "--limit", "2"]);
    assert_eq!(stderr(&output), "There are older ones than these 2: --limit N shows more.\n");
}

#[test]
fn nothing_is_told_plainly_too() {
    let mut place = Place::new();
    place.close();
    place.says(
        &["deliveries"],
        "All is delivered.

ENDPOINT  WAITING  RETRYING  DEAD  EXPIRED  DROPPED  STANDING
desk            0         0     0        0        0  running
",
    );
}

#[test]
fn a_delivery_tells_each_of_its_tries() {
    let place = left();
    place.says(
        &["deliveries", "show", "3"],
        r"Delivery 3 to desk: retry since 2027-01-15 08:01:00
  Because:  HTTP 503: back soon\u{1b}[2J
  Event:    1.1/2, in the journal since 2027-01-15 08:00:10
  Told:     08:00:10.000  answer    1.1                     in         4917612345678 → 4930100         Alice (101)
  Next try: 2027-01-15 08:01:30

Tries
  2027-01-15 08:01:00.000      42 ms  HTTP 503   failed: HTTP 503: back soon\u{1b}[2J
    answered: HTTP 503: back soon\u{1b}[2J
",
    );
    place.says(
        &["deliveries", "show", "8"],
        r"Delivery 8 to desk: pending since 2027-01-15 08:00:50
  Event:    1.4/1, in the journal since 2027-01-15 08:00:50
  Told:     08:00:50.000  newCall   1.4                     in         4917612345678 → 4930100         Alice (101)

It was not tried yet.
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
    place.says(&["deliveries", "retry", "6", "7"], "No daemon runs; it stands in the journal, and holds from the next start: 2 deliveries are tried again.\n");
    place.says(
        &["deliveries", "drop", "8"],
        "No daemon runs; it stands in the journal, and holds from the next start: 1 delivery is taken out.\n",
    );
    place.says(
        &["deliveries", "resume", "crm"],
        "No daemon runs; it stands in the journal, and holds from the next start: crm is sent to again.\n",
    );
    place.says(&["deliveries", "pause", "desk"], "No daemon runs; it stands in the journal, and holds from the next start: nothing is sent to desk until: ringwire deliveries resume desk.\n");
    assert_eq!(
        states(&place),
        ["pending", "paused", "pending", "paused", "paused", "paused", "dropped"],
        "of 2 to 8"
    );
    place.says(&["deliveries", "retry", "--target", "desk"], "No daemon runs; it stands in the journal, and holds from the next start: desk: 1 delivery that was given up is tried again.\n");
    place.says(&["deliveries", "retry", "--target", "desk"], "Nothing was given up for desk.\n");
    assert_eq!(states(&place).last().unwrap(), "paused");
    let desk = "\ndesk            4         1     0        0        0  paused since 20";
    let said = stdout(&place.run(&["deliveries"]));
    assert!(said.contains(desk) && said.ends_with(": by the operator\n"), "{said}");
    place.open();
    place.says(&["deliveries", "resume", "desk"], "The daemon has taken it up: desk is sent to again.\n");
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
    let place = owed();
    place.commit(new_call("1.5", 60), &[]);
    place.says(
        &["deliveries", "retry", "5", "8"],
        "The daemon has taken it up: 2 deliveries are tried again.\n",
    );
    assert!(matches!(place.applied(), AppliedCommand::Retry(_, owed) if owed.id == DeliveryId(5)));
    assert!(matches!(place.applied(), AppliedCommand::Retry(_, owed) if owed.id == DeliveryId(8)));
    place.says(
        &["deliveries", "pause", "desk"],
        "The daemon has taken it up: nothing is sent to desk until: ringwire deliveries resume desk.\n",
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
            "journal.db: there is no journal yet\n\nhint: the daemon makes it when it starts; --config or --journal names another one",
        );
    }
    assert!(!place.path("journal.db").exists());
    let place = left();
    let no_delivery = "there is no delivery 99 in the journal\n\nhint: ringwire deliveries lists what is not delivered, and with --state delivered the rest";
    let no_endpoint = "\"zamad\": neither the configuration nor the journal knows this endpoint\n\nhint: expected one of: crm, desk";
    for (args, said) in [
        (&["show", "99"][..], no_delivery),
        (&["retry", "6", "99"], no_delivery),
        (&["drop", "99"], no_delivery),
        (&["retry", "--target", "zamad"], no_endpoint),
        (&["pause", "zamad"], no_endpoint),
        (&["resume", "zamad"], no_endpoint),
        (&["--target", "zamad"], no_endpoint),
        (
            &["retry", "6", "1"],
            "delivery 1 is delivered and cannot be tried again\n\nhint: nothing was done with the others either",
        ),
        (
            &["drop", "1"],
            "delivery 1 is delivered and cannot be taken out\n\nhint: nothing was done with the others either",
        ),
        (
            &["--target", "desk", "pause", "desk"],
            "what to list is said, and a command after it\n\nhint: options of a command stand behind it: ringwire deliveries retry --target NAME",
        ),
    ] {
        place.fails(&[&["deliveries"], args].concat(), 64, said);
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
        let said = stdout(&output);
        assert!(output.status.success());
        for part in expected {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
}
