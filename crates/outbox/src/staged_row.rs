//! The rows of the table `staged`: a line for each entry, of its kind and JSON.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use rusqlite::types::Type;

use super::{
    entry::{NumberedEvent, StoreEntry},
    tables::json,
    write::{DeliveryAttempt, DeliveryUpdate, MemoryChange, MemoryUpdate, StoredDeliveryState},
};

/// The number of an event, whether it is a replay, when the daemon learnt of it, and its deliveries. The event follows.
type EventLine<'a> = (i64, bool, i64, Vec<(&'a str, i64)>);

/// The delivery, when it was attempted, how many milliseconds that took, the outcome, the status and the reply.
type AttemptLine<'a> = (i64, i64, u64, &'a str, Option<u16>, Option<&'a str>);

/// The delivery, its state, failures, when it is due, why, whether it may have arrived, and since when.
type DeliveryLine<'a> = (i64, &'a str, Option<u32>, Option<i64>, Option<&'a str>, bool, i64);

/// Appends the line of `entry`, if it is one that outlives the process.
pub(super) fn append(row: &mut String, entry: &StoreEntry) -> rusqlite::Result<()> {
    match entry {
        StoreEntry::Event(event) => {
            let deliveries = event.deliveries.iter().map(|(target, id)| (target.as_str(), id.0)).collect();
            let line: EventLine<'_> =
                (event.seq, event.is_replay, event.recorded_at.as_millisecond(), deliveries);
            add(row, 'E', &json(&line)?);
            add(row, 'e', &event.body);
        }
        StoreEntry::OpenAttempt(delivery) => add(row, 'O', &json(&delivery.0)?),
        StoreEntry::EndAttempt { delivery, may_have_arrived } => {
            add(row, 'N', &json(&(delivery.0, may_have_arrived))?);
        }
        StoreEntry::Progress { delivery, progress } => add(row, 'P', &json(&(delivery.0, progress))?),
        StoreEntry::Memory(MemoryUpdate { target, call, change }) => {
            let (change, body) = match change {
                MemoryChange::Set(body) => ("set", Some(body)),
                MemoryChange::Forget => ("forget", None),
                MemoryChange::EndOfCall => ("end", None),
            };
            add(row, 'M', &json(&(target.as_str(), call, change, body))?);
        }
        StoreEntry::Attempt(attempt) => {
            let duration = u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX);
            let (at, reply) = (attempt.at.as_millisecond(), attempt.reply.as_deref());
            let line: AttemptLine<'_> =
                (attempt.delivery.0, at, duration, &attempt.outcome, attempt.status, reply);
            add(row, 'A', &json(&line)?);
        }
        StoreEntry::Delivery(update) => {
            let due_at = update.due_at.map(Timestamp::as_millisecond);
            let line: DeliveryLine<'_> = (
                update.delivery.0,
                update.state.as_str(),
                update.failures,
                due_at,
                update.reason.as_deref(),
                update.may_have_arrived,
                update.at.as_millisecond(),
            );
            add(row, 'D', &json(&line)?);
        }
        // Those of calls that have just ended are lost with a process that is killed.
        StoreEntry::Explanation { .. } | StoreEntry::Target(_) => {}
    }
    Ok(())
}

fn add(row: &mut String, kind: char, json: &str) {
    row.push(kind);
    row.push_str(json);
    row.push('\n');
}

