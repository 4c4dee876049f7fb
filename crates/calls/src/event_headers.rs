//! The headers of one event, found once.

use std::borrow::Cow;

use ringwire_ami::Packet;

use crate::limits::bounded;
use crate::model::ChannelState;

/// How many headers are kept at hand; an event of a channel has about twenty, with variables some more.
const AT_HAND: usize = 48;

/// An event whose headers are looked up many times.
pub(crate) struct EventHeaders<'a> {
    packet: &'a Packet,
    headers: [(&'a [u8], &'a [u8]); AT_HAND],
    count: usize,
    forged: bool,
}

impl<'a> EventHeaders<'a> {
    pub(crate) fn read(packet: &'a Packet) -> Self {
        let mut event = Self { packet, headers: [(b"", b""); AT_HAND], count: 0, forged: false };
        let mut identity = [false; 4];
        let mut blocks = ChannelBlocks::default();
        for (key, value) in packet.headers() {
            blocks.take(key);
            if let Some(seen) = which_identity(key).and_then(|which| identity.get_mut(which)) {
                event.forged |= std::mem::replace(seen, true);
            }
            if let Some(slot) = event.headers.get_mut(event.count) {
                *slot = (key, value);
            }
            event.count += 1;
        }
        event.forged |= blocks.has_one_without_beginning();
        event
    }

    /// Whether a header that identifies the event comes twice, or the block of another channel has its end and not its
    /// beginning: Asterisk writes each header once and blocks whole, so a caller has put in another header, or the
    /// beginning of an event that the rest of the true one follows (AMI notes 5).
    pub(crate) fn is_forged(&self) -> bool {
        self.forged
    }

    pub(crate) fn name(&self) -> &[u8] {
        self.packet.event_name().unwrap_or_default()
    }

    pub(crate) fn packet(&self) -> &'a Packet {
        self.packet
    }

    /// The first headers, keys with values: nearly always all.
    pub(crate) fn at_hand(&self) -> &[(&'a [u8], &'a [u8])] {
        self.headers.get(..self.count.min(AT_HAND)).unwrap_or_default()
    }

    /// The value of the first header named `key`, case ignored.
    pub(crate) fn get(&self, key: &str) -> Option<&'a [u8]> {
        let found = self.at_hand().iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()));
        match found {
            Some((_, value)) => Some(value),
            None if self.count > AT_HAND => self.packet.get(key),
            None => None,
        }
    }

    /// The same as text, as far as that is kept; `None` where it is not known.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        Some(bounded(key, self.packet.decode(key, self.get(key)?)?))
    }

    /// The channel's state, by number or by name.
    pub(crate) fn channel_state(&self) -> Option<ChannelState> {
        ["ChannelState", "State", "ChannelStateDesc"]
            .iter()
            .find_map(|key| ChannelState::parse(&self.text(key)?))
    }
}

/// The blocks that an event has of other channels, as Asterisk writes them since 12: `DestChannel`, `DestChannelState` … to
/// `DestLinkedid`. Their order does not count, for what stands between may have sorted them; what a caller can write has
/// no room for all of a block.
#[derive(Default)]
struct ChannelBlocks<'a> {
    /// The prefix of each block, and which of [`BLOCK_MARKS`] were read of it.
    blocks: [(&'a [u8], u8); MOST_BLOCKS],
    count: usize,
    has_more: bool,
}

/// The headers by which a block is known to be whole: two of its beginning, and its last one.
const BLOCK_MARKS: [&[u8]; 3] = [b"ChannelState", b"CallerIDNum", b"Linkedid"];

/// All of [`BLOCK_MARKS`], and the last of them.
const WHOLE: u8 = 0b111;
const END: u8 = 0b100;

/// No event has more blocks of other channels: a transfer has six.
const MOST_BLOCKS: usize = 8;

impl<'a> ChannelBlocks<'a> {
    /// Takes the next key. That of an event's own channel needs no such look: with its end behind a forged beginning, its
    /// Uniqueid comes twice.
    fn take(&mut self, key: &'a [u8]) {
        let mark = match key.last() {
            Some(b'e' | b'E') => 0,
            Some(b'm' | b'M') => 1,
            Some(b'd' | b'D') => 2,
            _ => return,
        };
        let Some(name) = BLOCK_MARKS.get(mark) else { return };
        let Some((prefix, end)) =
            key.len().checked_sub(name.len()).and_then(|length| key.split_at_checked(length))
        else {
            return;
        };
        if prefix.is_empty() || !end.eq_ignore_ascii_case(name) {
            return;
        }
        let known = self.blocks.get_mut(..self.count).unwrap_or_default();
        if let Some((_, read)) = known.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(prefix)) {
            *read |= 1 << mark;
        } else if let Some(slot) = self.blocks.get_mut(self.count) {
            *slot = (prefix, 1 << mark);
            self.count += 1;
        } else {
            self.has_more = true;
        }
    }

    fn has_one_without_beginning(&self) -> bool {
        let blocks = self.blocks.get(..self.count).unwrap_or_default();
        self.has_more || blocks.iter().any(|(_, read)| read & END != 0 && *read != WHOLE)
    }
}

fn which_identity(key: &[u8]) -> Option<usize> {
    const IDENTITY: [&[u8]; 4] = [b"Event", b"Channel", b"Uniqueid", b"Linkedid"];
    IDENTITY.iter().position(|name| key.eq_ignore_ascii_case(name))
}
