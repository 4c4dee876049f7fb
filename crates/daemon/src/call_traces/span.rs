//! A finished trace and its spans.

use jiff::Timestamp;
use ringwire_event::CallId;

/// A finished trace: its spans, the first of which has all others in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallTrace {
    /// The call.
    pub(super) call: CallId,
    /// Its spans.
    pub(super) spans: Vec<CallSpan>,
}

/// Something that took time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallSpan {
    /// What it was: `call`, `ring`, `talk`, `hold` or `deliver ENDPOINT`.
    pub(super) name: String,
    /// When it began.
    pub(super) began: Timestamp,
    /// When it ended.
    pub(super) ended: Timestamp,
    /// What is known of it.
    pub(super) attributes: Vec<(&'static str, String)>,
    /// What went wrong, in a word.
    pub(super) error: Option<String>,
}
