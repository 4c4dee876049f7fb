//! What the operator does to endpoints and deliveries.

use ringwire_outbox::delivery::{BreakerState, PausedBy};

use super::*;

fn pause() -> Order {
    Order::Pause { endpoint: crm(), reason: "works on the CRM".into() }
}

fn resume() -> Order {
    Order::Resume { endpoint: crm() }
}

fn paused() -> Standing {
    Standing::Paused { reason: "works on the CRM".into(), by: PausedBy::Operator }
}

fn drop_row(id: DeliveryId) -> Order {
    Order::Drop { endpoint: crm(), id }
}

impl Bench {
    /// Makes a row pending again, as the store does, and orders a retry of it.
    fn retry(&mut self, id: DeliveryId, now: Timestamp) {
        let row = self.store.rows.get_mut(&id).unwrap();
        row.end = None;
        (row.owed.failures, row.owed.due) = (0, None);
        let owed = row.owed.clone();
        self.order(Order::Retry { endpoint: crm(), owed }, now);
    }
}

#[test]
fn a_paused_endpoint_gets_nothing_not_even_a_probe_and_goes_on_at_once_when_resumed() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), new_call("b")], at(0));
    let on_the_way = bench.take(at(0)).unwrap();
    bench.order(pause(), at(0));
    assert_eq!(bench.store.standings[&crm()], paused());
    bench.settle(&on_the_way, misconfigured(), at(1));
    bench.commit(&new_call("c"), at(2));
    assert_eq!((bench.take(at(100)), bench.next_due()), (None, None));
    assert_eq!(*bench.status().standing, paused(), "a reply does not change what the operator wants");
    bench.order(resume(), at(100));
    assert_eq!(bench.store.standings[&crm()], Standing::Running);
    assert_eq!(bench.deliver_all(at(100)), ["b/1", "a/1", "c/1"]);
    assert_eq!(bench.notices(), [], "the operator knows");
}

#[test]
fn a_resumed_endpoint_starts_with_a_closed_breaker() {
    let mut bench = Bench::new();
    for call in 0..5 {
        bench.commit(&new_call(&call.to_string()), at(0));
        let delivery = bench.take(at(0)).unwrap();
        bench.settle(&delivery, retry(), at(0));
    }
    assert_ne!(bench.status().breaker, BreakerState::Closed);
    bench.order(resume(), at(0));
    assert_eq!(bench.status().breaker, BreakerState::Closed);
    assert_eq!(bench.deliver_all(at(0)).len(), 5);
}

#[test]
fn a_changed_endpoint_is_tried_at_once_unless_the_operator_paused_it() {
    let change = |bench: &mut Bench, standing: Standing| {
        bench.machine.set_endpoint(&crm(), Terms::default(), standing, at(5));
        bench.turn(at(5));
    };
    let by_endpoint = || Standing::Paused { reason: "401".into(), by: PausedBy::Endpoint };
    let held = || {
        let mut bench = Bench::new();
        bench.commit_all(&[new_call("a"), new_call("b")], at(0));
        let taken = bench.take_all(at(0));
        taken.iter().for_each(|delivery| bench.settle(delivery, misconfigured(), at(0)));
        assert_eq!(bench.take(at(5)), None);
        bench
    };
    let mut bench = held();
    change(&mut bench, Standing::Running);
    assert_eq!(bench.store.standings[&crm()], Standing::Running, "a restart finds it so");
    assert_eq!(bench.taken(at(5)).len(), 2);

    let mut bench = held();
    change(&mut bench, by_endpoint());
    assert_eq!(bench.taken(at(5)), ["a/1"], "with one delivery while it is known as paused");

    let mut bench = held();
    bench.order(pause(), at(1));
    change(&mut bench, Standing::Running);
    assert_eq!(bench.take(at(5)), None);

    for (standing, taken) in [
        (Standing::Running, 2),
        (by_endpoint(), 1),
        (paused(), 0),
        (Standing::Disabled { reason: "410".into() }, 0),
    ] {
        let mut bench = held();
        bench.machine.remove_endpoint(&crm());
        change(&mut bench, standing.clone());
        assert_eq!(bench.taken(at(5)).len(), taken, "taken up as {standing:?}");
        if taken == 0 {
            bench.order(resume(), at(6));
            assert_eq!(bench.taken(at(6)).len(), 2);
        }
    }
}

#[test]
fn a_delivery_that_waits_for_a_later_try_is_tried_now() {
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
    bench.send("a/1", Outcome::Delivered, at(0));
    bench.send("a/2", dead(), at(0));
    let hangup = bench.take(at(0)).unwrap();
    bench.retry(DeliveryId(2), at(0));
    bench.retry(DeliveryId(2), at(0));
    assert_eq!(bench.take(at(0)), None, "the call's hangup is on its way");
    bench.settle(&hangup, retry(), at(0));
    assert_eq!(bench.row(hangup.id), "waits, 1 failed");
    assert_eq!(bench.deliver_all(at(100_000)), ["a/2", "a/3"]);
}

#[test]
fn a_dropped_delivery_leaves_and_the_next_goes_on() {
    let mut bench = Bench::new();
    bench.commit_all(&[new_call("a"), hold("a", 2), hold("a", 3), hangup("a", 4)], at(0));
    bench.order(drop_row(DeliveryId(3)), at(0));
    bench.send("a/1", retry_after(600), at(0));
    bench.order(drop_row(DeliveryId(1)), at(0));
    bench.send("a/2", Outcome::Delivered, at(600));
    bench.send("a/4", Outcome::Delivered, at(600));
    assert_eq!(bench.row(DeliveryId(1)), "dropped");
    assert_eq!(bench.row(DeliveryId(3)), "dropped");
    assert_eq!(bench.counts(), Counts { delivered: 2, dropped: 2, ..Counts::default() });
}

#[test]
fn what_is_dropped_on_its_way_is_not_tried_again() {
    let check = |outcome: Outcome, row: &str| {
        let mut bench = Bench::new();
        let id = bench.commit(&new_call("a"), at(0));
        let delivery = bench.take(at(0)).unwrap();
        bench.order(drop_row(id), at(0));
        bench.settle(&delivery, outcome, at(1));
        assert_eq!(bench.row(id), row);
        assert!(bench.machine.is_idle());
    };
    check(retry(), "dropped");
    check(misconfigured(), "dropped");
    check(unknown(), "dropped");
    check(Outcome::Delivered, "delivered");
}

#[test]
fn orders_for_rows_that_are_only_in_the_store_are_kept_until_they_come() {
    let limits = Limits { window: 2, ..Limits::default() };
    let mut bench = Bench::with(limits, Terms::default());
    bench.commit_all(&[new_call("a"), new_call("b"), ringing("c", 1), new_call("d")], at(0));
    assert_eq!(bench.counts().waiting, 2);
    bench.order(drop_row(DeliveryId(4)), at(0));
    assert_eq!(bench.row(DeliveryId(4)), "dropped");
    bench.retry(DeliveryId(3), at(0));
    bench.commit(&new_call("e"), at(100));
    assert_eq!(bench.deliver_all(at(100)), ["a/1", "b/1", "c/1", "e/1"], "also late, since it was ordered");
    assert_eq!(bench.counts().dropped, 1);
}

#[test]
fn an_order_for_an_endpoint_that_is_not_known_is_passed_over() {
    let mut bench = Bench::new();
    bench.machine.order(Order::Pause { endpoint: "nobody".into(), reason: String::new() }, at(0));
    assert_eq!(bench.machine.poll_change(), None);
}
