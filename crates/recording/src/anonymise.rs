//! Making recordings fit to be shown.

mod cipher;
mod class;
mod mapper;
mod memory;
mod scan;
mod seed;
mod text;
mod words;

use std::fmt;

use bytes::Bytes;
use ringwire_ami::{Codec, Packet};

pub use seed::{NoRandomness, Seed};

use class::Class;
use mapper::Mapper;
use memory::{Kind, Memory};
use scan::Scan;
use text::Text;

/// Replaces numbers and names in packets, so that a recording can be shown to others and still shows the same.
///
/// What is replaced follows from the text and the seed alone, so the same stays the same wherever it stands: in
/// headers, channel names, dial strings, addresses, variables. What is told apart stays apart.
///
/// - **Numbers** of six digits and more: leading `+`, `00` or `0`, the country code, and the length stay. Extensions,
///   which are shorter, stay.
/// - **Words**: in names, all. Elsewhere those of three letters and more, and of two where endpoints stand, that are
///   not among the words that servers, dialplans and applications are made of: endpoints are often called what people
///   are. Their length and case stay.
/// - **Addresses** of the internet become documentation addresses; those of network cards, mail addresses, Call-IDs,
///   session ids and fingerprints, others.
/// - **Secrets**, by the name of their header or variable, become `x`.
///
/// The ids of channels and bridges, times, causes, states, applications, the names of events, headers and variables,
/// and the release stay. Characters stay as many as they are, in the charset, escaping and line they stand in.
///
/// Whoever reads the result can still tell who called whom when, from which country, and that a technical word is one.
pub struct Anonymiser {
    mapper: Mapper,
    text: Text,
    memory: Memory,
}

impl Anonymiser {
    /// One whose replacements follow from `seed`.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self { mapper: Mapper::new(seed), text: Text::default(), memory: Memory::default() }
    }

    /// The bytes of a packet without what must not be shown. They are one packet again, of the same kind, with as many
    /// lines.
    pub fn packet(&mut self, packet: &Packet) -> Bytes {
        let mut shown = self.lines(packet, true);
        let limit = |line: &[u8]| line.len() > Codec::LINE_LIMIT;
        if shown.len() > Codec::PACKET_LIMIT || shown.split(|byte| *byte == b'\n').any(limit) {
            shown = self.lines(packet, false);
        }
        keep_one(&mut shown);
        shown.into()
    }

    /// A text without what must not be shown, as in a header that is not known.
    pub fn text(&mut self, text: &str) -> String {
        self.shown(text, Class::Text)
    }

    /// The name of somebody, as in a `CallerIDName`.
    pub fn name(&mut self, name: &str) -> String {
        self.shown(name, Class::Name)
    }

    /// The name of something, as in a `Channel`, or a number.
    pub fn thing(&mut self, name: &str) -> String {
        self.shown(name, Class::Thing)
    }

    fn shown(&mut self, text: &str, class: Class) -> String {
        let mut out = Vec::new();
        self.value(text.as_bytes(), class, false, true, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn lines(&mut self, packet: &Packet, may_grow: bool) -> Vec<u8> {
        let bytes = packet.bytes();
        let event = packet.event_name().unwrap_or_default();
        let variable = packet.text("Variable").map(|name| class::of_variable(&name));
        let is_output = packet.kind() == ringwire_ami::PacketKind::Response(b"Follows");
        let mut out = Vec::with_capacity(bytes.len() + 64);
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let header = Header::read(text);
            let is_value = header.is("Value");
            match variable {
                // What the packet is stays what it is.
                _ if index == 0 => self.header(&header, Class::Variable, packet, may_grow, &mut out),
                _ if is_output && !header.is("Privilege") && !header.is("ActionID") => {
                    self.output(text, may_grow, &mut out);
                }
                Some(class) if is_value => self.header(&header, class, packet, may_grow, &mut out),
                _ => self.header(&header, class::class(header.name, event), packet, may_grow, &mut out),
            }
            out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
        }
        out
    }

    fn header(
        &mut self,
        header: &Header<'_>,
        class: Class,
        packet: &Packet,
        may_grow: bool,
        out: &mut Vec<u8>,
    ) {
        self.value(header.name, Class::Variable, false, may_grow, out);
        if let Some(channel) = header.channel {
            out.push(b'(');
            self.value(channel, Class::Thing, false, may_grow, out);
            out.push(b')');
        }
        out.extend_from_slice(header.colon);
        let escaped =
            header.channel.is_none() && str::from_utf8(header.name).is_ok_and(|name| escapes(packet, name));
        self.value(header.value, class, escaped, may_grow, out);
    }

    /// A line of a command's output. The last ends with the mark of its end.
    fn output(&mut self, line: &[u8], may_grow: bool, out: &mut Vec<u8>) {
        const END: &[u8] = b"--END COMMAND--";
        let text = line.strip_suffix(END).unwrap_or(line);
        self.value(text, Class::Text, false, may_grow, out);
        out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
    }

    fn value(&mut self, raw: &[u8], class: Class, escaped: bool, may_grow: bool, out: &mut Vec<u8>) {
        let kind = Kind { class, escaped, may_grow };
        if let Some(known) = self.memory.get(kind, raw) {
            out.extend_from_slice(known);
            return;
        }
        let begin = out.len();
        self.text.read(raw, escaped);
        Scan::new(&mut self.text, &self.mapper, may_grow).replace(class);
        self.text.write(raw, out);
        self.memory.put(kind, raw, out.get(begin..).unwrap_or_default());
    }
}

