//! The fuller vocabulary: the same on every release, for every recorded call.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use ringwire_calls::Rules;
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};

use crate::captures::{Recording, recordings};
use crate::support::{captures, follow, follow_scenario_fully, offices};

/// Where the events of each scenario are, as every release gives them.
fn expected_events() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

/// The releases on which one scenario was recorded give the same events, but for ids, times and technologies. Where one
/// cannot tell something, or the phones did something else, it has a file of its own. Run with `UPDATE_EVENTS=1` to accept
/// what has changed, then look at the files of single releases.
#[test]
fn each_scenario_gives_the_same_events_on_every_release() {
    let mut different = String::new();
    for (folder, prefix) in [(captures(), ""), (offices(), "office-")] {
        let mut scenarios: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for Recording { name, bytes, times } in recordings(&folder) {
            let (release, scenario) = name.split_once('/').unwrap();
            let published = follow(Rules::new("pbx"), &[(&bytes, times.as_ref())]);
            scenarios
                .entry(format!("{prefix}{scenario}"))
                .or_default()
                .push((release.to_owned(), text(&published)));
        }
        for (scenario, releases) in scenarios {
            let common = expected_events().join(format!("{scenario}.txt"));
            let (_, newest) = releases.last().unwrap();
            for (release, got) in &releases {
                let own = expected_events().join(format!("{scenario}.{release}.txt"));
                if std::env::var_os("UPDATE_EVENTS").is_some() {
                    fs::write(&common, newest).unwrap();
                    match got == newest {
                        true => drop(fs::remove_file(&own)),
                        false => fs::write(&own, got).unwrap(),
                    }
                }
                let path = if own.exists() { &own } else { &common };
                let expected = fs::read_to_string(path).unwrap_or_default();
                if expected != *got {
                    let _ = write!(different, "\n{release}/{scenario}: expected\n{expected}got\n{got}");
                }
            }
        }
    }
    assert!(different.is_empty(), "{different}");
}

fn for_every_recording(mut test: impl FnMut(&str, &[CallEvent])) {
    for folder in [captures(), offices()] {
        for Recording { name, bytes, times } in recordings(&folder) {
            test(&name, &follow(Rules::new("pbx"), &[(&bytes, times.as_ref())]));
        }
    }
}

#[test]
fn each_phone_that_rings_answers_or_stops_before_its_call_ends() {
    let mut stopped = 0;
    for_every_recording(|name, published| {
        let mut ringing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in published {
            let phones = ringing.entry(&event.call).or_default();
            match &event.kind {
                EventKind::Ringing { user } => phones.push(&user.endpoint),
                EventKind::RingingStopped { user, .. } => {
                    let place = phones.iter().position(|phone| *phone == user.endpoint);
                    phones.remove(place.unwrap_or_else(|| panic!("{name}: {} did not ring", user.endpoint)));
                    stopped += 1;
                }
                EventKind::Answer { answered_by: AnsweredBy::User(user) } => {
                    phones.retain(|phone| *phone != user.endpoint);
                }
                EventKind::Hangup { .. } => assert!(phones.is_empty(), "{name}: {phones:?} ring on"),
                _ => {}
            }
        }
    });
    assert!(stopped > 100, "only {stopped}");
}

#[test]
fn seconds_add_up_to_the_length_of_the_call() {
    let mut checked = 0;
    for_every_recording(|name, published| {
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        for event in published {
            let facts = &event.facts;
            let (EventKind::Hangup { .. }, Some(ended)) = (&event.kind, event.time) else { continue };
            let near = |whole: Option<u32>, exact: f64| {
                whole.is_some_and(|whole| (f64::from(whole) - exact).abs() <= 0.51)
            };
            match facts.answered_at {
                Some(answered) => {
                    assert!(near(facts.talk_seconds, seconds(answered, ended)), "{name}: {facts:?}");
                }
                None => assert_eq!((facts.talk_seconds, facts.hold_seconds), (None, None), "{name}"),
            }
            let Some(started) = facts.started_at else { continue };
            let before = seconds(started, facts.answered_at.unwrap_or(ended)) + 1.0;
            if let Some(part) = facts.ring_seconds {
                assert!(f64::from(part) <= before, "{name}: {facts:?}");
            }
            checked += 1;
        }
    });
    assert!(checked > 150, "only {checked}");
}

