//! Parses the header lines of one packet.

use std::iter::FusedIterator;

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_until};
use nom::combinator::{opt, recognize, rest, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::lines::split_line;

/// Whether a packet is an event or a response, by its first header alone (AMI notes 1.2): some events carry a
/// `Response` header too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind<'a> {
    /// An event. It holds the event's name.
    Event(&'a [u8]),
    /// The response to an action. It holds the outcome: `Success`, `Error`, `Goodbye`, `Follows`.
    Response(&'a [u8]),
}

/// The headers of a packet in their order, with repeated ones: `(key, value)`.
///
/// A line without a colon is skipped. Of the blanks after the colon, only the first is a separator; the others belong
/// to the value.
#[derive(Clone, Debug)]
pub struct PacketHeaders<'a> {
    rest: &'a [u8],
}

impl<'a> PacketHeaders<'a> {
    pub(crate) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }
}

impl<'a> Iterator for PacketHeaders<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, rest) = split_line(self.rest)?;
            self.rest = rest;
            if line.is_empty() {
                self.rest = &[];
                return None;
            }
            if let Ok((_, header)) = parse_header(line) {
                return Some(header);
            }
        }
    }
}

impl FusedIterator for PacketHeaders<'_> {}

/// A channel variable that the server adds to its events (`channelvars` in manager.conf).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelVariable<'a> {
    /// Which party of the event it belongs to, as its headers are prefixed: empty, `Dest`, `LocalOne` …
    pub prefix: &'a [u8],
    /// The channel, where the header names it: `ChanVariable(SIP/100-1): …`, Asterisk 11 and older.
    pub channel: Option<&'a [u8]>,
    /// The variable's name.
    pub name: &'a [u8],
    /// Its value as it came; C-escaped where the version escapes and no channel is named.
    pub value: &'a [u8],
}

/// The variable in a header, if it is one.
pub(crate) fn parse_variable<'a>((key, text): (&'a [u8], &'a [u8])) -> Option<ChannelVariable<'a>> {
    const KEY: &[u8] = b"ChanVariable";
    let equals = memchr::memchr(b'=', text)?;
    let (name, value) = (text.get(..equals)?, text.get(equals + 1..)?);
    if let (Some(open), [.., b')']) = (memchr::memchr(b'(', key), key) {
        let channel = key.get(open + 1..key.len() - 1)?;
        let is_variable = key.get(..open)?.eq_ignore_ascii_case(KEY);
        return is_variable.then_some(ChannelVariable { prefix: b"", channel: Some(channel), name, value });
    }
    let prefix = key.len().checked_sub(KEY.len())?;
    let (prefix, key) = key.split_at_checked(prefix)?;
    key.eq_ignore_ascii_case(KEY).then_some(ChannelVariable { prefix, channel: None, name, value })
}

/// What kind of packet the block is, or `None` if it is neither event nor response.
pub(crate) fn packet_kind(block: &[u8]) -> Option<PacketKind<'_>> {
    let (line, _) = split_line(block)?;
    let event = value(true, tag_no_case("Event:"));
    let response = value(false, tag_no_case("Response:"));
    let parsed: IResult<_, _> = (alt((event, response)), preceded(opt(tag(" ")), rest)).parse(line);
    let (_, (is_event, name)) = parsed.ok()?;
    Some(if is_event { PacketKind::Event(name) } else { PacketKind::Response(name) })
}

/// The value of the first header named `key`, case ignored; `None` if there is none.
///
/// Lines are compared, not split: most lookups are for a header that is absent or far down.
pub(crate) fn find_value<'a>(block: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut block = block;
    while let Some((line, rest)) = split_line(block) {
        if line.is_empty() {
            return None;
        }
        let is_named = line.get(key.len()) == Some(&b':')
            && line.get(..key.len()).is_some_and(|name| name.eq_ignore_ascii_case(key));
        if is_named
            && let Ok((_, (name, value))) = parse_header(line)
            && name.len() == key.len()
        {
            return Some(value);
        }
        block = rest;
    }
    None
}

/// Parses one header line. A channel's name may contain colons.
fn parse_header(line: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let plain = terminated(take_until(":"), tag(":"));
    let value = preceded(opt(tag(" ")), rest);
    if line.get(CHANNEL_VARIABLE.len() - 1) != Some(&b'(') {
        return (plain, value).parse(line);
    }
    let with_channel = (tag_no_case(CHANNEL_VARIABLE), take_until("):"), tag(")"));
    (alt((terminated(recognize(with_channel), tag(":")), plain)), value).parse(line)
}

/// The beginning of a variable's header that names the channel.
const CHANNEL_VARIABLE: &str = "ChanVariable(";