impl fmt::Debug for Anonymiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anonymiser(_)")
    }
}

/// A header line in its parts, which together are the line; a line that is none is all value.
struct Header<'a> {
    name: &'a [u8],
    /// The channel that the header of a variable names between brackets, up to Asterisk 11.
    channel: Option<&'a [u8]>,
    /// The colon and one blank.
    colon: &'a [u8],
    value: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(line: &'a [u8]) -> Self {
        const VARIABLE: &[u8] = b"ChanVariable(";
        let with_channel = || {
            let (key, rest) = line.split_at_checked(VARIABLE.len())?;
            // The name of a channel may have colons.
            let close = rest
                .windows(2)
                .position(|pair| pair == b"):")
                .filter(|_| key.eq_ignore_ascii_case(VARIABLE))?;
            Some((key.split_last()?.1, Some(rest.get(..close)?), rest.get(close + 1..)?))
        };
        let plain = || {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, rest) = line.split_at_checked(colon)?;
            Some((name, None, rest))
        };
        let Some((name, channel, rest)) = with_channel().or_else(plain) else {
            return Self { name: b"", channel: None, colon: b"", value: line };
        };
        let (colon, value) = rest.split_at(if rest.get(1) == Some(&b' ') { 2 } else { 1 });
        Self { name, channel, colon, value }
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Keeps a packet one where a replacement looks like the name of an event that begins within a line, as when a server
/// cuts the one before short: such a name ends its line, and `Privilege` begins the next (AMI contract 1.8).
fn keep_one(shown: &mut [u8]) {
    const MARK: &[u8] = b"Event: ";
    const NEXT: &[u8] = b"\r\nPrivilege: ";
    let mut from = 1;
    while let Some(rest) = shown.get_mut(from..) {
        let Some(next) = rest.windows(NEXT.len()).position(|window| window == NEXT) else { return };
        let (before, _) = rest.split_at_mut(next);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let name = before.iter().rev().take_while(|byte| is_name(byte)).count();
        let marked = before.get(..before.len() - name).is_some_and(|before| before.ends_with(MARK));
        if let Some(last) = before.last_mut().filter(|_| marked && name > 0) {
            *last = b'?';
        }
        from += next + NEXT.len();
    }
}

/// Whether the server escapes the value of this header.
fn escapes(packet: &Packet, name: &str) -> bool {
    packet.decode(name, br"\?").as_deref() == Some("?")
}

#[cfg(test)]
mod tests;
