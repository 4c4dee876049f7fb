//! Finds where an event begins inside another packet (AMI notes 1.8).
//!
//! Asterisk 15 to 19 may cut an event short for a slow reader and continue with the next event on the same line. A
//! caller's name may read `Event: Hangup` as well, so the name of the event must end its line, and the next line must
//! begin with `Privilege`, as in every event that Asterisk writes by itself.

use memchr::memmem::Finder;

/// What every event begins with.
pub(crate) const EVENT_MARK: &[u8] = b"Event: ";

/// A longer name is not an event's, in bytes.
const NAME_LIMIT: usize = 64;

/// What bytes that begin with [`EVENT_MARK`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventStart {
    /// An event; this many bytes were needed to tell.
    Event(usize),
    /// Too few bytes to tell.
    Incomplete,
    /// Text that looks like the beginning of an event.
    Text,
}

/// Whether an event begins with `bytes`, which begin with [`EVENT_MARK`].
pub(crate) fn match_event_start(bytes: &[u8]) -> EventStart {
    const NEXT: &[u8] = b"\r\nPrivilege: ";
    let after = bytes.get(EVENT_MARK.len()..).unwrap_or_default();
    let name = after.iter().take(NAME_LIMIT).take_while(|byte| is_name_byte(**byte)).count();
    let next = after.get(name..).unwrap_or_default();
    match name {
        1.. if next.starts_with(NEXT) => EventStart::Event(EVENT_MARK.len() + name + NEXT.len()),
        1.. if NEXT.starts_with(next) => EventStart::Incomplete,
        0 if after.is_empty() => EventStart::Incomplete,
        _ => EventStart::Text,
    }
}

/// Where another event begins within a complete packet, not counting the packet's own beginning.
pub(crate) fn find_second_event(marks: &Finder<'_>, block: &[u8]) -> Option<usize> {
    let body = block.get(1..)?;
    let mut found = marks.find_iter(body);
    found
        .find(|at| {
            body.get(*at..).is_some_and(|tail| matches!(match_event_start(tail), EventStart::Event(_)))
        })
        .map(|at| at + 1)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_recognised_by_its_second_line() {
        let check =
            |text: &str, expected| assert_eq!(match_event_start(text.as_bytes()), expected, "{text:?}");
        check("Event: Hangup\r\nPrivilege: call,all\r\n", EventStart::Event(26));
        check("Event: Hangup\r\nConnectedLineNum: 1\r\n", EventStart::Text);
        check("Event: Hangup now\r\nPrivilege: ", EventStart::Text);
        check("Event: \r\nPrivilege: ", EventStart::Text);
        check("Event: Hangup\r\nPriv", EventStart::Incomplete);
        check("Event: Hang", EventStart::Incomplete);
    }
}
