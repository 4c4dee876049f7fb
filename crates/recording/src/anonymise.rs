//! Replaces phone numbers and names in recordings, so that they can be shared.

mod cache;
mod cipher;
mod class;
mod replacement;
mod scanner;
mod seed;
mod text;
mod tokens;
mod vocabulary;

use std::fmt;

use bytes::Bytes;
use ringwire_ami::{Codec, Packet};

pub use seed::{AnonymiserSeed, SeedError};

use cache::{CacheKey, ReplacementCache};
use class::ValueClass;
use replacement::Replacer;
use scanner::ValueScanner;
use text::ValueText;

/// Replaces phone numbers and names in packets, so that a recording can be shared and still shows the same calls.
///
/// A replacement depends only on the text and the seed, so the same text has the same replacement everywhere: in
/// headers, channel names, dial strings, addresses and variables. Different texts have different replacements.
///
/// - **Numbers** of six or more digits are replaced; a leading `+`, `00` or `0`, the country code, and the length are
///   kept. Shorter numbers are extensions and are kept.
/// - **Words** are all replaced in names. Elsewhere, words of three or more letters, and of two in the names of
///   endpoints, are replaced unless they belong to the vocabulary of servers, dialplans and applications: endpoints are
///   often named after people. Their length and case are kept.
/// - **Addresses**: IP addresses become documentation addresses. MAC addresses, mail addresses, Call-IDs, session ids
///   and fingerprints are replaced by others.
/// - **Secrets**, recognised by the name of their header or variable, become `x`.
///
/// The ids of channels and bridges, times, causes, states, applications, the names of events, headers and variables,
/// and the release are kept. The number of characters is kept, and so are their charset, escaping and line.
///
/// The result still shows who called whom and when, the country of a number, and which words are technical.
pub struct Anonymiser {
    replacer: Replacer,
    text: ValueText,
    cache: ReplacementCache,
}

impl Anonymiser {
    /// An anonymiser whose replacements depend on `seed`.
    #[must_use]
    pub fn new(seed: &AnonymiserSeed) -> Self {
        Self { replacer: Replacer::new(seed), text: ValueText::default(), cache: ReplacementCache::default() }
    }

    /// Anonymises the bytes of a packet. The result is one packet of the same kind with the same number of lines.
    pub fn anonymise_packet(&mut self, packet: &Packet) -> Bytes {
        let mut shown = self.anonymise_lines(packet, true);
        let exceeds_limit = |line: &[u8]| line.len() > Codec::LINE_LIMIT;
        if shown.len() > Codec::PACKET_LIMIT || shown.split(|byte| *byte == b'\n').any(exceeds_limit) {
            shown = self.anonymise_lines(packet, false);
        }
        keep_single_packet(&mut shown);
        shown.into()
    }

    /// Anonymises free text, as the value of an unknown header.
    pub fn anonymise_text(&mut self, text: &str) -> String {
        self.anonymise_str(text, ValueClass::Text)
    }

    /// Anonymises the name of a person, as in a `CallerIDName`.
    pub fn anonymise_name(&mut self, name: &str) -> String {
        self.anonymise_str(name, ValueClass::PersonName)
    }

    /// Anonymises an identifier, as in a `Channel`, or a number.
    pub fn anonymise_identifier(&mut self, name: &str) -> String {
        self.anonymise_str(name, ValueClass::Identifier)
    }

    fn anonymise_str(&mut self, text: &str, class: ValueClass) -> String {
        let mut out = Vec::new();
        self.anonymise_value(text.as_bytes(), class, false, true, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn anonymise_lines(&mut self, packet: &Packet, may_grow: bool) -> Vec<u8> {
        let bytes = packet.bytes();
        let event = packet.event_name().unwrap_or_default();
        let variable = packet.text("Variable").map(|name| class::class_of_variable(&name));
        let is_output = packet.kind() == ringwire_ami::PacketKind::Response(b"Follows");
        let mut out = Vec::with_capacity(bytes.len() + 64);
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let header = HeaderLine::parse(text);
            let is_value = header.has_name("Value");
            match variable {
                // The first line is kept: it says what the packet is.
                _ if index == 0 => {
                    self.anonymise_header(&header, ValueClass::VariableName, packet, may_grow, &mut out);
                }
                _ if is_output && !header.has_name("Privilege") && !header.has_name("ActionID") => {
                    self.anonymise_output(text, may_grow, &mut out);
                }
                Some(class) if is_value => self.anonymise_header(&header, class, packet, may_grow, &mut out),
                _ => self.anonymise_header(
                    &header,
                    class::class_of_header(header.name, event),
                    packet,
                    may_grow,
                    &mut out,
                ),
            }
            out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
        }
        out
    }

    fn anonymise_header(
        &mut self,
        header: &HeaderLine<'_>,
        class: ValueClass,
        packet: &Packet,
        may_grow: bool,
        out: &mut Vec<u8>,
    ) {
        self.anonymise_value(header.name, ValueClass::VariableName, false, may_grow, out);
        if let Some(channel) = header.channel {
            out.push(b'(');
            self.anonymise_value(channel, ValueClass::Identifier, false, may_grow, out);
            out.push(b')');
        }
        out.extend_from_slice(header.colon);
        let escaped = header.channel.is_none()
            && str::from_utf8(header.name).is_ok_and(|name| is_escaped(packet, name));
        self.anonymise_value(header.value, class, escaped, may_grow, out);
    }

    /// A line of a command's output. The last one ends with the end mark.
    fn anonymise_output(&mut self, line: &[u8], may_grow: bool, out: &mut Vec<u8>) {
        const END: &[u8] = b"--END COMMAND--";
        let text = line.strip_suffix(END).unwrap_or(line);
        self.anonymise_value(text, ValueClass::Text, false, may_grow, out);
        out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
    }

    fn anonymise_value(
        &mut self,
        raw: &[u8],
        class: ValueClass,
        escaped: bool,
        may_grow: bool,
        out: &mut Vec<u8>,
    ) {
        let kind = CacheKey { class, escaped, may_grow };
        if let Some(known) = self.cache.get(kind, raw) {
            out.extend_from_slice(known);
            return;
        }
        let begin = out.len();
        self.text.read(raw, escaped);
        ValueScanner::new(&mut self.text, &self.replacer, may_grow).replace_all(class);
        self.text.write(raw, out);
        self.cache.insert(kind, raw, out.get(begin..).unwrap_or_default());
    }
}

impl fmt::Debug for Anonymiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anonymiser(_)")
    }
}

/// The parts of a header line, which together are the line. A line that is not a header is all value.
struct HeaderLine<'a> {
    name: &'a [u8],
    /// The channel that a variable's header names in parentheses, up to Asterisk 11.
    channel: Option<&'a [u8]>,
    /// The colon and one blank.
    colon: &'a [u8],
    value: &'a [u8],
}

impl<'a> HeaderLine<'a> {
    fn parse(line: &'a [u8]) -> Self {
        const VARIABLE: &[u8] = b"ChanVariable(";
        let with_channel = || {
            let (key, rest) = line.split_at_checked(VARIABLE.len())?;
            // A channel's name may contain colons.
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

    fn has_name(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Keeps a packet from being read as two: a replacement may look like the name of an event that begins within a line,
/// as after a truncated event. Such a name ends its line, and `Privilege` begins the next (AMI notes 1.8).
fn keep_single_packet(shown: &mut [u8]) {
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
fn is_escaped(packet: &Packet, name: &str) -> bool {
    packet.decode(name, br"\?").as_deref() == Some("?")
}

#[cfg(test)]
mod tests;
