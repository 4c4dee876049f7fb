//! What is removed from the journal, and when.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    channels,
    cleaning::{self, Cleaning},
    damaged::{self, DamagedPolicy},
    delayed::monotonic_now,
    location, memory,
    tables::json,
};

/// How many calls are removed or rewritten in one transaction at most.
const BATCH: i64 = 100;

/// After so long, the calls of a transaction are enough: new events wait for it.
const STEP: Duration = Duration::from_millis(20);

/// The text in place of what was erased.
const ERASED: &str = "erased";

/// How long the journal keeps what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// How long a call is kept after its end.
    pub age: Duration,
    /// How large the journal may be, in bytes, with the log beside it; over it, the calls that ended first are removed first.
    pub size: u64,
    /// When and how numbers and names are removed from calls that are kept; `None`: with the call.
    pub personal_data: Option<(Duration, PersonalDataPolicy)>,
}

/// How numbers and names are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonalDataPolicy {
    /// They are erased.
    Erase,
    /// Each is replaced by a token, always the same, so that calls of one caller still belong together. The key is in
    /// the journal: whoever has the file can find out whether a number or a name is in it, and by trying all numbers,
    /// which takes minutes, which they are. It protects against being read by chance, and against nothing else.
    Hash,
}

/// What one batch removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepSummary {
    /// How many calls were removed.
    pub removed: usize,
    /// From how many calls numbers and names were removed.
    pub erased: usize,
    /// How many damaged journals that were set aside were removed.
    pub damaged: usize,
    /// Whether there is more to do.
    pub more: bool,
    /// How large the journal is now, in bytes.
    pub size: u64,
}

/// Removes a batch of what is due at `now`. A call with pending deliveries is kept.
pub(super) fn sweep(
    db: &mut Connection,
    path: &Path,
    policy: &RetentionPolicy,
    now: Timestamp,
    cleaning: &mut Cleaning,
) -> rusqlite::Result<SweepSummary> {
    let at = |age: Duration| {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        now.checked_sub(age).unwrap_or(Timestamp::MIN)
    };
    let before = |age| at(age).as_millisecond();
    let is_erasing = policy.personal_data.is_some();
    db.execute_batch(if is_erasing { "PRAGMA secure_delete = ON" } else { "PRAGMA secure_delete = FAST" })?;
    // The log is kept short; where a reader keeps it long, calls are not removed for that.
    let log = location::log_size(path).min(policy.size / 2);
    let pages = PageCounts::read(db)?;
    let large = pages.used() + log > policy.size;
    let cutoff = if large { i64::MAX } else { before(policy.age) };
    db.prepare_cached("DELETE FROM losses WHERE at < ?1")?.execute([before(policy.age)])?;
    let expired = expire(db, before(policy.age), now.as_millisecond())?;
    let (removed, has_more_to_remove) = remove(db, cutoff)?;
    let erased = match policy.personal_data {
        Some((age, how)) => erase(db, before(age), how)?,
        None => 0,
    };
    let has_free = PageCounts::read(db)?.is_wasteful(policy.size);
    if has_free {
        // What is free goes back to the disk, a few pages at a time.
        cleaning::vacuum(db)?;
    }
    let batch = usize::try_from(BATCH).unwrap_or(usize::MAX);
    let mut more = has_more_to_remove || has_free || [expired, erased].contains(&batch);
    if is_erasing {
        if removed + erased > 0 {
            cleaning.request();
        }
        more = more || cleaning.step(db, now)?;
    }
    let personal_data = policy.personal_data.map(|(age, _)| at(age));
    let damaged = damaged::sweep(path, DamagedPolicy { set_aside: at(policy.age), personal_data });
    Ok(SweepSummary { removed, erased, damaged, more, size: location::size(path) })
}

/// The pages of the file.
struct PageCounts {
    all: u64,
    free: u64,
    /// Bytes.
    size: u64,
}

impl PageCounts {
    fn read(db: &Connection) -> rusqlite::Result<Self> {
        let pragma = |name| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let pragma = |name| pragma(name).map(i64::unsigned_abs);
        Ok(Self { all: pragma("page_count")?, free: pragma("freelist_count")?, size: pragma("page_size")? })
    }

    /// How many bytes are in use.
    fn used(&self) -> u64 {
        (self.all - self.free) * self.size
    }

    /// Whether the disk is to have free pages back: new calls will not need all of them.
    fn is_wasteful(&self, limit: u64) -> bool {
        self.free > cleaning::VACUUMED && (self.free > self.all / 8 || self.all * self.size > limit)
    }
}

