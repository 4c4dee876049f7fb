//! What is not worth telling any more.

use ringwire_delivery::{EventLifetimes, LatePolicy};

use super::*;

#[test]
fn each_kind_of_event_has_its_time() {
    let check = |event: Arc<CallEvent>, lifetime: i64| {
        let mut bench = Bench::new();
        let id = bench.commit(&at_time(&event, at(0)), at(10));
        assert!(bench.take(at(lifetime - 1)).is_some(), "{}", event.kind.name());

        let mut bench = Bench::new();
        assert_eq!(bench.commit(&at_time(&event, at(0)), at(10)), id);
        assert_eq!(bench.take(at(lifetime)), None);
        let name = event.kind.name();
        assert_eq!(
            bench.row(id),
            format!("expired: too late: {name} events are sent for up to {lifetime} s")
        );
        assert_eq!(bench.counts(), DeliveryCounts { expired: 1, ..DeliveryCounts::default() });
    };
    const HOUR: i64 = 3600;
    const WEEK: i64 = 7 * 24 * HOUR;
    check(new_call("a"), WEEK);
    check(ringing("a", 2), 60);
    check(answer("a", 2), WEEK);
    check(hold("a", 2), HOUR);
    check(event("a", 2, EventKind::Unhold { user: None }), HOUR);
    check(hangup("a", 2), WEEK);
}

#[test]
fn an_event_without_a_time_counts_from_when_it_was_committed() {
    let mut bench = Bench::new();
    bench.commit(&ringing("a", 2), at(1000));
    assert!(bench.take(at(1059)).is_some());
}

#[test]
fn lifetimes_can_be_set_by_kind() {
    let lifetimes = EventLifetimes { ringing: Duration::from_secs(5), ..EventLifetimes::FOREVER };
    let mut bench = Bench::with_policy(DeliveryPolicy { lifetimes, ..DeliveryPolicy::default() });
    bench.commit_all(&[new_call("a"), ringing("a", 2), hangup("a", 3)], at(0));
    assert_eq!(bench.deliver_all(at(100_000_000)), ["a/1", "a/3"]);
}

#[test]
fn an_answer_and_a_hangup_are_not_given_up_while_what_comes_before_them_could_still_be_sent() {
    let short = Duration::from_secs(5);
    let lifetimes = EventLifetimes { answer: short, hangup: short, ..EventLifetimes::FOREVER };
    let mut bench = Bench::with_policy(DeliveryPolicy { lifetimes, ..DeliveryPolicy::default() });
    bench.commit_all(&[new_call("a"), answer("a", 2), answered_hangup("a", 3)], at(0));
    assert_eq!(bench.deliver_all(at(1000)), ["a/1", "a/2", "a/3"]);
}

#[test]
fn a_failed_event_does_not_hold_up_its_call_beyond_its_time() {
    let mut bench = Bench::new();
    bench.commit_all(&[ringing("a", 2), hangup("a", 3)], at(0));
    let mut now = at(0);
    for _ in 0..4 {
        now = bench.next_due().unwrap();
        assert!(now <= at(60));
        match bench.take(now) {
            Some(delivery) if delivery.event.id == "a/2" => bench.complete(&delivery, retry(), now),
            Some(delivery) => return bench.complete(&delivery, DeliveryOutcome::Delivered, now),
            None => {}
        }
    }
    assert_eq!(bench.next_due(), Some(at(60)), "{now}");
    assert_eq!(bench.taken(at(60)), ["a/3"]);
}

#[test]
fn what_expires_while_the_target_is_paused_is_passed_over_when_it_resumes() {
    let mut bench = Bench::new();
    bench.execute(DeliveryCommand::Pause { target: crm(), reason: "works".into() }, at(0));
    bench.commit_all(&[ringing("a", 2), ringing("b", 2), hangup("a", 3)], at(0));
    assert_eq!(bench.next_due(), None);
    bench.execute(DeliveryCommand::Resume { target: crm() }, at(600));
    assert_eq!(bench.deliver_all(at(600)), ["a/3"]);
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 1, expired: 2, ..DeliveryCounts::default() });
    assert!(bench.machine.is_idle());
}

#[test]
fn a_hangup_whose_new_call_has_expired_still_arrives() {
    let lifetimes = EventLifetimes { new_call: Duration::from_secs(5), ..EventLifetimes::FOREVER };
    let mut bench = Bench::with_policy(DeliveryPolicy { lifetimes, ..DeliveryPolicy::default() });
    bench.commit_all(&[new_call("a"), hangup("a", 2)], at(0));
    bench.send("a/2", unknown_call(), at(10));
    assert_eq!(bench.deliver_all(at(10)), ["a/1", "a/2"]);
}

#[test]
fn only_the_final_state_of_an_ended_call_is_sent_late_where_this_is_wanted() {
    let sent = |late: LatePolicy, events: &[Arc<CallEvent>], now: Timestamp| {
        let mut bench = Bench::with_policy(DeliveryPolicy { late, ..DeliveryPolicy::default() });
        bench.commit_all(events, at(0));
        bench.deliver_all(now)
    };
    let late = LatePolicy::Final { after: Duration::from_secs(30) };
    let call = [new_call("a"), ringing("a", 2), answer("a", 3), hold("a", 4), answer("a", 5), hangup("a", 6)];
    assert_eq!(sent(LatePolicy::All, &call, at(40)).len(), 6);
    assert_eq!(sent(late, &call, at(29)).len(), 6, "not late yet");
    assert_eq!(sent(late, &call, at(30)), ["a/1", "a/5", "a/6"]);
    assert_eq!(sent(late, &call[..5], at(30)).len(), 5, "the call is not over");
    assert_eq!(sent(late, &[new_call("a"), hold("a", 2), hangup("a", 3)], at(30)), ["a/1", "a/3"]);

    let mut bench = Bench::with_policy(DeliveryPolicy { late, ..DeliveryPolicy::default() });
    bench.commit_all(&call, at(0));
    bench.deliver_all(at(30));
    assert_eq!(bench.row(DeliveryId(4)), "expired: too late: the call had ended before this could be sent");
    assert_eq!(bench.counts(), DeliveryCounts { delivered: 3, expired: 3, ..DeliveryCounts::default() });
}
