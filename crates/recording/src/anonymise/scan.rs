//! Finding what is to be replaced in a value.

mod tokens;

use std::ops::Range;

use super::class::{self, Class};
use super::mapper::{Mapper, SHORTEST_NUMBER};
use super::text::Text;

/// What a name says that says nothing.
const NOBODY: [&str; 12] = [
    "unknown",
    "<unknown>",
    "anonymous",
    "<anonymous>",
    "restricted",
    "private",
    "unavailable",
    "withheld",
    "blocked",
    "none",
    "<none>",
    "<null>",
];

/// The longest time there is.
const LONGEST_TIME: usize = 40;

/// A value being looked through.
pub(super) struct Scan<'a> {
    text: &'a mut Text,
    mapper: &'a Mapper,
    /// Whether the value may grow: an address and the one that stands for it differ in length.
    may_grow: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a mut Text, mapper: &'a Mapper, may_grow: bool) -> Self {
        Self { text, mapper, may_grow }
    }

    /// Replaces what a value of this class must not say.
    pub(super) fn replace(&mut self, class: Class) {
        self.range(0..self.text.cells.len(), class);
    }

    fn range(&mut self, range: Range<usize>, class: Class) {
        match class {
            Class::Fixed if self.is_harmless(&range) => {}
            Class::Time if self.is_time(&range) => {}
            Class::Server if self.text.all(&range, |is| is.is_ascii_graphic() || is == ' ') => {}
            Class::Name if self.is_nobody(&range) => {}
            Class::Variable if self.is_identifier(&range) => {}
            Class::Fixed | Class::Time | Class::Server | Class::Variable => self.range(range, Class::Text),
            Class::Secret => self.blot(range),
            Class::Id => self.id(range),
            Class::Assignment => self.assignment(range),
            Class::Environment => self.environment(range),
            Class::Name | Class::Opaque => self.words(range, class),
            Class::Thing | Class::Text => {
                self.secrets(&range);
                self.words(range, class);
            }
        }
    }

    /// `name=value`, where the name tells what the value is.
    fn assignment(&mut self, range: Range<usize>) {
        let Some(equals) = self.text.find(&range, '=') else { return self.range(range, Class::Text) };
        let class = class::of_variable(&self.text.said(&(range.start..equals)));
        self.range(range.start..equals, Class::Variable);
        self.range(equals + 1..range.end, class);
    }

    /// Lines of a key and a value.
    fn environment(&mut self, range: Range<usize>) {
        let mut begin = range.start;
        while begin < range.end {
            let end = self.text.find(&(begin..range.end), '\n').unwrap_or(range.end);
            match self.text.find(&(begin..end), ':') {
                Some(colon) => {
                    let class = agi_class(self.text.said(&(begin..colon)).trim());
                    self.range(begin..colon, Class::Variable);
                    self.range(colon + 1..end, class);
                }
                None => self.range(begin..end, Class::Text),
            }
            begin = end + 1;
        }
    }

    /// The id of a channel is `SYSTEM-SECONDS.NUMBER`, that of a bridge is random (RFC 4122); others were made
    /// elsewhere.
    fn id(&mut self, range: Range<usize>) {
        let said = self.text.said(&range);
        let said = said.trim();
        if self.is_nobody(&range) || is_random_uuid(said) {
            return;
        }
        let (system, serial) = said.rsplit_once('-').map_or(("", said), |(system, serial)| (system, serial));
        let digits = |text: &str, counts: Range<usize>| {
            counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match serial.split_once('.') {
            Some((seconds, number)) if digits(seconds, 9..11) && digits(number, 1..11) => {
                let start =
                    range.start + self.text.part(&range).iter().take_while(|cell| cell.is == ' ').count();
                self.range(start..start + system.chars().count(), Class::Thing);
            }
            _ => self.range(range, Class::Text),
        }
    }

    /// Blots out what is given to something secret, as in `token=…`, and the password of an address.
    fn secrets(&mut self, range: &Range<usize>) {
        for index in range.clone() {
            match self.text.at(index) {
                '=' | ':' => {
                    let name = self.text.back(range.start, index, |is| {
                        is.is_ascii_alphanumeric() || matches!(is, '_' | '-' | '.')
                    });
                    if class::is_secret(&self.text.said(&name)) {
                        let begin = self.text.on(index + 1..range.end, |is| matches!(is, ' ' | '"' | '\''));
                        let end = self.text.on(begin..range.end, |is| {
                            !matches!(is, ',' | '&' | ';' | '|' | ')' | '"' | '\n')
                        });
                        self.blot(begin..end);
                    }
                }
                '@' => {
                    let user = self.text.back(range.start, index, |is| {
                        !is.is_whitespace()
                            && !matches!(is, '/' | '@' | ',' | '&' | '|' | ';' | '<' | '>' | '"' | '(' | ')')
                    });
                    if let Some(colon) = self.text.rfind(&user, ':')
                        && !is_scheme(&self.text.said(&(user.start..colon)))
                    {
                        self.blot(colon + 1..index);
                    }
                }
                _ => {}
            }
        }
    }

    /// Leaves nothing of what is there but its length, and the colons, at which lines of output are split.
    fn blot(&mut self, range: Range<usize>) {
        for cell in self.text.cells.get_mut(range).unwrap_or_default() {
            if !matches!(cell.is, '\n' | '\r' | ':') {
                cell.set('x');
            }
        }
    }

    fn is_harmless(&self, range: &Range<usize>) -> bool {
        let mut run = 0;
        self.text.part(range).iter().all(|cell| {
            run = if cell.is.is_ascii_digit() { run + 1 } else { 0 };
            run < SHORTEST_NUMBER && cell.is != '@' && cell.is.is_ascii_graphic()
        })
    }

    fn is_time(&self, range: &Range<usize>) -> bool {
        let longest = self.text.said(range).split(|is: char| !is.is_ascii_digit()).map(str::len).max();
        range.len() <= LONGEST_TIME
            && longest.is_none_or(|longest| longest <= 10)
            && self.text.all(range, |is| matches!(is, '0'..='9' | '-' | ':' | '.' | '+' | 'T' | 'Z' | ' '))
    }

    fn is_nobody(&self, range: &Range<usize>) -> bool {
        let said = self.text.said(range);
        let said = said.trim();
        said.is_empty() || NOBODY.iter().any(|word| said.eq_ignore_ascii_case(word))
    }

    fn is_identifier(&self, range: &Range<usize>) -> bool {
        self.is_harmless(range)
            && self
                .text
                .all(range, |is| is.is_ascii_alphanumeric() || matches!(is, '_' | '-' | '.' | '(' | ')'))
    }
}

/// The class of what an AGI is told under `key`.
fn agi_class(key: &str) -> Class {
    match key.to_ascii_lowercase().strip_prefix("agi_") {
        Some("calleridname") => Class::Name,
        Some("callerid" | "dnid" | "rdnis" | "channel" | "context" | "extension" | "accountcode") => {
            Class::Thing
        }
        Some("uniqueid") => Class::Id,
        _ => Class::Text,
    }
}

fn is_scheme(word: &str) -> bool {
    ["sip", "sips", "tel", "mailto"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether this is a random UUID; others tell of the machine that made them.
fn is_random_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<_> = text.split('-').collect();
    groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| group.len() == length)
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && groups.get(2).is_some_and(|group| group.starts_with('4'))
}
