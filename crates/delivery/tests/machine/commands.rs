//! What the operator does to targets and deliveries.

use ringwire_delivery::BreakerState;

use super::*;

fn pause() -> DeliveryCommand {
    DeliveryCommand::Pause { target: crm(), reason: "works on the CRM".into() }
}

fn resume() -> DeliveryCommand {
    DeliveryCommand::Resume { target: crm() }
}

fn paused() -> TargetState {
    TargetState::Paused { reason: "works on the CRM".into() }
}

fn drop_delivery(id: DeliveryId) -> DeliveryCommand {
    DeliveryCommand::Drop { target: crm(), id }
}

impl Bench {
    /// Makes a row pending again, as the store does, and orders a retry of it.
    fn retry(&mut self, id: DeliveryId, now: Timestamp) {
        let row = self.store.rows.get_mut(&id).unwrap();
        row.end = None;
        (row.pending.failures, row.pending.due_at) = (0, None);
        let pending = row.pending.clone();
        self.execute(DeliveryCommand::Retry { target: crm(), pending }, now);
    }
}

#[test]
fn a_paused_target_gets_nothing_not_even_a_probe_and_goes_on_at_once_when_resumed() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), new_call("b")], at(0));
    let in_flight = bench.take(at(0)).unwrap();
    bench.execute(pause(), at(0));
    assert_eq!(bench.store.target_states[&crm()], paused());
    bench.complete(&in_flight, misconfigured(), at(1));
    bench.commit(&new_call("c"), at(2));
    assert_eq!((bench.take(at(100)), bench.next_due()), (None, None));
    assert_eq!(*bench.status().state, paused(), "a reply does not change what the operator wants");
    bench.execute(resume(), at(100));
    assert_eq!(bench.store.target_states[&crm()], TargetState::Running);
    assert_eq!(bench.deliver_all(at(100)), ["b/1", "a/1", "c/1"]);
    assert_eq!(bench.notices(), [], "the operator knows");
}

#[test]
fn a_resumed_target_starts_with_a_closed_breaker() {
    let mut bench = Bench::new();
    for call in 0..5 {
        bench.commit(&new_call(&call.to_string()), at(0));
        let delivery = bench.take(at(0)).unwrap();
        bench.complete(&delivery, retry(), at(0));
    }
    assert_ne!(bench.status().breaker, BreakerState::Closed);
    bench.execute(resume(), at(0));
    assert_eq!(bench.status().breaker, BreakerState::Closed);
    assert_eq!(bench.deliver_all(at(0)).len(), 5);
}

#[test]
fn a_changed_target_is_probed_at_once_unless_the_operator_paused_it() {
    let change = |bench: &mut Bench, state: TargetState| {
        bench.machine.set_target(&crm(), DeliveryPolicy::default(), state, at(5));
        bench.turn(at(5));
    };
    let misconfigured_state = || TargetState::Misconfigured { reason: "401".into() };
    let held = || {
        let mut bench = Bench::new();
        bench.commit_all(&[new_call("a"), new_call("b")], at(0));
        let taken = bench.take_all(at(0));
        taken.iter().for_each(|delivery| bench.complete(delivery, misconfigured(), at(0)));
        assert_eq!(bench.take(at(5)), None);
        bench
    };
    let mut bench = held();
    change(&mut bench, TargetState::Running);
    assert_eq!(bench.store.target_states[&crm()], TargetState::Running, "a restart finds it so");
    assert_eq!(bench.taken(at(5)).len(), 2);

    let mut bench = held();
    change(&mut bench, misconfigured_state());
    assert_eq!(bench.taken(at(5)), ["a/1"], "with one delivery while it is known as paused");

    let mut bench = held();
    bench.execute(pause(), at(1));
    change(&mut bench, TargetState::Running);
    assert_eq!(bench.take(at(5)), None);

    for (state, taken) in [
        (TargetState::Running, 2),
        (misconfigured_state(), 1),
        (paused(), 0),
        (TargetState::Disabled { reason: "410".into() }, 0),
    ] {
        let mut bench = held();
        bench.machine.remove_target(&crm());
        change(&mut bench, state.clone());
        assert_eq!(bench.taken(at(5)).len(), taken, "taken up as {state:?}");
        if taken == 0 {
            bench.execute(resume(), at(6));
            assert_eq!(bench.taken(at(6)).len(), 2);
        }
    }
}

