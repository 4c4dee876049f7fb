//! One behaviour each.

use jiff::Timestamp;
use ringwire_outbox::{Counts, Delivery, Health, Limits, Notice, Outbox, Outcome, Schedule};

use crate::{at, dead, event, hangup, hold, misconfigured, names, new_call, retry, retry_after, unknown};

fn outbox() -> Outbox {
    Outbox::new(Limits::default(), Schedule::default(), 1)
}

/// All that is due at `now`, as `endpoint:event`.
fn take_all(outbox: &mut Outbox, now: Timestamp) -> (Vec<String>, Vec<Delivery>) {
    let taken: Vec<_> = std::iter::from_fn(|| outbox.take(now)).collect();
    (taken.iter().map(|delivery| format!("{}:{}", delivery.endpoint, delivery.event.id)).collect(), taken)
}

/// Takes the one delivery that is due at `now`, which must be of `event`, and settles it.
#[track_caller]
fn send(outbox: &mut Outbox, now: Timestamp, event: &str, outcome: Outcome) {
    let (ids, taken) = take_all(outbox, now);
    assert_eq!(ids, [event]);
    outbox.settle(taken[0].id, outcome, now);
}

fn notices(outbox: &mut Outbox) -> Vec<Notice> {
    std::iter::from_fn(|| outbox.poll_notice()).collect()
}

#[test]
fn a_call_is_told_in_order_and_calls_and_endpoints_go_side_by_side() {
    let mut outbox = outbox();
    let endpoints = names(&["crm", "desk"]);
    for event in [new_call("a"), new_call("b"), hold("a", 2), hangup("a", 3)] {
        outbox.commit(&event, &endpoints, at(0));
    }
    let (ids, taken) = take_all(&mut outbox, at(0));
    assert_eq!(ids, ["crm:a/1", "crm:b/1", "desk:a/1", "desk:b/1"]);
    assert_eq!(outbox.next_due(), None, "all that is due is on its way");
    outbox.settle(taken[2].id, Outcome::Delivered, at(1));
    assert_eq!(outbox.next_due(), Some(at(1)));
    assert_eq!(take_all(&mut outbox, at(1)).0, ["desk:a/2"]);
}

#[test]
fn an_endpoint_gets_no_more_at_once_than_its_limit() {
    let mut outbox = outbox();
    let endpoints = names(&["crm", "desk"]);
    outbox.set_endpoint(&endpoints[0], 2, at(0));
    for call in ["a", "b", "c", "d"] {
        outbox.commit(&new_call(call), &endpoints, at(0));
    }
    let (ids, taken) = take_all(&mut outbox, at(0));
    assert_eq!(ids, ["crm:a/1", "crm:b/1", "desk:a/1", "desk:b/1", "desk:c/1", "desk:d/1"]);
    outbox.settle(taken[1].id, Outcome::Delivered, at(1));
    assert_eq!(take_all(&mut outbox, at(1)).0, ["crm:c/1"]);
}

#[test]
fn a_failed_delivery_holds_up_its_call_alone_until_it_is_tried_again() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for event in [new_call("a"), hangup("a", 2)] {
        outbox.commit(&event, &crm, at(0));
    }
    send(&mut outbox, at(0), "crm:a/1", retry());
    assert_eq!(outbox.counts(), Counts { waiting: 2, retrying: 1, ..Counts::default() });
    outbox.commit(&new_call("b"), &crm, at(0));
    send(&mut outbox, at(0), "crm:b/1", Outcome::Delivered);

    let due = outbox.next_due().unwrap();
    assert!(at(0) <= due && due <= at(2), "{due}");
    send(&mut outbox, due, "crm:a/1", Outcome::Delivered);
    send(&mut outbox, due, "crm:a/2", Outcome::Delivered);
    assert!(outbox.is_idle());
    assert_eq!(outbox.counts(), Counts { delivered: 3, ..Counts::default() });
}

#[test]
fn the_wait_an_endpoint_asks_for_is_kept() {
    let mut outbox = outbox();
    outbox.commit(&new_call("a"), &names(&["crm"]), at(0));
    send(&mut outbox, at(0), "crm:a/1", retry_after(120));
    assert_eq!(outbox.next_due(), Some(at(120)));
    send(&mut outbox, at(120), "crm:a/1", retry_after(1_000_000));
    assert_eq!(outbox.next_due(), Some(at(120 + 3600)), "but only up to an hour");
}

#[test]
fn a_delivery_is_dead_after_its_last_try_and_the_operator_hears_of_it_once() {
    let mut outbox = outbox();
    outbox.commit(&new_call("a"), &names(&["crm"]), at(0));
    for _ in 0..10 {
        let due = outbox.next_due().unwrap();
        send(&mut outbox, due, "crm:a/1", retry());
    }
    assert!(outbox.is_idle());
    assert_eq!(outbox.counts(), Counts { dead: 1, ..Counts::default() });
    let notices = notices(&mut outbox);
    let [Notice::Health { health: Health::Failing { .. }, .. }, Notice::Dead { event, reason, .. }] =
        &notices[..]
    else {
        panic!("{notices:?}")
    };
    assert_eq!(event.id, "a/1");
    assert_eq!(reason, "10 tries have failed, the last one so: connection refused");
}

