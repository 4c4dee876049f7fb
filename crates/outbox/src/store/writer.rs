//! The one that writes: a thread that commits what waits for it in groups.

use std::{
    collections::VecDeque,
    fs::File,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    NewEvent, Report, Retention, StoreError, Write,
    checkpoint::Checkpointer,
    error,
    group::{Entry, GROUP, Numbered, Settled, Sync, committed, now, write_group},
    orders, place, retention, schema,
    tables::{self, NextIds},
};
use crate::delivery::DeliveryId;

/// How often the disk is tried while it cannot be written, and how often orders are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// How many events are kept in memory while the disk cannot be written: some minutes of a busy PBX, some 60 MB.
const BACKLOG: usize = 50_000;

/// How much of what became of deliveries is kept then; without it they are only told again.
const SETTLED_BACKLOG: usize = 4 * BACKLOG;

enum Message {
    Write(Write),
    Sweep(Retention, Timestamp),
    Close(Timestamp),
}

/// How the journal was found.
#[derive(Debug, Default)]
pub struct Opened {
    /// Whether the process before this one did not end in an orderly way.
    pub unclean: bool,
    /// Where a damaged journal is now, and what was wrong with it.
    pub set_aside: Option<(PathBuf, String)>,
    /// Why it cannot be written now; it is tried again each second.
    pub trouble: Option<StoreError>,
}

/// The journal, open to be written. Dropping it without [`Store::close`] leaves it as a killed process would.
#[derive(Debug)]
pub struct Store {
    inbox: Sender<Message>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Opens the journal at `path`, or makes it; what happens to it is said to `report`, from another thread.
    ///
    /// # Errors
    /// It must not be used: another process has it, or it is not one of ours, or lies on a network file system.
    /// A disk that cannot be written is no error but [`Opened::trouble`].
    pub fn open(
        path: &Path,
        now: Timestamp,
        report: impl FnMut(Report) + Send + 'static,
    ) -> Result<(Self, Opened), StoreError> {
        // Numbers that no journal has reached: should this one turn out to be readable, it cannot clash with them.
        let beyond = now.as_microsecond().max(1);
        let mut writer = Writer {
            path: path.to_owned(),
            lock: None,
            db: None,
            checkpointer: None,
            ids: NextIds { event: beyond, delivery: beyond },
            numbered: false,
            started: now,
            sound: false,
            data_version: 0,
            backlog: VecDeque::new(),
            kept_events: 0,
            failing: false,
            lost: 0,
            report: Box::new(report),
        };
        let mut opened = Opened::default();
        match writer.connect(&mut opened) {
            Ok(()) => {}
            Err(error) if error.is_setting() => return Err(error),
            Err(error) => {
                writer.failing = true;
                opened.trouble = Some(error);
            }
        }
        let (inbox, messages) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(|error| StoreError::place(path, error))?;
        Ok((Self { inbox, thread }, opened))
    }

    /// Has something written; returns at once.
    pub fn write(&self, write: Write) {
        // A writer that is gone has said why.
        let _ = self.inbox.send(Message::Write(write));
    }

    /// Has what is older than it may be removed, some of it; [`Report::Swept`] says whether there is more.
    pub fn sweep(&self, retention: Retention, now: Timestamp) {
        let _ = self.inbox.send(Message::Sweep(retention, now));
    }

    /// Whether the writer has ended, by a fault of its own.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.thread.is_finished()
    }

    /// Writes what is left and ends in an orderly way. It waits for the disk.
    pub fn close(self, now: Timestamp) {
        let _ = self.inbox.send(Message::Close(now));
        let _ = self.thread.join();
    }
}

struct Writer {
    path: PathBuf,
    lock: Option<File>,
    /// `None` while it cannot be opened.
    db: Option<Connection>,
    /// Runs as long as the file is open.
    checkpointer: Option<Checkpointer>,
    ids: NextIds,
    /// Whether the numbers given out go on from those in the journal.
    numbered: bool,
    started: Timestamp,
    /// Whether the file was checked since it was last found to be damaged.
    sound: bool,
    data_version: i64,
    backlog: VecDeque<Entry>,
    /// How many of them are events.
    kept_events: usize,
    failing: bool,
    lost: u64,
    report: Box<dyn FnMut(Report) + Send>,
}

