//! What each reply leads to.

use super::*;

#[test]
fn a_call_is_sent_in_order_and_calls_and_targets_go_side_by_side() {
    let mut bench = Bench::new();
    let desk = TargetName::from("desk");
    bench.machine.set_target(&desk, DeliveryPolicy::default(), TargetState::Running, at(0));
    for event in [new_call("a"), new_call("b"), hold("a", 2), hangup("a", 3)] {
        bench.commit_to(&crm(), &event, at(0));
        bench.commit_to(&desk, &event, at(0));
    }
    let taken = bench.take_all(at(0));
    let sent: Vec<_> =
        taken.iter().map(|delivery| format!("{}:{}", delivery.target, delivery.event.id)).collect();
    assert_eq!(sent, ["crm:a/1", "crm:b/1", "desk:a/1", "desk:b/1"]);
    assert_eq!(bench.next_due(), None, "all that is due is on its way");
    bench.complete(&taken[2], DeliveryOutcome::Delivered, at(1));
    assert_eq!(bench.next_due(), Some(at(1)));
    assert_eq!(bench.taken(at(1)), ["a/2"]);
}

#[test]
fn a_failed_delivery_holds_up_its_call_alone_until_it_is_retried() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hangup("a", 2)], at(0));
    bench.send("a/1", retry(), at(0));
    assert_eq!(bench.counts(), DeliveryCounts { pending: 2, retrying: 1, ..DeliveryCounts::default() });
    assert_eq!(bench.row(DeliveryId(1)), "waits, 1 failed");
    let due = bench.store.rows[&DeliveryId(1)].pending.due_at.unwrap();
    assert!(at(0) <= due && due <= at(2), "{due}");
    assert_eq!(bench.next_due(), Some(due));

    bench.commit(&new_call("b"), at(0));
    bench.machine.complete(DeliveryId(99), DeliveryOutcome::Delivered, FAST, at(0));
    assert_eq!(bench.take(at(0)).unwrap().event.id, "b/1");
    assert_eq!(bench.deliver_all(due), ["a/1", "a/2"]);
    assert_eq!(bench.counts(), DeliveryCounts { in_flight: 1, delivered: 2, ..DeliveryCounts::default() });
}

#[test]
fn the_wait_a_target_asks_for_is_kept_up_to_an_hour() {
    let mut bench = Bench::new();
    bench.commit(&new_call("a"), at(0));
    bench.send("a/1", retry_after(120), at(0));
    assert_eq!(bench.next_due(), Some(at(120)));
    bench.send("a/1", retry_after(1_000_000), at(120));
    assert_eq!(bench.next_due(), Some(at(120 + 3600)));
}

#[test]
fn a_delivery_is_dead_after_its_last_attempt_and_the_operator_is_told_once() {
    let policy =
        DeliveryPolicy { lifetimes: ringwire_delivery::EventLifetimes::FOREVER, ..DeliveryPolicy::default() };
    let mut bench = Bench::with_policy(policy);
    let id = bench.commit(&new_call("a"), at(0));
    for _ in 0..10 {
        let due = bench.next_due().unwrap();
        bench.send("a/1", retry(), due);
    }
    assert!(bench.machine.is_idle());
    assert_eq!(bench.row(id), "dead: all 10 attempts failed, the last one with: connection refused");
    let dead: Vec<_> =
        bench.notices().into_iter().filter(|notice| matches!(notice, OperatorNotice::Dead { .. })).collect();
    assert!(
        matches!(&dead[..], [OperatorNotice::Dead { id: dead, event, .. }] if *dead == id && event.id == "a/1")
    );
}

#[test]
fn tries_of_a_refused_event_are_spread_over_minutes_then_it_is_dead_and_the_next_goes_on() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hangup("a", 2)], at(0));
    for failed in 1..=3 {
        let due = bench.next_due().unwrap();
        bench.send("a/1", refused(), due);
        assert_eq!(bench.row(DeliveryId(1)), format!("waits, {failed} failed"));
    }
    let due = bench.next_due().unwrap();
    assert!(at(120) <= due && due <= at(300), "{due}");
    bench.send("a/1", refused(), due);
    assert_eq!(bench.row(DeliveryId(1)), "dead: 422");
    bench.send("a/2", DeliveryOutcome::Delivered, due);
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 1, dead: 1, ..DeliveryCounts::default() });
}

