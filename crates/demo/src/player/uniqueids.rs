//! Gives each round of playback its own Uniqueids.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::block::AmiBlock;

/// The epochs in the Uniqueids of a recording: `pbx1-1795226300.42` has `1795226300`.
///
/// Asterisk never uses an id twice, so a recording that is played again needs other ids.
#[derive(Clone, Debug, Default)]
pub(super) struct UniqueidEpochs(BTreeSet<Vec<u8>>);

/// The number of digits of the seconds since 1970, from 2001 to 2286.
const EPOCH_DIGITS: usize = 10;

impl UniqueidEpochs {
    /// Adds the epochs of the ids in `block`.
    pub(super) fn add_from(&mut self, block: &AmiBlock) {
        for (name, value) in block.headers() {
            let name = name.to_ascii_lowercase();
            if (name.ends_with(b"uniqueid") || name.ends_with(b"linkedid"))
                && let Some(epoch) = epoch(value)
                && !self.0.contains(epoch)
            {
                self.0.insert(epoch.to_vec());
            }
        }
    }

    /// Rewrites `block` for a round: the round's number is appended to the epoch in every id, so that no two rounds
    /// share an id. Round 0 is unchanged.
    pub(super) fn rewrite_for_round<'a>(&self, round: u64, block: &'a [u8]) -> Cow<'a, [u8]> {
        if round == 0 || self.0.is_empty() {
            return Cow::Borrowed(block);
        }
        let suffix = round.to_string();
        let mut out = Vec::with_capacity(block.len() + 64);
        for line in block.split_inclusive(|&byte| byte == b'\n') {
            if line.get(..10).is_some_and(|name| name.eq_ignore_ascii_case(b"Timestamp:")) {
                // It looks like an id, but it is a time.
                out.extend_from_slice(line);
            } else {
                self.rewrite_line(suffix.as_bytes(), line, &mut out);
            }
        }
        Cow::Owned(out)
    }

    fn rewrite_line(&self, suffix: &[u8], line: &[u8], out: &mut Vec<u8>) {
        let mut rest = line;
        while let Some(start) = rest.iter().position(u8::is_ascii_digit) {
            let (before, from) = rest.split_at(start);
            let length = from.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(from.len());
            let (digits, after) = from.split_at(length);
            out.extend_from_slice(before);
            out.extend_from_slice(digits);
            if matches!(after, [b'.', b'0'..=b'9', ..]) && self.0.contains(digits) {
                out.extend_from_slice(suffix);
            }
            rest = after;
        }
        out.extend_from_slice(rest);
    }
}

/// The epoch in `id`: the digits before its last dot, if digits follow the dot.
fn epoch(id: &[u8]) -> Option<&[u8]> {
    let dot = id.iter().rposition(|&byte| byte == b'.')?;
    let (before, counter) = (id.get(..dot)?, id.get(dot + 1..)?);
    let start = before.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let epoch = before.get(start..)?;
    let is_valid =
        epoch.len() == EPOCH_DIGITS && !counter.is_empty() && counter.iter().all(u8::is_ascii_digit);
    is_valid.then_some(epoch)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const EVENT: &str = "Event: BridgeEnter\r\nTimestamp: 1795226300.123456\r\nUniqueid: pbx1-1795226300.0\r\n\
                         Linkedid: pbx1-1795226300.0\r\nSwapUniqueid: 1795226301.12\r\nCallerIDNum: 1795226300\r\n\
                         Value: x1795226300.7,1795226302.1";

    #[track_caller]
    fn check(round: u64, expected: &str) {
        let mut epochs = UniqueidEpochs::default();
        epochs.add_from(&AmiBlock(Bytes::from_static(EVENT.as_bytes())));
        assert_eq!(
            epochs.rewrite_for_round(round, EVENT.as_bytes()).escape_ascii().to_string(),
            expected.as_bytes().escape_ascii().to_string()
        );
    }

    #[test]
    fn the_first_round_keeps_its_ids() {
        check(0, EVENT);
    }

    #[test]
    fn later_rounds_have_their_own_ids_and_change_nothing_else() {
        check(
            12,
            "Event: BridgeEnter\r\nTimestamp: 1795226300.123456\r\nUniqueid: pbx1-179522630012.0\r\n\
             Linkedid: pbx1-179522630012.0\r\nSwapUniqueid: 179522630112.12\r\nCallerIDNum: 1795226300\r\n\
             Value: x179522630012.7,1795226302.1",
        );
    }

    #[test]
    fn ids_of_another_form_have_no_epoch() {
        for (id, expected) in [
            ("1795226300.0", Some("1795226300")),
            ("a.b-1795226300.42", Some("1795226300")),
            ("my-call", None),
            ("1795226300", None),
            ("1795226300.", None),
            ("1795226300.x", None),
            ("300.1", None),
            ("", None),
        ] {
            assert_eq!(epoch(id.as_bytes()), expected.map(str::as_bytes), "{id}");
        }
    }
}
