//! The replacements of numbers, words and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cipher::{Cipher, Symbol};
use super::seed::AnonymiserSeed;
use super::text::TextCell;
use super::vocabulary;

/// The domains of the cipher.
const NUMBER: u8 = 0;
const WORD: u8 = 1;
const FOREIGN_WORD: u8 = 2;
const OPAQUE: u8 = 3;
const ADDRESS: u8 = 4;

/// Numbers with fewer digits are extensions and are kept (call rules 2).
pub(super) const SHORTEST_NUMBER: usize = 6;

/// Replaces numbers, words and addresses by others that depend on them and the seed.
pub(super) struct Replacer {
    cipher: Cipher,
}

impl Replacer {
    pub(super) fn new(seed: &AnonymiserSeed) -> Self {
        Self { cipher: Cipher::new(seed) }
    }

    /// Replaces the digits of a number of at least [`SHORTEST_NUMBER`] digits.
    ///
    /// Leading zeros are kept, and so is the country code if there is one, which is not after a single zero: that marks
    /// a national number. The rest is replaced in the same way in both forms, so that a number stays the same number
    /// however it is written. A first digit other than 0 is replaced by another one other than 0.
    pub(super) fn replace_number(&self, digits: &str) -> String {
        let (kept, free) = digits.split_at_checked(kept_digits(digits)).unwrap_or((digits, ""));
        if free.is_empty() {
            return digits.to_owned();
        }
        // A first digit other than 0 has nine replacements, not ten.
        let first = |index| if index == 0 && !free.starts_with('0') { (b'1', 9) } else { (b'0', 10) };
        let place = |(index, digit)| {
            let (first, radix) = first(index);
            symbol(digit, first, radix)
        };
        let mut symbols: Vec<_> = free.bytes().enumerate().map(place).collect();
        self.cipher.replace(NUMBER, &mut symbols);
        let digit = |(index, symbol): (usize, &Symbol)| letter(first(index).0, symbol.value);
        kept.chars().chain(symbols.iter().enumerate().map(digit)).collect()
    }

    /// Replaces a word. Its case is ignored and kept. No word becomes a technical one.
    pub(super) fn replace_word(&self, cells: &mut [TextCell]) {
        let small: String = cells.iter().flat_map(|cell| cell.original.to_lowercase()).collect();
        if !cells.iter().all(|cell| cell.original.is_ascii_alphabetic()) {
            return self.replace_foreign_word(&small, cells);
        }
        let mut symbols: Vec<_> = small.bytes().map(|byte| symbol(byte, b'a', 26)).collect();
        let word = loop {
            self.cipher.replace(WORD, &mut symbols);
            let word: String = symbols.iter().map(|symbol| letter(b'a', symbol.value)).collect();
            if !vocabulary::is_technical(&word) {
                break word;
            }
        };
        for (cell, new) in cells.iter_mut().zip(word.chars()) {
            cell.replace(if cell.original.is_ascii_uppercase() { new.to_ascii_uppercase() } else { new });
        }
    }

    /// Replaces a word that is not all ASCII: each letter by one of the same number of bytes, Latin-1 or CJK.
    fn replace_foreign_word(&self, small: &str, cells: &mut [TextCell]) {
        let noise = self.cipher.numbers(FOREIGN_WORD, 0, small.as_bytes(), cells.len());
        for (cell, noise) in cells.iter_mut().zip(noise) {
            let is = cell.original;
            // One of `count` characters, but not the original.
            let another = |count: u16, there: Option<u16>| match there {
                Some(there) => (there + 1 + noise % (count - 1)) % count,
                None => noise % count,
            };
            let new = match is.len_utf8() {
                1 => letter(b'a', noise % 26),
                2 => latin1(another(LATIN1, latin1_place(is))),
                length => {
                    let first = if length == 3 { 0x4e00 } else { 0x2_0000 };
                    let there = u32::from(is).checked_sub(first).and_then(|place| u16::try_from(place).ok());
                    let place = another(4096, there.filter(|there| *there < 4096));
                    char::from_u32(first + u32::from(place)).unwrap_or(is)
                }
            };
            let new = match new.to_uppercase().next() {
                Some(capital) if is.is_uppercase() && capital.len_utf8() == new.len_utf8() => capital,
                _ => new,
            };
            cell.replace(new);
        }
    }

    /// Replaces an id without meaning, of ASCII letters and digits.
    pub(super) fn replace_opaque_id(&self, cells: &mut [&mut TextCell]) {
        let is_hex = cells.iter().all(|cell| cell.original.is_ascii_hexdigit());
        let alphabet = |is: char| match is {
            '0'..='9' => (b'0', 10),
            'A'..='Z' => (b'A', if is_hex { 6 } else { 26 }),
            _ => (b'a', if is_hex { 6 } else { 26 }),
        };
        let place = |cell: &&mut TextCell| {
            let (first, radix) = alphabet(cell.original);
            symbol(u8::try_from(cell.original).unwrap_or(first), first, radix)
        };
        let mut symbols: Vec<_> = cells.iter().map(place).collect();
        if !symbols.is_empty() {
            self.cipher.replace(OPAQUE, &mut symbols);
        }
        for (cell, symbol) in cells.iter_mut().zip(symbols) {
            let (first, _) = alphabet(cell.original);
            cell.replace(letter(first, symbol.value));
        }
    }

