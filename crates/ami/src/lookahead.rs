//! Recognises packets that a caller has written, by what follows them (AMI notes 1.3 and 5.7).
//!
//! Asterisk prints a caller's number as it received it. If the number contains line ends, the event is cut at the
//! number; then come the packets that the caller has written, and then the rest of the event, which does not begin as a
//! packet does. So a packet short enough to be part of a number is not trusted if stray data follows it.

use crate::banner;
use crate::command_output::{FOLLOWS, is_command_output};
use crate::lines::{end_of_blank_line, leading_blank_lines};

/// The longest field that a caller controls, in bytes: Asterisk keeps 80 of a number, and 256 of anything else.
pub(crate) const FORGED_LIMIT: usize = 256;

/// What follows a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookahead {
    /// A packet too long for a caller to have written, or a banner: the packet is trusted.
    Trusted,
    /// Stray data, perhaps after more packets as short: the packet may be forged.
    StrayData,
    /// Too few bytes to tell.
    Unknown,
}

/// Looks at what follows the packet in the first `end` bytes of `source`. A caller can write at most [`FORGED_LIMIT`]
/// bytes, however many packets that is.
pub(crate) fn look_ahead(source: &[u8], end: usize, banner_may_come: bool) -> Lookahead {
    let mut at = end;
    loop {
        at += leading_blank_lines(source.get(at..).unwrap_or_default());
        let rest = source.get(at..).unwrap_or_default();
        if matches!(rest, [] | [b'\r']) {
            return Lookahead::Unknown;
        }
        if banner_may_come && banner::is_banner(rest) {
            return Lookahead::Trusted;
        }
        if !begins_with(rest, b"Event:") && !begins_with(rest, b"Response:") {
            let may_become =
                |mark: &[u8]| mark.get(..rest.len()).is_some_and(|m| m.eq_ignore_ascii_case(rest));
            let is_short = may_become(b"Event:") || may_become(b"Response:");
            let is_short = is_short || (banner_may_come && banner::may_become_banner(rest));
            return if is_short { Lookahead::Unknown } else { Lookahead::StrayData };
        }
        if rest.len() > FOLLOWS.len() && is_command_output(rest) {
            return Lookahead::Trusted; // free text may follow
        }
        let left = FORGED_LIMIT.saturating_sub(at);
        match end_of_blank_line(rest, left) {
            Some(length) => at += length,
            None if rest.len() > left + 2 => return Lookahead::Trusted,
            None => return Lookahead::Unknown,
        }
    }
}

fn begins_with(block: &[u8], mark: &[u8]) -> bool {
    block.get(..mark.len()).is_some_and(|first| first.eq_ignore_ascii_case(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_data_after_short_packets_is_detected_once_enough_bytes_arrived() {
        let packet = "Event: Hangup\r\nUniqueid: 1.1\r\n\r\n";
        let check = |rest: &str, expected| {
            let source = format!("{packet}{rest}");
            assert_eq!(look_ahead(source.as_bytes(), packet.len(), false), expected, "{rest:?}");
        };
        check("", Lookahead::Unknown);
        check("\r\n\r", Lookahead::Unknown);
        check("eve", Lookahead::Unknown);
        check("\r\n\r\nCallerIDName: x\r\n", Lookahead::StrayData);
        check("C", Lookahead::StrayData);
        check("Asterisk Call Manager/1.0\r\n", Lookahead::StrayData);
        check("Event: A\r\n\r\n", Lookahead::Unknown);
        check("Event: A\r\n\r\nCallerIDName: x\r\n", Lookahead::StrayData);
        check("Event: A\n\nResponse: x\r\n\r\nX: 1\r\n", Lookahead::StrayData);
        check("Response: Follows\r\n\r\ntext", Lookahead::Trusted);
        check(&format!("Event: A\r\nX: {}", "x".repeat(FORGED_LIMIT)), Lookahead::Trusted);
    }
}
