//! Agents and devices, as recorded on several releases and by hand.

use bytes::Bytes;
use ringwire_ami::{AmiVersion, Frame, Packet};
use ringwire_calls::{AgentTracker, Rules};
use ringwire_event::{AgentEvent, AgentEventKind};

use crate::captures::{Recording, recordings};
use crate::support::{captures, frames};

fn rules() -> Rules {
    Rules { agents: true, devices: true, ..Rules::new("pbx") }
}

fn follow(rules: Rules, packets: impl IntoIterator<Item = Packet>) -> Vec<AgentEvent> {
    let mut tracker = AgentTracker::new(rules, None);
    let mut events = Vec::new();
    for packet in packets {
        tracker.apply(&packet, None);
        events.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    events
}

fn recorded(bytes: &[u8]) -> Vec<Packet> {
    let packet = |(frame, _)| match frame {
        Frame::Packet(packet) => Some(packet),
        Frame::Banner(_) => None,
    };
    frames(bytes).into_iter().filter_map(packet).collect()
}

fn written(texts: &[&str]) -> Vec<Packet> {
    let packet = |text: &&str| {
        let text = text.replace("  ", "\r\n");
        Packet::new(Bytes::from(format!("Event: {text}\r\n")), AmiVersion::NEWEST).unwrap()
    };
    texts.iter().map(packet).collect()
}

fn summary(event: &AgentEvent) -> String {
    let detail = match &event.kind {
        AgentEventKind::AgentPaused { queue, reason } => format!("{queue} {reason:?}"),
        AgentEventKind::AgentLoggedIn { queue }
        | AgentEventKind::AgentLoggedOut { queue }
        | AgentEventKind::AgentUnpaused { queue } => queue.clone(),
        AgentEventKind::AgentState { state } | AgentEventKind::DeviceState { state } => {
            state.as_str().to_owned()
        }
    };
    format!("{} {} {detail}", event.user.label(), event.kind.name())
}

/// An agent whose phone rings, who answers and hangs up, on each release.
#[test]
fn an_agent_rings_talks_and_is_free_again_on_every_release() {
    let mut releases = 0;
    for Recording { name, bytes, .. } in recordings(&captures()) {
        if !name.ends_with("/queue-answered") {
            continue;
        }
        let events = follow(Rules { devices: false, ..rules() }, recorded(&bytes));
        let bob: Vec<_> = events.iter().map(summary).filter(|line| line.starts_with("Bob")).collect();
        let expected = ["ringing", "talking", "free"].map(|state| format!("Bob Bauer agentState {state}"));
        assert_eq!(bob, expected, "{name}");
        releases += 1;
    }
    assert_eq!(releases, 3);
}

#[test]
fn nothing_is_followed_that_nobody_asks_for() {
    for Recording { name, bytes, .. } in recordings(&captures()) {
        assert_eq!(follow(Rules::new("pbx"), recorded(&bytes)), [], "{name}");
    }
}

#[test]
fn agents_log_in_pause_and_log_out_on_every_release() {
    let today = [
        "QueueMemberAdded  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 0",
        "QueueMemberPause  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 1  PausedReason: lunch",
        "QueueMemberPause  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 0  PausedReason: ",
        "QueueMemberStatus  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 6  Paused: 0",
        "QueueMemberStatus  Queue: sales  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 6  Paused: 0",
        "QueueMemberRemoved  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 0",
    ];
    let up_to_11 = [
        "QueueMemberAdded  Queue: support  Location: PJSIP/alice  MemberName: Alice  Status: 1  Paused: 0",
        "QueueMemberPaused  Queue: support  Location: PJSIP/alice  MemberName: Alice  Paused: 1  Reason: lunch",
        "QueueMemberPaused  Queue: support  Location: PJSIP/alice  MemberName: Alice  Paused: 0",
        "QueueMemberStatus  Queue: support  Location: PJSIP/alice  MemberName: Alice  Status: 6  Paused: 0",
        "QueueMemberRemoved  Queue: support  Location: PJSIP/alice  MemberName: Alice",
    ];
    for packets in [written(&today), written(&up_to_11)] {
        let events: Vec<_> = follow(rules(), packets).iter().map(summary).collect();
        let expected = [
            "Alice agentLoggedIn support",
            "Alice agentPaused support Some(\"lunch\")",
            "Alice agentUnpaused support",
            "Alice agentState ringing",
            "Alice agentLoggedOut support",
        ];
        assert_eq!(events, expected);
    }
}

#[test]
fn what_a_list_has_is_no_change() {
    let listed = [
        "QueueMember  Queue: support  Name: Alice  Location: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 1",
        "QueueMemberStatus  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 1  Paused: 1",
        "QueueMemberStatus  Queue: support  MemberName: Alice  Interface: PJSIP/alice  StateInterface: PJSIP/alice  Status: 2  Paused: 1",
    ];
    let events: Vec<_> = follow(rules(), written(&listed)).iter().map(summary).collect();
    assert_eq!(events, ["Alice agentState talking"]);
}

#[test]
fn devices_are_phones_and_their_first_state_is_no_change() {
    let changes = [
        "DeviceStateChange  Device: PJSIP/alice  State: NOT_INUSE",
        "DeviceStateChange  Device: PJSIP/alice  State: RINGING",
        "DeviceStateChange  Device: PJSIP/alice  State: RINGING",
        "DeviceStateChange  Device: Queue:support_avail  State: INUSE",
        "DeviceStateChange  Device: Local/1@a  State: INUSE",
        "ExtensionStatus  Exten: 102  Context: hints  Hint: SIP/bob  Status: 0",
        "ExtensionStatus  Exten: 102  Context: hints  Hint: SIP/bob  Status: 16",
    ];
    let events: Vec<_> = follow(rules(), written(&changes)).iter().map(summary).collect();
    assert_eq!(events, ["PJSIP/alice deviceState ringing", "102 deviceState held"]);
}
