//! Words, numbers and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Scan;
use crate::anonymise::class::Class;
use crate::anonymise::mapper::SHORTEST_NUMBER;
use crate::anonymise::text::Cell;
use crate::anonymise::words;

/// From how many characters on a mixture of letters and digits is no name.
const SHORTEST_OPAQUE: usize = 16;

/// The longest user and domain of a mail address (RFC 5321 section 4.5.3.1).
const LONGEST_USER: usize = 64;
const LONGEST_DOMAIN: usize = 255;

impl Scan<'_> {
    /// Replaces words, numbers and addresses.
    pub(super) fn words(&mut self, range: Range<usize>, class: Class) {
        let mut at = range.start;
        while at < range.end {
            let is = self.text.at(at);
            if is == '"' && class != Class::Name {
                if let Some(close) = self.quoted_name(at, range.end) {
                    self.words(at + 1..close, Class::Name);
                    at = close;
                }
                at += 1;
            } else if self.text.is_word(at) || is == ':' {
                let end = self
                    .address(at)
                    .or_else(|| self.hardware(at))
                    .or_else(|| self.mail(at, range.end, class));
                at = end.unwrap_or_else(|| self.token(at, &range, class)).max(at + 1);
            } else {
                at += 1;
            }
        }
    }

    /// Where the quotes close that open at `open` and hold the name before a number: `"Alice" <101>`.
    fn quoted_name(&self, open: usize, end: usize) -> Option<usize> {
        let close = self.text.find(&(open + 1..end), '"')?;
        let next = self.text.on(close + 1..end, |is| is == ' ');
        (self.text.at(next) == '<').then_some(close)
    }

    /// Replaces letters and digits without anything between.
    fn token(&mut self, begin: usize, range: &Range<usize>, class: Class) -> usize {
        let end = self.text.token_end(begin).min(range.end);
        if end <= begin {
            return begin + 1;
        }
        if (class == Class::Opaque || self.is_opaque(begin..end)) && is_ascii(self.text.part(&(begin..end))) {
            let place = begin..end;
            self.opaque(&[place]);
            return end;
        }
        if self.is_serial(begin, end) {
            return end;
        }
        let mut at = begin;
        while at < end {
            if self.text.at(at).is_ascii_digit() {
                at = self.number(at, range.end, class);
            } else {
                let word = at..self.text.on(at..end, |is| !is.is_ascii_digit());
                at = word.end;
                self.word(word.clone(), class);
                if class == Class::Text && self.text.said(&word).eq_ignore_ascii_case("name") {
                    // CALLERID(name)=Alice, and in the words of AGI CALLERID(name) "Alice".
                    if word.start > 0 && self.text.at(word.start - 1) == '(' && self.text.at(at) == ')' {
                        self.words(at..range.end, Class::Name);
                        return range.end;
                    }
                }
            }
        }
        at
    }

    fn word(&mut self, word: Range<usize>, class: Class) {
        let said = self.text.said(&word).to_lowercase();
        let mut begin = word.start;
        if class == Class::Name {
            if super::is_scheme(&said) && self.text.at(word.end) == ':' {
                return;
            }
        } else {
            begin += words::technical(&said);
            let is_short = match word.len() {
                1 => true,
                // A user with initials for a name; or an option of an application.
                2 if self.text.is_digit(word.end) || word.start > 0 && self.text.is_digit(word.start - 1) => {
                    true
                }
                2 => class == Class::Text && !self.is_at_address(&word),
                _ => false,
            };
            if begin >= word.end || is_short && said.is_ascii() {
                return;
            }
        }
        if let Some(cells) = self.text.cells.get_mut(begin..word.end) {
            self.mapper.word(cells);
        }
    }

    /// Whether a word is part of an endpoint or an address: `SIP/ab`, `ab@home`.
    fn is_at_address(&self, word: &Range<usize>) -> bool {
        let before = word.start.checked_sub(1).map_or('\0', |before| self.text.at(before));
        matches!(before, '/' | '@') || self.text.at(word.end) == '@'
    }

    /// Replaces a number that begins at `begin`, together with what it is written apart in; gives where the first of
    /// its parts ends that is not replaced, or the last.
    fn number(&mut self, begin: usize, end: usize, class: Class) -> usize {
        let first = self.text.on(begin..end, |is| is.is_ascii_digit());
        let group = begin..first;
        let mut groups = vec![group];
        // In a name anything may be a number; elsewhere 101/102 are two, and so are 1001-5.
        let (is_name, most) = (class == Class::Name, SHORTEST_NUMBER - 1);
        let between = |is: char| matches!(is, ' ' | '-' | '.' | '(' | ')') || is_name && is == '/';
        let fits = |group: &Range<usize>| is_name || (2..=most).contains(&group.len());
        while let Some(last) = groups.last().filter(|last| fits(last)).map(|last| last.end) {
            let next = self.text.on(last..end.min(last + 3), between);
            let group = next..self.text.on(next..end, |is| is.is_ascii_digit());
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
        let digits: String = groups.iter().map(|group| self.text.said(group)).collect();
        let replaced = self.mapper.number(&digits);
        let places = groups.iter().cloned().flatten();
        for (place, digit) in places.zip(replaced.chars()) {
            if let Some(cell) = self.text.cells.get_mut(place) {
                cell.set(digit);
            }
        }
        groups.last().map_or(first, |last| last.end)
    }

    /// An address of the internet at `begin`.
    fn address(&mut self, begin: usize) -> Option<usize> {
        if begin > 0 && self.text.is_word(begin - 1) {
            return None;
        }
        let all = begin..self.text.cells.len().min(begin + 45);
        let end = self.text.on(all.clone(), |is| is.is_ascii_hexdigit() || matches!(is, '.' | ':'));
        let said = self.text.said(&(begin..end));
        let (address, length) = if said.matches(':').count() >= 2 && !self.text.is_word(end) {
            let said = said.trim_end_matches(['.', ':']);
            let said = if said.len() < 2 { "::" } else { said };
            said.parse::<Ipv6Addr>().ok().map(|address| (IpAddr::V6(address), said.len()))
        } else {
            None
        }
        .or_else(|| {
            let end = said.find(|is: char| !is.is_ascii_digit() && is != '.').unwrap_or(said.len());
            let said = said.get(..end)?.trim_end_matches('.');
            let address = said.parse::<Ipv4Addr>().ok()?;
            (!self.text.is_word(begin + said.len())).then_some((IpAddr::V4(address), said.len()))
        })?;
        let place = begin..begin + length;
        // In an encoded address stand characters that must not stand there plainly.
        if self.may_grow && self.text.part(&place).iter().all(Cell::is_plain) {
            self.text.edits.push((place.clone(), self.mapper.address(address)));
        }
        for cell in self.text.cells.get_mut(place.clone()).unwrap_or_default() {
            cell.set(if cell.is.is_ascii_hexdigit() { '0' } else { cell.is });
        }
        Some(place.end)
    }

    /// The address of a network card, or a UUID, at `begin`.
    fn hardware(&mut self, begin: usize) -> Option<usize> {
        if begin > 0 && self.text.is_word(begin - 1) {
            return None;
        }
        const CARD: &[usize] = &[2, 2, 2, 2, 2, 2];
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
        let groups = groups(':', CARD).or_else(|| groups('-', CARD)).or_else(|| groups('-', UUID))?;
        self.opaque(&groups);
        groups.last().map(|last| last.end)
    }

    /// Replaces what stands in several places as the one thing it is.
    fn opaque(&mut self, places: &[Range<usize>]) {
        let begin = places.first().map_or(0, |first| first.start);
        let end = places.last().map_or(0, |last| last.end);
        let there = (begin..end).zip(self.text.cells.get_mut(begin..end).unwrap_or_default());
        let mut cells: Vec<_> = there
            .filter(|(index, _)| places.iter().any(|place| place.contains(index)))
            .map(|(_, cell)| cell)
            .collect();
        self.mapper.opaque(&mut cells);
    }

    /// A mail address at `begin`, of which the top-level domain stays. In a SIP address the user is an endpoint.
    fn mail(&mut self, begin: usize, end: usize, class: Class) -> Option<usize> {
        if class == Class::Name || class == Class::Opaque {
            return None;
        }
        let is_local = |is: char| is.is_ascii_alphanumeric() || matches!(is, '.' | '_' | '-' | '+');
        let is_domain = |is: char| is.is_ascii_alphanumeric() || matches!(is, '.' | '-');
        let at = self.text.on(begin..end.min(begin + LONGEST_USER), is_local);
        if self.text.at(at) != '@' || begin > 0 && matches!(self.text.at(begin - 1), ':' | '/') {
            return None;
        }
        let close = self.text.on(at + 1..end.min(at + LONGEST_DOMAIN), is_domain);
        let dot = self.text.rfind(&(at + 1..close), '.')?;
        let local = self.text.said(&(begin..at));
        let top = self.text.said(&(dot + 1..close));
        let is_mail = local.contains(|is: char| is.is_ascii_alphabetic())
            && top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !self.text.is_word(close);
        if !is_mail {
            return None;
        }
        self.words(begin..dot, Class::Name);
        Some(close)
    }

    /// Whether this is the serial of a channel, `SIP/alice-0000002a`: eight or six hexadecimal digits that begin with
    /// zeros as long as the server has had less than a million channels.
    fn is_serial(&self, begin: usize, end: usize) -> bool {
        (6..=8).contains(&(end - begin))
            && begin > 0
            && self.text.at(begin - 1) == '-'
            && self.text.said(&(begin..begin + 3)) == "000"
            && self.text.all(&(begin..end), |is| matches!(is, '0'..='9' | 'a'..='f'))
    }

    /// Whether letters and digits are mixed as in no name.
    fn is_opaque(&self, range: Range<usize>) -> bool {
        if range.len() < SHORTEST_OPAQUE {
            return false;
        }
        let cells = self.text.part(&range);
        let digits = cells.iter().filter(|cell| cell.is.is_ascii_digit()).count();
        let turns = cells
            .array_windows()
            .filter(|[one, two]| one.is.is_ascii_digit() != two.is.is_ascii_digit())
            .count();
        is_ascii(cells) && digits >= 4 && cells.len() - digits >= 4 && turns >= 4
    }
}

fn is_ascii(cells: &[Cell]) -> bool {
    cells.iter().all(|cell| cell.is.is_ascii_alphanumeric())
}