    /// The documentation address that replaces an address (RFC 5737, RFC 3849). There are too few for all to be
    /// different, but calls are not told apart by addresses. The unspecified address is kept.
    pub(super) fn replace_address(&self, address: IpAddr) -> String {
        let noise = |bytes: &[u8]| self.cipher.numbers(ADDRESS, 0, bytes, 2);
        match address {
            _ if address.is_unspecified() => address.to_string(),
            IpAddr::V4(address) => {
                const NETS: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
                let noise = noise(&address.octets());
                let (one, two) = (noise.first().copied().unwrap_or(0), noise.get(1).copied().unwrap_or(0));
                let [a, b, c] = NETS.get(usize::from(one) % NETS.len()).copied().unwrap_or([192, 0, 2]);
                let host = u8::try_from(1 + two % 254).unwrap_or(1);
                Ipv4Addr::new(a, b, c, host).to_string()
            }
            IpAddr::V6(address) => {
                let noise = noise(&address.octets());
                let (one, two) = (noise.first().copied().unwrap_or(0), noise.get(1).copied().unwrap_or(0));
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, one | 1, two).to_string()
            }
        }
    }
}

fn symbol(byte: u8, first: u8, radix: u16) -> Symbol {
    Symbol { value: u16::from(byte.wrapping_sub(first)) % radix, radix }
}

fn letter(first: u8, value: u16) -> char {
    char::from(first.wrapping_add(u8::try_from(value).unwrap_or(0)))
}

/// The number of lower-case letters of Latin-1 outside ASCII that have an upper-case form.
const LATIN1: u16 = 30;

/// One of those letters; 0xf7 is not a letter.
fn latin1(place: u16) -> char {
    let code = 0xe0 + u32::from(place) + u32::from(place >= 0x17);
    char::from_u32(code).unwrap_or('\u{e0}')
}

fn latin1_place(is: char) -> Option<u16> {
    let small = is.to_lowercase().next()?;
    (0..LATIN1).find(|place| latin1(*place) == small)
}

/// How many leading digits of a number are kept.
fn kept_digits(digits: &str) -> usize {
    let rest = digits.trim_start_matches('0');
    let zeros = digits.len() - rest.len();
    if zeros == 1 || rest.len() <= SHORTEST_NUMBER {
        return zeros;
    }
    let behind = rest.get(country_code(rest)..).unwrap_or_default();
    match behind.trim_start_matches('0').len() {
        0 => digits.len() - behind.len(),
        free => digits.len() - free,
    }
}

/// The length of the country code that an international number begins with (ITU-T E.164, annex D).
fn country_code(digits: &str) -> usize {
    const TWO: [&str; 44] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    match digits.as_bytes().first() {
        Some(b'1' | b'7') => 1,
        _ if TWO.iter().any(|code| digits.starts_with(code)) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::ValueText;
    use super::*;

    fn replacer() -> Replacer {
        Replacer::new(&AnonymiserSeed::new([1; 32]))
    }

    fn word(word: &str) -> String {
        let mut text = ValueText::default();
        text.read(word.as_bytes(), false);
        replacer().replace_word(&mut text.cells);
        text.cells.iter().map(|cell| cell.replacement).collect()
    }

    #[test]
    fn zeros_and_country_code_of_a_number_are_kept() {
        for (number, kept) in [
            ("491761234567", "49"),
            ("00491761234567", "0049"),
            ("01761234567", "0"),
            ("35312345678", "353"),
            ("12125550123", "1"),
            ("123456", ""),
            ("012345", "0"),
            ("4900012345", "49000"),
        ] {
            let replaced = replacer().replace_number(number);
            assert!(replaced.starts_with(kept) && replaced.len() == number.len(), "{number}: {replaced}");
            assert_eq!(kept_digits(number), kept.len(), "{number}");
        }
    }

    #[test]
    fn a_number_has_the_same_replacement_in_all_forms() {
        let ways =
            ["491761234567", "00491761234567", "01761234567"].map(|number| replacer().replace_number(number));
        assert_eq!(
            ways.each_ref().map(|number| &number[number.len() - 10..])[..2],
            [&ways[2][1..], &ways[2][1..]]
        );
    }

    #[test]
    fn a_word_keeps_its_length_and_its_case() {
        let (one, two, three) = (word("alice"), word("Alice"), word("ALICE"));
        assert_eq!(two.to_lowercase(), one);
        assert_eq!(three, one.to_uppercase());
        assert!(two.starts_with(|c: char| c.is_uppercase()) && one != "alice");
        assert_ne!(word("Müller"), word("Möller"));
        assert_eq!(word("Müller").len(), "Müller".len());
        assert_eq!(word("Çelik").to_lowercase(), word("çelik"));
        assert_eq!(word("李小龍").chars().count(), 3);
    }

    proptest! {
        #[test]
        fn different_numbers_have_different_replacements(one in "[0-9]{6,15}", two in "[0-9]{6,15}") {
            let replacer = replacer();
            let (left, right) = (replacer.replace_number(&one), replacer.replace_number(&two));
            prop_assert_eq!(one == two, left == right);
            prop_assert_eq!(left == one, one.bytes().all(|digit| digit == b'0'));
            prop_assert_eq!(left.len(), one.len());
            let zeros = |number: &str| number.len() - number.trim_start_matches('0').len();
            prop_assert_eq!(zeros(&left), zeros(&one));
        }

        #[test]
        fn different_words_have_different_replacements(one in "[a-z]{1,6}", two in "[a-z]{1,6}") {
            prop_assert_eq!(one == two, word(&one) == word(&two));
            prop_assert!(word(&one) != one && !vocabulary::is_technical(&word(&one)));
        }

        #[test]
        fn every_letter_of_another_script_is_replaced(name in "\\p{L}{1,8}") {
            let replaced = word(&name);
            prop_assert_eq!(replaced.len(), name.len());
            prop_assert!(name.is_ascii() || name.chars().zip(replaced.chars()).all(|(is, new)| is.is_ascii() || is != new));
        }
    }
}
