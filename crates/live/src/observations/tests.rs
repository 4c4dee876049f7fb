//! What is counted, for how long, and how much of it.

use bytes::Bytes;
use jiff::SignedDuration;
use ringwire_ami::AmiVersion;
use ringwire_directory::User;
use ringwire_event::{CallFacts, EventKind, Party};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn packet(text: &str) -> Packet {
    Packet::new(Bytes::from(text.replace('\n', "\r\n")), AmiVersion::NEWEST).unwrap()
}

fn event(call: &str, direction: Direction, what: EventKind) -> CallEvent {
    CallEvent {
        id: format!("{call}/1"),
        kind: what,
        call: call.to_owned(),
        seq: 1,
        time: None,
        pbx: "main".to_owned(),
        recovered: false,
        direction,
        from: String::new(),
        from_name: None,
        to: String::new(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }
}

fn new_call(call: &str, direction: Direction) -> CallEvent {
    event(call, direction, EventKind::NewCall { users: Vec::new() })
}

fn rings(endpoint: &str) -> CallEvent {
    event("1.1", Direction::In, EventKind::Ringing { user: Party::endpoint(endpoint) })
}

fn directory() -> Directory {
    Directory::new(vec![User { endpoint: Some("PJSIP/alice".to_owned()), ..User::default() }])
}

fn channel(uniqueid: &str, endpoint: &str, context: &str) -> Packet {
    packet(&format!(
        "Event: Newchannel\nChannel: {endpoint}-00000001\nContext: {context}\nExten: 100\nUniqueid: {uniqueid}\n"
    ))
}

#[test]
fn events_are_told_apart_by_their_names() {
    for (names, expected) in [
        (
            "Newchannel Newstate NewConnectedLine DialBegin DialEnd BridgeEnter Hangup HangupRequest Hold Unhold",
            EventClass::Call,
        ),
        (
            "MusicOnHoldStart AttendedTransfer BlindTransfer Pickup LocalBridge ConfbridgeJoin Dial Join",
            EventClass::Call,
        ),
        ("QueueCallerJoin QueueMemberStatus AgentCalled AgentConnect", EventClass::Agent),
        ("VarSet Newexten HangupHandlerRun", EventClass::Dialplan),
        ("FullyBooted Reload PeerStatus Registry", EventClass::System),
        ("RTCPSent UserEvent TestEvent AsyncAGIStart", EventClass::Other),
    ] {
        for name in names.split(' ') {
            assert_eq!(class(name.as_bytes()), Some(expected), "{name}");
        }
    }
    for name in [
        "CoreShowChannel",
        "CoreShowChannelsComplete",
        "Status",
        "StatusComplete",
        "QueueParams",
        "QueueEntry",
    ] {
        assert_eq!(class(name.as_bytes()), None, "{name}");
    }
    assert_eq!(class(b""), None);
}

#[test]
fn what_is_older_than_five_minutes_is_not_told() {
    let mut observed = Observations::default();
    let hangup = packet("Event: Hangup\nUniqueid: 1.1\n");
    let count = |observed: &Observations, seconds| observed.window("main", at(seconds)).events.call;
    for seconds in [0, 100, 200, 299] {
        observed.packet(&hangup, at(seconds));
    }
    for (seconds, expected) in [(299, 4), (309, 4), (310, 3), (500, 2), (700, 0), (100_000, 0)] {
        assert_eq!(count(&observed, seconds), expected, "after {seconds} s");
    }
    observed.packet(&hangup, at(100_000));
    assert_eq!(count(&observed, 100_000), 1);
    assert_eq!(observed.window("main", at(100_000)).last_event, Some(at(100_000)));
    // A clock that is put back loses nothing.
    observed.packet(&hangup, at(50_000));
    assert_eq!(count(&observed, 50_000), 2);
}

#[test]
fn an_internal_call_is_told_with_where_it_began() {
    let mut observed = Observations::default();
    for (uniqueid, endpoint, context) in [
        ("1.1", "PJSIP/provider", "from-provider"),
        ("1.2", "PJSIP/provider", "from-provider"),
        ("1.3", "PJSIP/alice", "phones"),
        ("1.4", "PJSIP/other", "from-provider"),
    ] {
        observed.packet(&channel(uniqueid, endpoint, context), at(0));
    }
    for (call, direction) in [
        ("1.1", Direction::Internal),
        ("main-1.2", Direction::Internal),
        ("1.3", Direction::Internal),
        ("1.4", Direction::In),
        ("9.9", Direction::Internal), // of which the beginning was not seen
    ] {
        observed.event(&new_call(call, direction), &directory(), at(1));
    }
    let window = observed.window("main", at(2));
    assert_eq!(window.calls, CallCounts { inbound: 1, outbound: 0, internal: 4 });
    let origin = |context: &str, endpoint: &str, calls| InternalContext {
        context: context.to_owned(),
        endpoint: endpoint.to_owned(),
        calls,
    };
    assert_eq!(
        window.internal_contexts,
        [origin("from-provider", "PJSIP/provider", 2), origin("phones", "PJSIP/alice", 1)]
    );
}

#[test]
fn phones_that_ring_and_nobody_knows_are_told_most_often_first() {
    let mut observed = Observations::default();
    for endpoint in ["PJSIP/bob", "PJSIP/alice", "PJSIP/carol", "PJSIP/carol"] {
        observed.event(&rings(endpoint), &directory(), at(0));
    }
    let unknown = observed.window("main", at(0)).unknown_users;
    let unknown: Vec<_> = unknown.iter().map(|user| (user.endpoint.as_str(), user.rung)).collect();
    assert_eq!(unknown, [("PJSIP/carol", 2), ("PJSIP/bob", 1)]);
}

#[test]
fn what_is_kept_is_bounded_and_what_is_seen_often_stays() {
    let mut observed = Observations::default();
    for _ in 0..3 {
        observed.event(&rings("PJSIP/often"), &directory(), at(0));
    }
    for n in 0..1000 {
        observed.event(&rings(&format!("PJSIP/{n}")), &directory(), at(1));
    }
    for n in 0..5000 {
        observed.packet(&channel(&format!("2.{n}"), "PJSIP/x", "c"), at(1));
    }
    let unknown = observed.window("main", at(1)).unknown_users;
    assert_eq!((unknown.len(), unknown[0].endpoint.as_str()), (MAX_ENDPOINTS, "PJSIP/often"));
    assert_eq!((observed.begun.len(), observed.order.len()), (MAX_CHANNELS, MAX_CHANNELS));
}

#[test]
fn what_was_odd_is_told_by_kind() {
    let mut observed = Observations::default();
    observed.set_stream_errors(StreamErrors { truncated: 2, forged: 1, ..StreamErrors::default() });
    let errors = observed.window("main", at(0)).stream_errors;
    assert_eq!(
        errors.into_iter().collect::<Vec<_>>(),
        [("forged".to_owned(), 1), ("truncated".to_owned(), 2)]
    );
}
