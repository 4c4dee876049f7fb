//! One event or response, as it came.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::header::{self, Headers, Kind, Variable};
use crate::{Version, text};

/// One event or response: the bytes of the wire, shared and not copied, and the version they were sent under.
///
/// Only the first header was looked at when the packet was framed; every other header is looked for when it is
/// asked for. The packet keeps the read buffer it came in alive, so copy what is to be kept.
///
/// What is in it was partly written by callers (AMI contract 1.3): text may hold control characters, and a
/// header may be forged.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    bytes: Bytes,
    version: Version,
}

impl Packet {
    /// The packet made of the header lines `bytes`, with or without the blank line at the end; `None` if the
    /// first header is neither `Event` nor `Response`.
    #[must_use]
    pub fn new(bytes: Bytes, version: Version) -> Option<Self> {
        header::kind(&bytes)?;
        Some(Self { bytes, version })
    }

    /// Whether this is an event or a response, by the first header alone.
    #[must_use]
    pub fn kind(&self) -> Kind<'_> {
        header::kind(&self.bytes).unwrap_or(Kind::Response(b""))
    }

    /// The event's name, if this is an event.
    #[must_use]
    pub fn event(&self) -> Option<&[u8]> {
        match self.kind() {
            Kind::Event(name) => Some(name),
            Kind::Response(_) => None,
        }
    }

    /// Why the server refuses an action, if this is the response that does: its words, made fit for a log, which differ
    /// between releases (AMI contract 5.11).
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let refused =
            matches!(self.kind(), Kind::Response(outcome) if outcome.eq_ignore_ascii_case(b"Error"));
        refused.then(|| text::printable(self.get("Message").unwrap_or_default()))
    }

    /// The value of the first header named `key`, case ignored, as it came; it may be empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        header::find(&self.bytes, key.as_bytes())
    }

    /// The values of all headers named `key`, case ignored, in order.
    pub fn get_all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes())).map(|(_, value)| value)
    }

    /// The value of the first header named `key` as text for people and for comparing: UTF-8, else Latin-1, and
    /// unescaped where this version escapes (AMI contract 1.3).
    ///
    /// `None` if there is no such header, or its value is empty or one of the ways to say "unknown".
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.decode(key, self.get(key)?)
    }

    /// What [`Packet::text`] makes of the `value` of a header named `key`; for those who walk
    /// [`Packet::headers`] once rather than look up each.
    #[must_use]
    pub fn decode<'a>(&self, key: &str, value: &'a [u8]) -> Option<Cow<'a, str>> {
        if text::is_unknown(value) {
            return None;
        }
        if value == b"none" && ["Channel", "Uniqueid"].iter().any(|name| key.eq_ignore_ascii_case(name)) {
            return None; // a VarSet of a global variable belongs to no channel
        }
        Some(if self.escapes(key) { text::decode_escaped(value) } else { text::decode(value) })
    }

    /// All headers, in order, repeated ones too.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        Headers::new(&self.bytes)
    }

    /// The channel variables among the headers, in both of their forms (AMI contract 1.2).
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.headers().filter_map(header::variable)
    }

    /// Whether a header that tells whose event this is comes twice: Asterisk writes each once, so a caller has put
    /// in another (AMI contract 5.7). User events are free to repeat what they like.
    #[must_use]
    pub fn repeats_identity(&self) -> bool {
        const IDENTITY: [&[u8]; 4] = [b"Event", b"Channel", b"Uniqueid", b"Linkedid"];
        if !matches!(self.kind(), Kind::Event(name) if name != b"UserEvent") {
            return false;
        }
        let mut seen = [false; IDENTITY.len()];
        self.headers().any(|(key, _)| {
            let known = IDENTITY.iter().position(|name| key.eq_ignore_ascii_case(name));
            known.and_then(|at| seen.get_mut(at)).is_some_and(|seen| std::mem::replace(seen, true))
        })
    }

    /// The version the packet was sent under.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The bytes of the packet, as they came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the sender has escaped the value of `key`.
    fn escapes(&self, key: &str) -> bool {
        if !self.version.escapes() {
            return false;
        }
        let event = self.event().unwrap_or_default();
        let ends = |suffix: &str| {
            key.len()
                .checked_sub(suffix.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        if ends("CallerIDName") || ends("ConnectedLineName") {
            return !matches!(event, b"QueueEntry" | b"OriginateResponse" | b"MessageWaiting");
        }
        match event {
            b"VarSet" if key.eq_ignore_ascii_case("Value") => true,
            b"PresenceStateChange" | b"PresenceStatus" => {
                key.eq_ignore_ascii_case("Message") || key.eq_ignore_ascii_case("Subtype")
            }
            _ => ends("ChanVariable"),
        }
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Packet").field(&String::from_utf8_lossy(&self.bytes)).finish()
    }
}
