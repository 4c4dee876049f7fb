//! The writer: a thread that commits what waits for it in groups.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use jiff::Timestamp;
use ringwire_delivery::DeliveryId;

use super::{
    cleaning::Cleaning,
    commands,
    delayed::{DelayedWrites, monotonic_now, wall_now},
    entry::{NumberedEvent, StoreEntry},
    error::{self, StoreError},
    group::{Durability, GROUP, write_group},
    journal_file::JournalFile,
    pace::Pace,
    report::{OpenOutcome, StoreReport, committed_events, permissions},
    retention::{self, RetentionPolicy},
    staging::Staging,
    tables::{self, NextIds},
    write::{NewEvent, ProgressUpdate, StoreWrite},
};

/// How often the disk is tried while it cannot be written, and how often commands are looked for.
const POLL: Duration = Duration::from_secs(1);

/// How many events are kept in memory while the disk cannot be written: some minutes of a busy PBX, some 60 MB.
const EVENT_BACKLOG: usize = 50_000;

/// How many entries of all kinds are kept then; a delivery whose outcome is lost is only repeated.
const BACKLOG: usize = 4 * EVENT_BACKLOG;

/// What the writer is to do.
#[derive(Debug)]
pub(super) enum WriterMessage {
    Write(StoreWrite),
    /// Merge what is staged, so that it can be read, and say when that is done.
    Merge(Sender<()>),
    Sweep(RetentionPolicy, Timestamp),
    Close(Timestamp),
}

/// Writes the journal, and keeps in memory what cannot be written.
pub(super) struct Writer {
    file: JournalFile,
    ids: NextIds,
    /// Whether the ids continue those in the journal.
    has_journal_ids: bool,
    data_version: i64,
    pace: Pace,
    staging: Staging,
    backlog: VecDeque<StoreEntry>,
    /// How many of the backlog are events.
    kept_events: usize,
    is_failing: bool,
    lost: u64,
    cleaning: Cleaning,
    report: Box<dyn FnMut(StoreReport) + Send>,
}

impl Writer {
    pub(super) fn new(path: &Path, now: Timestamp, report: Box<dyn FnMut(StoreReport) + Send>) -> Self {
        // Numbers that no journal has reached: should this one turn out to be readable, they cannot clash with its own.
        let beyond = now.as_microsecond().max(1);
        Self {
            file: JournalFile::new(path, now),
            ids: NextIds { event: beyond, delivery: beyond },
            has_journal_ids: false,
            data_version: 0,
            pace: Pace::new(),
            staging: Staging::default(),
            backlog: VecDeque::new(),
            kept_events: 0,
            is_failing: false,
            lost: 0,
            cleaning: Cleaning::default(),
            report,
        }
    }

    /// Whether there is something in the journal that cannot be read before it is merged.
    pub(super) fn has_staged(&self) -> Arc<AtomicBool> {
        self.staging.is_used()
    }

    /// Opens the file. A disk that cannot be written is no error but [`OpenOutcome::trouble`].
    pub(super) fn open(&mut self) -> Result<OpenOutcome, StoreError> {
        let mut outcome = OpenOutcome::default();
        match self.connect(&mut outcome) {
            Ok(()) => {}
            Err(error) if error.is_permanent() => return Err(error),
            Err(error) => {
                self.is_failing = true;
                outcome.trouble = Some(error);
            }
        }
        Ok(outcome)
    }

    /// Writes until it is told to close, or nobody can tell it anything any more.
    pub(super) fn run(mut self, inbox: &Receiver<WriterMessage>) {
        let mut polled = monotonic_now();
        let mut entries = Vec::new();
        let mut delayed = DelayedWrites::default();
        loop {
            let mut closing = None;
            let mut next = match inbox.recv_timeout(self.wait(&entries, &delayed)) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(message) = next.take() {
                match message {
                    WriterMessage::Write(StoreWrite::Event(event)) => entries.push(self.number(event)),
                    WriterMessage::Write(StoreWrite::OpenAttempt(delivery)) => {
                        // An earlier outcome of the same delivery may still wait to be written.
                        entries.extend(delayed.take());
                        entries.push(StoreEntry::OpenAttempt(delivery));
                    }
                    WriterMessage::Write(StoreWrite::Progress(update)) => {
                        entries.extend(delayed.take());
                        let ProgressUpdate { delivery, progress, memory } = update;
                        entries.extend(memory.map(StoreEntry::Memory));
                        entries.push(StoreEntry::Progress { delivery, progress });
                    }
                    WriterMessage::Write(write) => delayed.push(write),
                    WriterMessage::Merge(done) => {
                        self.merge();
                        // Whoever waited may be gone.
                        let _ = done.send(());
                    }
                    WriterMessage::Sweep(policy, now) => {
                        self.put(std::mem::take(&mut entries), Durability::Immediate);
                        self.put(delayed.take(), Durability::WithTheNext);
                        self.sweep(&policy, now);
                    }
                    WriterMessage::Close(now) => closing = Some(now),
                }
                if entries.len() < GROUP && closing.is_none() {
                    next = inbox.try_recv().ok();
                }
            }
            let is_full = entries.len() >= GROUP || closing.is_some();
            if !entries.is_empty() && (is_full || self.pace.remaining().is_zero()) {
                // What may wait costs least in a transaction that is made anyway.
                entries.extend(delayed.take());
                self.put(std::mem::take(&mut entries), Durability::Immediate);
            }
            if closing.is_some() || delayed.is_due() {
                self.put(delayed.take(), Durability::WithTheNext);
            }
            if self.staging.is_due() {
                self.merge();
            }
            self.begin_log_anew();
            if polled.elapsed() >= POLL || closing.is_some() {
                polled = monotonic_now();
                self.watch_file();
                if self.is_failing {
                    self.recover();
                }
                self.apply_commands();
            }
            if let Some(now) = closing {
                return self.end(now);
            }
        }
    }