#[test]
fn when_an_endpoint_comes_back_what_was_put_off_is_due_at_once() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for call in ["a", "b", "c", "d"] {
        outbox.commit(&new_call(call), &crm, at(0));
    }
    let mut now = at(0);
    for _ in 0..16 {
        now = outbox.next_due().unwrap().max(now);
        let id = outbox.take(now).unwrap().id;
        outbox.settle(id, retry(), now);
    }
    outbox.commit(&new_call("e"), &crm, now);
    send(&mut outbox, now, "crm:e/1", Outcome::Delivered);
    assert_eq!(take_all(&mut outbox, now).0, ["crm:a/1", "crm:b/1", "crm:c/1", "crm:d/1"]);
    let health: Vec<_> = notices(&mut outbox)
        .into_iter()
        .map(|notice| match notice {
            Notice::Health { health, .. } => health,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(health, [Health::Failing { reason: "connection refused".into() }, Health::Well]);
}

#[test]
fn a_wrong_setting_holds_the_endpoint_with_one_probe_a_minute_and_loses_nothing() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for call in ["a", "b", "c"] {
        outbox.commit(&new_call(call), &crm, at(0));
    }
    let (_, taken) = take_all(&mut outbox, at(0));
    for delivery in &taken {
        outbox.settle(delivery.id, misconfigured(), at(1));
    }
    assert_eq!(notices(&mut outbox).len(), 1, "three refusals are said once");
    assert_eq!(outbox.next_due(), Some(at(61)));
    for minute in 1..100 {
        let (ids, taken) = take_all(&mut outbox, at(1 + 60 * minute));
        assert_eq!(ids.len(), 1, "one probe, and never the same call for ever: {ids:?}");
        outbox.settle(taken[0].id, misconfigured(), at(1 + 60 * minute));
    }
    let now = at(1 + 60 * 100);
    let (_, taken) = take_all(&mut outbox, now);
    outbox.settle(taken[0].id, Outcome::Delivered, now);
    assert_eq!(take_all(&mut outbox, now).0.len(), 2, "all that waited is due at once");
    let notices = notices(&mut outbox);
    assert!(matches!(&notices[..], [Notice::Health { health: Health::Well, .. }]), "{notices:?}");
}

#[test]
fn a_changed_setting_ends_the_hold() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    outbox.commit(&new_call("a"), &crm, at(0));
    send(&mut outbox, at(0), "crm:a/1", misconfigured());
    assert_eq!(outbox.take(at(5)), None);
    outbox.set_endpoint(&crm[0], 8, at(5));
    send(&mut outbox, at(5), "crm:a/1", Outcome::Delivered);
}

#[test]
fn a_call_that_is_unknown_there_is_announced_again_before_the_event() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    outbox.commit(&new_call("a"), &crm, at(0));
    send(&mut outbox, at(0), "crm:a/1", Outcome::Delivered);
    for event in [hold("a", 2), hangup("a", 3)] {
        outbox.commit(&event, &crm, at(0));
    }
    send(&mut outbox, at(0), "crm:a/2", unknown());
    send(&mut outbox, at(0), "crm:a/1", Outcome::Delivered);
    send(&mut outbox, at(0), "crm:a/2", Outcome::Delivered);
    send(&mut outbox, at(0), "crm:a/3", Outcome::Delivered);
    assert!(outbox.is_idle());
    assert_eq!(outbox.counts().delivered, 3, "the repeated newCall is not counted");
}

#[test]
fn an_event_for_which_the_call_is_unknown_twice_is_dead() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for event in [new_call("a"), hold("a", 2), hangup("a", 3)] {
        outbox.commit(&event, &crm, at(0));
    }
    send(&mut outbox, at(0), "crm:a/1", Outcome::Delivered);
    send(&mut outbox, at(0), "crm:a/2", unknown());
    send(&mut outbox, at(0), "crm:a/1", Outcome::Delivered);
    send(&mut outbox, at(0), "crm:a/2", unknown());
    send(&mut outbox, at(0), "crm:a/3", Outcome::Delivered);
    assert_eq!(outbox.counts(), Counts { delivered: 2, dead: 1, ..Counts::default() });
}

#[test]
fn events_behind_a_dead_new_call_are_still_tried_and_may_announce_the_call() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for event in [new_call("a"), hangup("a", 2)] {
        outbox.commit(&event, &crm, at(0));
    }
    send(&mut outbox, at(0), "crm:a/1", dead());
    send(&mut outbox, at(0), "crm:a/2", unknown());
    send(&mut outbox, at(0), "crm:a/1", dead());
    assert!(outbox.is_idle());
    assert_eq!(outbox.counts(), Counts { dead: 2, ..Counts::default() });
    let reasons: Vec<_> = notices(&mut outbox)
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Dead { reason, .. } => Some(reason),
            Notice::Health { .. } | Notice::GivenUp { .. } => None,
        })
        .collect();
    assert_eq!(reasons, ["422", "the call is unknown there and could not be announced again: 422"]);
}