/// Deliveries to targets that are paused, or no longer configured, do not stay pending for ever.
fn expire(db: &Connection, cutoff: i64, now: i64) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "UPDATE deliveries SET state = 'expired', reason = 'older than what the journal keeps', changed_at = ?3
         WHERE id IN (SELECT d.id FROM deliveries d JOIN events e ON e.seq = d.event
                      WHERE d.state IN ('pending', 'retry') AND e.recorded_at < ?1 LIMIT ?2)",
    )?
    .execute(params![cutoff, BATCH, now])
}

/// Removes calls that ended before `cutoff`; gives how many, and whether there are more.
fn remove(db: &mut Connection, cutoff: i64) -> rusqlite::Result<(usize, bool)> {
    let began = monotonic_now();
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let calls: Vec<String> = change
        .prepare_cached(
            "SELECT id FROM calls c WHERE ended_at < ?1 AND NOT EXISTS (
                 SELECT 1 FROM deliveries d WHERE d.call = c.id AND d.state IN ('pending', 'retry'))
             ORDER BY key LIMIT ?2",
        )?
        .query_map(params![cutoff, BATCH], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut removed = 0;
    for call in &calls {
        if began.elapsed() > STEP {
            break;
        }
        removed += 1;
        channels::remove(&change, call)?;
        memory::remove(&change, call)?;
        for statement in [
            "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE call = ?1)",
            "DELETE FROM deliveries WHERE call = ?1",
            "DELETE FROM events WHERE call = ?1",
            "DELETE FROM explanations WHERE call = ?1",
            "DELETE FROM calls WHERE id = ?1",
        ] {
            change.prepare_cached(statement)?.execute([call])?;
        }
    }
    change.commit()?;
    let has_more = removed < calls.len() || i64::try_from(calls.len()).is_ok_and(|calls| calls == BATCH);
    Ok((removed, has_more))
}

fn erase(db: &mut Connection, cutoff: i64, how: PersonalDataPolicy) -> rusqlite::Result<usize> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let eraser = match how {
        PersonalDataPolicy::Erase => Eraser { key: None },
        PersonalDataPolicy::Hash => Eraser { key: Some(key(&change)?) },
    };
    let calls: Vec<String> = change
        .prepare_cached(
            "SELECT id FROM calls c WHERE erased = 0 AND ended_at IS NOT NULL AND ended_at < ?1 AND NOT EXISTS (
                 SELECT 1 FROM deliveries d WHERE d.call = c.id AND d.state IN ('pending', 'retry'))
             ORDER BY ended_at LIMIT ?2",
        )?
        .query_map(params![cutoff, BATCH], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for call in &calls {
        eraser.call(&change, call)?;
    }
    change.commit()?;
    Ok(calls.len())
}