impl Writer {
    fn connect(&mut self, opened: &mut Opened) -> Result<(), StoreError> {
        place::prepare(&self.path)?;
        if self.lock.is_none() {
            self.lock = Some(place::lock(&self.path)?);
        }
        let db = match self.open_sound(opened) {
            Err(StoreError::Damaged { found, .. }) => {
                let aside = place::set_aside(&self.path, self.started)
                    .map_err(|error| StoreError::place(&self.path, error))?;
                opened.set_aside = Some((aside, found));
                place::prepare(&self.path)?;
                self.open_sound(opened)?
            }
            other => other?,
        };
        if !self.numbered {
            let ids = tables::next_ids(&db).map_err(|error| StoreError::sqlite(&self.path, error))?;
            // What was given out while the journal could not be read is beyond all it has.
            let given_out = self.failing;
            if !given_out || ids.event > self.ids.event {
                self.ids.event = ids.event;
            }
            if !given_out || ids.delivery > self.ids.delivery {
                self.ids.delivery = ids.delivery;
            }
            self.numbered = true;
        }
        self.db = Some(db);
        self.checkpointer = Some(Checkpointer::start(self.path.clone()));
        Ok(())
    }

    fn open_sound(&mut self, opened: &mut Opened) -> Result<Connection, StoreError> {
        let failed = |error| StoreError::sqlite(&self.path, error);
        let db = schema::open(&self.path)?;
        if !schema::ended_well(&db).map_err(failed)? {
            opened.unclean = true;
            // While a full disk is waited for, a large file is not read through each second.
            if !self.sound
                && let Some(found) = schema::quick_check(&db).map_err(failed)?
            {
                return Err(StoreError::Damaged { path: self.path.clone(), found });
            }
        }
        self.sound = true;
        schema::begin_run(&db, self.started.as_millisecond()).map_err(failed)?;
        Ok(db)
    }

    fn run(mut self, inbox: &Receiver<Message>) {
        let mut looked = now();
        // What became of deliveries: it may wait a little, for if it is lost they are only told again.
        let mut settled = Settled::default();
        loop {
            let mut entries = Vec::new();
            let mut closing = None;
            let mut next = match inbox.recv_timeout(settled.patience().unwrap_or(LOOK)) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(message) = next.take() {
                match message {
                    Message::Write(Write::Event(event)) => entries.push(self.number(event)),
                    Message::Write(write) => settled.push(write),
                    Message::Sweep(retention, now) => {
                        self.put(std::mem::take(&mut entries), Sync::Full);
                        self.put(settled.take(), Sync::WithTheNext);
                        self.sweep(&retention, now);
                    }
                    Message::Close(now) => closing = Some(now),
                }
                if entries.len() < GROUP && closing.is_none() {
                    next = inbox.try_recv().ok();
                }
            }
            self.put(entries, Sync::Full);
            if closing.is_some() || settled.is_due() {
                self.put(settled.take(), Sync::WithTheNext);
            }
            if looked.elapsed() >= LOOK || closing.is_some() {
                looked = now();
                if self.failing {
                    self.heal();
                }
                self.look_for_orders();
            }
            if let Some(now) = closing {
                self.end(now);
                return;
            }
        }
    }

    fn number(&mut self, NewEvent { event, owed, retold, recorded }: NewEvent) -> Entry {
        let seq = self.ids.event;
        self.ids.event += 1;
        let number = |endpoint| {
            let id = DeliveryId(self.ids.delivery);
            self.ids.delivery += 1;
            (endpoint, id)
        };
        let owed = owed.into_iter().map(number).collect();
        Entry::Event(Numbered { seq, event, owed, retold, recorded })
    }

