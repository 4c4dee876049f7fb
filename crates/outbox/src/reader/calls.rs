//! The history of calls.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use ringwire_event::Direction;
use rusqlite::{OptionalExtension, Row, named_params};

use super::{
    super::records::CallRecord,
    columns::{optional_time, time},
    connection::StoreReader,
    search::{CallSearch, has_user},
};

/// How many calls are examined for one page, so that a search without a match ends too.
const EXAMINED: usize = 50_000;

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Started at this time or later.
    pub since: Option<Timestamp>,
    /// Started before this time.
    pub until: Option<Timestamp>,
    /// Only those from outside that nobody answered.
    pub missed: bool,
    /// A user of the call: part of an endpoint, extension, name, login or e-mail.
    pub user: Option<String>,
    /// One of these, digits only, is part of the caller's or the called number; empty for any number.
    pub numbers: Vec<String>,
    /// The last queue.
    pub queue: Option<String>,
    /// Only those in this direction.
    pub direction: Option<Direction>,
    /// Part of the call's id, of a number, of the caller's name, or of what `user` searches.
    pub text: Option<String>,
    /// Only those that have not ended.
    pub live: bool,
    /// Only those before this cursor, in the order of their start.
    pub before: Option<CallCursor>,
    /// At most this many, the newest.
    pub limit: usize,
}

/// The position of a call in the order of their start. As text it leads from one page to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor {
    started_at: i64,
    key: i64,
}

/// Some calls, newest first.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRecord>,
    /// The cursor of the next page; `None` when there are no more.
    pub next: Option<CallCursor>,
}

impl fmt::Display for CallCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.started_at, self.key)
    }
}

impl FromStr for CallCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (started_at, key) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(|_| ());
        Ok(Self { started_at: number(started_at)?, key: number(key)? })
    }
}

const CALL: &str =
    "SELECT id, pbx, direction, caller, caller_name, called, queue, users, answered_by, started_at,
     answered_at, ended_at, cause, recovered, key FROM calls";

impl StoreReader {
    /// The calls that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn calls(&self, filter: &CallFilter) -> rusqlite::Result<Vec<CallRecord>> {
        self.page(filter, usize::MAX).map(|page| page.calls.into_iter().rev().collect())
    }

    /// The calls that match, newest first, and the cursor of the next page. A page can be short, or empty, without being
    /// the last: only so many calls are examined for one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call_page(&self, filter: &CallFilter) -> rusqlite::Result<CallPage> {
        self.page(filter, EXAMINED)
    }

    /// One call.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call(&self, id: &str) -> rusqlite::Result<Option<CallRecord>> {
        self.db.prepare_cached(&format!("{CALL} WHERE id = ?1"))?.query_row([id], read_call).optional()
    }

    fn page(&self, filter: &CallFilter, max_examined: usize) -> rusqlite::Result<CallPage> {
        let numbers = serde_json::to_string(&filter.numbers)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        // The cursor's time is a bound of its own, so that the index by time is used.
        let mut statement = self.db.prepare_cached(&format!(
            "{CALL} WHERE started_at >= :since AND started_at <= :until
             AND (started_at < :until OR (:key IS NOT NULL AND key < :key))
             AND (NOT :missed OR (direction = 'in' AND ended_at IS NOT NULL AND answered_at IS NULL))
             AND (NOT :live OR ended_at IS NULL)
             AND (:direction IS NULL OR direction = :direction)
             AND (:queue IS NULL OR queue = :queue)
             AND (:numbers = '[]' OR EXISTS (
                 SELECT 1 FROM json_each(:numbers) WHERE instr(caller, value) > 0 OR instr(called, value) > 0))
             ORDER BY started_at DESC, key DESC"
        ))?;
        let until = filter.until.map_or(i64::MAX, Timestamp::as_millisecond);
        let (until, key) = match filter.before {
            Some(cursor) if cursor.started_at < until => (cursor.started_at, Some(cursor.key)),
            _ => (until, None),
        };
        let mut rows = statement.query(named_params! {
            ":since": filter.since.map_or(i64::MIN, Timestamp::as_millisecond),
            ":until": until,
            ":key": key,
            ":missed": filter.missed,
            ":live": filter.live,
            ":direction": filter.direction.map(Direction::as_str),
            ":queue": filter.queue,
            ":numbers": numbers,
        })?;
        let user = filter.user.as_deref().map(str::to_lowercase);
        let text = filter.text.as_deref().map(CallSearch::new);
        let mut page = CallPage { calls: Vec::new(), next: None };
        let mut examined = 0;
        let mut last = None;
        while let Some(row) = rows.next()? {
            if page.calls.len() >= filter.limit || examined >= max_examined {
                page.next = last;
                break;
            }
            examined += 1;
            last = Some(CallCursor { started_at: row.get(9)?, key: row.get(14)? });
            let call = read_call(row)?;
            let has_wanted_user = user.as_deref().is_none_or(|user| has_user(&call, user));
            if has_wanted_user && text.as_ref().is_none_or(|text| text.matches(&call)) {
                page.calls.push(call);
            }
        }
        Ok(page)
    }
}

fn read_call(row: &Row<'_>) -> rusqlite::Result<CallRecord> {
    let users: String = row.get(7)?;
    let answered_by: Option<String> = row.get(8)?;
    Ok(CallRecord {
        id: row.get(0)?,
        pbx: row.get(1)?,
        direction: row.get(2)?,
        from: row.get(3)?,
        from_name: row.get(4)?,
        to: row.get(5)?,
        queue: row.get(6)?,
        users: serde_json::from_str(&users).unwrap_or_default(),
        answered_by: answered_by.and_then(|answered_by| serde_json::from_str(&answered_by).ok()),
        started_at: time(row, 9)?,
        answered_at: optional_time(row, 10)?,
        ended_at: optional_time(row, 11)?,
        cause: row.get(12)?,
        recovered: row.get(13)?,
    })
}
