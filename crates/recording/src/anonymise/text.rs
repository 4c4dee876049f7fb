//! A value as characters that can be replaced one by one.

use std::ops::Range;

/// A character of a value.
#[derive(Clone, Debug)]
pub(super) struct TextCell {
    pub(super) original: char,
    pub(super) replacement: char,
    /// Whether the replacement was set; it may equal the original.
    pub(super) is_replaced: bool,
    raw: Range<usize>,
    encoding: CharEncoding,
}

/// How a character is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CharEncoding {
    Utf8,
    Latin1,
    /// `%C3%BC`, as in the environment that an AsyncAGI is given and in SIP addresses.
    PercentUtf8,
    PercentLatin1,
    /// `\"`.
    Escape,
}

/// The characters of a value, and the replacements that have another length.
#[derive(Debug, Default)]
pub(super) struct ValueText {
    pub(super) cells: Vec<TextCell>,
    /// Replacements of ranges of `cells` by text of another length.
    pub(super) edits: Vec<(Range<usize>, String)>,
}

impl ValueText {
    /// Reads a value; `escaped` is whether the server escaped it with backslashes (AMI notes 1.3).
    pub(super) fn read(&mut self, raw: &[u8], escaped: bool) {
        self.cells.clear();
        self.edits.clear();
        let utf8 = str::from_utf8(raw).ok();
        let mut at = 0;
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            let (is, length, encoding) = decode_percent(rest)
                .or_else(|| decode_escape(rest).filter(|_| escaped))
                .or_else(|| {
                    let is = utf8?.get(at..)?.chars().next()?;
                    Some((is, is.len_utf8(), CharEncoding::Utf8))
                })
                .unwrap_or_else(|| (rest.first().copied().map_or('\0', char::from), 1, CharEncoding::Latin1));
            self.cells.push(TextCell {
                original: is,
                replacement: is,
                is_replaced: false,
                raw: at..at + length,
                encoding,
            });
            at += length;
        }
    }

    /// Writes the value `raw` with its replacements.
    pub(super) fn write(&self, raw: &[u8], out: &mut Vec<u8>) {
        let mut edits = self.edits.iter().peekable();
        let mut behind = 0;
        for (index, cell) in self.cells.iter().enumerate() {
            if let Some((range, text)) = edits.next_if(|(range, _)| range.start == index) {
                out.extend_from_slice(text.as_bytes());
                behind = range.end;
            }
            if index >= behind {
                cell.write(raw, out);
            }
        }
    }
}

/// Searches. Characters that were replaced are not found any more.
impl ValueText {
    /// Whether this is a letter or a digit. Outside ASCII, everything is that is not known to be something else.
    pub(super) fn is_word(&self, index: usize) -> bool {
        self.is_digit(index) || self.is_letter(index)
    }

    pub(super) fn is_digit(&self, index: usize) -> bool {
        self.at(index).is_ascii_digit()
    }

    pub(super) fn is_letter(&self, index: usize) -> bool {
        let Some(cell) = self.cells.get(index).filter(|cell| !cell.is_replaced) else { return false };
        match cell.original {
            is if is.is_ascii() => is.is_ascii_alphabetic(),
            _ if cell.is_latin1() => true,
            is => {
                !is.is_whitespace()
                    && !is.is_control()
                    && !matches!(is, '\u{a0}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}'
                        | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{fffd}')
            }
        }
    }

    pub(super) fn token_end(&self, begin: usize) -> usize {
        let mut end = begin;
        while self.is_word(end) {
            end += 1;
        }
        end
    }

    /// The character at `index`, or NUL if it was replaced or is after the end.
    pub(super) fn at(&self, index: usize) -> char {
        self.cells.get(index).filter(|cell| !cell.is_replaced).map_or('\0', |cell| cell.original)
    }

    pub(super) fn cells_in(&self, range: &Range<usize>) -> &[TextCell] {
        self.cells.get(range.clone()).unwrap_or_default()
    }

    /// The original text of a range.
    pub(super) fn original_text(&self, range: &Range<usize>) -> String {
        self.cells_in(range).iter().map(|cell| cell.original).collect()
    }

    pub(super) fn all(&self, range: &Range<usize>, is: impl Fn(char) -> bool) -> bool {
        self.cells_in(range).iter().all(|cell| is(cell.original))
    }

    pub(super) fn find(&self, range: &Range<usize>, is: char) -> Option<usize> {
        range.clone().find(|index| self.at(*index) == is)
    }

    pub(super) fn rfind(&self, range: &Range<usize>, is: char) -> Option<usize> {
        range.clone().rfind(|index| self.at(*index) == is)
    }

    /// The end of the characters that match `is`, from the beginning of the range.
    pub(super) fn skip_while(&self, range: Range<usize>, is: impl Fn(char) -> bool) -> usize {
        let end = range.end;
        range.into_iter().find(|index| self.at(*index) == '\0' || !is(self.at(*index))).unwrap_or(end)
    }

    /// The range of characters that match `is` right before `end`, not before `begin`.
    pub(super) fn range_before(&self, begin: usize, end: usize, is: impl Fn(char) -> bool) -> Range<usize> {
        let start =
            (begin..end).rev().take_while(|index| self.at(*index) != '\0' && is(self.at(*index))).last();
        start.unwrap_or(end)..end
    }
}

impl TextCell {
    /// Sets the replacement.
    pub(super) fn replace(&mut self, new: char) {
        self.replacement = new;
        self.is_replaced = true;
    }