#[test]
fn a_delivery_that_waits_for_a_later_retry_is_retried_now() {
    let mut bench = Bench::new();
    let id = bench.commit(&new_call("a"), at(0));
    bench.send("a/1", retry_after(600), at(0));
    bench.retry(id, at(1));
    let delivery = bench.take(at(1)).unwrap();
    assert_eq!((delivery.id, delivery.failures), (id, 0));
    bench.retry(id, at(1));
    assert_eq!(bench.take(at(1)), None, "what is on its way is not sent twice");
}

#[test]
fn a_dead_delivery_goes_back_to_its_place_and_is_never_too_late() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hold("a", 2), hangup("a", 3)], at(0));
    bench.send("a/1", DeliveryOutcome::Delivered, at(0));
    bench.send("a/2", dead(), at(0));
    let hangup = bench.take(at(0)).unwrap();
    bench.retry(DeliveryId(2), at(0));
    bench.retry(DeliveryId(2), at(0));
    assert_eq!(bench.take(at(0)), None, "the call's hangup is on its way");
    bench.complete(&hangup, retry(), at(0));
    assert_eq!(bench.row(hangup.id), "waits, 1 failed");
    assert_eq!(bench.deliver_all(at(100_000)), ["a/2", "a/3"]);
}

#[test]
fn a_dropped_delivery_leaves_and_the_next_goes_on() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hold("a", 2), hold("a", 3), hangup("a", 4)], at(0));
    bench.execute(drop_delivery(DeliveryId(3)), at(0));
    bench.send("a/1", retry_after(600), at(0));
    bench.execute(drop_delivery(DeliveryId(1)), at(0));
    bench.send("a/2", DeliveryOutcome::Delivered, at(600));
    bench.send("a/4", DeliveryOutcome::Delivered, at(600));
    assert_eq!(bench.row(DeliveryId(1)), "dropped");
    assert_eq!(bench.row(DeliveryId(3)), "dropped");
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 2, dropped: 2, ..DeliveryCounts::default() });
}

#[test]
fn what_is_dropped_in_flight_is_not_retried() {
    let check = |outcome: DeliveryOutcome, row: &str| {
        let mut bench = Bench::new();
        let id = bench.commit(&new_call("a"), at(0));
        let delivery = bench.take(at(0)).unwrap();
        bench.execute(drop_delivery(id), at(0));
        bench.complete(&delivery, outcome, at(1));
        assert_eq!(bench.row(id), row);
        assert!(bench.machine.is_idle());
    };
    check(retry(), "dropped");
    check(misconfigured(), "dropped");
    check(unknown_call(), "dropped");
    check(DeliveryOutcome::Delivered, "delivered");
}

#[test]
fn orders_for_rows_that_are_only_in_the_store_are_kept_until_they_come() {
    let limits = MachineLimits { window: 2, ..MachineLimits::default() };
    let mut bench = Bench::with(limits, DeliveryPolicy::default());
    bench.commit_all(&[new_call("a"), new_call("b"), ringing("c", 1), new_call("d")], at(0));
    assert_eq!(bench.counts().pending, 2);
    bench.execute(drop_delivery(DeliveryId(4)), at(0));
    assert_eq!(bench.row(DeliveryId(4)), "dropped");
    bench.retry(DeliveryId(3), at(0));
    bench.commit(&new_call("e"), at(100));
    assert_eq!(bench.deliver_all(at(100)), ["a/1", "b/1", "c/1", "e/1"], "also late, since it was ordered");
    assert_eq!(bench.counts().dropped, 1);
}

#[test]
fn an_order_for_a_target_that_is_not_known_is_passed_over() {
    let mut bench = Bench::new();
    bench.machine.execute(DeliveryCommand::Pause { target: "nobody".into(), reason: String::new() }, at(0));
    assert_eq!(bench.machine.poll_state_change(), None);
}
