//! The operator's commands: written into the journal by the command line, applied by the daemon.
//!
//! So they need no way to reach the daemon but the file, and also work while it is not running.

use std::{path::Path, thread, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, PendingDelivery, TargetName, TargetState};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    error::StoreError,
    legacy, location,
    reader::pending_by_id,
    schema, staging,
    tables::{self, AttemptState},
};

/// How long people wait for the daemon to apply a command: it looks once a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// The reason that is stored for what the operator did.
const BY_OPERATOR: &str = "by the operator";

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorCommand {
    /// Retry a delivery, as if no attempt had failed, and what comes after it in its call.
    Retry(DeliveryId),
    /// Retry all deliveries to a target that are dead, expired or dropped.
    RetryAll(TargetName),
    /// Do not try a delivery again.
    Drop(DeliveryId),
    /// Send nothing to a target until it is resumed.
    Pause(TargetName),
    /// Send to a target again.
    Resume(TargetName),
}

/// A command as it was applied to the tables.
#[derive(Clone, Debug)]
pub enum AppliedCommand {
    /// This delivery is pending again.
    Retry(TargetName, PendingDelivery),
    /// This delivery is dropped.
    Drop(TargetName, DeliveryId),
    /// This target is paused.
    Pause(TargetName),
    /// This target is running.
    Resume(TargetName),
}

/// Whether a command that was submitted has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandReceipt {
    /// The daemon has applied it.
    ByDaemon,
    /// No daemon runs; it is applied to the tables and takes effect at the next start.
    AtNextStart,
    /// The daemon has not applied it in time; it will, or its log says why not.
    NotYet,
}

impl OperatorCommand {
    fn columns(&self) -> (&'static str, Option<&str>, Option<i64>) {
        match self {
            Self::Retry(id) => ("retry", None, Some(id.0)),
            Self::RetryAll(target) => ("retry-all", Some(target.as_str()), None),
            Self::Drop(id) => ("drop", None, Some(id.0)),
            Self::Pause(target) => ("pause", Some(target.as_str()), None),
            Self::Resume(target) => ("resume", Some(target.as_str()), None),
        }
    }

    fn from_columns(kind: &str, target: Option<String>, delivery: Option<i64>) -> Option<Self> {
        let target = target.map(|name| TargetName::from(name.as_str()));
        match (kind, target, delivery.map(DeliveryId)) {
            ("retry", _, Some(id)) => Some(Self::Retry(id)),
            ("retry-all", Some(target), _) => Some(Self::RetryAll(target)),
            ("drop", _, Some(id)) => Some(Self::Drop(id)),
            ("pause", Some(target), _) => Some(Self::Pause(target)),
            ("resume", Some(target), _) => Some(Self::Resume(target)),
            _ => None,
        }
    }
}

/// Submits `commands` to the journal at `path`, in one transaction, and waits for 5 s at most until the daemon has
/// applied them.
///
/// # Errors
/// There is no journal, or it cannot be written.
pub fn submit_commands(
    path: &Path,
    commands: &[OperatorCommand],
    now: Timestamp,
) -> Result<CommandReceipt, StoreError> {
    submit_commands_within(path, commands, now, PATIENCE)
}

/// The same, but waits for `patience` at most.
///
/// While a daemon of an earlier release uses the journal, they are written as it expects them.
///
/// # Errors
/// There is no journal, or it cannot be written.
pub fn submit_commands_within(
    path: &Path,
    commands: &[OperatorCommand],
    now: Timestamp,
    patience: Duration,
) -> Result<CommandReceipt, StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    let (mut db, version) = schema::open_as_is(path)?;
    let last = insert(&mut db, version, commands, now).map_err(failed)?;
    if !location::is_locked(path) {
        let mut db = schema::open(path)?;
        staging::merge_left(&mut db).map_err(failed)?;
        apply(&mut db).map_err(failed)?;
        return Ok(CommandReceipt::AtNextStart);
    }
    let waits = legacy::is_command_waiting(version);
    for _ in 0..50 {
        let is_waiting: bool = db.query_row(waits, [last], |row| row.get(0)).map_err(failed)?;
        if !is_waiting {
            return Ok(CommandReceipt::ByDaemon);
        }
        thread::sleep(patience / 50);
    }
    Ok(CommandReceipt::NotYet)
}

/// Writes `commands` down; gives the number of the last one.
fn insert(
    db: &mut Connection,
    version: usize,
    commands: &[OperatorCommand],
    now: Timestamp,
) -> rusqlite::Result<i64> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for command in commands {
        let (kind, target, delivery) = command.columns();
        change.prepare_cached(legacy::insert_command(version))?.execute(params![
            now.as_millisecond(),
            kind,
            target,
            delivery
        ])?;
    }
    let last = change.last_insert_rowid();
    change.commit()?;
    Ok(last)
}

