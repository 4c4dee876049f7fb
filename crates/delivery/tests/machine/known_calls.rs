//! A target that fails although it has the call, and one that has lost it.

use super::*;

const EXISTS: DeliveryOutcome = DeliveryOutcome::AlreadyExists;

#[test]
fn a_500_after_already_exists_is_transient_for_ten_minutes_then_the_next_event_is_sent() {
    let mut bench = Bench::new();
    bench.commit(&new_call("a"), at(0));
    bench.send("a/1", DeliveryOutcome::Delivered, at(0));
    bench.commit_all(&[answer("a", 2), answered_hangup("a", 3)], at(0));
    let mut now = at(0);
    let mut attempts = 0;
    while bench.row(DeliveryId(2)).starts_with("waits") {
        attempts += 1;
        now = bench.next_due().unwrap();
        bench.send("a/2", unknown_call(), now);
        bench.send("a/1", EXISTS, now);
        bench.send("a/2", unknown_call(), now);
    }
    assert_eq!(now, at(600));
    assert!(attempts >= 5, "{attempts}");
    assert_eq!(bench.row(DeliveryId(2)), "dead: the target has the call, but failed for 10 minutes: 500");
    assert_eq!(bench.deliver_all(now), ["a/3"]);
}

#[test]
fn random_500s_kill_no_event() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), answer("a", 2), answered_hangup("a", 3)], at(0));
    // The newCall is told; of the others every reply but the last is a 500.
    bench.send("a/1", DeliveryOutcome::Delivered, at(0));
    for event in ["a/2", "a/3"] {
        let due = bench.next_due().unwrap();
        bench.send(event, unknown_call(), due);
        bench.send("a/1", EXISTS, due);
        bench.send(event, unknown_call(), due);
        let due = bench.next_due().unwrap();
        bench.send(event, DeliveryOutcome::Delivered, due);
    }
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 3, ..DeliveryCounts::default() });
}

#[test]
fn an_outage_in_between_starts_the_ten_minutes_anew() {
    let mut bench = Bench::new();
    bench.store.new_calls.insert("a".into(), new_call("a"));
    bench.commit(&hangup("a", 2), at(0));
    bench.send("a/2", unknown_call(), at(0));
    bench.send("a/1", EXISTS, at(0));
    bench.send("a/2", unknown_call(), at(0));
    bench.send("a/2", retry(), at(10));
    bench.send("a/2", unknown_call(), at(1000));
    bench.send("a/1", EXISTS, at(1000));
    bench.send("a/2", unknown_call(), at(1000));
    assert_eq!(bench.row(DeliveryId(1)), "waits, 3 failed");
}

#[test]
fn a_call_that_the_target_has_lost_is_told_again_with_its_answer() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), answer("a", 2), answer("a", 3)], at(0));
    bench.deliver_all(at(0));
    bench.commit(&answered_hangup("a", 4), at(50));
    bench.send("a/4", unknown_call(), at(50));
    bench.send("a/1", DeliveryOutcome::Delivered, at(50));
    let again = bench.take(at(50)).unwrap();
    assert!(again.is_replay && again.is_quiet && again.event.id == "a/3", "{again:?}");
    bench.complete(&again, DeliveryOutcome::Delivered, at(50));
    assert_eq!(bench.deliver_all(at(50)), ["a/4"]);
}

#[test]
fn a_call_that_the_target_still_has_is_not_answered_again() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), answer("a", 2)], at(0));
    bench.deliver_all(at(0));
    bench.commit(&answered_hangup("a", 3), at(50));
    bench.send("a/3", unknown_call(), at(50));
    bench.send("a/1", EXISTS, at(50));
    assert_eq!(bench.deliver_all(at(50)), ["a/3"]);
}

#[test]
fn a_missed_call_that_the_target_has_lost_is_told_again_without_an_answer() {
    let mut bench = Bench::new();
    bench.commit(&new_call("a"), at(0));
    bench.deliver_all(at(0));
    bench.commit(&hangup("a", 2), at(50));
    bench.send("a/2", unknown_call(), at(50));
    assert_eq!(bench.deliver_all(at(50)), ["a/1", "a/2"]);
}
