//! Looking at the journal, beside the one who writes it.

mod calls;
mod deliveries;
mod events;
mod pool;
mod stories;

use std::path::Path;

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId};
use rusqlite::{Connection, Row, types::Type};

pub(super) use self::deliveries::owed_by_id;
pub use self::{
    calls::{CallFilter, CallPage, CallPlace},
    deliveries::{DeliveryFilter, Page},
    pool::Readers,
};
use super::{StoreError, schema};
use crate::EndpointName;

/// How many ids of calls are remembered over a restart.
const REMEMBERED: i64 = 16_384;

/// A connection that only reads.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
}

/// What a daemon that starts must know of the one before it.
#[derive(Debug, Default)]
pub struct Resumption {
    /// The events of the calls that were not over, by call, in order.
    pub living: Vec<CallEvent>,
    /// Which endpoints hear of these calls.
    pub told: Vec<(CallId, EndpointName)>,
    /// The ids of the last calls, living or not: they are not to be given again.
    pub used: Vec<CallId>,
    /// The endpoints that are not sent to: their standing, and why.
    pub standings: Vec<(EndpointName, String, Option<String>)>,
    /// The endpoints that are owed something.
    pub owed: Vec<EndpointName>,
}

impl Reader {
    /// Opens the journal at `path` to look at it.
    ///
    /// # Errors
    /// There is none, or it cannot be read, or it is not one of ours.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_to_read(path).map(|db| Self { db })
    }

    /// What a daemon that starts must know of the one before it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn resumption(&self) -> rusqlite::Result<Resumption> {
        let living = self
            .db
            .prepare(
                "SELECT e.body FROM calls c JOIN events e ON e.call = c.id
                 WHERE c.ended IS NULL ORDER BY c.key, e.seq",
            )?
            .query_map([], |row| from_json(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        let told = self
            .db
            .prepare(
                "SELECT DISTINCT d.call, d.endpoint FROM calls c JOIN deliveries d ON d.call = c.id
                 WHERE c.ended IS NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, name(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let used = self
            .db
            .prepare("SELECT id FROM (SELECT key, id FROM calls ORDER BY key DESC LIMIT ?1) ORDER BY key")?
            .query_map([REMEMBERED], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let standings = self
            .db
            .prepare("SELECT name, standing, reason FROM endpoints WHERE standing <> 'running'")?
            .query_map([], |row| Ok((name(row, 0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let owed = self
            .db
            .prepare("SELECT DISTINCT endpoint FROM deliveries WHERE state IN ('pending', 'retry')")?
            .query_map([], |row| name(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Resumption { living, told, used, standings, owed })
    }
}

fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<EndpointName> {
    row.get::<_, String>(column).map(|name| EndpointName::from(name.as_str()))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}

fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => time(row, column).map(Some),
        None => Ok(None),
    }
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
