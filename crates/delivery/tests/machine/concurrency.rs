//! How many requests a target gets at once.

use super::*;

/// Sends `count` requests with as many at once as the target gets; each takes `took` of as many as there are.
fn load(bench: &mut Bench, count: usize, took: impl Fn(usize) -> Duration) {
    let mut in_flight = std::collections::VecDeque::new();
    for nth in 0..count {
        let id = bench.counts().delivered as usize * 1000 + nth;
        bench.commit(&new_call(&format!("{count}.{id}")), at(0));
        in_flight.extend(bench.take_all(at(0)));
    }
    while let Some(delivery) = in_flight.pop_front() {
        let took = took(in_flight.len() + 1);
        bench.machine.complete(delivery.id, DeliveryOutcome::Delivered, took, at(0));
        bench.turn(at(0));
        in_flight.extend(bench.take_all(at(0)));
        assert!(in_flight.len() <= bench.status().concurrency.max(bench.counts().in_flight));
    }
}

fn bench(in_flight: usize) -> Bench {
    Bench::with_policy(DeliveryPolicy { in_flight, ..DeliveryPolicy::default() })
}

#[test]
fn it_starts_with_four_or_what_is_allowed() {
    assert_eq!([1, 3, 8, 64].map(|max| bench(max).status().concurrency), [1, 3, 4, 4]);
    assert_eq!(bench(0).status().concurrency, 1, "no target is forbidden everything by mistake");
}

#[test]
fn a_healthy_target_has_all_it_may_get_within_some_dozens_of_requests() {
    for (max, requests) in [(8, 12), (64, 130)] {
        let mut bench = bench(max);
        load(&mut bench, requests, |_| FAST);
        assert_eq!(bench.status().concurrency, max);
    }
}

#[test]
fn without_load_it_does_not_rise() {
    let mut bench = bench(64);
    for nth in 0..100 {
        bench.commit(&new_call(&nth.to_string()), at(0));
        bench.deliver_all(at(0));
    }
    assert_eq!(bench.status().concurrency, 4);
}

#[test]
fn it_settles_near_what_a_target_with_few_workers_can_do() {
    // Ten requests at once take 100 ms each, every further one makes all of them slower.
    let took = |at_once: usize| Duration::from_millis(100 * at_once.div_ceil(10) as u64);
    let mut bench = bench(200);
    load(&mut bench, 3_000, took);
    let limit = bench.status().concurrency;
    assert!((8..=40).contains(&limit), "{limit}");
}

#[test]
fn a_target_that_slows_down_gets_fewer_until_it_is_fast_again() {
    let mut bench = bench(16);
    load(&mut bench, 100, |_| FAST);
    assert_eq!(bench.status().concurrency, 16);
    load(&mut bench, 100, |at_once| Duration::from_millis(200) * at_once as u32);
    let slow = bench.status().concurrency;
    assert!(slow <= 4, "{slow}");
    load(&mut bench, 1_000, |_| FAST);
    assert_eq!(bench.status().concurrency, 16);
}

#[test]
fn a_target_that_is_slower_for_good_gets_as_many_as_before_in_the_end() {
    let mut bench = bench(16);
    load(&mut bench, 100, |_| FAST);
    load(&mut bench, 1_000, |_| Duration::from_millis(700));
    assert_eq!(bench.status().concurrency, 16);
}

#[test]
fn a_failure_halves_it_once_for_all_that_failed_together() {
    let mut bench = bench(8);
    load(&mut bench, 50, |_| FAST);
    for call in 0..8 {
        bench.commit(&new_call(&format!("x{call}")), at(1));
    }
    let taken = bench.take_all(at(1));
    assert_eq!(taken.len(), 8);
    for delivery in &taken[..4] {
        bench.complete(delivery, retry(), at(1));
    }
    assert_eq!(bench.status().concurrency, 4);
    assert_eq!(bench.next_due(), None, "four are still on their way");
}
