//! Text of the manager interface with holes for what differs from call to call.

use std::io::Write;

use memchr::memmem::find;

/// What is filled into a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// The caller's number.
    Number,
    /// The Uniqueid of the leg with this index.
    Uniqueid(u64),
    /// The serial at the end of the channel name of the leg with this index.
    Serial(u64),
    /// The id of the bridge with this index.
    Bridge(u64),
    /// Since when the call goes, as `00:00:07`.
    Duration,
    /// Since when the call goes, in seconds.
    Seconds,
    /// The place of the caller in the queue.
    Position,
}

/// What fills the holes of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filling {
    /// The caller's number.
    pub(super) number: u64,
    /// The second in which the PBX was started.
    pub(super) epoch: i64,
    /// How many channels there were before the call's first.
    pub(super) first_leg: u64,
    /// The number of the call.
    pub(super) call: u64,
    /// Since when the call goes, in seconds.
    pub(super) seconds: u64,
    /// The place of the caller in the queue.
    pub(super) position: usize,
}

impl Filling {
    /// The Uniqueid of the leg with this index, in the form of the recordings.
    pub(super) fn uniqueid(&self, leg: u64) -> String {
        format!("pbx1-{}.{}", self.epoch, self.first_leg + leg)
    }
}

/// Text with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<(Vec<u8>, Option<Hole>)>,
}

impl Template {
    /// `text`, with a hole wherever one of `tokens` stands.
    pub(super) fn new(text: &[u8], tokens: &[(Vec<u8>, Hole)]) -> Self {
        let (mut parts, mut plain) = (Vec::new(), text.to_vec());
        // Where each token stands first, and of those that stand in one place the longest.
        let first = |text: &[u8]| {
            let places =
                tokens.iter().filter_map(|(token, hole)| Some((find(text, token)?, token.len(), *hole)));
            places.min_by_key(|(at, length, _)| (*at, usize::MAX - length))
        };
        while let Some((at, length, hole)) = first(&plain) {
            let rest = plain.split_off(at + length);
            plain.truncate(at);
            parts.push((std::mem::replace(&mut plain, rest), Some(hole)));
        }
        parts.push((plain, None));
        Self { parts }
    }

    /// The text, appended to `out`.
    pub(super) fn fill(&self, filling: &Filling, out: &mut Vec<u8>) {
        for (text, hole) in &self.parts {
            out.extend_from_slice(text);
            if let Some(hole) = hole {
                write(*hole, filling, out);
            }
        }
    }

    /// The text for one call.
    pub(super) fn text(&self, filling: &Filling) -> Vec<u8> {
        let mut out = Vec::new();
        self.fill(filling, &mut out);
        out
    }
}

fn write(hole: Hole, filling: &Filling, out: &mut Vec<u8>) {
    let Filling { number, epoch, first_leg, call, seconds, position } = *filling;
    let written = match hole {
        Hole::Number => write!(out, "{number}"),
        Hole::Uniqueid(leg) => write!(out, "pbx1-{epoch}.{}", first_leg + leg),
        Hole::Serial(leg) => write!(out, "{:08x}", (first_leg + leg) & 0xffff_ffff),
        // Asterisk's are random; these are as unlikely to be met twice, and the same for the same seed.
        Hole::Bridge(bridge) => {
            write!(out, "{:08x}-0000-4000-8{bridge:03x}-{call:012x}", epoch & 0xffff_ffff)
        }
        Hole::Duration => {
            write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        Hole::Seconds => write!(out, "{seconds}"),
        Hole::Position => write!(out, "{position}"),
    };
    // Nothing fails to be appended to a vector.
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_what_the_call_has() {
        let tokens = [
            (b"1.12".to_vec(), Hole::Uniqueid(1)),
            (b"1.1".to_vec(), Hole::Uniqueid(0)),
            (b"x-00000001".to_vec(), Hole::Serial(0)),
            (b"491761234567".to_vec(), Hole::Number),
            (b"uuid".to_vec(), Hole::Bridge(0)),
        ];
        let template = Template::new(b"a: 1.1\r\nb: 1.12\r\nc: x-00000001 491761234567 uuid", &tokens);
        let filling = Filling { number: 7, epoch: 9, first_leg: 30, call: 2, ..Filling::default() };
        let expected = "a: pbx1-9.30\r\nb: pbx1-9.31\r\nc: 0000001e 7 00000009-0000-4000-8000-000000000002";
        assert_eq!(String::from_utf8(template.text(&filling)).unwrap(), expected);
        assert_eq!(filling.uniqueid(1), "pbx1-9.31");
    }
}
