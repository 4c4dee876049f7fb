//! Columns as our types.

use jiff::Timestamp;
use ringwire_delivery::TargetName;
use rusqlite::{Row, types::Type};

pub(super) fn target(row: &Row<'_>, column: usize) -> rusqlite::Result<TargetName> {
    row.get::<_, String>(column).map(|name| TargetName::from(name.as_str()))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => time(row, column).map(Some),
        None => Ok(None),
    }
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?, column)
}

/// What `text` is as JSON, which is in `column`.
pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