    /// How long to wait for more.
    fn wait(&self, entries: &[StoreEntry], delayed: &DelayedWrites) -> Duration {
        let commit = (!entries.is_empty()).then(|| self.pace.remaining());
        let merge = self.staging.remaining().filter(|_| !self.is_failing);
        [commit, delayed.remaining(), merge].into_iter().flatten().fold(POLL, Duration::min)
    }

    /// Notices that the file was deleted or replaced, and goes on with a new one.
    fn watch_file(&mut self) {
        let Some(loss) = self.file.loss() else { return };
        // The old file can still be written and read; what is pending is complete then.
        self.merge();
        let path = self.file.path().to_owned();
        (self.report)(StoreReport::Failing { error: StoreError::Lost { path, loss } });
        self.is_failing = true;
        self.file.lose(loss, wall_now());
        self.recover();
    }

    fn connect(&mut self, outcome: &mut OpenOutcome) -> Result<(), StoreError> {
        let mut db = self.file.open(outcome)?;
        let carried = self.file.carry_pending(&mut db, self.ids, wall_now());
        let carried = carried.map_err(|error| StoreError::sqlite(self.file.path(), error))?;
        if let Some((loss, aside)) = carried {
            (self.report)(StoreReport::Lost { loss, aside });
        }
        if !self.has_journal_ids {
            let ids = tables::next_ids(&db).map_err(|error| StoreError::sqlite(self.file.path(), error))?;
            // What was numbered while the journal could not be read is beyond all it has.
            let was_numbering = self.is_failing;
            if !was_numbering || ids.event > self.ids.event {
                self.ids.event = ids.event;
            }
            if !was_numbering || ids.delivery > self.ids.delivery {
                self.ids.delivery = ids.delivery;
            }
            self.has_journal_ids = true;
        }
        self.data_version = 0;
        self.file.attach(db);
        Ok(())
    }

    fn number(&mut self, NewEvent { event, targets, is_replay, recorded_at }: NewEvent) -> StoreEntry {
        let seq = self.ids.event;
        self.ids.event += 1;
        let number = |target| {
            let id = DeliveryId(self.ids.delivery);
            self.ids.delivery += 1;
            (target, id)
        };
        let deliveries = targets.into_iter().map(number).collect();
        // It has neither maps nor numbers that JSON does not know, so it can be written.
        let body = tables::json(&*event.without_digit()).unwrap_or_default();
        StoreEntry::Event(NumberedEvent { seq, event, body, deliveries, is_replay, recorded_at })
    }

    /// Commits a group: into the tables, or as one row that is merged into them later.
    fn put(&mut self, entries: Vec<StoreEntry>, durability: Durability) {
        if entries.is_empty() {
            return;
        }
        self.pace.count(entries.iter().filter(|entry| matches!(entry, StoreEntry::Event(_))).count());
        let stages = Staging::can_take(&entries) && self.pace.is_busy();
        if !stages {
            // What is staged comes before.
            self.merge();
        }
        let written = match self.file.db() {
            Some(db) if !self.is_failing && stages => self.staging.stage(db, &entries, durability),
            Some(db) if !self.is_failing => write_group(db, &entries, durability),
            _ => return self.keep(entries),
        };
        self.pace.committed();
        match written {
            Ok(written) => {
                let is_event = |entry: &StoreEntry| matches!(entry, StoreEntry::Event(_));
                let repeated = entries
                    .iter()
                    .zip(&written)
                    .filter(|(entry, is_new)| is_event(entry) && !**is_new)
                    .count();
                permissions(&entries).for_each(&mut self.report);
                let new = entries.iter().zip(&written).filter(|(_, is_new)| **is_new).map(|(entry, _)| entry);
                let events = committed_events(new);
                if stages {
                    let new = entries.into_iter().zip(written).filter(|(_, is_new)| *is_new);
                    self.staging.keep(new.map(|(entry, _)| entry));
                }
                if !events.is_empty() {
                    (self.report)(StoreReport::Committed { events, durable: true });
                }
                if repeated > 0 {
                    (self.report)(StoreReport::Repeated { events: repeated });
                }
            }
            Err(error) => {
                self.fail(error);
                self.keep(entries);
            }
        }
    }