    fn put(&mut self, entries: Vec<Entry>, sync: Sync) {
        if entries.is_empty() {
            return;
        }
        let written = match &mut self.db {
            Some(db) if !self.failing => write_group(db, &entries, sync),
            _ => return self.keep(entries),
        };
        match written {
            Ok(written) => {
                let repeated = written.iter().filter(|fresh| !**fresh).count();
                let fresh = entries.iter().zip(written).filter(|(_, fresh)| *fresh).map(|(entry, _)| entry);
                let events = committed(fresh);
                if !events.is_empty() {
                    (self.report)(Report::Committed { events, durable: true });
                }
                if repeated > 0 {
                    (self.report)(Report::Repeated { events: repeated });
                }
            }
            Err(error) => {
                self.fail(error);
                self.keep(entries);
            }
        }
    }

    fn fail(&mut self, error: rusqlite::Error) {
        self.failing = true;
        let damaged = error::is_damage(&error);
        (self.report)(Report::Failing { error: StoreError::sqlite(&self.path, error) });
        if damaged {
            // The file is opened anew, found to be damaged, and put aside.
            self.forget();
            self.heal();
        }
    }

    /// Closes the file.
    fn forget(&mut self) {
        self.sound = false;
        self.checkpointer = None;
        self.db = None;
    }

    /// Keeps in memory what cannot be written, and says it all the same.
    fn keep(&mut self, entries: Vec<Entry>) {
        let events = committed(entries.iter());
        for entry in entries {
            let room = match entry {
                Entry::Event(_) => self.kept_events < BACKLOG,
                Entry::Attempt(_) | Entry::Story { .. } => false,
                Entry::State(_) | Entry::Standing(_) => self.backlog.len() < SETTLED_BACKLOG,
            };
            let is_event = usize::from(matches!(entry, Entry::Event(_)));
            if room {
                self.kept_events += is_event;
                self.backlog.push_back(entry);
            } else {
                self.lost += is_event as u64;
            }
        }
        if !events.is_empty() {
            (self.report)(Report::Committed { events, durable: false });
        }
    }

    /// Tries to write what was kept.
    fn heal(&mut self) {
        let mut opened = Opened::default();
        if self.db.is_none() && self.connect(&mut opened).is_err() {
            return;
        }
        if let Some((path, found)) = opened.set_aside {
            (self.report)(Report::SetAside { path, found });
        }
        let Some(db) = &mut self.db else { return };
        while !self.backlog.is_empty() {
            let group: Vec<_> = self.backlog.drain(..self.backlog.len().min(GROUP)).collect();
            if let Err(error) = write_group(db, &group, Sync::Full) {
                group.into_iter().rev().for_each(|entry| self.backlog.push_front(entry));
                if error::is_damage(&error) {
                    self.forget();
                }
                return;
            }
        }
        // An empty transaction writes nothing, so it proves nothing: the mark of this run is written anew.
        if schema::begin_run(db, self.started.as_millisecond()).is_ok() {
            self.failing = false;
            self.kept_events = 0;
            let lost = std::mem::take(&mut self.lost);
            (self.report)(Report::Healed { lost });
        }
    }

    fn look_for_orders(&mut self) {
        let Some(db) = self.db.as_mut().filter(|_| !self.failing) else { return };
        let Ok(version) = db.query_row("PRAGMA data_version", [], |row| row.get(0)) else { return };
        if self.data_version == version {
            return;
        }
        match orders::take(db) {
            Ok(orders) => {
                self.data_version = version;
                orders.into_iter().for_each(|order| (self.report)(Report::Order(order)));
            }
            Err(error) => self.fail(error),
        }
    }

    fn sweep(&mut self, retention: &Retention, now: Timestamp) {
        let Some(db) = self.db.as_mut().filter(|_| !self.failing) else { return };
        match retention::sweep(db, &self.path, retention, now) {
            Ok(swept) => (self.report)(Report::Swept(swept)),
            Err(error) => self.fail(error),
        }
    }

    fn end(mut self, now: Timestamp) {
        if self.failing {
            self.heal();
        }
        self.checkpointer = None;
        if let Some(db) = self.db.take().filter(|_| !self.failing) {
            // Should it fail, the next start finds a run that did not end, and checks the file.
            let _ = schema::end_run(&db, now.as_millisecond());
        }
    }
}
