//! What is written into the tables, row by row. Every function works inside the caller's transaction.

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Explanation, Party};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Attempt, Standing, StateChange, group::Numbered};

/// The numbers that the next event and the next delivery get.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextIds {
    pub(super) event: i64,
    pub(super) delivery: i64,
}

/// What was given out last, also of rows that are gone.
pub(super) fn next_ids(db: &Connection) -> Result<NextIds> {
    let next = |table: &str| -> Result<i64> {
        let last: Option<i64> = db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
            .optional()?;
        Ok(last.unwrap_or(0) + 1)
    };
    Ok(NextIds { event: next("events")?, delivery: next("deliveries")? })
}

/// Writes an event and what is owed of it; `false` if it was written before: then nothing is owed anew.
pub(super) fn insert_event(db: &Connection, new: &Numbered) -> Result<bool> {
    let event = &*new.event;
    let at = event.time.map(Timestamp::as_millisecond);
    let recorded = new.recorded.as_millisecond();
    let body = json(event)?;
    let fresh = db
        .prepare_cached(
            "INSERT INTO events (seq, id, call, kind, at, recorded, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![new.seq, event.id, event.call, event.kind.name(), at, recorded, body])?
        > 0;
    if fresh {
        note_call(db, event, at.unwrap_or(recorded))?;
    } else if !new.retold {
        return Ok(false);
    }
    let seq = if fresh { new.seq } else { event_seq(db, &event.id)?.unwrap_or(new.seq) };
    let own = new.retold.then_some(body);
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (id, endpoint, event, call, state, changed, body)
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6)",
    )?;
    for (endpoint, id) in &new.owed {
        insert.execute(params![id.0, endpoint.as_str(), seq, event.call, recorded, own])?;
    }
    Ok(true)
}

fn event_seq(db: &Connection, id: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM events WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

/// Keeps the one row that a call has up to date.
fn note_call(db: &Connection, event: &CallEvent, at: i64) -> Result<()> {
    if let EventKind::NewCall { users } = &event.kind {
        db.prepare_cached(
            "INSERT INTO calls (id, pbx, direction, caller, caller_name, called, queue, users, began, recovered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            event.call,
            event.pbx,
            event.direction.as_str(),
            event.from,
            event.from_name,
            event.to,
            event.queue,
            json(users)?,
            at,
            event.recovered,
        ])?;
        return Ok(());
    }
    match &event.kind {
        EventKind::Answer { answered_by } => {
            db.prepare_cached(
                "UPDATE calls SET answered = coalesce(answered, ?2), taker = ?3, queue = ?4 WHERE id = ?1",
            )?
            .execute(params![event.call, at, json(answered_by)?, event.queue])?;
        }
        EventKind::Hangup { cause, .. } => {
            db.prepare_cached(
                "UPDATE calls SET ended = ?2, cause = ?3, queue = ?4, recovered = max(recovered, ?5) WHERE id = ?1",
            )?
            .execute(params![event.call, at, cause.as_str(), event.queue, event.recovered])?;
        }
        EventKind::NewCall { .. }
        | EventKind::Ringing { .. }
        | EventKind::Hold { .. }
        | EventKind::Unhold { .. }
        | EventKind::Transfer { .. } => {}
    }
    let seen = match &event.kind {
        EventKind::Ringing { user } | EventKind::Answer { answered_by: AnsweredBy::User(user) } => Some(user),
        _ => None,
    };
    seen.map_or(Ok(()), |user| note_user(db, &event.call, user))
}

/// Adds a user who was rung later, or took the call, to those of the call.
fn note_user(db: &Connection, call: &str, user: &Party) -> Result<()> {
    let known: Option<String> = db
        .prepare_cached("SELECT users FROM calls WHERE id = ?1")?
        .query_row([call], |row| row.get(0))
        .optional()?;
    let Some(known) = known else { return Ok(()) };
    let mut users: Vec<Party> = serde_json::from_str(&known).unwrap_or_default();
    if users.iter().any(|seen| seen.endpoint == user.endpoint) {
        return Ok(());
    }
    users.push(user.clone());
    db.prepare_cached("UPDATE calls SET users = ?2 WHERE id = ?1")?.execute(params![call, json(&users)?])?;
    Ok(())
}

/// Keeps what was concluded about a call that the journal has.
pub(super) fn insert_story(db: &Connection, call: &str, notes: &Explanation) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO stories (call, body) SELECT id, ?2 FROM calls WHERE id = ?1 AND erased = 0
         ON CONFLICT (call) DO UPDATE SET body = excluded.body",
    )?
    .execute(params![call, json(notes)?])?;
    Ok(())
}

/// Notes how one try went.
pub(super) fn insert_attempt(db: &Connection, attempt: &Attempt) -> Result<()> {
    let took = i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO attempts (delivery, at, took, outcome, status, reply) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        attempt.delivery.0,
        attempt.at.as_millisecond(),
        took,
        attempt.outcome,
        attempt.status,
        attempt.reply,
    ])?;
    Ok(())
}

/// Notes what has become of a delivery.
pub(super) fn change_state(db: &Connection, change: &StateChange) -> Result<()> {
    db.prepare_cached(
        "UPDATE deliveries SET state = ?2, failures = coalesce(?3, failures), due = ?4, reason = ?5, changed = ?6
         WHERE id = ?1 AND state IN ('pending', 'retry')",
    )?
    .execute(params![
        change.delivery.0,
        change.state.as_str(),
        change.failures,
        change.due.map(Timestamp::as_millisecond),
        change.reason,
        change.at.as_millisecond(),
    ])?;
    Ok(())
}

/// Notes whether an endpoint is sent to.
pub(super) fn change_standing(db: &Connection, standing: &Standing) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO endpoints (name, standing, reason, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET standing = ?2, reason = ?3, since = ?4",
    )?
    .execute(params![
        standing.endpoint.as_str(),
        standing.standing,
        standing.reason,
        standing.at.as_millisecond(),
    ])?;
    Ok(())
}

/// The stored form of what is kept as JSON.
pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
