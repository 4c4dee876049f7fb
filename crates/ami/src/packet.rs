//! One event or response.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::header::{self, ChannelVariable, PacketHeaders, PacketKind};
use crate::text;
use crate::version::AmiVersion;

/// One event or response: the received bytes, shared and not copied, and the version of the server that sent them.
///
/// Framing reads only the first header; the others are searched when they are asked for. A packet keeps the read buffer
/// it arrived in alive, so copy the values that are kept for longer.
///
/// Callers write part of its contents (AMI notes 1.3): text may contain control characters, and a header may be
/// forged.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    bytes: Bytes,
    version: AmiVersion,
}

impl Packet {
    /// The packet made of the header lines `bytes`, with or without the blank line at the end; `None` if the
    /// first header is neither `Event` nor `Response`.
    #[must_use]
    pub fn new(bytes: Bytes, version: AmiVersion) -> Option<Self> {
        header::packet_kind(&bytes)?;
        Some(Self { bytes, version })
    }

    /// Whether this is an event or a response, by the first header alone.
    #[must_use]
    pub fn kind(&self) -> PacketKind<'_> {
        header::packet_kind(&self.bytes).unwrap_or(PacketKind::Response(b""))
    }

    /// The event's name, if this is an event.
    #[must_use]
    pub fn event_name(&self) -> Option<&[u8]> {
        match self.kind() {
            PacketKind::Event(name) => Some(name),
            PacketKind::Response(_) => None,
        }
    }

    /// The server's message if this is the response that refuses an action, made printable. The messages differ between
    /// releases (AMI notes 5.11).
    #[must_use]
    pub fn error_message(&self) -> Option<String> {
        let is_error =
            matches!(self.kind(), PacketKind::Response(outcome) if outcome.eq_ignore_ascii_case(b"Error"));
        is_error.then(|| text::printable_line(self.get("Message").unwrap_or_default()))
    }

    /// Whether this answer says that the user lacks a privilege (AMI notes 1.6). Asterisk's words are all there is
    /// to tell it from other errors.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        let is = |key: &str, value: &str| {
            self.get(key).is_some_and(|found| found.eq_ignore_ascii_case(value.as_bytes()))
        };
        is("Response", "Error") && is("Message", "Permission denied")
    }

    /// The value of the first header named `key`, ignoring case, as received; it may be empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        header::find_value(&self.bytes, key.as_bytes())
    }

    /// The values of all headers named `key`, ignoring case, in order.
    pub fn get_all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes())).map(|(_, value)| value)
    }

    /// The value of the first header named `key` as text, to show and to compare: UTF-8, else Latin-1, and unescaped
    /// where this version escapes (AMI notes 1.3).
    ///
    /// `None` if there is no such header, or its value is empty or one of Asterisk's placeholders for "unknown".
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.decode(key, self.get(key)?)
    }

    /// Decodes the `value` of a header named `key` as [`Packet::text`] does, for code that iterates over
    /// [`Packet::headers`] once.
    #[must_use]
    pub fn decode<'a>(&self, key: &str, value: &'a [u8]) -> Option<Cow<'a, str>> {
        if text::is_unknown(value) {
            return None;
        }
        if value == b"none" && ["Channel", "Uniqueid"].iter().any(|name| key.eq_ignore_ascii_case(name)) {
            return None; // a VarSet of a global variable belongs to no channel
        }
        Some(if self.is_escaped(key) { text::decode_escaped(value) } else { text::decode(value) })
    }

    /// All headers in their order, with repeated ones.
    #[must_use]
    pub fn headers(&self) -> PacketHeaders<'_> {
        PacketHeaders::new(&self.bytes)
    }

    /// The channel variables among the headers, in both of their forms (AMI notes 1.2).
    pub fn variables(&self) -> impl Iterator<Item = ChannelVariable<'_>> {
        self.headers().filter_map(header::parse_variable)
    }

    /// Whether a header that identifies the event or its channel comes twice: Asterisk writes each once, so a caller
    /// has added another (AMI notes 5.7). User events may repeat any header.
    #[must_use]
    pub fn has_repeated_identity(&self) -> bool {
        const IDENTITY: [&[u8]; 4] = [b"Event", b"Channel", b"Uniqueid", b"Linkedid"];
        if !matches!(self.kind(), PacketKind::Event(name) if name != b"UserEvent") {
            return false;
        }
        let mut seen = [false; IDENTITY.len()];
        self.headers().any(|(key, _)| {
            let known = IDENTITY.iter().position(|name| key.eq_ignore_ascii_case(name));
            known.and_then(|at| seen.get_mut(at)).is_some_and(|seen| std::mem::replace(seen, true))
        })
    }

    /// The version of the server that sent the packet.
    #[must_use]
    pub fn version(&self) -> AmiVersion {
        self.version
    }

    /// The bytes of the packet, as received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the server has escaped the value of `key`.
    fn is_escaped(&self, key: &str) -> bool {
        if !self.version.has_escapes() {
            return false;
        }
        // Few headers can be: which event this is is looked up for these alone.
        let event = || self.event_name().unwrap_or_default();
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        let ends_with = |suffix: &str| {
            key.len()
                .checked_sub(suffix.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        if ends_with("CallerIDName") || ends_with("ConnectedLineName") {
            return !matches!(event(), b"QueueEntry" | b"OriginateResponse" | b"MessageWaiting");
        }
        if is("Value") {
            event() == b"VarSet"
        } else if is("Message") || is("Subtype") {
            matches!(event(), b"PresenceStateChange" | b"PresenceStatus")
        } else {
            ends_with("ChanVariable") && !matches!(event(), b"PresenceStateChange" | b"PresenceStatus")
        }
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Packet").field(&String::from_utf8_lossy(&self.bytes)).finish()
    }
}