#[test]
fn failures_before_a_refusal_do_not_count_as_refusals() {
    let mut bench = Bench::new();
    bench.commit(&new_call("a"), at(0));
    for outcome in [retry(), retry(), refused(), refused(), refused()] {
        let due = bench.next_due().unwrap();
        bench.send("a/1", outcome, due);
    }
    assert_eq!(bench.row(DeliveryId(1)), "waits, 5 failed");
}

#[test]
fn a_wrong_setting_pauses_the_target_with_one_probe_a_minute_and_loses_nothing() {
    let mut bench = Bench::new();
    for call in ["a", "b", "c"] {
        bench.commit(&new_call(call), at(0));
    }
    for delivery in bench.take_all(at(0)) {
        bench.complete(&delivery, misconfigured(), at(1));
    }
    let [OperatorNotice::Misconfigured { reason, .. }] = &bench.notices()[..] else {
        panic!("reported once")
    };
    assert_eq!(reason, "401: the token is wrong");
    assert!(matches!(bench.store.target_states[&crm()], TargetState::Misconfigured { .. }));
    assert_eq!(bench.next_due(), Some(at(61)));
    let mut probed = Vec::new();
    for minute in 1..100 {
        let now = at(1 + 60 * minute);
        let taken = bench.take_all(now);
        assert_eq!(taken.len(), 1, "one probe");
        assert_eq!(bench.next_due(), None, "and no other while it is on its way");
        probed.push(taken[0].event.id.clone());
        let outcome = if minute % 2 == 0 { misconfigured() } else { retry() };
        bench.complete(&taken[0], outcome, now);
    }
    assert_eq!(probed[..4], ["a/1", "b/1", "c/1", "a/1"], "never the same call for ever");
    assert!((1..=3).all(|id| bench.row(DeliveryId(id)) == "waits, 0 failed"));

    let now = at(1 + 60 * 100);
    let probe = bench.take(now).unwrap();
    bench.complete(&probe, DeliveryOutcome::Delivered, now);
    assert_eq!(bench.store.target_states[&crm()], TargetState::Running);
    assert_eq!(bench.taken(now).len(), 2, "all that waited is due at once");
    assert_eq!(bench.notices(), [OperatorNotice::Resumed { target: crm() }]);
}

#[test]
fn an_answer_sent_before_the_pause_does_not_end_it() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), new_call("b"), new_call("c")], at(0));
    let taken = bench.take_all(at(0));
    bench.complete(&taken[0], misconfigured(), at(0));
    bench.complete(&taken[1], DeliveryOutcome::Delivered, at(0));
    assert_eq!(bench.next_due(), Some(at(60)));
    bench.complete(&taken[2], misconfigured(), at(30));
    assert_eq!(bench.next_due(), Some(at(60)), "nor does one make it longer");
}

#[test]
fn a_target_that_is_gone_gets_nothing_until_the_operator_resumes_it() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), new_call("b")], at(0));
    let taken = bench.take_all(at(0));
    bench.complete(&taken[0], gone(), at(0));
    bench.complete(&taken[1], gone(), at(0));
    assert_eq!(bench.notices(), [OperatorNotice::Disabled { target: crm(), reason: "410".into() }]);
    bench.commit(&new_call("c"), at(1));
    assert_eq!(bench.next_due(), None);
    assert_eq!(bench.take(at(1_000)), None);
    assert_eq!(bench.store.target_states[&crm()], TargetState::Disabled { reason: "410".into() });
    bench.execute(DeliveryCommand::Resume { target: crm() }, at(1_000));
    assert_eq!(bench.deliver_all(at(1_000)), ["a/1", "b/1", "c/1"]);
}

