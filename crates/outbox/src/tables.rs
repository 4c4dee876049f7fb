//! Writing the rows of the tables. Every function works inside the caller's transaction.

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName, TargetState};
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Explanation, Party};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    channels,
    entry::NumberedEvent,
    packed::pack,
    write::{DeliveryAttempt, DeliveryUpdate, TargetUpdate},
};

/// The numbers of the next event and the next delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextIds {
    pub(super) event: i64,
    pub(super) delivery: i64,
}

/// The numbers after all that were ever used, also of rows that are gone.
pub(super) fn next_ids(db: &Connection) -> Result<NextIds> {
    let next = |table: &str| -> Result<i64> {
        let last: Option<i64> = db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
            .optional()?;
        Ok(last.unwrap_or(0) + 1)
    };
    Ok(NextIds { event: next("events")?, delivery: next("deliveries")? })
}

/// Writes an event and its deliveries; `false` if it was written before: then it is not delivered again.
pub(super) fn write_event(db: &Connection, new: &NumberedEvent) -> Result<bool> {
    let event = &*new.event;
    let at = event.time.map(Timestamp::as_millisecond);
    let recorded_at = new.recorded_at.as_millisecond();
    let is_new = db
        .prepare_cached(
            "INSERT INTO events (seq, id, call, kind, at, recorded_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![new.seq, event.id, event.call, event.kind.name(), at, recorded_at, new.body])?
        > 0;
    if is_new {
        update_call(db, event, at.unwrap_or(recorded_at))?;
    } else if !new.is_replay {
        return Ok(false);
    }
    let seq = if is_new { new.seq } else { event_seq(db, &event.id)?.unwrap_or(new.seq) };
    let own_body = new.is_replay.then_some(&new.body);
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (id, target, event, call, state, changed_at, body)
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6)",
    )?;
    for (target, id) in &new.deliveries {
        insert.execute(params![id.0, target.as_str(), seq, event.call, recorded_at, own_body])?;
    }
    Ok(true)
}

fn event_seq(db: &Connection, id: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM events WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

/// Updates the row of the call.
fn update_call(db: &Connection, event: &CallEvent, at: i64) -> Result<()> {
    if let EventKind::NewCall { users } = &event.kind {
        db.prepare_cached(
            "INSERT INTO calls (id, pbx, direction, caller, caller_name, called, queue, users, started_at, recovered)
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
                "UPDATE calls SET answered_at = coalesce(answered_at, ?2), answered_by = ?3, queue = ?4 WHERE id = ?1",
            )?
            .execute(params![event.call, at, json(answered_by)?, event.queue])?;
        }
        EventKind::Hangup { cause, .. } => {
            db.prepare_cached(
                "UPDATE calls SET ended_at = ?2, cause = ?3, queue = ?4, recovered = max(recovered, ?5) WHERE id = ?1",
            )?
            .execute(params![event.call, at, cause.as_str(), event.queue, event.recovered])?;
        }
        _ => {}
    }
    let seen = match &event.kind {
        EventKind::Ringing { user } | EventKind::Answer { answered_by: AnsweredBy::User(user) } => Some(user),
        _ => None,
    };
    seen.map_or(Ok(()), |user| add_user(db, &event.call, user))
}

/// Adds a user whose phone rang later, or who answered, to those of the call.
fn add_user(db: &Connection, call: &str, user: &Party) -> Result<()> {
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

/// Writes the explanation of a call that the journal has.
pub(super) fn write_explanation(db: &Connection, call: &str, explanation: &Explanation) -> Result<()> {
    let uniqueids = Vec::from_iter(explanation.uniqueids()).join(" ");
    channels::add(db, call, &uniqueids)?;
    db.prepare_cached(
        "INSERT INTO explanations (call, body, channels, packed)
         SELECT id, '', ?2, ?3 FROM calls WHERE id = ?1 AND erased = 0
         ON CONFLICT (call) DO UPDATE SET body = '', channels = excluded.channels, packed = excluded.packed",
    )?
    .execute(params![call, format!(" {uniqueids} "), pack(&json(explanation)?)?])?;
    Ok(())
}

/// Writes one attempt of a delivery.
pub(super) fn write_attempt(db: &Connection, attempt: &DeliveryAttempt) -> Result<()> {
    let duration_ms = i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO attempts (delivery, at, duration_ms, outcome, status, reply) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        attempt.delivery.0,
        attempt.at.as_millisecond(),
        duration_ms,
        attempt.outcome,
        attempt.status,
        attempt.reply,
    ])?;
    Ok(())
}

/// Writes the new state of a delivery.
pub(super) fn write_delivery_state(db: &Connection, update: &DeliveryUpdate) -> Result<()> {
    db.prepare_cached(
        "UPDATE deliveries SET state = ?2, failures = coalesce(?3, failures), due_at = ?4, reason = ?5, changed_at = ?6,
             attempt = ?7
         WHERE id = ?1 AND state IN ('pending', 'retry')",
    )?
    .execute(params![
        update.delivery.0,
        update.state.as_str(),
        update.failures,
        update.due_at.map(Timestamp::as_millisecond),
        update.reason,
        update.at.as_millisecond(),
        update.may_have_arrived.then_some(AttemptState::UNKNOWN),
    ])?;
    Ok(())
}

/// The words for what is known of the last attempt of a delivery.
pub(super) struct AttemptState;

impl AttemptState {
    /// It is about to be sent, and may not be repeated.
    pub(super) const OPEN: &str = "open";
    /// It may have been processed.
    pub(super) const UNKNOWN: &str = "unknown";
    /// It was delivered; the delivery is pending again because an earlier one of its call is.
    pub(super) const DELIVERED: &str = "delivered";
}

/// Writes that a delivery is about to be attempted that may not be repeated; `false` if it is no longer pending.
pub(super) fn open_attempt(db: &Connection, delivery: DeliveryId) -> Result<bool> {
    let changed = db
        .prepare_cached("UPDATE deliveries SET attempt = ?2 WHERE id = ?1 AND state IN ('pending', 'retry')")?
        .execute(params![delivery.0, AttemptState::OPEN])?;
    Ok(changed > 0)
}

/// Writes that the attempt of a delivery has ended.
pub(super) fn end_attempt(db: &Connection, delivery: DeliveryId, may_have_arrived: bool) -> Result<()> {
    db.prepare_cached("UPDATE deliveries SET attempt = ?2 WHERE id = ?1 AND state IN ('pending', 'retry')")?
        .execute(params![delivery.0, may_have_arrived.then_some(AttemptState::UNKNOWN)])?;
    Ok(())
}

/// Writes the new state of a target.
pub(super) fn write_target_state(db: &Connection, update: &TargetUpdate) -> Result<()> {
    set_target_state(db, &update.target, &update.state, update.at.as_millisecond())
}

/// Writes that `target` is in `state` since `at`.
pub(super) fn set_target_state(
    db: &Connection,
    target: &TargetName,
    state: &TargetState,
    at: i64,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO targets (name, state, reason, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET state = ?2, reason = ?3, since = ?4",
    )?
    .execute(params![target.as_str(), state.as_str(), state.reason(), at])?;
    Ok(())
}

/// The stored form of what is kept as JSON.
pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
