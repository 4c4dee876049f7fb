//! What an operator may learn of the journal.

use ringwire_outbox::CommittedEvent;
use tracing::{debug, error, info, warn};

use super::sinks::Sinks;
use crate::components::Trouble;

internal_events! {
    /// Of the journal.
    pub enum JournalEvent<'a> {
        /// An event was committed; if the disk cannot be written, in memory (`durable` is false).
        EventCommitted { committed: &'a CommittedEvent, durable: bool },
        /// The journal was not closed by the process before, and a check has found it sound.
        CheckedSound,
        /// The journal was damaged. It is kept under the name `aside`; what was pending only there is not delivered.
        SetAside { aside: &'a str, found: &'a str },
        /// The file was deleted or replaced under the daemon. What was pending goes on in a new one; the file that was found
        /// in its place is kept under the name `aside`.
        Lost { loss: &'a str, aside: Option<&'a str> },
        /// The state of the process before cannot be read.
        RecoveryFailed { error: &'a str },
        /// The journal cannot be written.
        Failing { error: &'a str, hint: &'a str },
        /// The journal can be written again, and has every event.
        Recovered,
        /// The journal can be written again, but there were too many events to keep in memory.
        RecoveredWithLoss { lost: u64 },
        /// Pending deliveries cannot be read from the journal.
        Unreadable { error: &'a str },
        /// The journal can be neither written nor read.
        UnreadableWhileFailing { error: &'a str },
        /// A task that reads the journal has ended by an internal error.
        ReadPanicked { error: &'a str },
        /// What is older than the configured retention was removed.
        Swept { removed: &'a str },
        /// Damaged journals that were set aside were removed: they are older than what the journal keeps, or have numbers and
        /// names that are past their time.
        DamagedRemoved { count: usize },
        /// `journal.path` was changed, which a reload does not do.
        PathChangeIgnored,
        /// The task that writes the journal has ended by an internal error.
        WriterEnded,
        /// The daemon has stopped before every event was written.
        UnwrittenAtStop { events: usize },
        /// The journal could not be closed.
        NotClosed { error: &'a str },
    }
}

impl JournalEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        match self {
            Self::EventCommitted { committed, durable } => {
                sinks.live.record_committed(committed, durable, sinks.now);
            }
            Self::CheckedSound => info!("journal was not closed, a check found it sound"),
            Self::SetAside { aside, found } => {
                error!(aside, found, "journal damaged and set aside, a new one is started");
                sinks.live.reset_feed();
            }
            Self::Lost { loss, aside } => {
                error!(loss, aside, "journal lost, a new one is started with what is pending");
                sinks.live.publish_reset();
            }
            Self::RecoveryFailed { error } => {
                error!(error, "journal unreadable, calls in progress are not recovered");
            }
            Self::Failing { error, hint } => {
                error!(error, hint, "journal failing, events are kept in memory");
                sinks.set_journal(Some(Trouble::new(error, hint)));
            }
            Self::Recovered => {
                info!("journal recovered, all events are written");
                sinks.set_journal(None);
            }
            Self::RecoveredWithLoss { lost } => {
                error!(lost, "journal recovered, but there were too many events to keep in memory");
                sinks.live.metrics().count_lost_events(lost);
                sinks.set_journal(None);
            }
            Self::Unreadable { error } => warn!(error, "pending events unreadable, reading is retried"),
            Self::UnreadableWhileFailing { error } => {
                debug!(error, "journal unreadable as well, continuing from memory");
            }
            Self::ReadPanicked { error } => error!(error, "reading the journal failed by an internal error"),
            Self::Swept { removed } => debug!(removed, "journal swept"),
            Self::DamagedRemoved { count } => {
                warn!(count, "damaged journals removed, what they hold is past its time");
            }
            Self::PathChangeIgnored => {
                warn!(hint = RESTART, "journal.path changed, the daemon still uses the previous one");
            }
            Self::WriterEnded => error!("journal writer ended by an internal error"),
            Self::UnwrittenAtStop { events } => error!(events, "stopped before all events were written"),
            Self::NotClosed { error } => error!(error, "journal not closed"),
        }
    }
}

const RESTART: &str = "restart ringwire to use it";
