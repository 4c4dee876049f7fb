//! The history of calls.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, Direction, Party};
use rusqlite::{OptionalExtension, Row, named_params};

use super::{super::CallRecord, Reader, optional_time, time};

/// How many calls are looked at for one page: a search for what nobody said ends, too.
const LOOKED_AT: usize = 50_000;

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// Begun before this time.
    pub until: Option<Timestamp>,
    /// Only those from outside that nobody took.
    pub missed: bool,
    /// Seen in the call: part of an endpoint, extension, name, login or e-mail.
    pub user: Option<String>,
    /// One of these, digits only, is part of the caller's or the called number; any where there is none.
    pub numbers: Vec<String>,
    /// In this queue last.
    pub queue: Option<String>,
    /// Only those that went this way.
    pub direction: Option<Direction>,
    /// Found in the call: part of its id, of a number, of the caller's name, or of what `user` looks at.
    pub text: Option<String>,
    /// Only those that are not over.
    pub living: bool,
    /// Only those before this place, in the order of their beginning.
    pub before: Option<CallPlace>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// The place of a call among all, in the order of their beginning. As text it is what a page names the next with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPlace {
    began: i64,
    key: i64,
}

/// Some calls, newest first.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRecord>,
    /// From where to read on; `None` when there are no more.
    pub next: Option<CallPlace>,
}

impl fmt::Display for CallPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.began, self.key)
    }
}

impl FromStr for CallPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (began, key) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(|_| ());
        Ok(Self { began: number(began)?, key: number(key)? })
    }
}

const CALL: &str = "SELECT id, pbx, direction, caller, caller_name, called, queue, users, taker, began,
     answered, ended, cause, recovered, key FROM calls";

impl Reader {
    /// The calls that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn calls(&self, filter: &CallFilter) -> rusqlite::Result<Vec<CallRecord>> {
        self.page(filter, usize::MAX).map(|page| page.calls.into_iter().rev().collect())
    }

    /// The calls that match, newest first, and from where to read on. A page can be short, or empty, and yet not the
    /// last: only so much is looked at for one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call_page(&self, filter: &CallFilter) -> rusqlite::Result<CallPage> {
        self.page(filter, LOOKED_AT)
    }

    /// One call.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call(&self, id: &str) -> rusqlite::Result<Option<CallRecord>> {
        self.db.prepare_cached(&format!("{CALL} WHERE id = ?1"))?.query_row([id], read_call).optional()
    }

    fn page(&self, filter: &CallFilter, most: usize) -> rusqlite::Result<CallPage> {
        let numbers = serde_json::to_string(&filter.numbers)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        // A place has its time as a bound of its own, so that the index by time is used.
        let mut statement = self.db.prepare_cached(&format!(
            "{CALL} WHERE began >= :since AND began <= :until
             AND (began < :until OR (:key IS NOT NULL AND key < :key))
             AND (NOT :missed OR (direction = 'in' AND ended IS NOT NULL AND answered IS NULL))
             AND (NOT :living OR ended IS NULL)
             AND (:direction IS NULL OR direction = :direction)
             AND (:queue IS NULL OR queue = :queue)
             AND (:numbers = '[]' OR EXISTS (
                 SELECT 1 FROM json_each(:numbers) WHERE instr(caller, value) > 0 OR instr(called, value) > 0))
             ORDER BY began DESC, key DESC"
        ))?;
        let until = filter.until.map_or(i64::MAX, Timestamp::as_millisecond);
        let (until, key) = match filter.before {
            Some(place) if place.began < until => (place.began, Some(place.key)),
            _ => (until, None),
        };
        let mut rows = statement.query(named_params! {
            ":since": filter.since.map_or(i64::MIN, Timestamp::as_millisecond),
            ":until": until,
            ":key": key,
            ":missed": filter.missed,
            ":living": filter.living,
            ":direction": filter.direction.map(Direction::as_str),
            ":queue": filter.queue,
            ":numbers": numbers,
        })?;
        let user = filter.user.as_deref().map(str::to_lowercase);
        let text = filter.text.as_deref().map(Wanted::new);
        let mut page = CallPage { calls: Vec::new(), next: None };
        let mut looked_at = 0;
        let mut last = None;
        while let Some(row) = rows.next()? {
            if page.calls.len() >= filter.limit || looked_at >= most {
                page.next = last;
                break;
            }
            looked_at += 1;
            last = Some(CallPlace { began: row.get(9)?, key: row.get(14)? });
            let call = read_call(row)?;
            let meant = user.as_deref().is_none_or(|user| involves(&call, user));
            if meant && text.as_ref().is_none_or(|text| text.is_in(&call)) {
                page.calls.push(call);
            }
        }
        Ok(page)
    }
}

/// What is searched for in all that is known of a call.
struct Wanted {
    text: String,
    /// Its digits without leading zeros, where it can be a number: written with blanks, a prefix, without the country.
    digits: Option<String>,
}

impl Wanted {
    fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let number = text.chars().all(|c| c.is_ascii_digit() || "+-/(). ".contains(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').to_owned();
        Self { text, digits: (number && !digits.is_empty()).then_some(digits) }
    }

    fn is_in(&self, call: &CallRecord) -> bool {
        let number = match &call.answered_by {
            Some(AnsweredBy::Number { number }) => Some(number),
            _ => None,
        };
        let numbers = [Some(&call.from), Some(&call.to), number].into_iter().flatten();
        if let Some(digits) = &self.digits
            && numbers.clone().any(|number| number.contains(digits))
        {
            return true;
        }
        let facts = [Some(&call.id), call.from_name.as_ref(), call.queue.as_ref()].into_iter().flatten();
        numbers.chain(facts).any(|fact| fact.to_lowercase().contains(&self.text))
            || involves(call, &self.text)
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
        began: time(row, 9)?,
        answered: optional_time(row, 10)?,
        ended: optional_time(row, 11)?,
        cause: row.get(12)?,
        recovered: row.get(13)?,
    })
}

/// Whether a user of the call is meant by `wanted`, which is in lower case.
fn involves(call: &CallRecord, wanted: &str) -> bool {
    let answered_by = call.answered_by.as_ref().and_then(AnsweredBy::user);
    call.users.iter().chain(answered_by).any(|user| {
        let Party { endpoint, extension, name, login, email, .. } = user;
        std::iter::once(Some(endpoint))
            .chain([extension, name, login, email].map(Option::as_ref))
            .flatten()
            .any(|fact| fact.to_lowercase().contains(wanted))
    })
}
