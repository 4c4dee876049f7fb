//! Looking at the journal, beside the one who writes it.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId, Party, Taker};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params, types::Type};

use super::{
    AttemptRecord, CallRecord, DeliveryDetail, DeliveryRecord, StandingRecord, StoreError, StoredState,
    Tally, schema,
};
use crate::{
    EndpointName,
    delivery::{DeliveryId, Owed},
};

/// How many ids of calls are remembered over a restart.
const REMEMBERED: i64 = 16_384;

/// A connection that only reads.
#[derive(Debug)]
pub struct Reader {
    db: Connection,
}

/// Some of what one endpoint is owed.
#[derive(Debug)]
pub struct Page {
    /// What is owed, in order.
    pub owed: Vec<Owed>,
    /// Whether there was nothing after it when this was read.
    pub complete: bool,
    /// The last delivery to anybody that was committed when this was read.
    pub through: DeliveryId,
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

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this endpoint.
    pub endpoint: Option<String>,
    /// In one of these states; one that waits for its endpoint to be resumed is in none of them.
    pub states: Vec<StoredState>,
    /// Also those that wait for their endpoint to be resumed. Without it and any state, all are listed.
    pub paused: bool,
    /// Of this call.
    pub call: Option<String>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// Only those from outside that nobody took.
    pub missed: bool,
    /// Seen in the call: part of an endpoint, extension, name, login or e-mail.
    pub user: Option<String>,
    /// One of these, digits only, is part of the caller's or the called number; any where there is none.
    pub numbers: Vec<String>,
    /// Only those that are not over.
    pub living: bool,
    /// At most so many, the newest.
    pub limit: usize,
}

const DELIVERY: &str =
    "SELECT d.id, d.endpoint, e.id, e.kind, d.call, d.state, d.failures, d.due, e.recorded,
     d.changed, d.reason, s.standing
     FROM deliveries d JOIN events e ON e.seq = d.event LEFT JOIN endpoints s ON s.name = d.endpoint";

const OWED: &str = "SELECT d.id, d.failures, d.due, e.recorded, coalesce(d.body, e.body), d.endpoint
     FROM deliveries d JOIN events e ON e.seq = d.event";

