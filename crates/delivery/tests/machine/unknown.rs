//! Requests whose outcome is unknown: which are repeated, and how.

use ringwire_delivery::{BreakerState, LatePolicy, RepeatPolicy, RepeatRules};

use super::*;

/// A minute, as a reply that is waited for with patience takes.
const SLOW: Duration = Duration::from_secs(60);

/// As Zammad wants it.
fn policy() -> DeliveryPolicy {
    let repeats = RepeatRules {
        answer: RepeatPolicy::Quietly,
        missed_hangup: RepeatPolicy::Never,
        ..RepeatRules::default()
    };
    DeliveryPolicy { repeats, ..DeliveryPolicy::default() }
}

fn bench() -> Bench {
    Bench::with_policy(policy())
}

/// A bench whose target has been told of `call`.
fn announced(call: &str) -> Bench {
    let mut bench = bench();
    bench.commit(&new_call(call), at(0));
    bench.send(&format!("{call}/1"), DeliveryOutcome::Delivered, at(0));
    bench
}

#[test]
fn what_is_unknown_for_good_is_not_repeated_whatever_the_rules_say() {
    let mut bench = Bench::with_policy(DeliveryPolicy::default());
    let unknown = || DeliveryOutcome::UnknownForGood { reason: "no reply".to_owned() };
    for call in ["a", "b", "c", "d", "e", "f", "g"] {
        let id = bench.commit(&new_call(call), at(0));
        let sent = bench.take(at(0)).unwrap();
        assert!(!sent.is_unrepeatable);
        bench.complete(&sent, unknown(), at(180));
        assert_eq!(bench.row(id), "unknown: no reply");
    }
    assert!(bench.machine.is_idle());
    assert_eq!(bench.status().breaker, BreakerState::Closed, "it says nothing of how the target is doing");
}

#[test]
fn the_unknown_hangup_of_a_missed_call_is_not_repeated() {
    let mut bench = announced("a");
    let id = bench.commit(&hangup("a", 2), at(0));
    let sent = bench.take(at(0)).unwrap();
    assert!(sent.is_unrepeatable);
    bench.complete(&sent, unknown(), at(180));
    assert_eq!(bench.row(id), "unknown: no reply");
    assert!(bench.machine.is_idle());
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 1, unknown: 1, ..DeliveryCounts::default() });
    assert!(
        matches!(&bench.notices()[..], [OperatorNotice::Unknown { id: of, event, .. }] if *of == id && event.id == "a/2")
    );
}

#[test]
fn the_hangup_of_a_missed_call_is_repeated_when_it_was_not_processed() {
    for (outcome, expected) in
        [(retry(), &["a/2"][..]), (refused(), &["a/2"]), (misconfigured(), &["a/1", "a/2"])]
    {
        let mut bench = announced("a");
        let id = bench.commit(&hangup("a", 2), at(0));
        let sent = bench.take(at(0)).unwrap();
        bench.store.rows.get_mut(&id).unwrap().pending.prior = PriorAttempt::Open;
        bench.complete(&sent, outcome, at(0));
        assert_eq!(bench.store.rows[&id].pending.prior, PriorAttempt::None, "it is no longer open");
        assert_eq!(bench.deliver_all(at(1000)), expected);
    }
}

#[test]
fn unknown_hangups_of_answered_outbound_and_forwarded_calls_are_repeated() {
    let outbound = Arc::new(CallEvent { direction: Direction::Out, ..(*hangup("a", 2)).clone() });
    let forwarded = event("a", 2, EventKind::Hangup { cause: Cause::Forwarded, answered_by: None });
    for hangup in [answered_hangup("a", 2), outbound, forwarded] {
        let mut bench = announced("a");
        bench.commit(&hangup, at(0));
        let sent = bench.take(at(0)).unwrap();
        assert!(!sent.is_unrepeatable);
        bench.complete(&sent, unknown(), at(15));
        assert_eq!(bench.deliver_all(at(1000)), ["a/2"]);
    }
}

#[test]
fn an_unknown_answer_is_repeated_quietly_also_after_a_restart() {
    let mut bench = announced("a");
    bench.commit(&answer("a", 2), at(0));
    let sent = bench.take(at(0)).unwrap();
    assert!(!sent.is_quiet);
    bench.complete(&sent, unknown(), at(15));
    let again = bench.take(at(20)).unwrap();
    assert!(again.is_quiet);
    // It stays so when the repeated one is refused, and when the process ends.
    bench.complete(&again, retry(), at(20));
    bench.machine.remove_target(&crm());
    bench.machine.set_target(&crm(), policy(), TargetState::Running, at(30));
    bench.turn(at(30));
    assert!(bench.take(at(100)).unwrap().is_quiet);
}

