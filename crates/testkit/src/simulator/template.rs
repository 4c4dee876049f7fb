//! Packets with placeholders for the values that differ from call to call.

use std::io::Write;

use memchr::memmem::find;

/// A value that differs from call to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// The caller's number.
    Number,
    /// The Uniqueid of the channel with this index.
    Uniqueid(u64),
    /// The serial number in the name of the channel with this index.
    Serial(u64),
    /// The id of the bridge with this index.
    Bridge(u64),
    /// The duration of the call, as `00:00:07`.
    Duration,
    /// The duration of the call, in seconds.
    Seconds,
    /// The position of the caller in the queue.
    Position,
}

/// The values of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CallValues {
    /// The caller's number.
    pub(super) number: u64,
    /// When the PBX was started, in seconds since 1970.
    pub(super) epoch: i64,
    /// The number of channels created before the call's first.
    pub(super) first_channel: u64,
    /// The number of the call.
    pub(super) call: u64,
    /// The duration of the call, in seconds.
    pub(super) seconds: u64,
    /// The position of the caller in the queue.
    pub(super) position: usize,
}

impl CallValues {
    /// The Uniqueid of the leg with this index, in the form of the recordings.
    pub(super) fn uniqueid(&self, leg: u64) -> String {
        format!("pbx1-{}.{}", self.epoch, self.first_channel + leg)
    }
}

/// Text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<(Vec<u8>, Option<Placeholder>)>,
}

impl Template {
    /// Replaces each of `tokens` in `text` by its placeholder.
    pub(super) fn new(text: &[u8], tokens: &[(Vec<u8>, Placeholder)]) -> Self {
        let (mut parts, mut plain) = (Vec::new(), text.to_vec());
        // The first token in the text, and the longest of several at one position.
        let first = |text: &[u8]| {
            let places = tokens
                .iter()
                .filter_map(|(token, placeholder)| Some((find(text, token)?, token.len(), *placeholder)));
            places.min_by_key(|(at, length, _)| (*at, usize::MAX - length))
        };
        while let Some((at, length, placeholder)) = first(&plain) {
            let rest = plain.split_off(at + length);
            plain.truncate(at);
            parts.push((std::mem::replace(&mut plain, rest), Some(placeholder)));
        }
        parts.push((plain, None));
        Self { parts }
    }

    /// Appends the text of one call to `out`.
    pub(super) fn render(&self, values: &CallValues, out: &mut Vec<u8>) {
        for (text, placeholder) in &self.parts {
            out.extend_from_slice(text);
            if let Some(placeholder) = placeholder {
                write(*placeholder, values, out);
            }
        }
    }

    /// The text of one call.
    pub(super) fn to_bytes(&self, values: &CallValues) -> Vec<u8> {
        let mut out = Vec::new();
        self.render(values, &mut out);
        out
    }
}

fn write(placeholder: Placeholder, values: &CallValues, out: &mut Vec<u8>) {
    let CallValues { number, epoch, first_channel, call, seconds, position } = *values;
    let written = match placeholder {
        Placeholder::Number => write!(out, "{number}"),
        Placeholder::Uniqueid(leg) => write!(out, "pbx1-{epoch}.{}", first_channel + leg),
        Placeholder::Serial(leg) => write!(out, "{:08x}", (first_channel + leg) & 0xffff_ffff),
        // Asterisk's ids are random; these are as unique, and the same for the same seed.
        Placeholder::Bridge(bridge) => {
            write!(out, "{:08x}-0000-4000-8{bridge:03x}-{call:012x}", epoch & 0xffff_ffff)
        }
        Placeholder::Duration => {
            write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        Placeholder::Seconds => write!(out, "{seconds}"),
        Placeholder::Position => write!(out, "{position}"),
    };
    // Writing to a vector never fails.
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_by_the_values_of_the_call() {
        let tokens = [
            (b"1.12".to_vec(), Placeholder::Uniqueid(1)),
            (b"1.1".to_vec(), Placeholder::Uniqueid(0)),
            (b"x-00000001".to_vec(), Placeholder::Serial(0)),
            (b"491761234567".to_vec(), Placeholder::Number),
            (b"uuid".to_vec(), Placeholder::Bridge(0)),
        ];
        let template = Template::new(b"a: 1.1\r\nb: 1.12\r\nc: x-00000001 491761234567 uuid", &tokens);
        let values = CallValues { number: 7, epoch: 9, first_channel: 30, call: 2, ..CallValues::default() };
        let expected = "a: pbx1-9.30\r\nb: pbx1-9.31\r\nc: 0000001e 7 00000009-0000-4000-8000-000000000002";
        assert_eq!(String::from_utf8(template.to_bytes(&values)).unwrap(), expected);
        assert_eq!(values.uniqueid(1), "pbx1-9.31");
    }
}
