//! What the writer reports.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::CallEvent;

use super::{
    commands::AppliedCommand,
    entry::{NumberedEvent, StoreEntry},
    error::StoreError,
    loss::FileLoss,
    retention::SweepSummary,
};

/// How the journal was found when it was opened.
#[derive(Debug, Default)]
pub struct OpenOutcome {
    /// Whether the process before this one did not end in an orderly way.
    pub unclean: bool,
    /// Where a damaged journal is now, and what was wrong with it.
    pub set_aside: Option<(PathBuf, String)>,
    /// Why it cannot be written now; the writer tries again every second.
    pub trouble: Option<StoreError>,
}

/// An event with its numbers in the journal.
#[derive(Clone, Debug)]
pub struct CommittedEvent {
    /// Its cursor in the journal.
    pub seq: i64,
    /// The event.
    pub event: Arc<CallEvent>,
    /// Its targets, each with the number of the delivery.
    pub deliveries: Vec<(TargetName, DeliveryId)>,
    /// Whether other targets received it before.
    pub is_replay: bool,
    /// When the daemon learnt of it.
    pub recorded_at: Timestamp,
}

/// What the writer reports.
#[derive(Debug)]
pub enum StoreReport {
    /// Events are on disk; or, where `durable` is not set, in memory until the disk can be written.
    Committed {
        /// The events, in order.
        events: Vec<CommittedEvent>,
        /// Whether they are on disk.
        durable: bool,
    },
    /// Attempts that may not be repeated are on disk; or, where it cannot be written, in memory. They may be sent.
    AttemptsOpened(Vec<DeliveryId>),
    /// The progress of deliveries is on disk; or, where it cannot be written, in memory. Their next requests may be sent.
    ProgressSaved(Vec<DeliveryId>),
    /// Events were in the journal before: they are not delivered again.
    Repeated {
        /// How many.
        events: usize,
    },
    /// The journal cannot be written.
    Failing {
        /// Why.
        error: StoreError,
    },
    /// The journal can be written again, and has everything that was kept in memory.
    Recovered {
        /// How many events were too many to keep: the journal does not have them.
        lost: u64,
    },
    /// The file was damaged and has been set aside; a new one was created.
    SetAside {
        /// Where it is now.
        path: PathBuf,
        /// What was wrong with it.
        found: String,
    },
    /// The file was deleted or replaced while it was open. A new one was begun with what is still to be delivered.
    Lost {
        /// What became of the file.
        loss: FileLoss,
        /// Where the file is now that was in its place.
        aside: Option<PathBuf>,
    },
    /// A command of the operator was applied to the tables.
    CommandApplied(AppliedCommand),
    /// What was removed because of its age or size.
    Swept(SweepSummary),
}

/// The events of `entries`, as they are reported.
pub(super) fn committed_events<'a>(entries: impl Iterator<Item = &'a StoreEntry>) -> Vec<CommittedEvent> {
    entries
        .filter_map(|entry| match entry {
            StoreEntry::Event(NumberedEvent { seq, event, deliveries, is_replay, recorded_at, .. }) => {
                Some(CommittedEvent {
                    seq: *seq,
                    event: Arc::clone(event),
                    deliveries: deliveries.clone(),
                    is_replay: *is_replay,
                    recorded_at: *recorded_at,
                })
            }
            StoreEntry::OpenAttempt(_)
            | StoreEntry::EndAttempt { .. }
            | StoreEntry::Progress { .. }
            | StoreEntry::Memory(_)
            | StoreEntry::Attempt(_)
            | StoreEntry::Delivery(_)
            | StoreEntry::Target(_)
            | StoreEntry::Explanation { .. } => None,
        })
        .collect()
}

/// What `entries` allow to be sent, now that they are on disk.
pub(super) fn permissions(entries: &[StoreEntry]) -> impl Iterator<Item = StoreReport> + use<> {
    let opened = |entry: &StoreEntry| match entry {
        StoreEntry::OpenAttempt(delivery) => Some(*delivery),
        _ => None,
    };
    let saved = |entry: &StoreEntry| match entry {
        StoreEntry::Progress { delivery, .. } => Some(*delivery),
        _ => None,
    };
    let opened: Vec<_> = entries.iter().filter_map(opened).collect();
    let saved: Vec<_> = entries.iter().filter_map(saved).collect();
    let opened = (!opened.is_empty()).then_some(StoreReport::AttemptsOpened(opened));
    let saved = (!saved.is_empty()).then_some(StoreReport::ProgressSaved(saved));
    opened.into_iter().chain(saved)
}
