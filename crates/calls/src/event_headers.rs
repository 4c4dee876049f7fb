//! The headers of one event, found once.

use std::borrow::Cow;

use ringwire_ami::Packet;

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
        let mut block = Block::default();
        for (key, value) in packet.headers() {
            event.forged |= block.ends_without_beginning(key);
            if let Some(seen) = which_identity(key).and_then(|which| identity.get_mut(which)) {
                event.forged |= std::mem::replace(seen, true);
            }
            if let Some(slot) = event.headers.get_mut(event.count) {
                *slot = (key, value);
            }
            event.count += 1;
        }
        event
    }

    /// Whether a header that identifies the event comes twice, or the block of another channel ends that did not begin:
    /// Asterisk writes each header once and blocks whole, so a caller has put in another header, or the beginning of an
    /// event that the rest of the true one follows (AMI notes 5).
    pub(crate) fn is_forged(&self) -> bool {
        self.forged
    }

    pub(crate) fn name(&self) -> &[u8] {
        self.packet.event_name().unwrap_or_default()
    }

    /// The value of the first header named `key`, case ignored.
    pub(crate) fn get(&self, key: &str) -> Option<&'a [u8]> {
        let at_hand = self.headers.get(..self.count.min(AT_HAND)).unwrap_or_default();
        let found = at_hand.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()));
        match found {
            Some((_, value)) => Some(value),
            None if self.count > AT_HAND => self.packet.get(key),
            None => None,
        }
    }

    /// The same as text; `None` where it is not known.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.packet.decode(key, self.get(key)?)
    }

    /// The channel's state, by number or by name.
    pub(crate) fn channel_state(&self) -> Option<ChannelState> {
        ["ChannelState", "State", "ChannelStateDesc"]
            .iter()
            .find_map(|key| ChannelState::parse(&self.text(key)?))
    }
}

/// How much of a channel's block was read, as Asterisk writes them since 12: `DestChannel`, `DestChannelState` … to
/// `DestLinkedid`. What a caller can write has no room for all of these.
#[derive(Default)]
struct Block {
    prefix: usize,
    headers_read: u8,
}

impl Block {
    /// Takes the next key; whether it ends a block of which the channel's state and number were not read. That of an
    /// event's own channel needs no such look: with its end behind a forged beginning, its Uniqueid comes twice.
    fn ends_without_beginning(&mut self, key: &[u8]) -> bool {
        let prefix = |mark: &[u8]| {
            let prefix = key.len().checked_sub(mark.len())?;
            key.get(prefix..)?.eq_ignore_ascii_case(mark).then_some(prefix)
        };
        match key.last() {
            Some(b'e') => {
                if let Some(prefix) = prefix(b"ChannelState") {
                    *self = Self { prefix, headers_read: 1 };
                }
            }
            Some(b'm') if self.headers_read == 1 && prefix(b"CallerIDNum") == Some(self.prefix) => {
                self.headers_read = 2;
            }
            Some(b'd') => {
                if let Some(prefix) = prefix(b"Linkedid") {
                    return prefix > 0 && (self.headers_read != 2 || self.prefix != prefix);
                }
            }
            _ => {}
        }
        false
    }
}

fn which_identity(key: &[u8]) -> Option<usize> {
    const IDENTITY: [&[u8]; 4] = [b"Event", b"Channel", b"Uniqueid", b"Linkedid"];
    IDENTITY.iter().position(|name| key.eq_ignore_ascii_case(name))
}
