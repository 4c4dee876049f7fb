//! How much is in memory, and what stays in the store until its turn comes.

use ringwire_delivery::PendingRange;

use super::*;

fn bench(window: usize) -> Bench {
    Bench::with(MachineLimits { window, ..MachineLimits::default() }, DeliveryPolicy::default())
}

fn asked(bench: &mut Bench) -> PendingRange {
    match bench.machine.poll_load_request() {
        Some(LoadRequest::Pending(range)) => range,
        other => panic!("{other:?}"),
    }
}

fn pending(bench: &Bench, ids: std::ops::RangeInclusive<i64>) -> Vec<PendingDelivery> {
    ids.map(|id| bench.store.rows[&DeliveryId(id)].pending.clone()).collect()
}

#[test]
fn at_the_start_everything_is_asked_for_once() {
    let mut machine = DeliveryMachine::new(MachineLimits::default(), RetrySchedule::default(), 1);
    machine.set_target(&crm(), DeliveryPolicy::default(), TargetState::Running, at(0));
    let Some(LoadRequest::Pending(range)) = machine.poll_load_request() else { panic!() };
    assert_eq!((&range.target, range.after, range.limit), (&crm(), DeliveryId(0), 4096));
    assert_eq!(machine.poll_load_request(), None);
    assert!(!machine.is_idle(), "nobody knows yet");
    machine.load(&range, Vec::new(), true, at(0));
    assert_eq!(machine.poll_load_request(), None);
    assert!(machine.is_idle());
}

#[test]
fn a_full_window_leaves_rows_in_the_store_and_asks_when_it_is_half_empty() {
    let mut bench = bench(4);
    bench.answers = false;
    for call in 1..=10 {
        bench.commit(&new_call(&call.to_string()), at(0));
    }
    assert_eq!(bench.counts().pending, 4);
    let taken = bench.take_all(at(0));
    bench.complete(&taken[0], DeliveryOutcome::Delivered, at(0));
    bench.complete(&taken[1], DeliveryOutcome::Delivered, at(0));
    assert_eq!(bench.machine.poll_load_request(), None);
    bench.complete(&taken[2], DeliveryOutcome::Delivered, at(0));
    let range = asked(&mut bench);
    assert_eq!((range.after, range.limit), (DeliveryId(4), 3));
    bench.answers = true;
    let rows = pending(&bench, 5..=7);
    bench.machine.load(&range, rows, false, at(0));
    bench.complete(&taken[3], DeliveryOutcome::Delivered, at(0));
    assert_eq!(bench.deliver_all(at(0)), (5..=10).map(|call| format!("{call}/1")).collect::<Vec<_>>());
    assert!(bench.machine.is_idle());
}

#[test]
fn a_row_committed_while_the_store_reads_is_neither_lost_nor_doubled() {
    let check = |answer: std::ops::RangeInclusive<i64>| {
        let mut bench = bench(2);
        bench.answers = false;
        for call in 1..=3 {
            bench.commit(&new_call(&call.to_string()), at(0));
        }
        let taken = bench.take_all(at(0));
        taken.iter().for_each(|delivery| bench.complete(delivery, DeliveryOutcome::Delivered, at(0)));
        let range = asked(&mut bench);
        let fourth = bench.store.insert(&crm(), &new_call("4"), at(0));
        let all = *answer.end() == 4;
        if !all {
            // Told before the answer comes, which was read before the row was written.
            bench.machine.commit(&crm(), fourth.clone(), at(0));
        }
        let rows = pending(&bench, answer);
        bench.machine.load(&range, rows, true, at(0));
        if all {
            bench.machine.commit(&crm(), fourth, at(0));
        }
        bench.answers = true;
        bench.turn(at(0));
        assert_eq!(bench.deliver_all(at(0)), ["3/1", "4/1"]);
        assert!(bench.machine.is_idle());
    };
    check(3..=3);
    check(3..=4);
}

