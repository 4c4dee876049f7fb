//! Which call events a PBX sent lately.

use jiff::Timestamp;
use ringwire_live::PbxDiagnosis;

/// The call events that a PBX sent, and who received them.
#[derive(Clone, Debug)]
pub(crate) struct CallFacts {
    /// The events received, or why none could be.
    pub(crate) diagnosis: Result<PbxDiagnosis, String>,
    /// Who received them.
    pub(crate) source: EventSource,
    /// The number of channels the PBX has now, if it lists them.
    pub(crate) channels: Option<usize>,
    /// When the facts were gathered.
    pub(crate) now: Timestamp,
}

/// Who received the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventSource {
    /// The daemon.
    Daemon,
    /// This process, on a connection of its own.
    OwnConnection {
        /// How long it listened, in seconds.
        seconds: u64,
        /// Whether the list of channels changed meanwhile.
        channels_changed: bool,
    },
}
