//! One event, its headers found once.

use std::borrow::Cow;

use ringwire_ami::Packet;

/// How many headers are kept at hand; an event of a channel has about twenty, with variables some more.
const AT_HAND: usize = 48;

/// An event whose headers are looked up many times.
pub(super) struct Event<'a> {
    packet: &'a Packet,
    headers: [(&'a [u8], &'a [u8]); AT_HAND],
    count: usize,
    forged: bool,
}

impl<'a> Event<'a> {
    pub(super) fn read(packet: &'a Packet) -> Self {
        let mut event = Self { packet, headers: [(b"", b""); AT_HAND], count: 0, forged: false };
        let mut identity = [false; 4];
        for (key, value) in packet.headers() {
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

    /// Whether a header that tells whose event this is comes twice: Asterisk writes each once, so a caller has put
    /// in another (AMI contract, section 5).
    pub(super) fn is_forged(&self) -> bool {
        self.forged
    }

    pub(super) fn name(&self) -> &[u8] {
        self.packet.event().unwrap_or_default()
    }

    /// The value of the first header named `key`, case ignored.
    pub(super) fn get(&self, key: &str) -> Option<&'a [u8]> {
        let at_hand = self.headers.get(..self.count.min(AT_HAND)).unwrap_or_default();
        let found = at_hand.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()));
        match found {
            Some((_, value)) => Some(value),
            None if self.count > AT_HAND => self.packet.get(key),
            None => None,
        }
    }

    /// The same as text; `None` where it is not known.
    pub(super) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.packet.decode(key, self.get(key)?)
    }
}

fn which_identity(key: &[u8]) -> Option<usize> {
    const IDENTITY: [&[u8]; 4] = [b"Event", b"Channel", b"Uniqueid", b"Linkedid"];
    IDENTITY.iter().position(|name| key.eq_ignore_ascii_case(name))
}
