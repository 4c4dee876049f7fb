//! Finds and replaces words, numbers and addresses in a value.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::class::ValueClass;
use super::replacement::{Replacer, SHORTEST_NUMBER};
use super::text::{TextCell, ValueText};
use super::vocabulary;

/// A mixture of letters and digits of at least this many characters is not a name.
const SHORTEST_OPAQUE: usize = 16;

/// The longest user and domain of a mail address (RFC 5321 section 4.5.3.1).
const LONGEST_USER: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// Replaces words, numbers and addresses in a value.
pub(super) struct TokenReplacer<'a> {
    pub(super) text: &'a mut ValueText,
    pub(super) replacer: &'a Replacer,
    /// Whether the value may grow: an address and its replacement may differ in length.
    pub(super) may_grow: bool,
}

impl TokenReplacer<'_> {
    /// Replaces words, numbers and addresses.
    pub(super) fn replace_words(&mut self, range: Range<usize>, class: ValueClass) {
        let mut at = range.start;
        while at < range.end {
            let is = self.text.at(at);
            if is == '"' && class != ValueClass::PersonName {
                if let Some(close) = self.end_of_quoted_name(at, range.end) {
                    self.replace_words(at + 1..close, ValueClass::PersonName);
                    at = close;
                }
                at += 1;
            } else if self.text.is_word(at) || is == ':' {
                let end = self
                    .replace_address(at)
                    .or_else(|| self.replace_hardware_id(at))
                    .or_else(|| self.replace_mail_address(at, range.end, class));
                at = end.unwrap_or_else(|| self.replace_token(at, &range, class)).max(at + 1);
            } else {
                at += 1;
            }
        }
    }

    /// The closing quote of the name before a number: `"Alice" <101>`. The opening quote is at `open`.
    fn end_of_quoted_name(&self, open: usize, end: usize) -> Option<usize> {
        let close = self.text.find(&(open + 1..end), '"')?;
        let next = self.text.skip_while(close + 1..end, |is| is == ' ');
        (self.text.at(next) == '<').then_some(close)
    }

    /// Replaces a sequence of letters and digits, and returns where it ends.
    fn replace_token(&mut self, begin: usize, range: &Range<usize>, class: ValueClass) -> usize {
        let end = self.text.token_end(begin).min(range.end);
        if end <= begin {
            return begin + 1;
        }
        if (class == ValueClass::OpaqueId || self.is_opaque_id(begin..end))
            && is_ascii(self.text.cells_in(&(begin..end)))
        {
            let place = begin..end;
            self.replace_opaque_id(&[place]);
            return end;
        }
        if self.is_channel_serial(begin, end) {
            return end;
        }
        let mut at = begin;
        while at < end {
            if self.text.at(at).is_ascii_digit() {
                at = self.replace_number(at, range.end, class);
            } else {
                let word = at..self.text.skip_while(at..end, |is| !is.is_ascii_digit());
                at = word.end;
                self.replace_word(word.clone(), class);
                if class == ValueClass::Text && self.text.original_text(&word).eq_ignore_ascii_case("name") {
                    // CALLERID(name)=Alice, and in AGI's form CALLERID(name) "Alice".
                    if word.start > 0 && self.text.at(word.start - 1) == '(' && self.text.at(at) == ')' {
                        self.replace_words(at..range.end, ValueClass::PersonName);
                        return range.end;
                    }
                }
            }
        }
        at
    }

    fn replace_word(&mut self, word: Range<usize>, class: ValueClass) {
        let written = self.text.original_text(&word).to_lowercase();
        let mut begin = word.start;
        if class == ValueClass::PersonName {
            if is_scheme(&written) && self.text.at(word.end) == ':' {
                return;
            }
        } else {
            begin += vocabulary::technical_prefix_len(&written);
            let is_short = match word.len() {
                1 => true,
                // The initials of a user, or an option of an application.
                2 if self.text.is_digit(word.end) || word.start > 0 && self.text.is_digit(word.start - 1) => {
                    true
                }
                2 => class == ValueClass::Text && !self.is_at_address(&word),
                _ => false,
            };
            if begin >= word.end || is_short && written.is_ascii() {
                return;
            }
        }
        if let Some(cells) = self.text.cells.get_mut(begin..word.end) {
            self.replacer.replace_word(cells);
        }
    }

    /// Whether a word is part of an endpoint or an address: `SIP/ab`, `ab@home`.
    fn is_at_address(&self, word: &Range<usize>) -> bool {
        let before = word.start.checked_sub(1).map_or('\0', |before| self.text.at(before));
        matches!(before, '/' | '@') || self.text.at(word.end) == '@'
    }

    /// Replaces a number that begins at `begin`, with all its groups of digits. It returns where the last replaced
    /// group ends, or the first one if nothing was replaced.
    fn replace_number(&mut self, begin: usize, end: usize, class: ValueClass) -> usize {
        let first = self.text.skip_while(begin..end, |is| is.is_ascii_digit());
        let group = begin..first;
        let mut groups = vec![group];
        // In a name anything may be part of a number; elsewhere 101/102 are two numbers, and so are 1001-5.
        let (is_name, most) = (class == ValueClass::PersonName, SHORTEST_NUMBER - 1);
        let between = |is: char| matches!(is, ' ' | '-' | '.' | '(' | ')') || is_name && is == '/';
        let fits = |group: &Range<usize>| is_name || (2..=most).contains(&group.len());
        while let Some(last) = groups.last().filter(|last| fits(last)).map(|last| last.end) {
            let next = self.text.skip_while(last..end.min(last + 3), between);
            let group = next..self.text.skip_while(next..end, |is| is.is_ascii_digit());
            if next == last || group.is_empty() || !fits(&group) || !is_name && self.text.is_letter(group.end)
            {
                break;
            }
            groups.push(group);
        }
        let count: usize = groups.iter().map(ExactSizeIterator::len).sum();
        let shortest = if is_name || groups.len() == 1 { SHORTEST_NUMBER } else { SHORTEST_NUMBER + 1 };
        if count < shortest {
            return first;
        }
        let digits: String = groups.iter().map(|group| self.text.original_text(group)).collect();
        let replaced = self.replacer.replace_number(&digits);
        let places = groups.iter().cloned().flatten();
        for (place, digit) in places.zip(replaced.chars()) {
            if let Some(cell) = self.text.cells.get_mut(place) {
                cell.replace(digit);
            }
        }
        groups.last().map_or(first, |last| last.end)
    }

    /// Replaces an IP address at `begin`, and returns where it ends.
    fn replace_address(&mut self, begin: usize) -> Option<usize> {
        if begin > 0 && self.text.is_word(begin - 1) {
            return None;
        }
        let all = begin..self.text.cells.len().min(begin + 45);
        let end = self.text.skip_while(all.clone(), |is| is.is_ascii_hexdigit() || matches!(is, '.' | ':'));
        let written = self.text.original_text(&(begin..end));
        let (address, length) = if written.matches(':').count() >= 2 && !self.text.is_word(end) {
            let written = written.trim_end_matches(['.', ':']);
            let written = if written.len() < 2 { "::" } else { written };
            written.parse::<Ipv6Addr>().ok().map(|address| (IpAddr::V6(address), written.len()))
        } else {
            None
        }
        .or_else(|| {
            let end = written.find(|is: char| !is.is_ascii_digit() && is != '.').unwrap_or(written.len());
            let written = written.get(..end)?.trim_end_matches('.');
            let address = written.parse::<Ipv4Addr>().ok()?;
            (!self.text.is_word(begin + written.len())).then_some((IpAddr::V4(address), written.len()))
        })?;
        let place = begin..begin + length;
        // An encoded address contains characters that must not appear there unencoded.
        if self.may_grow && self.text.cells_in(&place).iter().all(TextCell::is_plain) {
            self.text.edits.push((place.clone(), self.replacer.replace_address(address)));
        }
        for cell in self.text.cells.get_mut(place.clone()).unwrap_or_default() {
            cell.replace(if cell.original.is_ascii_hexdigit() { '0' } else { cell.original });
        }
        Some(place.end)
    }

    /// Replaces a MAC address or a UUID at `begin`, and returns where it ends.
    fn replace_hardware_id(&mut self, begin: usize) -> Option<usize> {
        if begin > 0 && self.text.is_word(begin - 1) {
            return None;
        }
        const MAC_ADDRESS: &[usize] = &[2, 2, 2, 2, 2, 2];
        const UUID: &[usize] = &[8, 4, 4, 4, 12];
        let groups = |between: char, lengths: &[usize]| {
            let mut at = begin;
            let mut groups = Vec::new();
            for length in lengths {
                let group = at..self.text.token_end(at);
                if group.len() != *length || !self.text.all(&group, |is| is.is_ascii_hexdigit()) {
                    return None;
                }
                let is_last = groups.len() + 1 == lengths.len();
                if self.text.at(group.end) != between && !is_last {
                    return None;
                }
                at = group.end + 1;
                groups.push(group);
            }
            Some(groups)
        };
        let groups =
            groups(':', MAC_ADDRESS).or_else(|| groups('-', MAC_ADDRESS)).or_else(|| groups('-', UUID))?;
        self.replace_opaque_id(&groups);
        groups.last().map(|last| last.end)
    }

    /// Replaces an id without meaning that is written in several groups.
    fn replace_opaque_id(&mut self, places: &[Range<usize>]) {
        let begin = places.first().map_or(0, |first| first.start);
        let end = places.last().map_or(0, |last| last.end);
        let there = (begin..end).zip(self.text.cells.get_mut(begin..end).unwrap_or_default());
        let mut cells: Vec<_> = there
            .filter(|(index, _)| places.iter().any(|place| place.contains(index)))
            .map(|(_, cell)| cell)
            .collect();
        self.replacer.replace_opaque_id(&mut cells);
    }

    /// Replaces a mail address at `begin`, except its top-level domain, and returns where it ends. In a SIP address the
    /// user is an endpoint.
    fn replace_mail_address(&mut self, begin: usize, end: usize, class: ValueClass) -> Option<usize> {
        if class == ValueClass::PersonName || class == ValueClass::OpaqueId {
            return None;
        }
        let is_local = |is: char| is.is_ascii_alphanumeric() || matches!(is, '.' | '_' | '-' | '+');
        let is_domain = |is: char| is.is_ascii_alphanumeric() || matches!(is, '.' | '-');
        let at = self.text.skip_while(begin..end.min(begin + LONGEST_USER), is_local);
        if self.text.at(at) != '@' || begin > 0 && matches!(self.text.at(begin - 1), ':' | '/') {
            return None;
        }
        let close = self.text.skip_while(at + 1..end.min(at + LONGEST_DOMAIN), is_domain);
        let dot = self.text.rfind(&(at + 1..close), '.')?;
        let local = self.text.original_text(&(begin..at));
        let top = self.text.original_text(&(dot + 1..close));
        let is_mail = local.contains(|is: char| is.is_ascii_alphabetic())
            && top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !self.text.is_word(close);
        if !is_mail {
            return None;
        }
        self.replace_words(begin..dot, ValueClass::PersonName);
        Some(close)
    }

    /// Whether this is the serial number in a channel's name, `SIP/alice-0000002a`: six to eight hexadecimal digits,
    /// which begin with zeros until the server has had a million channels.
    fn is_channel_serial(&self, begin: usize, end: usize) -> bool {
        (6..=8).contains(&(end - begin))
            && begin > 0
            && self.text.at(begin - 1) == '-'
            && self.text.original_text(&(begin..begin + 3)) == "000"
            && self.text.all(&(begin..end), |is| matches!(is, '0'..='9' | 'a'..='f'))
    }

    /// Whether letters and digits are mixed as in an id, and not as in a name.
    fn is_opaque_id(&self, range: Range<usize>) -> bool {
        if range.len() < SHORTEST_OPAQUE {
            return false;
        }
        let cells = self.text.cells_in(&range);
        let digits = cells.iter().filter(|cell| cell.original.is_ascii_digit()).count();
        let turns = cells
            .array_windows()
            .filter(|[one, two]| one.original.is_ascii_digit() != two.original.is_ascii_digit())
            .count();
        is_ascii(cells) && digits >= 4 && cells.len() - digits >= 4 && turns >= 4
    }
}

fn is_ascii(cells: &[TextCell]) -> bool {
    cells.iter().all(|cell| cell.original.is_ascii_alphanumeric())
}

/// Whether a word is the scheme of a telephone or mail address.
pub(super) fn is_scheme(word: &str) -> bool {
    ["sip", "sips", "tel", "mailto"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}