/// Applies the commands that wait to the tables, and removes them.
pub(super) fn apply(db: &mut Connection) -> rusqlite::Result<Vec<AppliedCommand>> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let commands: Vec<(i64, Option<OperatorCommand>)> = change
        .prepare_cached("SELECT at, kind, target, delivery FROM commands ORDER BY id")?
        .query_map([], |row| {
            let kind: String = row.get(1)?;
            Ok((row.get(0)?, OperatorCommand::from_columns(&kind, row.get(2)?, row.get(3)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let mut applied = Vec::new();
    for (at, command) in commands {
        match command {
            Some(OperatorCommand::Retry(id)) => applied.extend(retry(&change, id, at)?),
            Some(OperatorCommand::RetryAll(target)) => {
                for id in undelivered(&change, &target)? {
                    applied.extend(retry(&change, id, at)?);
                }
            }
            Some(OperatorCommand::Drop(id)) => applied.extend(drop_delivery(&change, id, at)?),
            Some(OperatorCommand::Pause(target)) => {
                let state = TargetState::Paused { reason: BY_OPERATOR.to_owned() };
                tables::set_target_state(&change, &target, &state, at)?;
                applied.push(AppliedCommand::Pause(target));
            }
            Some(OperatorCommand::Resume(target)) => {
                tables::set_target_state(&change, &target, &TargetState::Running, at)?;
                applied.push(AppliedCommand::Resume(target));
            }
            None => {}
        }
    }
    change.execute("DELETE FROM commands", [])?;
    change.commit()?;
    Ok(applied)
}

/// What will not be delivered to `target` unless it is retried.
fn undelivered(db: &Connection, target: &TargetName) -> rusqlite::Result<Vec<DeliveryId>> {
    db.prepare(
        "SELECT id FROM deliveries WHERE state IN ('dead', 'expired', 'dropped') AND target = ?1 ORDER BY id",
    )?
    .query_map([target.as_str()], |row| Ok(DeliveryId(row.get(0)?)))?
    .collect()
}

/// Makes a delivery pending again, and what comes after it in its call: what has failed, and what was delivered, marked
/// as such. So it is not sent after them as if it were new.
fn retry(db: &Connection, id: DeliveryId, at: i64) -> rusqlite::Result<Vec<AppliedCommand>> {
    let retried = db
        .prepare_cached(
            "UPDATE deliveries SET state = 'pending', failures = 0, due_at = NULL, reason = NULL, changed_at = ?2,
                 attempt = CASE WHEN state IN ('pending', 'retry') THEN attempt END
             WHERE id = ?1 AND state <> 'delivered' RETURNING target, call",
        )?
        .query_row(params![id.0, at], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let Some((target, call)) = retried else { return Ok(Vec::new()) };
    let followers: Vec<DeliveryId> = db
        .prepare_cached(
            "UPDATE deliveries SET state = 'pending', failures = 0, due_at = NULL, reason = NULL, changed_at = ?4,
                 attempt = CASE state WHEN 'delivered' THEN ?5 END,
                 progress = CASE WHEN state <> 'delivered' THEN progress END
             WHERE call = ?1 AND target = ?2 AND id > ?3 AND state IN ('delivered', 'dead', 'expired') RETURNING id",
        )?
        .query_map(params![call, target, id.0, at, AttemptState::DELIVERED], |row| Ok(DeliveryId(row.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut ids: Vec<_> = [id].into_iter().chain(followers).collect();
    ids.sort();
    let mut applied = Vec::new();
    for id in ids {
        let pending = pending_by_id(db, id)?;
        applied.extend(pending.map(|(target, pending)| AppliedCommand::Retry(target, pending)));
    }
    Ok(applied)
}

fn drop_delivery(db: &Connection, id: DeliveryId, at: i64) -> rusqlite::Result<Option<AppliedCommand>> {
    let target: Option<String> = db
        .query_row(
            "UPDATE deliveries SET state = 'dropped', reason = ?3, changed_at = ?2
             WHERE id = ?1 AND state IN ('pending', 'retry', 'dead', 'expired', 'unknown') RETURNING target",
            params![id.0, at, BY_OPERATOR],
            |row| row.get(0),
        )
        .optional()?;
    Ok(target.map(|target| AppliedCommand::Drop(TargetName::from(target.as_str()), id)))
}
