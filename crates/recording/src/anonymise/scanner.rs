//! Finds and replaces the parts of a value that must not be shown.

use std::ops::Range;

use super::class::{self, ValueClass};
use super::replacement::{Replacer, SHORTEST_NUMBER};
use super::text::ValueText;
use super::tokens::{TokenReplacer, is_scheme};

/// Placeholders for a missing name.
const NAME_PLACEHOLDERS: [&str; 12] = [
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

/// The longest text of a time, in characters.
const LONGEST_TIME: usize = 40;

/// A value that is being scanned.
pub(super) struct ValueScanner<'a> {
    tokens: TokenReplacer<'a>,
}

impl<'a> ValueScanner<'a> {
    pub(super) fn new(text: &'a mut ValueText, replacer: &'a Replacer, may_grow: bool) -> Self {
        Self { tokens: TokenReplacer { text, replacer, may_grow } }
    }

    /// Replaces everything that a value of this class must not show.
    pub(super) fn replace_all(&mut self, class: ValueClass) {
        self.replace_range(0..self.tokens.text.cells.len(), class);
    }

    fn replace_range(&mut self, range: Range<usize>, class: ValueClass) {
        match class {
            ValueClass::Fixed if self.is_harmless(&range) => {}
            ValueClass::Time if self.is_time(&range) => {}
            ValueClass::ServerText
                if self.tokens.text.all(&range, |is| is.is_ascii_graphic() || is == ' ') => {}
            ValueClass::PersonName if self.is_name_placeholder(&range) => {}
            ValueClass::VariableName if self.is_identifier(&range) => {}
            ValueClass::Fixed | ValueClass::Time | ValueClass::ServerText | ValueClass::VariableName => {
                self.replace_range(range, ValueClass::Text);
            }
            ValueClass::Secret => self.mask(range),
            ValueClass::ChannelId => self.replace_channel_id(range),
            ValueClass::Assignment => self.replace_assignment(range),
            ValueClass::Environment => self.replace_environment(range),
            ValueClass::PersonName | ValueClass::OpaqueId => self.tokens.replace_words(range, class),
            ValueClass::Identifier | ValueClass::Text => {
                self.mask_secrets(&range);
                self.tokens.replace_words(range, class);
            }
        }
    }

    /// Replaces in `name=value`, where the name decides the class of the value.
    fn replace_assignment(&mut self, range: Range<usize>) {
        let Some(equals) = self.tokens.text.find(&range, '=') else {
            return self.replace_range(range, ValueClass::Text);
        };
        let class = class::class_of_variable(&self.tokens.text.original_text(&(range.start..equals)));
        self.replace_range(range.start..equals, ValueClass::VariableName);
        self.replace_range(equals + 1..range.end, class);
    }

    /// Replaces in lines of a key and a value.
    fn replace_environment(&mut self, range: Range<usize>) {
        let mut begin = range.start;
        while begin < range.end {
            let end = self.tokens.text.find(&(begin..range.end), '\n').unwrap_or(range.end);
            match self.tokens.text.find(&(begin..end), ':') {
                Some(colon) => {
                    let class = agi_class(self.tokens.text.original_text(&(begin..colon)).trim());
                    self.replace_range(begin..colon, ValueClass::VariableName);
                    self.replace_range(colon + 1..end, class);
                }
                None => self.replace_range(begin..end, ValueClass::Text),
            }
            begin = end + 1;
        }
    }

