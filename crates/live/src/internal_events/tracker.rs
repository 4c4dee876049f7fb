//! What an operator may learn of tracking calls.

use tracing::debug;

use super::sinks::Sinks;

internal_events! {
    /// Of tracking calls.
    pub enum TrackerEvent<'a> {
        /// The tracker task lives, which it shows every few seconds.
        Heartbeat,
        /// Something happened to a call, which is handed to the journal.
        EventPublished { pbx: &'a str, event: &'a str, kind: &'a str, from: &'a str, to: &'a str },
        /// Channels have ended that were no call to report. `uniqueid` is that of the first one.
        CallNotReported { pbx: &'a str, uniqueid: &'a str, reason: Option<&'a str> },
    }
}

impl TrackerEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        match self {
            Self::Heartbeat => sinks.live.record_heartbeat(sinks.now),
            Self::EventPublished { pbx, event, kind, from, to } => {
                debug!(pbx, event, kind, from, to, "call event published");
            }
            Self::CallNotReported { pbx, uniqueid, reason } => {
                debug!(pbx, uniqueid, reason, "call not reported");
            }
        }
    }
}
