//! Calls told as short lines, and who is told what of them.

use ringwire_config::{OneOf, Route, TargetIndex};
use ringwire_event::{CallFacts, Cause, Direction, TransferKind};

use super::*;

const TARGETS: [&str; 3] = ["desk", "sales", "log"];

/// A route to `targets`, its conditions written `name=pattern|pattern`.
fn route(conditions: &str, targets: &[TargetIndex]) -> Route {
    let mut route = Route { targets: targets.to_vec(), ..Route::default() };
    for condition in conditions.split_whitespace() {
        let (name, patterns) = condition.split_once('=').unwrap();
        let texts: Vec<_> = patterns.split('|').map(str::to_owned).collect();
        if name == "direction" {
            let direction = |text: &String| serde_json::from_value(text.as_str().into()).unwrap();
            route.direction = Some(texts.iter().map(direction).collect());
            continue;
        }
        let field = match name {
            "pbx" => &mut route.pbx,
            "queue" => &mut route.queue,
            "did" => &mut route.did,
            "account" => &mut route.account,
            "tenant" => &mut route.tenant,
            "user" => &mut route.user,
            _ => panic!("no condition {name}"),
        };
        *field = Some(OneOf::new(texts));
    }
    route
}

/// An event written `CALL WHAT [fact=value …]`, with a user or answered_by behind the WHAT's `:`.
fn event(line: &str) -> Arc<CallEvent> {
    let mut words = line.split_whitespace();
    let call = words.next().unwrap().to_owned();
    let what = words.next().unwrap();
    let (what, who) = what.split_once(':').unwrap_or((what, ""));
    let party = |name: &str| Party {
        extension: Some(format!("x-{name}")),
        ..Party::endpoint(format!("PJSIP/{name}"))
    };
    let user = (!who.is_empty()).then(|| party(who));
    let what = match what {
        "new" => {
            EventKind::NewCall { users: who.split(',').filter(|name| !name.is_empty()).map(party).collect() }
        }
        "ringing" => EventKind::Ringing { user: user.unwrap() },
        "answer" => EventKind::Answer { answered_by: user.map_or(AnsweredBy::Voicemail, AnsweredBy::User) },
        "hold" => EventKind::Hold { user },
        "transfer" => EventKind::Transfer { kind: TransferKind::Blind, user, transfer_target: None },
        "hangup" => EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None },
        _ => panic!("no event {what}"),
    };
    let mut event = CallEvent {
        id: format!("{call}/{}", what.name()),
        kind: what,
        call,
        seq: 1,
        time: None,
        pbx: "main".into(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".into(),
        from_name: None,
        to: "4930100".into(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    };
    for fact in words {
        let (name, value) = fact.split_once('=').unwrap();
        match name {
            "pbx" => event.pbx = value.into(),
            "direction" => event.direction = serde_json::from_value(value.into()).unwrap(),
            "to" => event.to = value.into(),
            "queue" => event.queue = Some(value.into()),
            "account" => event.account = Some(value.into()),
            "tenant" => event.tenant = Some(value.into()),
            _ => panic!("no fact {name}"),
        }
    }
    Arc::new(event)
}

/// What is routed, written `KIND[:user,…] [(queue)] -> target,…`.
fn routed(router: &mut EventRouter, line: &str) -> Vec<String> {
    let routed = router.route(&event(line));
    let show = |(event, targets): (Arc<CallEvent>, Vec<TargetName>)| {
        let names: Vec<_> = targets.iter().map(|name| name.as_str()).collect();
        let mut what = event.kind.name().to_owned();
        if let EventKind::NewCall { users } = &event.kind {
            let users: Vec<_> = users.iter().map(|user| user.endpoint.trim_start_matches("PJSIP/")).collect();
            what = format!("{what}[{}]", users.join(","));
            assert_eq!(event.id, format!("{}/newCall", event.call));
        }
        let queue = event.queue.as_ref().map(|queue| format!(" ({queue})")).unwrap_or_default();
        format!("{what}{queue} -> {}", names.join(","))
    };
    routed.into_iter().map(show).collect()
}

#[track_caller]
fn check(routes: &[(&str, &[TargetIndex])], steps: &[(&str, &[&str])]) {
    let routes = routes.iter().map(|(conditions, targets)| route(conditions, targets)).collect();
    let mut router = EventRouter::new(Routes::new(TARGETS.map(str::to_owned).to_vec(), routes));
    for (line, expected) in steps {
        assert_eq!(routed(&mut router, line), *expected, "at {line:?}");
    }
    assert!(router.calls.is_empty(), "kept after the end: {:?}", router.calls);
}

/// Whether a call that begins with `line` matches `conditions`.
#[track_caller]
fn matches(conditions: &str, line: &str, expected: bool) {
    let routes = Routes::new(vec!["desk".into()], vec![route(conditions, &[0])]);
    assert_eq!(
        !EventRouter::new(routes).route(&event(line)).is_empty(),
        expected,
        "{line:?} against {conditions:?}"
    );
}

#[test]
fn without_routes_every_target_gets_every_call() {
    check(
        &[],
        &[
            ("1 new:alice", &["newCall[alice] -> desk,sales,log"]),
            ("2 new direction=internal", &["newCall[] -> desk,sales,log"]),
            ("1 hangup", &["hangup -> desk,sales,log"]),
            ("2 hangup", &["hangup -> desk,sales,log"]),
        ],
    );
}

#[test]
fn each_condition_is_held_against_its_fact() {
    for (conditions, line, expected) in [
        ("", "1 new", true),
        ("pbx=main", "1 new", true),
        ("pbx=b*", "1 new pbx=berlin", true),
        ("pbx=b*", "1 new", false),
        ("direction=in|out", "1 new", true),
        ("direction=out", "1 new", false),
        ("direction=internal", "1 new direction=internal", true),
        ("queue=support", "1 new queue=Support", true),
        ("queue=support|sales-*", "1 new queue=sales-de", true),
        ("queue=*", "1 new", false),
        ("did=4930*", "1 new", true),
        ("did=4989*", "1 new", false),
        ("did=4930*", "1 new direction=out", false),
        ("account=77", "1 new account=77", true),
        ("account=77", "1 new account=777", false),
        ("tenant=acme", "1 new tenant=acme", true),
        ("tenant=acme", "1 new", false),
        ("user=PJSIP/alice", "1 new:bob,alice", true),
        ("user=alice", "1 new:alice", true),
        ("user=x-alice", "1 new:alice", true),
        ("user=alice", "1 new:alice2", false),
        ("user=*", "1 new", false),
        ("pbx=main direction=in queue=support", "1 new queue=support", true),
        ("pbx=main direction=in queue=support", "1 new queue=support direction=out", false),
    ] {
        matches(conditions, line, expected);
    }
}

#[test]
fn a_target_of_several_routes_gets_an_event_once_and_one_of_none_gets_everything() {
    check(
        &[("direction=in", &[0, 1]), ("queue=support", &[0]), ("direction=out", &[1])],
        &[
            ("1 new queue=support", &["newCall[] (support) -> desk,sales,log"]),
            ("1 hangup queue=support", &["hangup (support) -> desk,sales,log"]),
            ("2 new direction=out", &["newCall[] -> sales,log"]),
            ("2 hangup direction=out", &["hangup -> sales,log"]),
            ("3 new direction=internal", &["newCall[] -> log"]),
            ("3 hangup direction=internal", &["hangup -> log"]),
        ],
    );
}

#[test]
fn a_target_that_matches_late_gets_the_new_call_first_with_what_is_known() {
    check(
        &[("queue=support", &[0]), ("user=carol", &[1]), ("account=none", &[2])],
        &[
            ("1 new:alice", &[]),
            ("1 ringing:alice", &[]),
            (
                "1 ringing:bob queue=support",
                &["newCall[alice,bob] (support) -> desk", "ringing (support) -> desk"],
            ),
            ("1 ringing:alice queue=support", &["ringing (support) -> desk"]),
            ("1 answer:bob queue=support", &["answer (support) -> desk"]),
            ("1 transfer:bob queue=sales", &["transfer (sales) -> desk"]),
            (
                "1 answer:carol queue=sales",
                &["newCall[alice,bob,carol] (sales) -> sales", "answer (sales) -> desk,sales"],
            ),
            ("1 hangup queue=sales", &["hangup (sales) -> desk,sales"]),
        ],
    );
}

#[test]
fn a_target_that_matches_at_the_hangup_still_gets_both() {
    check(
        &[("queue=support", &[0]), ("account=none", &[1, 2])],
        &[
            ("1 new", &[]),
            ("1 hangup queue=support", &["newCall[] (support) -> desk", "hangup (support) -> desk"]),
        ],
    );
}

#[test]
fn what_matched_once_is_sent_to_the_end() {
    check(
        &[("queue=support", &[0]), ("account=none", &[1, 2])],
        &[
            ("1 new queue=support", &["newCall[] (support) -> desk"]),
            ("2 new", &[]),
            ("1 answer", &["answer -> desk"]),
            ("2 answer", &[]),
            ("1 hold:alice queue=sales", &["hold (sales) -> desk"]),
            ("2 hangup", &[]),
            ("1 hangup", &["hangup -> desk"]),
        ],
    );
}

#[test]
fn events_of_a_call_that_was_never_announced_speak_for_themselves_and_leave_nothing() {
    check(
        &[("user=alice", &[0]), ("account=none", &[1, 2])],
        &[
            ("1 answer:alice", &["answer -> desk"]),
            ("1 hangup", &[]),
            ("1 ringing:alice", &["ringing -> desk"]),
        ],
    );
}

#[test]
fn other_routes_keep_notified_targets_by_name() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let mut router =
        EventRouter::new(Routes::new(names(&["desk", "sales"]), vec![route("queue=support", &[1])]));
    assert_eq!(routed(&mut router, "1 new queue=support"), ["newCall[] (support) -> desk,sales"]);
    assert_eq!(routed(&mut router, "2 new"), ["newCall[] -> desk"]);
    let routes = vec![route("account=none", &[1]), route("queue=support", &[2])];
    router.set_routes(Routes::new(names(&["crm", "sales", "log"]), routes));
    assert_eq!(routed(&mut router, "1 answer"), ["newCall[] -> crm", "answer -> desk,sales,crm"]);
    assert_eq!(routed(&mut router, "2 answer"), ["newCall[] -> crm", "answer -> desk,crm"]);
    assert_eq!(routed(&mut router, "1 hangup"), ["hangup -> desk,sales,crm"]);
    assert_eq!(routed(&mut router, "2 hangup"), ["hangup -> desk,crm"]);
    assert!(router.calls.is_empty());
}

#[test]
fn a_target_that_is_removed_and_brought_back_gets_the_hangup_of_every_call_it_was_told_of() {
    let names = |names: &[&str]| Routes::new(names.iter().map(|&name| name.to_owned()).collect(), Vec::new());
    let mut router = EventRouter::new(names(&["desk", "sales"]));
    routed(&mut router, "1 new");
    routed(&mut router, "2 new");
    router.set_routes(names(&["desk"]));
    assert_eq!(routed(&mut router, "1 hangup"), ["hangup -> desk,sales"]);
    assert_eq!(routed(&mut router, "3 new"), ["newCall[] -> desk"]);
    router.set_routes(names(&["desk", "sales"]));
    assert_eq!(routed(&mut router, "2 hangup"), ["hangup -> desk,sales"]);
    assert_eq!(routed(&mut router, "3 hangup"), ["newCall[] -> sales", "hangup -> desk,sales"]);
}