#[test]
fn what_an_answer_and_a_hangup_need_stands_in_them() {
    for_every_recording(|name, published| {
        for event in published {
            let facts = &event.facts;
            assert!(facts.caller_leg.is_some(), "{name}: {event:?}");
            match &event.kind {
                EventKind::Answer { answered_by: AnsweredBy::User(user) } => {
                    let leg = facts.leg.as_ref().unwrap_or_else(|| panic!("{name}: {event:?}"));
                    assert!(leg.channel.starts_with(&user.endpoint), "{name}: {event:?}");
                }
                EventKind::Transfer { transfer_target, .. } => {
                    assert!(transfer_target.is_some(), "{name}: {event:?}");
                }
                _ => {}
            }
        }
    });
}

/// The events, a line each, without what differs between releases that carry the same call.
fn text(published: &[CallEvent]) -> String {
    let mut calls = Vec::new();
    let mut written: Vec<(usize, bool, String)> = Vec::new();
    for event in published {
        if !calls.contains(&event.call) {
            calls.push(event.call.clone());
        }
        let mut lines = String::new();
        let number = |call: &String| calls.iter().position(|known| known == call).map_or(0, |at| at + 1);
        let _ = write!(lines, "${} {}{}", number(&event.call), event.kind.name(), details(event));
        let facts = &event.facts;
        if let Some(leg) = &facts.leg {
            let _ = write!(lines, " on {}", endpoint(&leg.channel));
        }
        if let (Some(leg), EventKind::NewCall { .. } | EventKind::Hangup { .. }) =
            (&facts.caller_leg, &event.kind)
        {
            let _ = write!(lines, " for {}", endpoint(&leg.channel));
        }
        if let Some(by) = facts.hung_up_by {
            let _ = write!(lines, " by {}", by.as_str());
        }
        for (word, call) in [("absorbed", &facts.absorbed_call), ("into", &facts.absorbed_by)] {
            if let Some(call) = call {
                let _ = write!(lines, " {word} ${}", number(call));
            }
        }
        let is_main = matches!(
            event.kind,
            EventKind::NewCall { .. }
                | EventKind::Answer { .. }
                | EventKind::Hold { .. }
                | EventKind::Unhold { .. }
                | EventKind::Transfer { .. }
                | EventKind::Hangup { .. }
        );
        written.push((number(&event.call), !is_main, lines));
    }
    // In which order phones ring and stop, calls overlap, and details come, is not the same twice on one release.
    written.sort_by(|left, right| {
        (left.0, left.1).cmp(&(right.0, right.1)).then_with(|| match left.1 {
            true => left.2.cmp(&right.2),
            false => std::cmp::Ordering::Equal,
        })
    });
    written.into_iter().map(|(_, _, line)| format!("{line}\n")).collect()
}

/// The room of a conference, unless the PBX made up a number for it.
fn room(conference: &Option<String>) -> Option<String> {
    conference.as_ref().map(|room| if room.len() > 6 { "made-up".to_owned() } else { room.clone() })
}

/// The endpoint of a channel without its technology, which differs: a PJSIP phone is a SIP phone up to 11.
fn endpoint(channel: &str) -> &str {
    let name = channel.split_once('/').map_or(channel, |(_, name)| name);
    name.rsplit_once('-').map_or(name, |(name, _)| name)
}

