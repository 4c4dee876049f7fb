//! Telling by what stands behind a packet that a caller has written it (AMI contract 1.3 and 5.7).
//!
//! Asterisk prints a caller's number as it came. With line ends in it, the event it belongs to stops at the number,
//! what the caller has written follows as packets of its own, and then comes the rest of the event, which begins as no
//! packet does. So packets that could stand within a number are not believed if debris is behind them.

use crate::codec::{BANNER, FOLLOWS, is_output};

/// No field that a caller fills is longer, in bytes: Asterisk takes 80 of a number, and 256 of anything else.
pub(crate) const FORGED_LIMIT: usize = 256;

/// What stands behind a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// A packet too long for a caller to have written, or a banner.
    Clear,
    /// Debris, with nothing in between but packets as short.
    Debris,
    /// Too few bytes to tell.
    Unknown,
}

/// What stands behind the first `end` bytes of `source`, in which a packet is. All that a caller may have written
/// together is no longer than [`FORGED_LIMIT`].
pub(crate) fn beyond(source: &[u8], end: usize, banner_may_come: bool) -> Outlook {
    let mut at = end;
    loop {
        at += blank_lines(source.get(at..).unwrap_or_default());
        let rest = source.get(at..).unwrap_or_default();
        if matches!(rest, [] | [b'\r']) {
            return Outlook::Unknown;
        }
        if banner_may_come && rest.starts_with(BANNER) {
            return Outlook::Clear;
        }
        if !begins(rest, b"Event:") && !begins(rest, b"Response:") {
            let may_become =
                |mark: &[u8]| mark.get(..rest.len()).is_some_and(|m| m.eq_ignore_ascii_case(rest));
            let short = may_become(b"Event:") || may_become(b"Response:");
            let short = short || (banner_may_come && BANNER.starts_with(rest));
            return if short { Outlook::Unknown } else { Outlook::Debris };
        }
        if rest.len() > FOLLOWS.len() && is_output(rest) {
            return Outlook::Clear; // free text may follow
        }
        let left = FORGED_LIMIT.saturating_sub(at);
        match blank_line(rest, left) {
            Some(length) => at += length,
            None if rest.len() > left + 2 => return Outlook::Clear,
            None => return Outlook::Unknown,
        }
    }
}

/// Where the first blank line ends that begins within `limit` bytes.
fn blank_line(block: &[u8], limit: usize) -> Option<usize> {
    let within = block.get(..limit).unwrap_or(block);
    memchr::memchr_iter(b'\n', within).find_map(|at| match block.get(at + 1..) {
        Some([b'\n', ..]) => Some(at + 2),
        Some([b'\r', b'\n', ..]) => Some(at + 3),
        _ => None,
    })
}

/// How many bytes of blank lines a block begins with.
pub(crate) fn blank_lines(block: &[u8]) -> usize {
    let mut blank = 0;
    loop {
        blank += match block.get(blank..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => return blank,
        };
    }
}

fn begins(block: &[u8], mark: &[u8]) -> bool {
    block.get(..mark.len()).is_some_and(|first| first.eq_ignore_ascii_case(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debris_behind_short_packets_is_seen_once_enough_is_there() {
        let packet = "Event: Hangup\r\nUniqueid: 1.1\r\n\r\n";
        let check = |rest: &str, expected| {
            let source = format!("{packet}{rest}");
            assert_eq!(beyond(source.as_bytes(), packet.len(), false), expected, "{rest:?}");
        };
        check("", Outlook::Unknown);
        check("\r\n\r", Outlook::Unknown);
        check("eve", Outlook::Unknown);
        check("\r\n\r\nCallerIDName: x\r\n", Outlook::Debris);
        check("C", Outlook::Debris);
        check("Asterisk Call Manager/1.0\r\n", Outlook::Debris);
        check("Event: A\r\n\r\n", Outlook::Unknown);
        check("Event: A\r\n\r\nCallerIDName: x\r\n", Outlook::Debris);
        check("Event: A\n\nResponse: x\r\n\r\nX: 1\r\n", Outlook::Debris);
        check("Response: Follows\r\n\r\ntext", Outlook::Clear);
        check(&format!("Event: A\r\nX: {}", "x".repeat(FORGED_LIMIT)), Outlook::Clear);
    }
}