#[test]
fn an_unknown_call_without_a_new_call_to_repeat_is_dead() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    outbox.commit(&hold("a", 2), &crm, at(0));
    send(&mut outbox, at(0), "crm:a/2", unknown());
    outbox.commit(&new_call("b"), &crm, at(0));
    send(&mut outbox, at(0), "crm:b/1", unknown());
    assert_eq!(outbox.counts(), Counts { dead: 2, ..Counts::default() });
}

#[test]
fn an_event_committed_twice_is_owed_once() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for event in [new_call("a"), new_call("a"), hold("a", 2), hold("a", 2)] {
        outbox.commit(&event, &crm, at(0));
    }
    assert_eq!(outbox.counts().waiting, 2);
}

#[test]
fn over_the_limit_the_call_that_waited_longest_is_given_up_and_said() {
    let limits = Limits { waiting: 4, ..Limits::default() };
    let mut outbox = Outbox::new(limits, Schedule::default(), 1);
    let (down, up) = (names(&["down"]), names(&["up"]));
    outbox.commit(&new_call("a"), &down, at(0));
    send(&mut outbox, at(0), "down:a/1", retry());
    for event in [hold("a", 2), new_call("b")] {
        outbox.commit(&event, &down, at(0));
    }
    outbox.commit(&new_call("b"), &up, at(0));
    assert_eq!(outbox.counts().waiting, 4);
    outbox.commit(&hold("b", 2), &up, at(0));
    assert_eq!(outbox.counts(), Counts { waiting: 3, given_up: 2, ..Counts::default() });
    let given_up = notices(&mut outbox).pop().unwrap();
    assert!(matches!(given_up, Notice::GivenUp { call, events: 2, .. } if call == "a"));
    let (ids, _) = take_all(&mut outbox, at(0));
    assert_eq!(ids, ["down:b/1", "up:b/1"]);
}

#[test]
fn what_is_on_its_way_is_not_given_up() {
    let limits = Limits { waiting: 1, ..Limits::default() };
    let mut outbox = Outbox::new(limits, Schedule::default(), 1);
    let crm = names(&["crm"]);
    outbox.commit(&new_call("a"), &crm, at(0));
    let first = outbox.take(at(0)).unwrap();
    for event in [hold("a", 2), hold("a", 3), hangup("a", 4)] {
        outbox.commit(&event, &crm, at(0));
    }
    assert_eq!(outbox.counts(), Counts { waiting: 1, in_flight: 1, given_up: 2, ..Counts::default() });
    outbox.settle(first.id, Outcome::Delivered, at(0));
    send(&mut outbox, at(0), "crm:a/4", Outcome::Delivered);
    assert!(outbox.is_idle());
}

#[test]
fn an_endpoint_taken_away_is_owed_nothing_and_its_late_replies_are_passed_over() {
    let mut outbox = outbox();
    let endpoints = names(&["crm", "desk"]);
    for event in [new_call("a"), hangup("a", 2)] {
        outbox.commit(&event, &endpoints, at(0));
    }
    let (_, taken) = take_all(&mut outbox, at(0));
    assert_eq!(outbox.remove_endpoint(&endpoints[0]), 2);
    outbox.settle(taken[0].id, Outcome::Delivered, at(1));
    outbox.settle(taken[1].id, Outcome::Delivered, at(1));
    assert_eq!(take_all(&mut outbox, at(1)).0, ["desk:a/2"]);
    assert_eq!(outbox.counts().given_up, 2);
}

#[test]
fn a_call_whose_end_an_endpoint_does_not_want_to_hear_of_leaves_nothing_behind() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    outbox.commit(&new_call("a"), &crm, at(0));
    send(&mut outbox, at(0), "crm:a/1", Outcome::Delivered);
    outbox.commit(&hangup("a", 2), &[], at(0));
    // The lane is gone: an event of the same call begins a new one, with nothing known of it.
    outbox.commit(&event("a", 1, hold("a", 1).what.clone()), &crm, at(0));
    send(&mut outbox, at(0), "crm:a/1", unknown());
    assert_eq!(outbox.counts().dead, 1);
}

#[test]
fn a_hundred_thousand_waiting_deliveries_drain_in_order() {
    let mut outbox = outbox();
    let crm = names(&["crm"]);
    for call in 0..50_000 {
        let call = call.to_string();
        outbox.commit(&new_call(&call), &crm, at(0));
        outbox.commit(&hangup(&call, 2), &crm, at(0));
    }
    let mut last = std::collections::HashMap::new();
    while let Some(delivery) = outbox.take(at(1)) {
        let before = last.insert(delivery.event.call.clone(), delivery.event.seq).unwrap_or(0);
        assert_eq!(delivery.event.seq, before + 1);
        outbox.settle(delivery.id, Outcome::Delivered, at(1));
    }
    assert_eq!(outbox.counts(), Counts { delivered: 100_000, ..Counts::default() });
}