/// The key of the tokens, created when it is first needed.
fn key(db: &Connection) -> rusqlite::Result<hmac::Key> {
    let known: Option<Vec<u8>> =
        db.query_row("SELECT value FROM secrets WHERE name = 'tokens'", [], |row| row.get(0)).optional()?;
    let bytes = match known {
        Some(bytes) => bytes,
        None => {
            let mut bytes = [0; 32];
            SystemRandom::new().fill(&mut bytes).map_err(|_| {
                rusqlite::Error::ToSqlConversionFailure("the system gives no random bytes".into())
            })?;
            db.execute("INSERT INTO secrets (name, value) VALUES ('tokens', ?1)", [&bytes[..]])?;
            bytes.to_vec()
        }
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

struct Eraser {
    /// With a key, tokens take the place of what is erased.
    key: Option<hmac::Key>,
}

impl Eraser {
    fn call(&self, db: &Connection, call: &str) -> rusqlite::Result<()> {
        self.bodies(
            db,
            "SELECT seq, body FROM events WHERE call = ?1",
            "UPDATE events SET body = ?2 WHERE seq = ?1",
            call,
        )?;
        self.bodies(
            db,
            "SELECT id, body FROM deliveries WHERE call = ?1 AND body IS NOT NULL",
            "UPDATE deliveries SET body = ?2 WHERE id = ?1",
            call,
        )?;
        channels::remove(db, call)?;
        memory::remove(db, call)?;
        // Names and numbers are all over it.
        db.prepare_cached("DELETE FROM explanations WHERE call = ?1")?.execute([call])?;
        // Replies, and reasons that quote them, may have numbers in them.
        db.prepare_cached(
            "UPDATE attempts SET reply = NULL, outcome = substr(outcome, 1, instr(outcome || ':', ':') - 1)
             WHERE delivery IN (SELECT id FROM deliveries WHERE call = ?1)",
        )?
        .execute([call])?;
        db.prepare_cached("UPDATE deliveries SET reason = NULL, progress = NULL WHERE call = ?1")?
            .execute([call])?;
        let (caller, name, called, users, answered_by): (
            String,
            Option<String>,
            String,
            String,
            Option<String>,
        ) = db
            .prepare_cached(
                "SELECT caller, caller_name, called, users, answered_by FROM calls WHERE id = ?1",
            )?
            .query_row([call], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        let mut users: Vec<Party> = serde_json::from_str(&users).unwrap_or_default();
        users.iter_mut().for_each(|user| self.party(user));
        let answered_by = answered_by.and_then(|answered_by| serde_json::from_str(&answered_by).ok()).map(
            |mut answered_by| {
                self.answered_by(&mut answered_by);
                answered_by
            },
        );
        db.prepare_cached(
            "UPDATE calls SET caller = ?2, caller_name = ?3, called = ?4, users = ?5, answered_by = ?6, erased = 1 WHERE id = ?1",
        )?
        .execute(params![
            call,
            self.token(&caller),
            name.map(|name| self.token(&name)),
            self.token(&called),
            json(&users)?,
            answered_by.as_ref().map(json).transpose()?,
        ])?;
        Ok(())
    }

    fn bodies(&self, db: &Connection, select: &str, update: &str, call: &str) -> rusqlite::Result<()> {
        let rows: Vec<(i64, String)> = db
            .prepare_cached(select)?
            .query_map([call], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (key, body) in rows {
            // In a body that cannot be read, names cannot be told from what may stay.
            let body = match serde_json::from_str::<CallEvent>(&body) {
                Ok(mut event) => {
                    self.event(&mut event);
                    json(&event)?
                }
                Err(_) => "{}".to_owned(),
            };
            db.prepare_cached(update)?.execute(params![key, body])?;
        }
        Ok(())
    }

    fn event(&self, event: &mut CallEvent) {
        event.from = self.token(&event.from);
        event.to = self.token(&event.to);
        event.from_name = event.from_name.as_deref().map(|name| self.token(name));
        match &mut event.kind {
            EventKind::NewCall { users } => users.iter_mut().for_each(|user| self.party(user)),
            EventKind::Ringing { user } | EventKind::RingingStopped { user, .. } => self.party(user),
            EventKind::Answer { answered_by } | EventKind::Hangup { answered_by: Some(answered_by), .. } => {
                self.answered_by(answered_by);
            }
            EventKind::Hold { user }
            | EventKind::Unhold { user }
            | EventKind::Parked { user, .. }
            | EventKind::Unparked { user, .. }
            | EventKind::ConferenceJoined { user, .. }
            | EventKind::ConferenceLeft { user, .. }
            | EventKind::Dtmf { user, .. } => {
                user.iter_mut().for_each(|user| self.party(user));
            }
            EventKind::Forwarded { user, forwarded_to } => {
                self.party(user);
                self.text(forwarded_to);
            }
            EventKind::RecordingStarted { file } | EventKind::RecordingStopped { file } => self.text(file),
            EventKind::VoicemailLeft { .. }
            | EventKind::QueueEntered { .. }
            | EventKind::QueueLeft { .. }
            | EventKind::Hangup { answered_by: None, .. } => {}
            EventKind::Transfer { user, transfer_target, .. } => {
                user.iter_mut().for_each(|user| self.party(user));
                self.text(transfer_target);
            }
        }
        // The name of a file often has the caller's number in it, and a variable may have anything.
        self.text(&mut event.facts.recording);
        event.facts.variables.values_mut().for_each(|value| *value = self.token(value));
    }

    fn text(&self, text: &mut Option<String>) {
        *text = text.as_deref().map(|text| self.token(text));
    }

    fn answered_by(&self, answered_by: &mut AnsweredBy) {
        match answered_by {
            AnsweredBy::User(user) => self.party(user),
            AnsweredBy::Number { number } => *number = self.token(number),
            AnsweredBy::Voicemail | AnsweredBy::Conference => {}
        }
    }

    /// The device is kept: it is equipment. Who uses it, and the direct number, are not.
    fn party(&self, party: &mut Party) {
        let Party { endpoint: _, extension: _, name, login, email, number } = party;
        for fact in [name, login, email, number] {
            *fact = fact.as_deref().map(|fact| self.token(fact));
        }
    }

    fn token(&self, fact: &str) -> String {
        let Some(key) = &self.key else { return ERASED.to_owned() };
        let tag = hmac::sign(key, fact.as_bytes());
        let digits: String = tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("~{digits}")
    }
}