    /// Replaces in an id. Asterisk's channel ids are `SYSTEM-SECONDS.NUMBER` and its bridge ids random UUIDs (RFC
    /// 4122); all others come from elsewhere.
    fn replace_channel_id(&mut self, range: Range<usize>) {
        let written = self.tokens.text.original_text(&range);
        let written = written.trim();
        if self.is_name_placeholder(&range) || is_random_uuid(written) {
            return;
        }
        let (system, serial) =
            written.rsplit_once('-').map_or(("", written), |(system, serial)| (system, serial));
        let digits = |text: &str, counts: Range<usize>| {
            counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match serial.split_once('.') {
            Some((seconds, number)) if digits(seconds, 9..11) && digits(number, 1..11) => {
                let start = range.start
                    + self
                        .tokens
                        .text
                        .cells_in(&range)
                        .iter()
                        .take_while(|cell| cell.original == ' ')
                        .count();
                self.replace_range(start..start + system.chars().count(), ValueClass::Identifier);
            }
            _ => self.replace_range(range, ValueClass::Text),
        }
    }

    /// Masks the values of secrets, as in `token=…`, and the password of an address.
    fn mask_secrets(&mut self, range: &Range<usize>) {
        for index in range.clone() {
            match self.tokens.text.at(index) {
                '=' | ':' => {
                    let name = self.tokens.text.range_before(range.start, index, |is| {
                        is.is_ascii_alphanumeric() || matches!(is, '_' | '-' | '.')
                    });
                    if class::is_secret(&self.tokens.text.original_text(&name)) {
                        let begin = self
                            .tokens
                            .text
                            .skip_while(index + 1..range.end, |is| matches!(is, ' ' | '"' | '\''));
                        let end = self.tokens.text.skip_while(begin..range.end, |is| {
                            !matches!(is, ',' | '&' | ';' | '|' | ')' | '"' | '\n')
                        });
                        self.mask(begin..end);
                    }
                }
                '@' => {
                    let user = self.tokens.text.range_before(range.start, index, |is| {
                        !is.is_whitespace()
                            && !matches!(is, '/' | '@' | ',' | '&' | '|' | ';' | '<' | '>' | '"' | '(' | ')')
                    });
                    if let Some(colon) = self.tokens.text.rfind(&user, ':')
                        && !is_scheme(&self.tokens.text.original_text(&(user.start..colon)))
                    {
                        self.mask(colon + 1..index);
                    }
                }
                _ => {}
            }
        }
    }

    /// Masks a range with `x`. Its length and its colons are kept, because lines of output are split at colons.
    fn mask(&mut self, range: Range<usize>) {
        for cell in self.tokens.text.cells.get_mut(range).unwrap_or_default() {
            if !matches!(cell.original, '\n' | '\r' | ':') {
                cell.replace('x');
            }
        }
    }

    fn is_harmless(&self, range: &Range<usize>) -> bool {
        let mut run = 0;
        self.tokens.text.cells_in(range).iter().all(|cell| {
            run = if cell.original.is_ascii_digit() { run + 1 } else { 0 };
            run < SHORTEST_NUMBER && cell.original != '@' && cell.original.is_ascii_graphic()
        })
    }

    fn is_time(&self, range: &Range<usize>) -> bool {
        let longest =
            self.tokens.text.original_text(range).split(|is: char| !is.is_ascii_digit()).map(str::len).max();
        range.len() <= LONGEST_TIME
            && longest.is_none_or(|longest| longest <= 10)
            && self
                .tokens
                .text
                .all(range, |is| matches!(is, '0'..='9' | '-' | ':' | '.' | '+' | 'T' | 'Z' | ' '))
    }

    fn is_name_placeholder(&self, range: &Range<usize>) -> bool {
        let written = self.tokens.text.original_text(range);
        let written = written.trim();
        written.is_empty() || NAME_PLACEHOLDERS.iter().any(|word| written.eq_ignore_ascii_case(word))
    }

    fn is_identifier(&self, range: &Range<usize>) -> bool {
        self.is_harmless(range)
            && self
                .tokens
                .text
                .all(range, |is| is.is_ascii_alphanumeric() || matches!(is, '_' | '-' | '.' | '(' | ')'))
    }
}

/// The class of the value of `key` in an AGI environment.
fn agi_class(key: &str) -> ValueClass {
    match key.to_ascii_lowercase().strip_prefix("agi_") {
        Some("calleridname") => ValueClass::PersonName,
        Some("callerid" | "dnid" | "rdnis" | "channel" | "context" | "extension" | "accountcode") => {
            ValueClass::Identifier
        }
        Some("uniqueid") => ValueClass::ChannelId,
        _ => ValueClass::Text,
    }
}

/// Whether this is a random UUID; other versions identify the machine that created them.
fn is_random_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<_> = text.split('-').collect();
    groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| group.len() == length)
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && groups.get(2).is_some_and(|group| group.starts_with('4'))
}
