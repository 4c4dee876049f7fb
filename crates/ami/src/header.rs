//! The header lines of one packet.

use std::iter::FusedIterator;

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_until};
use nom::combinator::{opt, recognize, rest, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// What a packet is, by its first header (AMI contract 1.2): other events carry `Response` in their body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// An event, with its name.
    Event(&'a [u8]),
    /// The response to an action, with its outcome: `Success`, `Error`, `Goodbye`, `Follows`.
    Response(&'a [u8]),
}

/// The headers of a packet in the order they came, repeated ones too: `(key, value)`.
///
/// A line without a colon is passed over. Of the blanks after the colon only one belongs to the header: the
/// others are the value's own.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    pub(crate) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, rest) = split_line(self.rest)?;
            self.rest = rest;
            if line.is_empty() {
                self.rest = &[];
                return None;
            }
            if let Ok((_, header)) = header(line) {
                return Some(header);
            }
        }
    }
}

impl FusedIterator for Headers<'_> {}

/// A channel variable that the server was told to send along (`channelvars` in manager.conf).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
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
pub(crate) fn variable<'a>((key, text): (&'a [u8], &'a [u8])) -> Option<Variable<'a>> {
    const KEY: &[u8] = b"ChanVariable";
    let equals = memchr::memchr(b'=', text)?;
    let (name, value) = (text.get(..equals)?, text.get(equals + 1..)?);
    if let (Some(open), [.., b')']) = (memchr::memchr(b'(', key), key) {
        let channel = key.get(open + 1..key.len() - 1)?;
        let named = key.get(..open)?.eq_ignore_ascii_case(KEY);
        return named.then_some(Variable { prefix: b"", channel: Some(channel), name, value });
    }
    let prefix = key.len().checked_sub(KEY.len())?;
    let (prefix, key) = key.split_at_checked(prefix)?;
    key.eq_ignore_ascii_case(KEY).then_some(Variable { prefix, channel: None, name, value })
}

/// What the block is by its first header, or `None` if it is neither event nor response.
pub(crate) fn kind(block: &[u8]) -> Option<Kind<'_>> {
    let (line, _) = split_line(block)?;
    let event = value(true, tag_no_case("Event:"));
    let response = value(false, tag_no_case("Response:"));
    let parsed: IResult<_, _> = (alt((event, response)), preceded(opt(tag(" ")), rest)).parse(line);
    let (_, (is_event, name)) = parsed.ok()?;
    Some(if is_event { Kind::Event(name) } else { Kind::Response(name) })
}

/// The first line without its end, and what follows. A carriage return counts only before a line feed or at
/// the very end.
pub(crate) fn split_line(block: &[u8]) -> Option<(&[u8], &[u8])> {
    if block.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', block).unwrap_or(block.len());
    let (line, rest) = block.split_at_checked(end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default()))
}

/// The value of the first header named `key`, case ignored; `None` if there is none.
///
/// Lines are compared, not split: most lookups are for a header that is not there or far down.
pub(crate) fn find<'a>(block: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut block = block;
    while let Some((line, rest)) = split_line(block) {
        if line.is_empty() {
            return None;
        }
        let named = line.get(key.len()) == Some(&b':')
            && line.get(..key.len()).is_some_and(|name| name.eq_ignore_ascii_case(key));
        if named
            && let Ok((_, (name, value))) = header(line)
            && name.len() == key.len()
        {
            return Some(value);
        }
        block = rest;
    }
    None
}

/// One header line. A channel's name may have colons of its own.
fn header(line: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let plain = terminated(take_until(":"), tag(":"));
    let value = preceded(opt(tag(" ")), rest);
    if line.get(CHANNEL_VARIABLE.len() - 1) != Some(&b'(') {
        return (plain, value).parse(line);
    }
    let with_channel = (tag_no_case(CHANNEL_VARIABLE), take_until("):"), tag(")"));
    (alt((terminated(recognize(with_channel), tag(":")), plain)), value).parse(line)
}

/// What a variable's header begins with where it names the channel.
const CHANNEL_VARIABLE: &str = "ChanVariable(";
