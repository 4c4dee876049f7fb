//! The recorded calls from which the scenarios are made.

use std::time::Duration;

use memchr::memmem::find;

/// The number of the caller in the recordings.
pub(super) const CALLER: &[u8] = b"491761234567";

/// One call of a real Asterisk 22, as one client received it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordedCall {
    /// The name of the recording.
    pub(super) name: &'static str,
    /// The share of such calls, in percent.
    pub(super) share: u32,
    bytes: &'static [u8],
    times: &'static str,
}

macro_rules! recorded {
    ($name:literal, $share:literal) => {
        RecordedCall {
            name: $name,
            share: $share,
            bytes: include_bytes!(concat!("../../../../tests/fixtures/captures/22/", $name, ".ami")),
            times: include_str!(concat!("../../../../tests/fixtures/captures/22/", $name, ".ami.times")),
        }
    };
}

/// The recorded inbound calls.
pub(super) const CALLS: [RecordedCall; 7] = [
    recorded!("inbound-answered", 25),
    recorded!("inbound-callee-hangs-up", 25),
    recorded!("inbound-caller-cancels", 15),
    recorded!("inbound-busy", 10),
    recorded!("queue-answered", 10),
    recorded!("queue-agent-hangs-up", 10),
    recorded!("queue-abandoned", 5),
];

/// An event of a recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordedEvent {
    /// The time since the beginning of the recording.
    pub(super) at: Duration,
    /// Its lines, without the empty line at its end.
    pub(super) text: &'static [u8],
}

impl RecordedEvent {
    /// The headers, in order.
    pub(super) fn headers(self) -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
        self.text.split(|byte| *byte == b'\n').filter_map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            Some((name, value.strip_prefix(b": ").or(value.strip_prefix(b":")).unwrap_or_default()))
        })
    }

    /// The first value of `name`, or empty.
    pub(super) fn get(self, name: &str) -> &'static [u8] {
        self.headers().find(|(known, _)| *known == name.as_bytes()).map_or(&[], |(_, value)| value)
    }

    /// The event's name.
    pub(super) fn name(self) -> &'static [u8] {
        self.get("Event")
    }
}

impl RecordedCall {
    /// The events from the first channel on. The packets before them were meant for the recording client alone.
    pub(super) fn events(self) -> Vec<RecordedEvent> {
        const END: &[u8] = b"\r\n\r\n";
        let times: Vec<(usize, Duration)> = self
            .times
            .lines()
            .filter_map(|line| {
                let (offset, seconds) = line.split_once(' ')?;
                Some((offset.parse().ok()?, Duration::from_secs_f64(seconds.parse().ok()?)))
            })
            .collect();
        let (mut events, mut start, mut rest) = (Vec::new(), 0, self.bytes);
        while let Some(length) = find(rest, END) {
            let (text, tail) = rest.split_at(length);
            let end = start + length;
            let at =
                times.iter().take_while(|(offset, _)| *offset <= end).last().map_or(Duration::ZERO, |t| t.1);
            let event = RecordedEvent { at, text };
            if text.starts_with(b"Event: ") && (!events.is_empty() || event.name() == b"Newchannel") {
                events.push(event);
            }
            rest = tail.strip_prefix(END).unwrap_or_default();
            start = end + END.len();
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recording_is_one_complete_call() {
        for recorded in CALLS {
            let events = recorded.events();
            let count = |name: &[u8]| events.iter().filter(|event| event.name() == name).count();
            assert_eq!(events[0].name(), b"Newchannel", "{}", recorded.name);
            assert_eq!(events[0].get("CallerIDNum"), CALLER, "{}", recorded.name);
            assert_eq!(count(b"Newchannel"), count(b"Hangup"), "{}", recorded.name);
            assert!(events.is_sorted_by_key(|event| event.at), "{}", recorded.name);
        }
        assert_eq!(CALLS.iter().map(|recorded| recorded.share).sum::<u32>(), 100);
    }
}