/// Adds the entries of a row to `entries`.
///
/// # Errors
/// It is not one of ours.
pub(super) fn read(row: &str, entries: &mut Vec<StoreEntry>) -> rusqlite::Result<()> {
    let mut head = None;
    for line in row.lines() {
        let mut text = line.chars();
        match text.next() {
            Some('E') => head = Some(parse::<(i64, bool, i64, Vec<(String, i64)>)>(text.as_str())?),
            Some('e') => {
                let (seq, is_replay, recorded_at, deliveries) =
                    head.take().ok_or_else(|| unreadable("an event without its number"))?;
                let deliveries = deliveries
                    .into_iter()
                    .map(|(target, id)| (TargetName::from(&*target), DeliveryId(id)))
                    .collect();
                let (event, body) = (Arc::new(parse(text.as_str())?), text.as_str().to_owned());
                let recorded_at = time(recorded_at)?;
                entries.push(StoreEntry::Event(NumberedEvent {
                    seq,
                    event,
                    body,
                    deliveries,
                    is_replay,
                    recorded_at,
                }));
            }
            Some('O') => entries.push(StoreEntry::OpenAttempt(DeliveryId(parse(text.as_str())?))),
            Some('N') => {
                let (delivery, may_have_arrived) = parse(text.as_str())?;
                entries.push(StoreEntry::EndAttempt { delivery: DeliveryId(delivery), may_have_arrived });
            }
            Some('P') => {
                let (delivery, progress) = parse(text.as_str())?;
                entries.push(StoreEntry::Progress { delivery: DeliveryId(delivery), progress });
            }
            Some('M') => entries.push(StoreEntry::Memory(memory(text.as_str())?)),
            Some('A') => entries.push(StoreEntry::Attempt(attempt(text.as_str())?)),
            Some('D') => entries.push(StoreEntry::Delivery(update(text.as_str())?)),
            _ => return Err(unreadable("an entry of an unknown kind")),
        }
    }
    Ok(())
}

fn attempt(line: &str) -> rusqlite::Result<DeliveryAttempt> {
    let (delivery, at, duration, outcome, status, reply): (
        i64,
        i64,
        u64,
        String,
        Option<u16>,
        Option<String>,
    ) = parse(line)?;
    Ok(DeliveryAttempt {
        delivery: DeliveryId(delivery),
        at: time(at)?,
        duration: Duration::from_millis(duration),
        outcome,
        status,
        reply,
    })
}

fn memory(line: &str) -> rusqlite::Result<MemoryUpdate> {
    let (target, call, change, body): (String, String, String, Option<String>) = parse(line)?;
    let change = match (&*change, body) {
        ("set", Some(body)) => MemoryChange::Set(body),
        ("forget", None) => MemoryChange::Forget,
        ("end", None) => MemoryChange::EndOfCall,
        _ => return Err(unreadable("an unknown change")),
    };
    Ok(MemoryUpdate { target: TargetName::from(&*target), call, change })
}

fn update(line: &str) -> rusqlite::Result<DeliveryUpdate> {
    let (delivery, state, failures, due_at, reason, may_have_arrived, at): (
        i64,
        String,
        Option<u32>,
        Option<i64>,
        Option<String>,
        bool,
        i64,
    ) = parse(line)?;
    Ok(DeliveryUpdate {
        delivery: DeliveryId(delivery),
        state: StoredDeliveryState::parse(&state).ok_or_else(|| unreadable("an unknown state"))?,
        failures,
        due_at: due_at.map(time).transpose()?,
        reason,
        may_have_arrived,
        at: time(at)?,
    })
}

fn parse<T: serde::de::DeserializeOwned>(line: &str) -> rusqlite::Result<T> {
    serde_json::from_str(line).map_err(unreadable)
}

fn time(millisecond: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(millisecond).map_err(unreadable)
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_deliveries_in_steps_are_read_as_they_were_written() {
        let memory = |change| {
            let (target, call) = (TargetName::from("portal"), "main-1.0".to_owned());
            StoreEntry::Memory(MemoryUpdate { target, call, change })
        };
        let entries = [
            memory(MemoryChange::Set("{\"card\":\"7\\n\"}".to_owned())),
            StoreEntry::Progress { delivery: DeliveryId(7), progress: "[\"open\"]".to_owned() },
            memory(MemoryChange::Forget),
            memory(MemoryChange::EndOfCall),
        ];
        let mut row = String::new();
        entries.iter().for_each(|entry| append(&mut row, entry).unwrap());
        let mut found = Vec::new();
        read(&row, &mut found).unwrap();
        assert_eq!(format!("{found:?}"), format!("{entries:?}"));
        assert!(read("M[\"portal\",\"a\",\"other\",null]\n", &mut found).is_err());
    }
}
