//! A target that fails is spared, and comes back.

use ringwire_delivery::BreakerState;

use super::*;

/// Commits and fails `count` calls, one after the other, and says when the last failed.
fn fail(bench: &mut Bench, count: u32, from: Timestamp) -> Timestamp {
    let mut now = from;
    for nth in 0..count {
        bench.commit(&new_call(&format!("failed{nth}")), now);
        now = bench.next_due().unwrap().max(now);
        let delivery = bench.take(now).unwrap();
        bench.complete(&delivery, retry(), now);
    }
    now
}

fn until(bench: &Bench) -> Timestamp {
    match bench.status().breaker {
        BreakerState::Open { until } => until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn five_failures_in_a_row_open_it_and_this_is_said_once() {
    let mut bench = Bench::new();
    let now = fail(&mut bench, 4, at(0));
    assert_eq!(bench.status().breaker, BreakerState::Closed);
    let now = fail(&mut bench, 1, now);
    assert!(until(&bench) > now, "it is spared for a while");
    let [OperatorNotice::Failing { reason, pending: 5, .. }] = &bench.notices()[..] else { panic!() };
    assert_eq!(reason, "connection refused");
    assert_eq!(bench.status().failure, Some("connection refused"));
}

#[test]
fn while_it_is_open_one_probe_goes_out_at_a_time_and_waits_grow_to_a_minute() {
    let mut bench = Bench::new();
    let mut now = fail(&mut bench, 5, at(0));
    for call in 0..100 {
        bench.commit(&new_call(&format!("new{call}")), now);
    }
    for bound in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        let until = until(&bench);
        let wait = until.duration_since(now);
        assert!(wait.as_millis() >= bound * 500 && wait.as_secs() <= bound as i64, "{wait} of {bound} s");
        assert_eq!(bench.take(until - Duration::from_nanos(1)), None);
        assert_eq!(bench.next_due(), Some(until));
        let probe = bench.take(until).unwrap();
        assert_eq!(bench.status().breaker, BreakerState::Probing);
        assert_eq!((bench.take(until), bench.next_due()), (None, None));
        now = until + Duration::from_millis(1);
        bench.complete(&probe, retry(), now);
        assert_eq!(bench.row(probe.id), format!("waits, {} failed", probe.failures + 1));
    }
    assert_eq!(bench.notices().len(), 1);
}

#[test]
fn a_success_closes_it_and_brings_forward_what_was_put_off_but_not_what_was_asked_to_wait() {
    let mut bench = Bench::new();
    bench.commit(&new_call("asked"), at(0));
    bench.send("asked/1", retry_after(3600), at(0));
    for call in 0..4 {
        bench.commit(&new_call(&format!("{call}")), at(0));
    }
    for _ in 0..4 {
        let delivery = bench.take(at(0)).unwrap();
        bench.complete(&delivery, retry(), at(0));
    }
    let until = until(&bench);
    bench.commit(&new_call("late"), until);
    let probe = bench.take(until).unwrap();
    bench.complete(&probe, DeliveryOutcome::Delivered, until);
    assert_eq!(bench.status().breaker, BreakerState::Closed);
    assert_eq!(bench.deliver_all(until).len(), 4);
    assert_eq!(bench.next_due(), Some(at(3600)));
    assert!(matches!(
        bench.notices()[..],
        [OperatorNotice::Failing { .. }, OperatorNotice::Recovered { .. }]
    ));
    assert_eq!(bench.status().failure, None);
}

#[test]
fn a_call_that_fails_by_itself_is_not_brought_forward_by_an_outage_that_began_later() {
    let mut bench = Bench::new();
    bench.commit(&new_call("ok"), at(0));
    bench.send("ok/1", DeliveryOutcome::Delivered, at(0));
    bench.commit(&new_call("bad"), at(0));
    let mut now = at(0);
    for _ in 0..4 {
        now = bench.next_due().unwrap();
        bench.send("bad/1", retry(), now);
    }
    let own = bench.next_due().unwrap();
    bench.commit(&new_call("ok2"), now);
    bench.send("ok2/1", DeliveryOutcome::Delivered, now);
    let now = fail(&mut bench, 5, now + Duration::from_millis(1));
    let until = until(&bench);
    assert!(now < until && until < own, "the seed gives it a long wait");
    bench.commit(&new_call("probe"), now);
    let probe = bench.take(until).unwrap();
    bench.complete(&probe, DeliveryOutcome::Delivered, until);
    let delivered = bench.deliver_all(until);
    assert!(!delivered.contains(&"bad/1".to_owned()), "{delivered:?}");
    assert_eq!(bench.next_due(), Some(own));
}

#[test]
fn half_of_the_last_twenty_within_a_minute_open_it_too() {
    let check = |spacing: i64, opens: bool| {
        let mut bench = Bench::new();
        let mut sent = 0;
        while sent < 30 && bench.status().breaker == BreakerState::Closed {
            let now = at(spacing * sent);
            bench.commit(&new_call(&sent.to_string()), now);
            // What waits for another try stands behind: it is put off for an hour.
            let delivery = bench.take(now).unwrap();
            bench.complete(
                &delivery,
                if sent % 2 == 0 { retry_after(3600) } else { DeliveryOutcome::Delivered },
                now,
            );
            sent += 1;
        }
        assert_eq!(bench.status().breaker != BreakerState::Closed, opens, "{sent} at {spacing} s");
        if opens {
            assert_eq!(sent, 21, "not before twenty, and with a failure");
        }
    };
    check(1, true);
    check(5, false);
}

#[test]
fn refusals_and_dead_events_are_answers() {
    let mut bench = Bench::new();
    let now = fail(&mut bench, 4, at(0));
    for (call, outcome) in [("a", refused()), ("b", dead()), ("c", unknown_call())] {
        bench.commit(&new_call(call), now);
        while let Some(delivery) = bench.take(now) {
            bench.complete(&delivery, outcome.clone(), now);
        }
    }
    let now = fail(&mut bench, 4, now + Duration::from_secs(10));
    assert!(now > at(0));
    assert_eq!(bench.status().breaker, BreakerState::Closed);
}

#[test]
fn replies_to_what_was_sent_before_it_opened_neither_close_it_nor_make_it_longer() {
    let mut bench = Bench::new();
    for call in 0..100 {
        bench.commit(&new_call(&call.to_string()), at(0));
    }
    let mut taken = bench.take_all(at(0));
    while taken.len() < 8 {
        bench.complete(&taken.remove(0), DeliveryOutcome::Delivered, at(0));
        taken.extend(bench.take_all(at(0)));
    }
    taken[..5].iter().for_each(|delivery| bench.complete(delivery, retry(), at(0)));
    let until = until(&bench);
    bench.complete(&taken[5], retry(), at(0));
    bench.complete(&taken[6], DeliveryOutcome::Delivered, at(0));
    bench.complete(&taken[7], dead(), at(0));
    assert_eq!(bench.status().breaker, BreakerState::Open { until });
    assert_eq!(bench.next_due(), Some(until));
}

#[test]
fn an_outage_that_ended_while_the_daemon_was_down_holds_nothing_up() {
    let mut bench = Bench::new();
    bench.machine.remove_target(&crm());
    let id = bench.commit(&new_call("a"), at(0));
    let pending = &mut bench.store.rows.get_mut(&id).unwrap().pending;
    (pending.failures, pending.due_at) = (8, Some(at(12 * 3600)));
    bench.machine.set_target(&crm(), DeliveryPolicy::default(), TargetState::Running, at(60));
    bench.turn(at(60));
    assert_eq!(bench.next_due(), Some(at(12 * 3600)));
    bench.commit(&new_call("b"), at(61));
    assert_eq!(bench.deliver_all(at(61)), ["b/1", "a/1"]);
}