#[test]
fn a_call_that_is_unknown_there_is_announced_again_before_the_event() {
    let mut bench = Bench::new();
    bench.commit(&new_call("a"), at(0));
    bench.send("a/1", DeliveryOutcome::Delivered, at(0));
    bench.commit_all(&[hold("a", 2), hangup("a", 3)], at(0));
    bench.send("a/2", unknown_call(), at(0));
    let again = bench.take(at(0)).unwrap();
    assert!(again.is_replay && again.event.id == "a/1" && again.id == DeliveryId(2), "{again:?}");
    bench.complete(&again, DeliveryOutcome::Delivered, at(0));
    assert_eq!(bench.deliver_all(at(0)), ["a/2", "a/3"]);
    assert_eq!(
        bench.counts(),
        DeliveryCounts { delivered: 3, ..DeliveryCounts::default() },
        "the repeated one is not counted"
    );
}

#[test]
fn nothing_of_a_call_is_sent_while_its_new_call_is_looked_for() {
    let mut bench = Bench::new();
    bench.store.new_calls.insert("a".into(), new_call("a"));
    bench.commit(&hold("a", 2), at(0));
    bench.answers = false;
    bench.send("a/2", unknown_call(), at(0));
    assert_eq!(bench.next_due(), None);
    bench.answers = true;
    bench.turn(at(5));
    assert_eq!(bench.next_due(), Some(at(5)));
    bench.send("a/1", DeliveryOutcome::Delivered, at(5));
}

#[test]
fn a_replay_that_fails_for_a_while_is_retried() {
    let mut bench = Bench::new();
    bench.store.new_calls.insert("a".into(), new_call("a"));
    bench.commit(&hangup("a", 2), at(0));
    bench.send("a/2", unknown_call(), at(0));
    bench.send("a/1", retry(), at(0));
    let due = bench.next_due().unwrap();
    assert_eq!(bench.deliver_all(due), ["a/1", "a/2"]);
}

#[test]
fn an_event_for_which_the_call_cannot_be_made_known_is_dead() {
    let mut bench = Bench::new();
    let known = ["a", "b"].map(|call| (CallId::from(call), new_call(call)));
    bench.store.new_calls.extend(known);
    bench.commit(&hangup("a", 2), at(0));
    bench.send("a/2", unknown_call(), at(0));
    bench.send("a/1", unknown_call(), at(0));
    bench.commit(&hangup("b", 2), at(0));
    bench.send("b/2", unknown_call(), at(0));
    bench.send("b/1", dead(), at(0));
    bench.commit(&hangup("c", 2), at(0));
    bench.send("c/2", unknown_call(), at(0));
    bench.commit(&new_call("d"), at(0));
    bench.send("d/1", unknown_call(), at(0));
    let rows: Vec<_> = (1..=4).map(|id| bench.row(DeliveryId(id))).collect();
    assert_eq!(
        rows,
        [
            "dead: the target does not know the call, and its newCall could not be sent again: 500",
            "dead: the target does not know the call, and its newCall could not be sent again: cannot be said",
            "dead: the target does not know the call, and the journal has no newCall of it",
            "dead: 500",
        ]
    );
    assert!(bench.machine.is_idle());
}

#[test]
fn a_hangup_behind_a_dead_new_call_announces_the_call() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hangup("a", 2)], at(0));
    bench.send("a/1", dead(), at(0));
    bench.send("a/2", unknown_call(), at(0));
    assert_eq!(bench.deliver_all(at(0)), ["a/1", "a/2"]);
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 1, dead: 1, ..DeliveryCounts::default() });
}

#[test]
fn a_target_that_is_removed_is_forgotten_and_its_late_replies_are_passed_over() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hangup("a", 2)], at(0));
    bench.send("a/1", DeliveryOutcome::Delivered, at(0));
    let late = bench.take(at(0)).unwrap();
    bench.machine.remove_target(&crm());
    bench.complete(&late, DeliveryOutcome::Delivered, at(1));
    bench.commit(&new_call("b"), at(1));
    assert_eq!(bench.take(at(1)), None);
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 1, ..DeliveryCounts::default() });

    bench.machine.set_target(&crm(), DeliveryPolicy::default(), TargetState::Running, at(2));
    bench.turn(at(2));
    assert_eq!(bench.deliver_all(at(2)), ["a/2", "b/1"], "the rows were in the store all the time");
}
