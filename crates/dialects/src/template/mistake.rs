//! What is wrong in a dialect file, and where.

use std::{cell::RefCell, fmt, ops::Range};

/// One mistake in a dialect file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The key, such as `on.newCall[1].url`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl fmt::Display for TemplateMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.what, self.cure)
    }
}

impl std::error::Error for TemplateMistake {}

/// Collects the mistakes of one file.
pub(super) struct Mistakes<'a> {
    text: &'a str,
    found: RefCell<Vec<TemplateMistake>>,
}

impl<'a> Mistakes<'a> {
    /// None so far in the file with this `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::new(Vec::new()) }
    }

    /// Adds a mistake at the byte `at` of the file.
    pub(super) fn add(&self, at: usize, key: &str, what: impl Into<String>, cure: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let mistake = TemplateMistake {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key: key.to_owned(),
            what: what.into(),
            cure: cure.into(),
        };
        let mut found = self.found.borrow_mut();
        if !found.contains(&mistake) {
            found.push(mistake);
        }
    }

    /// The line of the byte `at`, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All mistakes, in the order of the file.
    pub(super) fn into_sorted(self) -> Vec<TemplateMistake> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|mistake| (mistake.line, mistake.column));
        found
    }

    /// Where in the file the byte `at` of the string stands that the file has at `span`.
    pub(super) fn inside_string(&self, span: &Range<usize>, at: usize) -> usize {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        let mut start = quotes;
        if quotes == 3 {
            let rest = raw.get(3..).unwrap_or_default();
            start += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        let has_escapes = raw.starts_with('"');
        let (mut raw_at, mut decoded) = (start, 0);
        while decoded < at {
            let Some(rest) = raw.get(raw_at..).filter(|rest| !rest.is_empty()) else { break };
            let (raw_length, length) = match (has_escapes, rest.as_bytes()) {
                (true, [b'\\', b'u', ..]) => (6, 1),
                (true, [b'\\', b'U', ..]) => (10, 1),
                (true, [b'\\', ..]) => (2, 1),
                _ => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    (length, length)
                }
            };
            raw_at += raw_length;
            decoded += length;
        }
        span.start + raw_at.min(raw.len())
    }
}

/// The one of `known` that `word` was most likely meant to be.
pub(super) fn meant<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let alike = |known: &str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let known = known.into_iter().filter(|known| alike(known) > 0.8);
    known.max_by(|a, b| alike(a).total_cmp(&alike(b)))
}

/// `write X` where a known word is alike, else `write one of …`.
pub(super) fn suggest<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match meant(word, known.clone()) {
        Some(meant) => format!("write {meant:?}"),
        None => format!("write one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
