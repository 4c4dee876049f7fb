//! Reading recordings, and writing calls by hand.

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{AmiVersion, Codec, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Explanation, Party};
use tokio_util::codec::Decoder;

/// Where the recordings are.
pub(crate) fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures")
}

/// Where the recordings of calls in offices are.
pub(crate) fn offices() -> PathBuf {
    captures().with_file_name("offices")
}

/// The frames of a stream, each with the offset of its end.
pub(crate) fn frames(bytes: &[u8]) -> Vec<(Frame, u64)> {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(bytes);
    let mut frames = Vec::new();
    loop {
        match codec.decode_eof(&mut buffer) {
            Ok(Some(frame)) => frames.push((frame, (bytes.len() - buffer.len()) as u64)),
            Ok(None) => return frames,
            Err(error) => panic!("a recording does not frame: {error}"),
        }
    }
}

/// The clock that a `.times` file gives: for each chunk received, its offset and seconds since the connection.
pub(crate) struct Times(Vec<(u64, f64)>);

impl Times {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(offset, seconds)| (offset.parse().unwrap(), seconds.parse().unwrap()))
                .collect(),
        )
    }

    /// When the byte before `end` was received.
    pub(crate) fn at(&self, end: u64) -> Timestamp {
        let next = self.0.partition_point(|(offset, _)| *offset < end);
        let seconds = self.0[next.saturating_sub(1)].1;
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds)
    }
}

/// What a tracker with `rules` says of streams, one connection each.
pub(crate) fn follow(rules: Rules, connections: &[(&[u8], Option<&Times>)]) -> Vec<CallEvent> {
    let mut tracker = Tracker::new(rules);
    let mut published = Vec::new();
    for (bytes, times) in connections {
        published.extend(follow_frames(&mut tracker, frames(bytes), *times));
    }
    published
}

/// What a tracker publishes about frames, each with the offset of its end, and until nothing is due any more.
pub(crate) fn follow_frames(
    tracker: &mut Tracker,
    frames: impl IntoIterator<Item = (Frame, u64)>,
    times: Option<&Times>,
) -> Vec<CallEvent> {
    let mut published = Vec::new();
    for (frame, end) in frames {
        let now = times.map(|times| times.at(end));
        match frame {
            Frame::Banner(version) => tracker.connected(version, now),
            Frame::Packet(packet) => tracker.apply(&packet, now),
        }
        published.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    while let Some(due) = times.and_then(|_| tracker.next_deadline()) {
        tracker.tick(due);
    }
    published.extend(std::iter::from_fn(|| tracker.poll_event()));
    published
}

/// What a tracker publishes about a call written by hand, a line an event.
///
/// Each line of `scenario` is an event, its headers set apart by two blanks: `Newchannel  Channel=SIP/a-1  Uniqueid=1.0`.
/// A line `at 1.5` sets the clock, `connect 1.3` begins a connection, and with `restart` another tracker takes up what
/// the one before it published.
pub(crate) fn follow_scenario(rules: &Rules, scenario: &str) -> String {
    play(rules, scenario, None, false)
}

/// The same with every event: [`follow_scenario`] leaves out what follows from the others.
pub(crate) fn follow_scenario_fully(rules: &Rules, scenario: &str) -> String {
    play(rules, scenario, None, true)
}

/// The events that a tracker publishes about such a call.
pub(crate) fn follow_scenario_events(rules: &Rules, scenario: &str) -> Vec<CallEvent> {
    let mut published = Vec::new();
    play_into(rules, scenario, None, true, &mut published);
    published
}

/// What a tracker decides about such a call: a line a step, but for those that an event was published, by call.
pub(crate) fn explain(rules: &Rules, scenario: &str) -> String {
    let mut explanations = Vec::new();
    play(rules, scenario, Some(&mut explanations), false);
    explanations.sort_by(|left, right| left.uniqueid.cmp(&right.uniqueid));
    let mut lines = String::new();
    for explanation in explanations {
        for step in explanation.steps().into_iter().filter(|step| step.event.is_none()) {
            let rule = step.rule.map(|rule| rule.to_string()).unwrap_or_default();
            let (decision, text) = (step.decision.as_str(), step.text);
            lines.push_str(&format!("{} {decision}: {text} [{rule}]\n", explanation.uniqueid));
        }
    }
    lines
}

fn play(rules: &Rules, scenario: &str, explanations: Option<&mut Vec<Explanation>>, is_full: bool) -> String {
    play_into(rules, scenario, explanations, is_full, &mut Vec::new())
}

fn play_into(
    rules: &Rules,
    scenario: &str,
    mut explanations: Option<&mut Vec<Explanation>>,
    is_full: bool,
    published: &mut Vec<CallEvent>,
) -> String {
    let explain = explanations.is_some();
    let mut tracker = Tracker::new(rules.clone());
    tracker.explain(explain);
    let mut version = AmiVersion::NEWEST;
    let mut now = None;
    let mut lines = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(seconds) = line.strip_prefix("at ") {
            let time = Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds.parse().unwrap());
            tracker.tick(time);
            now = Some(time);
        } else if let Some(banner) = line.strip_prefix("connect ") {
            version = AmiVersion::parse(banner.as_bytes()).unwrap();
            tracker.connected(version, now);
        } else if line == "restart" {
            if let Some(explanations) = &mut explanations {
                explanations.extend(tracker.take_unfinished_explanations());
            }
            tracker = Tracker::new(rules.clone());
            tracker.explain(explain);
            tracker.resume(published, &[]);
        } else {
            let mut parts = line.split("  ").map(str::trim).filter(|part| !part.is_empty());
            let name = parts.next().unwrap();
            let mut text = match name {
                "Response" => "Response: Success\r\n".to_owned(),
                event => format!("Event: {event}\r\n"),
            };
            for (key, value) in parts.map(|part| part.split_once('=').unwrap()) {
                text.push_str(&format!("{key}: {value}\r\n"));
            }
            tracker.apply(&Packet::new(Bytes::from(text), version).unwrap(), now);
        }
        if let Some(explanations) = &mut explanations {
            explanations.extend(std::iter::from_fn(|| tracker.poll_explanation()));
        }
        while let Some(event) = tracker.poll_event() {
            if is_full || is_main(&event.kind) {
                lines.push_str(&summary(&event));
                lines.push('\n');
            }
            published.push(event);
        }
    }
    if let Some(explanations) = &mut explanations {
        explanations.extend(tracker.take_unfinished_explanations());
    }
    lines
}

