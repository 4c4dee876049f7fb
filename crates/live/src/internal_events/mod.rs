//! Everything that an operator may learn from the daemon, as one type.
//!
//! The daemon's tasks emit an [`InternalEvent`] through an [`EventEmitter`] and know nothing of who looks. Each area has
//! a file, and in it each event has one arm that says all that follows from it: its log line, its metrics, the state of
//! its component as the API and the service manager show it, and what listeners of the feed get.
//!
//! Log texts are part of what operators rely on: lower case, subject and verb, no full stop, the same text each time,
//! with values in fields and a hint where a person can act. Phone numbers are logged at debug level only.
//! `docs/internal-events.md` lists all events; a test keeps it complete.

#[macro_use]
mod declare;

mod api;
mod daemon;
mod delivery;
#[cfg(test)]
mod docs;
mod emitter;
mod journal;
mod pbx;
mod sinks;
mod target;
mod tracker;

pub use self::{
    api::ApiEvent, daemon::DaemonEvent, delivery::DeliveryEvent, emitter::EventEmitter,
    journal::JournalEvent, pbx::PbxEvent, target::TargetEvent, tracker::TrackerEvent,
};

/// Something that an operator may learn, by area.
#[derive(Clone, Debug)]
pub enum InternalEvent<'a> {
    /// Of the daemon as a whole.
    Daemon(DaemonEvent<'a>),
    /// Of the connection to a PBX.
    Pbx(PbxEvent<'a>),
    /// Of tracking calls.
    Tracker(TrackerEvent<'a>),
    /// Of the journal.
    Journal(JournalEvent<'a>),
    /// Of a target.
    Target(TargetEvent<'a>),
    /// Of one delivery.
    Delivery(DeliveryEvent<'a>),
    /// Of the API server.
    Api(ApiEvent<'a>),
}

macro_rules! from_area {
    ($($area:ident($event:ident)),*) => {
        $(impl<'a> From<$event<'a>> for InternalEvent<'a> {
            fn from(event: $event<'a>) -> Self {
                Self::$area(event)
            }
        })*
    };
}

from_area!(
    Daemon(DaemonEvent),
    Pbx(PbxEvent),
    Tracker(TrackerEvent),
    Journal(JournalEvent),
    Target(TargetEvent),
    Delivery(DeliveryEvent),
    Api(ApiEvent)
);
