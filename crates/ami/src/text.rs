//! Decodes received bytes as text: charset and escapes (AMI notes 1.3).

use std::borrow::Cow;

/// Decodes `bytes` as UTF-8 if they are valid, else as Latin-1, in which every byte is a character.
#[must_use]
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// Decodes bytes in which Asterisk has escaped control characters, quotes, `?` and `\` with a backslash.
#[must_use]
pub(crate) fn decode_escaped(bytes: &[u8]) -> Cow<'_, str> {
    match unescape(bytes) {
        Cow::Borrowed(bytes) => decode(bytes),
        Cow::Owned(bytes) => Cow::Owned(decode(&bytes).into_owned()),
    }
}

/// Whether `value` is one of Asterisk's placeholders for an unknown value.
#[must_use]
pub(crate) fn is_unknown(value: &[u8]) -> bool {
    matches!(value, b"" | b"<unknown>" | b"<Unknown>" | b"unknown" | b"<null>")
}

/// The first line of `bytes` in a form fit for a log: at most 80 characters, all of them printable ASCII.
#[must_use]
pub(crate) fn printable_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let shown =
        line.iter().take(80).map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' });
    shown.collect()
}

/// Undoes C escapes. A backslash that begins none is kept: escaped and plain names arrive under the same key.
fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr::memchr(b'\\', bytes) else { return Cow::Borrowed(bytes) };
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((before, tail)) = rest.split_at_checked(at) {
        plain.extend_from_slice(before);
        rest = match tail {
            [b'\\', code, after @ ..] => match escaped_byte(*code) {
                Some(byte) => {
                    plain.push(byte);
                    after
                }
                None => {
                    plain.extend([b'\\', *code]);
                    after
                }
            },
            last => {
                plain.extend_from_slice(last);
                &[]
            }
        };
        match memchr::memchr(b'\\', rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// The byte that `\code` stands for.
fn escaped_byte(code: u8) -> Option<u8> {
    Some(match code {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'\'' | b'"' | b'?' => code,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_are_decoded_as_latin1() {
        assert_eq!(decode("Jörg".as_bytes()), "Jörg");
        assert_eq!(decode(b"J\xf6rg"), "Jörg");
    }

    #[test]
    fn escapes_are_undone_once() {
        let check = |escaped: &[u8], plain: &str| assert_eq!(decode_escaped(escaped), plain);
        check(br"O\'Brien", "O'Brien");
        check(br#"\"Fax\" who\?"#, "\"Fax\" who?");
        check(br"a\\nb", r"a\nb");
        check(br"a\r\nb\tc\a\b\f\v", "a\r\nb\tc\x07\x08\x0c\x0b");
        check(br"C:\zoo", r"C:\zoo");
        check(b"ends with \\", "ends with \\");
        check(b"J\xf6rg\\?", "Jörg?");
        check(b"", "");
    }

    #[test]
    fn all_placeholders_for_unknown_are_recognised() {
        for value in ["", "<unknown>", "<Unknown>", "unknown", "<null>"] {
            assert!(is_unknown(value.as_bytes()), "{value:?}");
        }
        assert!(!is_unknown(b"anonymous"));
    }
}
