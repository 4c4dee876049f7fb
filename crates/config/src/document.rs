//! A TOML document, and where in it things stand.

use std::{ops::Range, path::Path};

use toml::de::{DeTable, DeValue};

use super::finding::{ConfigError, Finding};

/// The text of a configuration file, with the places of its keys.
pub(super) struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    keys: Vec<Key>,
}

/// A key, and the place of its name or of its value.
struct Key {
    path: String,
    span: Range<usize>,
}

impl<'a> Document<'a> {
    /// Reads `text` as TOML, read from `file`.
    ///
    /// # Errors
    /// What is no TOML, with the key before it.
    pub(super) fn parse(file: &'a Path, text: &'a str) -> Result<(Self, DeTable<'a>), ConfigError> {
        let mut document = Self { file, text, keys: Vec::new() };
        match DeTable::parse(text) {
            Ok(root) => {
                let root = root.into_inner();
                collect(&mut document.keys, "", &root);
                Ok((document, root))
            }
            Err(error) => Err(document.syntax(&error).into()),
        }
    }

    /// The file it was read from.
    pub(super) fn file(&self) -> &'a Path {
        self.file
    }

    /// `what` was found at `span`.
    pub(super) fn finding(&self, span: &Range<usize>, what: impl Into<String>) -> Finding {
        let finding = Finding::new(self.file, what).line(self.line(span.start));
        match self.key(span.start) {
            Some(key) => finding.key(key),
            None => finding,
        }
    }

    /// A finding for what serde said of a value, in the words of a configuration.
    pub(super) fn mistyped(&self, table: &Range<usize>, error: &toml::de::Error) -> Finding {
        let (what, expected) = parted(error.message());
        let span = error.span().unwrap_or_else(|| table.clone());
        let finding = self.finding(&span, what.replacen("invalid type: ", "found ", 1));
        match expected {
            Some(expected) => finding.expected(plainly(expected)),
            None => finding,
        }
    }

    /// A finding for what is no TOML: its place is known, its key only by the look of the line.
    fn syntax(&self, error: &toml::de::Error) -> Finding {
        let start = error.span().map_or(0, |span| span.start);
        let (table, line) = self.around(start);
        let at = |what: &str| {
            let finding = Finding::new(self.file, what).line(self.line(start));
            match line.split_once('=') {
                Some((key, _value)) => {
                    finding.key(table.into_iter().chain([key.trim()]).collect::<Vec<_>>().join("."))
                }
                None => finding,
            }
        };
        let value = line.split_once('=').map_or("", |(_key, value)| value.trim());
        let word: String = value.chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).collect();
        let is_first_word = self.text.get(..start).is_some_and(|before| before.trim_end().ends_with('='));
        let (what, expected) = parted(error.message());
        if is_first_word && word.starts_with(char::is_alphabetic) {
            // It may be a secret, so it is not shown.
            at("text without quotes").expected("text in quotes, a number, true or false")
        } else if let Some(expected) = expected {
            at(what).expected(expected)
        } else {
            at(what)
        }
    }

    /// The name of the table and the line at `offset`.
    fn around(&self, offset: usize) -> (Option<&str>, &str) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let table = before.lines().rev().map(str::trim).find(|line| line.starts_with('['));
        (table.map(|line| line.split(']').next().unwrap_or(line).trim_start_matches('[').trim()), line)
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
    }

    /// The key whose name or value stands at `offset`: the innermost.
    fn key(&self, offset: usize) -> Option<&str> {
        let here = self.keys.iter().filter(|key| key.span.contains(&offset));
        here.min_by_key(|key| key.span.len()).map(|key| key.path.as_str())
    }
}

fn collect(keys: &mut Vec<Key>, prefix: &str, table: &DeTable<'_>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        for span in [key.span(), value.span()] {
            keys.push(Key { path: path.clone(), span });
        }
        match value.get_ref() {
            DeValue::Table(table) => collect(keys, &path, table),
            DeValue::Array(values) => {
                for value in values.iter() {
                    keys.push(Key { path: path.clone(), span: value.span() });
                    if let DeValue::Table(table) = value.get_ref() {
                        collect(keys, &path, table);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What was found and what was expected, out of a message that says both.
fn parted(message: &str) -> (&str, Option<&str>) {
    message.split_once(", expected ").map_or((message, None), |(what, expected)| (what, Some(expected)))
}

/// What serde calls a type, in the words of a configuration.
fn plainly(expected: &str) -> &str {
    match expected {
        "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}