#[test]
fn an_answer_to_a_question_of_a_target_that_was_removed_since_is_passed_over() {
    let mut bench = bench(2);
    bench.answers = false;
    bench.machine.remove_target(&crm());
    bench.machine.set_target(&crm(), DeliveryPolicy::default(), TargetState::Running, at(0));
    let old = asked(&mut bench);
    bench.machine.remove_target(&crm());
    bench.machine.set_target(&crm(), DeliveryPolicy::default(), TargetState::Running, at(0));
    bench.commit(&new_call("a"), at(0));
    bench.machine.load(&old, Vec::new(), true, at(0));
    bench.answers = true;
    bench.turn(at(0));
    assert_eq!(bench.deliver_all(at(0)), ["a/1"]);
}

#[test]
fn calls_that_wait_for_another_try_do_not_keep_others_out_up_to_ten_windows() {
    let mut bench = bench(4);
    for call in 0..100 {
        bench.commit(&new_call(&format!("bad{call}")), at(0));
    }
    let mut failed = 0;
    while let Some(delivery) = bench.take(at(0)) {
        // The breaker is another matter: the operator keeps it closed.
        bench.complete(&delivery, retry_after(3600), at(0));
        bench.execute(DeliveryCommand::Resume { target: crm() }, at(0));
        failed += 1;
        assert!(bench.counts().pending <= 40);
    }
    assert_eq!(failed, 40);
    assert_eq!(bench.counts(), DeliveryCounts { pending: 40, retrying: 40, ..DeliveryCounts::default() });
    assert_eq!(bench.deliver_all(at(3600)).len(), 100);
}

#[test]
fn calls_that_fail_as_they_come_do_not_fill_the_memory() {
    let mut bench = bench(4);
    for call in 0..60 {
        bench.commit(&new_call(&call.to_string()), at(0));
        if let Some(delivery) = bench.take(at(0)) {
            bench.complete(&delivery, retry_after(3600), at(0));
            bench.execute(DeliveryCommand::Resume { target: crm() }, at(0));
        }
        assert!(bench.counts().pending <= 40);
    }
    assert_eq!(bench.deliver_all(at(3600)).len(), 60);
}

#[test]
fn a_paused_target_requests_nothing() {
    let mut bench = bench(2);
    bench.machine.remove_target(&crm());
    let state = TargetState::Disabled { reason: "410".into() };
    bench.machine.set_target(&crm(), DeliveryPolicy::default(), state, at(0));
    bench.commit(&new_call("a"), at(0));
    assert_eq!(bench.machine.poll_load_request(), None);
    bench.execute(DeliveryCommand::Resume { target: crm() }, at(1));
    assert_eq!(bench.deliver_all(at(1)), ["a/1"]);
}

#[test]
fn a_target_that_is_down_holds_no_more_than_its_window_and_drains_in_order() {
    let mut bench = Bench::new();
    let up = TargetName::from("up");
    bench.machine.set_target(&up, DeliveryPolicy::default(), TargetState::Running, at(0));
    bench.turn(at(0));
    let mut most = 0;
    for call in 0..50_000 {
        let now = at(call / 14);
        for event in [new_call(&call.to_string()), hangup(&call.to_string(), 2)] {
            bench.commit(&event, now);
        }
        if call % 100 == 0 {
            bench.commit_to(&up, &new_call(&call.to_string()), now);
        }
        while let Some(delivery) = bench.take(now) {
            let outcome = if delivery.target == up { DeliveryOutcome::Delivered } else { retry() };
            bench.complete(&delivery, outcome, now);
        }
        most = most.max(bench.counts().pending);
    }
    assert!(most <= 4096 + 1000, "{most} in memory");
    let delivered = bench.machine.targets().find(|status| *status.target == up).unwrap().counts.delivered;
    assert_eq!(delivered, 500, "the other target has everything");

    let mut now = at(50_000 / 14);
    let mut last = BTreeMap::new();
    while !bench.machine.is_idle() {
        now = bench.next_due().unwrap().max(now);
        for delivery in bench.take_all(now) {
            let before = last.insert(delivery.event.call.clone(), delivery.event.seq).unwrap_or(0);
            assert_eq!(delivery.event.seq, before + 1);
            bench.complete(&delivery, DeliveryOutcome::Delivered, now);
        }
    }
    assert_eq!(bench.counts().delivered, 100_500);
    assert!(bench.store.rows.values().all(|row| row.end == Some(DeliveryState::Delivered)));
}