impl Reader {
    /// Opens the journal at `path` to look at it.
    ///
    /// # Errors
    /// There is none, or it cannot be read, or it is not one of ours.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_to_read(path).map(|db| Self { db })
    }

    /// What `endpoint` is owed after the delivery `after`, at most `limit` of it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn owed(&self, endpoint: &EndpointName, after: DeliveryId, limit: usize) -> rusqlite::Result<Page> {
        let snapshot = self.db.unchecked_transaction()?;
        let through = snapshot
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'", [], |row| row.get(0))
            .optional()?;
        let mut statement = snapshot.prepare_cached(&format!(
            "{OWED} WHERE d.state IN ('pending', 'retry') AND d.endpoint = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let owed = statement
            .query_map(params![endpoint.as_str(), after.0, limit], read_owed)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let complete = i64::try_from(owed.len()).unwrap_or(i64::MAX) < limit;
        Ok(Page { owed, complete, through: DeliveryId(through.unwrap_or(0)) })
    }

    /// The newCall of `call`, as `endpoint` was told it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn introduction(
        &self,
        endpoint: &EndpointName,
        call: &str,
    ) -> rusqlite::Result<Option<Arc<CallEvent>>> {
        self.db
            .prepare_cached(
                "SELECT coalesce(d.body, e.body) FROM events e
                 LEFT JOIN deliveries d ON d.call = e.call AND d.event = e.seq AND d.endpoint = ?2
                 WHERE e.call = ?1 AND e.kind = 'newCall' ORDER BY d.id DESC LIMIT 1",
            )?
            .query_row(params![call, endpoint.as_str()], |row| from_json(row, 0))
            .optional()
            .map(|event| event.map(Arc::new))
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

    /// The deliveries that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn deliveries(&self, filter: &DeliveryFilter) -> rusqlite::Result<Vec<DeliveryRecord>> {
        let states = condition(filter);
        let mut statement = self.db.prepare(&format!(
            "SELECT * FROM ({DELIVERY} WHERE {states} AND (:endpoint IS NULL OR d.endpoint = :endpoint)
             AND (:call IS NULL OR d.call = :call) ORDER BY d.id DESC LIMIT :limit) ORDER BY 1"
        ))?;
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        statement
            .query_map(
                named_params! { ":endpoint": filter.endpoint, ":call": filter.call, ":limit": limit },
                read_delivery,
            )?
            .collect()
    }

    /// All that is known of one delivery.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn delivery(&self, id: DeliveryId) -> rusqlite::Result<Option<DeliveryDetail>> {
        let delivery =
            self.db.query_row(&format!("{DELIVERY} WHERE d.id = ?1"), [id.0], read_delivery).optional()?;
        let Some(delivery) = delivery else { return Ok(None) };
        let told = self.db.query_row(
            "SELECT coalesce(d.body, e.body) FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1",
            [id.0],
            |row| from_json(row, 0),
        )?;
        let attempts = self
            .db
            .prepare(
                "SELECT at, took, outcome, status, reply FROM attempts WHERE delivery = ?1 ORDER BY rowid",
            )?
            .query_map([id.0], |row| {
                Ok(AttemptRecord {
                    at: time(row, 0)?,
                    took: row.get(1)?,
                    outcome: row.get(2)?,
                    status: row.get(3)?,
                    reply: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Some(DeliveryDetail { delivery, told, attempts }))
    }

    /// How many deliveries there are to each endpoint in each state but `delivered`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn tallies(&self) -> rusqlite::Result<Vec<Tally>> {
        self.db
            .prepare_cached(
                "SELECT endpoint, state, count(*), min(changed) FROM (
                     SELECT endpoint, state, changed FROM deliveries WHERE state IN ('pending', 'retry')
                     UNION ALL
                     SELECT endpoint, state, changed FROM deliveries WHERE state IN ('dead', 'expired', 'dropped')
                 ) GROUP BY 1, 2 ORDER BY 1, 2",
            )?
            .query_map([], |row| {
                let count: i64 = row.get(2)?;
                Ok(Tally {
                    endpoint: row.get(0)?,
                    state: row.get(1)?,
                    count: count.unsigned_abs(),
                    oldest: time(row, 3)?,
                })
            })?
            .collect()
    }

    /// How the endpoints stand of which that is known, by name.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn standings(&self) -> rusqlite::Result<Vec<StandingRecord>> {
        self.db
            .prepare_cached("SELECT name, standing, reason, since FROM endpoints ORDER BY name")?
            .query_map([], |row| {
                Ok(StandingRecord {
                    endpoint: row.get(0)?,
                    standing: row.get(1)?,
                    reason: row.get(2)?,
                    since: time(row, 3)?,
                })
            })?
            .collect()
    }

    /// The calls that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn calls(&self, filter: &CallFilter) -> rusqlite::Result<Vec<CallRecord>> {
        let numbers = serde_json::to_string(&filter.numbers)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let mut statement = self.db.prepare(
            "SELECT id, pbx, direction, caller, caller_name, called, queue, users, taker, began, answered, ended,
             cause, recovered FROM calls
             WHERE (:since IS NULL OR began >= :since)
             AND (NOT :missed OR (direction = 'in' AND ended IS NOT NULL AND answered IS NULL))
             AND (NOT :living OR ended IS NULL)
             AND (:numbers = '[]' OR EXISTS (
                 SELECT 1 FROM json_each(:numbers) WHERE instr(caller, value) > 0 OR instr(called, value) > 0))
             ORDER BY began DESC, key DESC",
        )?;
        let rows = statement.query_map(
            named_params! {
                ":since": filter.since.map(Timestamp::as_millisecond),
                ":missed": filter.missed,
                ":living": filter.living,
                ":numbers": numbers,
            },
            read_call,
        )?;
        let user = filter.user.as_deref().map(str::to_lowercase);
        let mut calls = Vec::new();
        for call in rows {
            let call = call?;
            if user.as_deref().is_none_or(|user| involves(&call, user)) {
                calls.push(call);
            }
            if calls.len() >= filter.limit {
                break;
            }
        }
        calls.reverse();
        Ok(calls)
    }

    /// The events of the journal after the place `seq`, at most `limit`, each with its place.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn events_after(&self, seq: i64, limit: usize) -> rusqlite::Result<Vec<(i64, CallEvent)>> {
        self.db
            .prepare_cached("SELECT seq, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
            .query_map(params![seq, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                Ok((row.get(0)?, from_json(row, 1)?))
            })?
            .collect()
    }

    /// The place of the last event.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last_event(&self) -> rusqlite::Result<i64> {
        self.db.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))
    }
}