fn details(event: &CallEvent) -> String {
    let word = |text: &Option<String>| text.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
    let user =
        |user: &Option<Party>| user.as_ref().map(|user| format!(" {}", user.label())).unwrap_or_default();
    match &event.kind {
        EventKind::NewCall { users } => {
            let users: Vec<_> = users.iter().map(Party::label).collect();
            format!(" {} {} to {} [{}]", event.direction.as_str(), event.from, event.to, users.join(", "))
        }
        EventKind::RingingStopped { user, reason } => format!(" {} {}", user.label(), reason.as_str()),
        EventKind::Answer { answered_by } => match answered_by {
            AnsweredBy::User(party) => format!(" {}", party.label()),
            AnsweredBy::Number { number } => format!(" {number}"),
            AnsweredBy::Voicemail => " voicemail".to_owned(),
            AnsweredBy::Conference => " conference".to_owned(),
        },
        EventKind::Transfer { kind, user: by, transfer_target } => {
            format!(" {kind:?}{} to{}", user(by), word(transfer_target))
        }
        EventKind::Forwarded { user, forwarded_to } => format!(" {} to{}", user.label(), word(forwarded_to)),
        EventKind::QueueEntered { position } => format!("{} {}", word(&event.queue), position.unwrap_or(0)),
        EventKind::QueueLeft { reason, position } => {
            format!("{} {} {}", word(&event.queue), reason.as_str(), position.unwrap_or(0))
        }
        EventKind::Parked { user: by, parking_lot, space, timeout_seconds } => {
            format!("{}{}{} {timeout_seconds:?}", user(by), word(parking_lot), word(space))
        }
        EventKind::Unparked { reason, user: by, parking_lot, space } => {
            format!(" {}{}{}{}", reason.as_str(), user(by), word(parking_lot), word(space))
        }
        EventKind::ConferenceJoined { conference, user: by }
        | EventKind::ConferenceLeft { conference, user: by } => {
            format!("{}{}", word(&room(conference)), user(by))
        }
        EventKind::RecordingStarted { file } | EventKind::RecordingStopped { file } => word(file),
        EventKind::VoicemailLeft { mailbox, new_messages, old_messages } => {
            format!(" {mailbox} {new_messages:?} {old_messages:?}")
        }
        EventKind::Hangup { cause, .. } => format!(" {}", cause.as_str()),
        kind @ (EventKind::Ringing { .. }
        | EventKind::Hold { .. }
        | EventKind::Unhold { .. }
        | EventKind::Dtmf { .. }) => user(&kind.user().cloned()),
    }
}

/// A process that ends while a phone rings: the next one publishes that it stopped, and how long it rang.
#[test]
fn a_phone_that_rings_over_a_restart_stops_after_it() {
    let events = follow_scenario_fully(
        &Rules::new("pbx"),
        "at 0
         Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Channel=PJSIP/trunk-1  Uniqueid=1.0  DestChannel=PJSIP/alice-2  DestUniqueid=1.1
         Newstate  Channel=PJSIP/alice-2  ChannelState=5  Uniqueid=1.1
         at 1
         restart
         connect 9.0.0
         CoreShowChannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial  ApplicationData=PJSIP/alice
         CoreShowChannel  Channel=PJSIP/alice-2  ChannelState=5  Uniqueid=1.1  Linkedid=1.0  Application=AppDial
         CoreShowChannelsComplete  ListItems=2
         at 5
         HangupRequest  Channel=PJSIP/trunk-1  Uniqueid=1.0
         DialEnd  Channel=PJSIP/trunk-1  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         Hangup  Channel=PJSIP/alice-2  Uniqueid=1.1  Cause=0
         Hangup  Channel=PJSIP/trunk-1  Uniqueid=1.0  Cause=0",
    );
    let expected = "1.0 newCall: in 4917 to 100 [PJSIP/alice]\n\
                    1.0 ringing: PJSIP/alice\n\
                    1.0 ringingStopped: PJSIP/alice gaveUp\n\
                    1.0 hangup: cancel\n";
    assert_eq!(events, expected);
}
