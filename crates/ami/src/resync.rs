//! Telling where an event begins inside another packet (AMI contract 1.8).
//!
//! Asterisk 15 to 19 may cut an event short for a slow reader and go on with the next one on the same line. A
//! caller's name may read `Event: Hangup` as well, so the name of the event must end its line and `Privilege` must
//! begin the next, as in every event that Asterisk writes by itself.

use memchr::memmem::Finder;

/// What every event begins with.
pub(crate) const MARK: &[u8] = b"Event: ";

/// A longer name is no event's.
const NAME_LIMIT: usize = 64;

/// What bytes that begin with [`MARK`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// An event; so many bytes were needed to tell.
    Event(usize),
    /// Too few bytes to tell.
    Short,
    /// Text that looks like one.
    Text,
}

/// Whether an event begins with `bytes`, which begin with [`MARK`].
pub(crate) fn start(bytes: &[u8]) -> Start {
    const NEXT: &[u8] = b"\r\nPrivilege: ";
    let after = bytes.get(MARK.len()..).unwrap_or_default();
    let name = after.iter().take(NAME_LIMIT).take_while(|byte| is_name(**byte)).count();
    let next = after.get(name..).unwrap_or_default();
    match name {
        1.. if next.starts_with(NEXT) => Start::Event(MARK.len() + name + NEXT.len()),
        1.. if NEXT.starts_with(next) => Start::Short,
        0 if after.is_empty() => Start::Short,
        _ => Start::Text,
    }
}

/// Where another event begins within a complete packet, not counting the packet's own beginning.
pub(crate) fn second_event(marks: &Finder<'_>, block: &[u8]) -> Option<usize> {
    let body = block.get(1..)?;
    let mut found = marks.find_iter(body);
    found
        .find(|at| body.get(*at..).is_some_and(|tail| matches!(start(tail), Start::Event(_))))
        .map(|at| at + 1)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_by_its_second_line() {
        let check = |text: &str, expected| assert_eq!(start(text.as_bytes()), expected, "{text:?}");
        check("Event: Hangup\r\nPrivilege: call,all\r\n", Start::Event(26));
        check("Event: Hangup\r\nConnectedLineNum: 1\r\n", Start::Text);
        check("Event: Hangup now\r\nPrivilege: ", Start::Text);
        check("Event: \r\nPrivilege: ", Start::Text);
        check("Event: Hangup\r\nPriv", Start::Short);
        check("Event: Hang", Start::Short);
    }
}