    /// Whether it is encoded as itself.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.encoding, CharEncoding::Utf8 | CharEncoding::Latin1)
    }

    /// Whether it is one byte above 0x7f, in text that is not UTF-8.
    pub(super) fn is_latin1(&self) -> bool {
        matches!(self.encoding, CharEncoding::Latin1 | CharEncoding::PercentLatin1)
            && !self.original.is_ascii()
    }

    fn write(&self, raw: &[u8], out: &mut Vec<u8>) {
        if self.replacement == self.original || self.encoding == CharEncoding::Escape {
            out.extend_from_slice(raw.get(self.raw.clone()).unwrap_or_default());
            return;
        }
        let mut buffer = [0; 4];
        let utf8 = self.replacement.encode_utf8(&mut buffer).as_bytes();
        match (self.encoding, u8::try_from(self.replacement)) {
            (CharEncoding::Latin1, Ok(byte)) => out.push(byte),
            (CharEncoding::PercentLatin1, Ok(byte)) => percent_encode(byte, out),
            (CharEncoding::PercentUtf8 | CharEncoding::PercentLatin1, _) => {
                utf8.iter().for_each(|byte| percent_encode(*byte, out));
            }
            _ => out.extend_from_slice(utf8),
        }
    }
}

fn percent_encode(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
    out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
}

/// The character that `text` begins with, if it is escaped with a backslash.
fn decode_escape(text: &[u8]) -> Option<(char, usize, CharEncoding)> {
    let (b'\\', code) = (text.first()?, text.get(1)?) else { return None };
    let is = match code {
        b'n' => '\n',
        b'r' => '\r',
        b'a' | b'b' | b'f' | b't' | b'v' => '\t',
        b'\\' | b'\'' | b'"' | b'?' => char::from(*code),
        _ => return None,
    };
    Some((is, 2, CharEncoding::Escape))
}

/// The character that `text` begins with, if it is percent-encoded (RFC 3986 section 2.1).
fn decode_percent(text: &[u8]) -> Option<(char, usize, CharEncoding)> {
    let byte = |at: usize| -> Option<u8> {
        let (b'%', high, low) = (text.get(at)?, text.get(at + 1)?, text.get(at + 2)?) else { return None };
        let digit = |code: u8| char::from(code).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        Some(digit(*high)? << 4 | digit(*low)?)
    };
    let first = byte(0)?;
    let length = match first {
        ..0x80 => return Some((char::from(first), 3, CharEncoding::PercentUtf8)),
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    };
    let mut bytes = [0; 4];
    for (index, slot) in bytes.iter_mut().take(length).enumerate() {
        *slot = byte(index * 3).unwrap_or(0);
    }
    let decoded =
        bytes.get(..length).and_then(|bytes| str::from_utf8(bytes).ok()).and_then(|text| text.chars().next());
    Some(match decoded {
        Some(is) if is.len_utf8() == length => (is, length * 3, CharEncoding::PercentUtf8),
        _ => (char::from(first), 3, CharEncoding::PercentLatin1),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced(raw: &[u8], escaped: bool, by: char) -> Vec<u8> {
        let mut text = ValueText::default();
        text.read(raw, escaped);
        text.cells
            .iter_mut()
            .filter(|cell| cell.original.is_alphanumeric())
            .for_each(|cell| cell.replacement = by);
        let mut out = Vec::new();
        text.write(raw, &mut out);
        out
    }

    #[test]
    fn a_replacement_keeps_the_encoding_of_the_character() {
        for (raw, escaped, by, expected) in [
            (&b"O\\'Brien \\n"[..], true, 'x', &b"x\\'xxxxx \\n"[..]),
            (b"a\\nb", false, 'x', b"x\\xx"),
            ("Jörg".as_bytes(), true, 'ü', "üüüü".as_bytes()),
            (b"J\xf6rg", true, '\u{e9}', b"\xe9\xe9\xe9\xe9"),
            (b"J\xf6rg", true, 'x', b"xxxx"),
            (b"a%20b%C3%BC%fc", false, 'x', b"x%20x%78%78"),
            (b"a%20b%C3%BC%fc", false, '\u{e9}', b"\xc3\xa9%20\xc3\xa9%C3%A9%E9"),
            (b"100% %4 %zz", false, 'x', b"xxx% %x %xx"),
        ] {
            let got = replaced(raw, escaped, by);
            assert_eq!(got, expected, "{}: {}", raw.escape_ascii(), got.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn characters_that_are_not_replaced_are_kept(
            raw in prop::collection::vec(any::<u8>(), 0..64),
            percents in "[%A-F0-9a\\\\]{0,20}",
            escaped: bool,
        ) {
            let raw = [raw, percents.into_bytes()].concat();
            let mut text = ValueText::default();
            text.read(&raw, escaped);
            let mut out = Vec::new();
            text.write(&raw, &mut out);
            prop_assert_eq!(out, raw);
        }
    }
}