    fn begin_log_anew(&mut self) {
        if !self.is_failing
            && let Err(error) = self.file.begin_log_anew()
        {
            self.fail(error);
        }
    }

    /// Merges what is staged into the tables.
    fn merge(&mut self) {
        let Some(db) = self.file.db().filter(|_| !self.is_failing) else { return };
        if let Err(error) = self.staging.merge(db) {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: rusqlite::Error) {
        self.is_failing = true;
        let is_damaged = error::is_damage(&error);
        (self.report)(StoreReport::Failing { error: StoreError::sqlite(self.file.path(), error) });
        if is_damaged {
            // The file is opened once more, found to be damaged, and set aside.
            self.file.discard();
            self.recover();
        }
    }

    /// Keeps in memory what cannot be written, and reports its events all the same.
    fn keep(&mut self, entries: Vec<StoreEntry>) {
        let events = committed_events(entries.iter());
        let permitted = permissions(&entries);
        for entry in entries {
            let has_room = match entry {
                StoreEntry::Event(_) => self.kept_events < EVENT_BACKLOG,
                StoreEntry::Attempt(_) | StoreEntry::Explanation { .. } => false,
                StoreEntry::OpenAttempt(_)
                | StoreEntry::EndAttempt { .. }
                | StoreEntry::Progress { .. }
                | StoreEntry::Memory(_)
                | StoreEntry::Delivery(_)
                | StoreEntry::Target(_) => self.backlog.len() < BACKLOG,
            };
            let is_event = usize::from(matches!(entry, StoreEntry::Event(_)));
            if has_room {
                self.kept_events += is_event;
                self.backlog.push_back(entry);
            } else {
                self.lost += is_event as u64;
            }
        }
        if !events.is_empty() {
            (self.report)(StoreReport::Committed { events, durable: false });
        }
        permitted.for_each(&mut self.report);
    }

    /// Tries to write what was kept.
    fn recover(&mut self) {
        let mut outcome = OpenOutcome::default();
        if self.file.db().is_none() && self.connect(&mut outcome).is_err() {
            return;
        }
        if let Some((path, found)) = outcome.set_aside {
            (self.report)(StoreReport::SetAside { path, found });
        }
        let Some(db) = self.file.db() else { return };
        if let Err(error) = self.staging.merge(db) {
            if error::is_damage(&error) {
                self.file.discard();
            }
            return;
        }
        while !self.backlog.is_empty() {
            let group: Vec<_> = self.backlog.drain(..self.backlog.len().min(GROUP)).collect();
            if let Err(error) = write_group(db, &group, Durability::Immediate) {
                group.into_iter().rev().for_each(|entry| self.backlog.push_front(entry));
                if error::is_damage(&error) {
                    self.file.discard();
                }
                return;
            }
        }
        if self.file.is_writable() {
            self.is_failing = false;
            self.kept_events = 0;
            let lost = std::mem::take(&mut self.lost);
            (self.report)(StoreReport::Recovered { lost });
        }
    }

    fn apply_commands(&mut self) {
        let Some(db) = self.file.db().filter(|_| !self.is_failing) else { return };
        let Ok(version) = db.query_row("PRAGMA data_version", [], |row| row.get(0)) else { return };
        if self.data_version == version {
            return;
        }
        let applied = self.staging.merge(db).and_then(|()| commands::apply(db));
        match applied {
            Ok(applied) => {
                self.data_version = version;
                applied.into_iter().for_each(|command| (self.report)(StoreReport::CommandApplied(command)));
            }
            Err(error) => self.fail(error),
        }
    }

    fn sweep(&mut self, policy: &RetentionPolicy, now: Timestamp) {
        self.merge();
        self.file.set_size(policy.size);
        let path = self.file.path().to_owned();
        let Some(db) = self.file.db().filter(|_| !self.is_failing) else { return };
        match retention::sweep(db, &path, policy, now, &mut self.cleaning) {
            Ok(summary) => (self.report)(StoreReport::Swept(summary)),
            Err(error) => self.fail(error),
        }
    }

    fn end(mut self, now: Timestamp) {
        self.merge();
        if self.is_failing {
            self.recover();
        }
        let is_orderly = !self.is_failing;
        self.file.close(is_orderly, now);
    }
}