/// Whether an event is more than a detail of what others tell.
fn is_main(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::NewCall { .. }
            | EventKind::Ringing { .. }
            | EventKind::Answer { .. }
            | EventKind::Hold { .. }
            | EventKind::Unhold { .. }
            | EventKind::Transfer { .. }
            | EventKind::Hangup { .. }
    )
}

fn summary(event: &CallEvent) -> String {
    let label =
        |party: &Option<Party>| party.as_ref().map_or("?".to_owned(), |party| party.label().to_owned());
    let what = match &event.kind {
        EventKind::NewCall { users } => {
            let users = users.iter().map(Party::label).collect::<Vec<_>>().join(", ");
            let queue = event.queue.as_ref().map(|queue| format!(" queue {queue}")).unwrap_or_default();
            format!("{} {} to {} [{users}]{queue}", event.direction.as_str(), event.from, event.to)
        }
        EventKind::RingingStopped { user, reason } => format!("{} {}", user.label(), reason.as_str()),
        EventKind::Answer { answered_by } => took(answered_by),
        EventKind::Transfer { kind, user, transfer_target } => {
            format!("{kind:?} by {} to {}", label(user), transfer_target.as_deref().unwrap_or("?"))
        }
        EventKind::Hangup { cause, .. } => cause.as_str().to_owned(),
        EventKind::Forwarded { user, forwarded_to } => {
            format!("{} to {}", user.label(), forwarded_to.as_deref().unwrap_or("?"))
        }
        EventKind::QueueEntered { position } => {
            format!("{} {position:?}", event.queue.as_deref().unwrap_or("?"))
        }
        EventKind::QueueLeft { reason, .. } => {
            format!("{} {}", event.queue.as_deref().unwrap_or("?"), reason.as_str())
        }
        EventKind::Parked { user, space, .. } => {
            format!("at {} by {}", space.as_deref().unwrap_or("?"), label(user))
        }
        EventKind::Unparked { reason, user, .. } => format!("{} by {}", reason.as_str(), label(user)),
        EventKind::ConferenceJoined { conference, user } | EventKind::ConferenceLeft { conference, user } => {
            format!("{} {}", conference.as_deref().unwrap_or("?"), label(user))
        }
        EventKind::RecordingStarted { file } | EventKind::RecordingStopped { file } => {
            file.clone().unwrap_or_else(|| "?".to_owned())
        }
        EventKind::VoicemailLeft { mailbox, new_messages, .. } => format!("{mailbox} {new_messages:?}"),
        kind @ (EventKind::Ringing { .. }
        | EventKind::Hold { .. }
        | EventKind::Unhold { .. }
        | EventKind::Dtmf { .. }) => label(&kind.user().cloned()),
    };
    let recovered = if event.recovered { " (recovered)" } else { "" };
    format!("{} {}: {what}{recovered}", event.call, event.kind.name())
}

fn took(answered_by: &AnsweredBy) -> String {
    match answered_by {
        AnsweredBy::User(party) => {
            format!("{} at {}", party.label(), party.extension.as_deref().unwrap_or("?"))
        }
        AnsweredBy::Number { number } => format!("number {number}"),
        AnsweredBy::Voicemail => "voicemail".to_owned(),
        AnsweredBy::Conference => "conference".to_owned(),
    }
}