/// The condition of `filter` on the states.
fn condition(filter: &DeliveryFilter) -> String {
    const OPEN: &str = "d.state IN ('pending', 'retry')";
    const RUNS: &str = "coalesce(s.standing, 'running') = 'running'";
    if filter.states.is_empty() && !filter.paused {
        return "1".to_owned();
    }
    let mut any: Vec<_> = filter
        .states
        .iter()
        .map(|state| {
            let runs = if matches!(state, StoredState::Pending | StoredState::Retry) { RUNS } else { "1" };
            format!("d.state = '{}' AND {runs}", state.as_str())
        })
        .collect();
    if filter.paused {
        any.push(format!("{OPEN} AND NOT {RUNS}"));
    }
    let any = format!("({})", any.join(" OR "));
    if filter.states.contains(&StoredState::Delivered) {
        return any;
    }
    // What lies delivered is not looked at: the indexes of the others lead past it.
    format!(
        "d.id IN (SELECT id FROM deliveries WHERE state IN ('pending', 'retry') UNION ALL
         SELECT id FROM deliveries WHERE state IN ('dead', 'expired', 'dropped')) AND {any}"
    )
}

/// One delivery that is open, and who is owed it.
pub(super) fn owed_by_id(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<(EndpointName, Owed)>> {
    db.prepare_cached(&format!("{OWED} WHERE d.id = ?1 AND d.state IN ('pending', 'retry')"))?
        .query_row([id.0], |row| Ok((name(row, 5)?, read_owed(row)?)))
        .optional()
}

fn read_owed(row: &Row<'_>) -> rusqlite::Result<Owed> {
    Ok(Owed {
        id: DeliveryId(row.get(0)?),
        event: Arc::new(from_json(row, 4)?),
        failures: row.get(1)?,
        due: optional_time(row, 2)?,
        committed: time(row, 3)?,
    })
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let (state, standing): (String, Option<String>) = (row.get(5)?, row.get(11)?);
    let open = matches!(state.as_str(), "pending" | "retry");
    let held = standing.is_some_and(|standing| standing != "running");
    Ok(DeliveryRecord {
        id: row.get(0)?,
        endpoint: row.get(1)?,
        event: row.get(2)?,
        kind: row.get(3)?,
        call: row.get(4)?,
        state: if open && held { "paused".to_owned() } else { state },
        failures: row.get(6)?,
        due: optional_time(row, 7)?,
        recorded: time(row, 8)?,
        changed: time(row, 9)?,
        reason: row.get(10)?,
    })
}

fn read_call(row: &Row<'_>) -> rusqlite::Result<CallRecord> {
    let users: String = row.get(7)?;
    let taker: Option<String> = row.get(8)?;
    Ok(CallRecord {
        id: row.get(0)?,
        pbx: row.get(1)?,
        direction: row.get(2)?,
        from: row.get(3)?,
        from_name: row.get(4)?,
        to: row.get(5)?,
        queue: row.get(6)?,
        users: serde_json::from_str(&users).unwrap_or_default(),
        taker: taker.and_then(|taker| serde_json::from_str(&taker).ok()),
        began: time(row, 9)?,
        answered: optional_time(row, 10)?,
        ended: optional_time(row, 11)?,
        cause: row.get(12)?,
        recovered: row.get(13)?,
    })
}

/// Whether a user of the call is meant by `wanted`, which is in lower case.
fn involves(call: &CallRecord, wanted: &str) -> bool {
    let taker = call.taker.as_ref().and_then(Taker::user);
    call.users.iter().chain(taker).any(|user| {
        let Party { endpoint, extension, name, login, email, .. } = user;
        std::iter::once(Some(endpoint))
            .chain([extension, name, login, email].map(Option::as_ref))
            .flatten()
            .any(|fact| fact.to_lowercase().contains(wanted))
    })
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