#[test]
fn an_attempt_found_open_after_a_start_is_unknown() {
    let mut bench = announced("a");
    let id = bench.commit(&hangup("a", 2), at(0));
    bench.take(at(0)).unwrap();
    bench.store.rows.get_mut(&id).unwrap().pending.prior = PriorAttempt::Open;
    bench.machine.remove_target(&crm());
    bench.machine.set_target(&crm(), policy(), TargetState::Running, at(5));
    bench.turn(at(5));
    assert_eq!(bench.take(at(1000)), None);
    assert_eq!(bench.row(id), "unknown: ringwire ended while the request was on its way");
}

#[test]
fn requests_that_wait_long_have_places_of_their_own() {
    let mut bench = bench();
    for call in 0..40 {
        bench.commit_all(&[new_call(&call.to_string()), hangup(&call.to_string(), 2)], at(0));
    }
    // Each newCall is answered at once, each hangup is not.
    let mut waiting = Vec::new();
    loop {
        let taken = bench.take_all(at(0));
        if taken.is_empty() {
            break;
        }
        for delivery in taken {
            match delivery.is_unrepeatable {
                true => waiting.push(delivery),
                false => bench.complete(&delivery, DeliveryOutcome::Delivered, at(0)),
            }
        }
    }
    assert_eq!(waiting.len(), 32);
    assert_eq!(bench.counts().delivered, 40, "they do not count towards the concurrent requests");
    let concurrency = bench.status().concurrency;
    assert_eq!(concurrency, 8);
    for delivery in waiting.drain(..16) {
        bench.machine.complete(delivery.id, DeliveryOutcome::Delivered, SLOW, at(60));
    }
    for delivery in waiting {
        bench.machine.complete(delivery.id, unknown(), SLOW, at(180));
    }
    assert_eq!(bench.status().concurrency, concurrency, "nor in its measurement");
    assert_eq!(bench.status().breaker, BreakerState::Closed);
    bench.turn(at(180));
    assert_eq!(bench.take_all(at(180)).len(), 8);
}

#[test]
fn a_failing_target_is_probed_with_what_may_be_repeated() {
    let mut bench = bench();
    for call in ["a", "b", "c", "d", "e"] {
        bench.commit(&new_call(call), at(0));
    }
    bench.deliver_all(at(0));
    for call in ["a", "b", "c", "d", "e"] {
        bench.commit(&hangup(call, 2), at(0));
    }
    for delivery in bench.take_all(at(0)) {
        bench.complete(&delivery, retry(), at(0));
    }
    let due = bench.next_due().unwrap();
    let probe = bench.take_all(due.max(at(100)));
    let sent: Vec<_> = probe.iter().map(|probe| (probe.event.seq, probe.is_unrepeatable)).collect();
    assert_eq!(sent, [(1, false)], "the newCall is sent again first");
    bench.complete(&probe[0], DeliveryOutcome::AlreadyExists, at(100));
    assert_eq!(bench.deliver_all(at(100)).len(), 5);
}

#[test]
fn a_late_answer_of_a_call_that_is_over_is_quiet() {
    let check = |events: &[Arc<CallEvent>], now: i64, expected: bool| {
        let mut bench = Bench::with_policy(DeliveryPolicy { late: LatePolicy::All, ..policy() });
        bench.commit_all(events, at(0));
        bench.send("a/1", DeliveryOutcome::Delivered, at(now));
        assert_eq!(bench.take(at(now)).unwrap().is_quiet, expected, "{} events, {now} s", events.len());
    };
    let call = [new_call("a"), answer("a", 2), answered_hangup("a", 3)];
    check(&call, 5, true);
    check(&call, 1, false);
    check(&call[..2], 500, false);
}

#[test]
fn what_the_operator_retries_follows_what_it_belongs_before() {
    // The newCall failed, the hangup was delivered by another way.
    let events = [new_call("a"), answer("a", 2), hangup("a", 3)];
    let retried = |outcome: DeliveryOutcome| {
        let mut bench = bench();
        for event in &events {
            bench.store.insert(&crm(), event, at(0));
        }
        for (id, prior) in
            [(1, PriorAttempt::None), (2, PriorAttempt::Delivered), (3, PriorAttempt::Delivered)]
        {
            let mut pending = bench.store.rows[&DeliveryId(id)].pending.clone();
            pending.prior = prior;
            bench.execute(DeliveryCommand::Retry { target: crm(), pending }, at(100));
        }
        bench.send("a/1", outcome, at(100));
        bench.deliver_all(at(100))
    };
    assert_eq!(retried(DeliveryOutcome::AlreadyExists), [""; 0], "the target has it all");
    assert_eq!(retried(DeliveryOutcome::Delivered), ["a/2", "a/3"], "the target has lost the call");
}
