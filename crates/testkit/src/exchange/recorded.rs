//! The recorded calls that all others are made from.

use std::time::Duration;

use memchr::memmem::find;

/// The number of the caller in the recordings.
pub(super) const CALLER: &[u8] = b"491761234567";

/// One call of a real Asterisk 22, as one client received it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    /// How it is called among the recordings.
    pub(super) name: &'static str,
    /// How many calls in a hundred go like this.
    pub(super) share: u32,
    bytes: &'static [u8],
    times: &'static str,
}

macro_rules! recorded {
    ($name:literal, $share:literal) => {
        Recorded {
            name: $name,
            share: $share,
            bytes: include_bytes!(concat!("../../../../tests/fixtures/captures/22/", $name, ".ami")),
            times: include_str!(concat!("../../../../tests/fixtures/captures/22/", $name, ".ami.times")),
        }
    };
}

/// What happens to calls from outside, and how often.
pub(super) const CALLS: [Recorded; 7] = [
    recorded!("inbound-answered", 25),
    recorded!("inbound-callee-hangs-up", 25),
    recorded!("inbound-caller-cancels", 15),
    recorded!("inbound-busy", 10),
    recorded!("queue-answered", 10),
    recorded!("queue-agent-hangs-up", 10),
    recorded!("queue-abandoned", 5),
];

/// An event as it was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// When, counted from the beginning of the recording.
    pub(super) at: Duration,
    /// Its lines, without the empty one that ends it.
    pub(super) text: &'static [u8],
}

impl Event {
    /// The headers, in order.
    pub(super) fn headers(self) -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
        self.text.split(|byte| *byte == b'\n').filter_map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            Some((name, value.strip_prefix(b": ").or(value.strip_prefix(b":")).unwrap_or_default()))
        })
    }

    /// The first value of `name`; empty where there is none.
    pub(super) fn get(self, name: &str) -> &'static [u8] {
        self.headers().find(|(known, _)| *known == name.as_bytes()).map_or(&[], |(_, value)| value)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static [u8] {
        self.get("Event")
    }
}

impl Recorded {
    /// The events from the first channel on: what comes before them was said to that client alone.
    pub(super) fn events(self) -> Vec<Event> {
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
            let event = Event { at, text };
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
    fn each_recording_is_one_call_from_its_first_channel_to_its_last_hangup() {
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
