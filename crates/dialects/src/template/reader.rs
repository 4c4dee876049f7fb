//! Reads tables of TOML with the place of everything, and goes on after a mistake.

use std::{cell::RefCell, ops::Range};

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::mistake::{Mistakes, suggest};

/// A value of the file, with its key and place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    /// The path of its key, such as `on.newCall[1].url`.
    pub(super) path: String,
    /// The last part of the path.
    pub(super) key: &'a str,
    /// Where the key stands.
    pub(super) key_at: usize,
    /// Where the value stands.
    pub(super) span: Range<usize>,
    pub(super) value: &'a DeValue<'a>,
    pub(super) mistakes: &'a Mistakes<'a>,
}

impl<'a> Item<'a> {
    /// Adds a mistake at the value.
    pub(super) fn wrong(&self, what: impl Into<String>, cure: impl Into<String>) {
        self.mistakes.add(self.span.start, &self.path, what, cure);
    }

    /// Adds a mistake at the byte `at` of the value, which is a string.
    pub(super) fn wrong_at(&self, at: usize, what: impl Into<String>, cure: impl Into<String>) {
        self.mistakes.add(self.mistakes.inside_string(&self.span, at), &self.path, what, cure);
    }

    fn wrong_type(&self, expected: &str) {
        let example = match expected {
            "a text" => "put it in quotes",
            "a table" => "write `{ key = value }`",
            "a list" => "write `[ … ]`",
            _ => "write it without quotes",
        };
        self.wrong(format!("{} where {expected} is expected", type_name(self.value)), example);
    }

    /// The value as a text; a mistake where it is not one.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("a text");
        }
        text
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.wrong_type("true or false");
        }
        boolean
    }

    pub(super) fn number(&self) -> Option<f64> {
        let text = match self.value {
            DeValue::Integer(integer) => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.wrong_type("a number");
                return None;
            }
        };
        text.replace('_', "").parse().ok()
    }

    /// The value as a table; a mistake where it is not one.
    pub(super) fn table(&self) -> Option<Table<'a>> {
        match self.value.as_table() {
            Some(table) => Some(Table::new(self.mistakes, self.path.clone(), self.span.start, table)),
            None => {
                self.wrong_type("a table");
                None
            }
        }
    }

    /// The items of a list; a mistake where it is not one.
    pub(super) fn list(&self) -> Vec<Item<'a>> {
        match self.value.as_array() {
            Some(items) => {
                let item = |(index, item): (usize, &'a Spanned<DeValue<'a>>)| Item {
                    path: format!("{}[{}]", self.path, index + 1),
                    key: self.key,
                    key_at: item.span().start,
                    span: item.span(),
                    value: item.get_ref(),
                    mistakes: self.mistakes,
                };
                items.iter().enumerate().map(item).collect()
            }
            None => {
                self.wrong_type("a list");
                Vec::new()
            }
        }
    }

    /// The items of a list, or the value itself where it is no list.
    pub(super) fn one_or_list(&self) -> Vec<Item<'a>> {
        if self.value.is_array() { self.list() } else { vec![self.clone()] }
    }

    /// The value as JSON, as it stands there.
    pub(super) fn json(&self) -> Value {
        to_json(self.value)
    }
}

/// A table of the file, in which each known key is asked for.
pub(super) struct Table<'a> {
    pub(super) path: String,
    pub(super) at: usize,
    pub(super) mistakes: &'a Mistakes<'a>,
    entries: Vec<Item<'a>>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(mistakes: &'a Mistakes<'a>, path: String, at: usize, table: &'a DeTable<'a>) -> Self {
        let entry = |(key, value): (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>)| {
            let name: &str = key.get_ref();
            Item {
                path: if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") },
                key: name,
                key_at: key.span().start,
                span: value.span(),
                value: value.get_ref(),
                mistakes,
            }
        };
        let mut entries: Vec<_> = table.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key_at);
        Self { path, at, mistakes, entries, known: RefCell::new(Vec::new()) }
    }

    /// Everything in it, in the order of the file.
    pub(super) fn entries(&self) -> &[Item<'a>] {
        &self.entries
    }

    /// The value of a known key.
    pub(super) fn get(&self, key: &'static str) -> Option<&Item<'a>> {
        self.known.borrow_mut().push(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &'static str, cure: &str) -> Option<&Item<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.wrong(format!("{key} is missing"), cure);
        }
        found
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    pub(super) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        self.get(key)?.table()
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        self.get(key).map(|item| item.list().iter().filter_map(Item::table).collect()).unwrap_or_default()
    }

    /// Adds a mistake at the table.
    pub(super) fn wrong(&self, what: impl Into<String>, cure: impl Into<String>) {
        self.mistakes.add(self.at, &self.path, what, cure);
    }

    /// Adds a mistake for each key that nobody has asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        for entry in self.entries.iter().filter(|entry| !known.contains(&entry.key)) {
            let what = format!("unknown key {:?}", entry.key);
            self.mistakes.add(entry.key_at, &self.path, what, suggest(entry.key, known.iter().copied()));
        }
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn to_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(&**text),
        DeValue::Integer(integer) => integer
            .as_str()
            .replace('_', "")
            .parse::<i64>()
            .map_or_else(|_| integer.as_str().into(), Value::from),
        DeValue::Float(float) => {
            float.as_str().replace('_', "").parse::<f64>().map_or_else(|_| float.as_str().into(), Value::from)
        }
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            let fields =
                entries.into_iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}
