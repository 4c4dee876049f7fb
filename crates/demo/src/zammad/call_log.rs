//! The entries of the caller log.

use jiff::Timestamp;

/// One call in Zammad's caller log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLogEntry {
    /// The call's id, at most 250 characters.
    pub call_id: String,
    /// `in` or `out`, from newCall.
    pub direction: String,
    /// The caller's number; for an outbound call the caller id that Zammad chose, if it did.
    pub from: String,
    /// The number called.
    pub to: String,
    /// The names of the caller: the customers found, or the user of an outbound call.
    pub from_comment: Option<String>,
    /// The names of the called party: the customers found, or the user of an inbound call.
    pub to_comment: Option<String>,
    /// The customers found for the caller, as indexes of [`ZammadConfig::people`](super::ZammadConfig::people).
    pub from_people: Vec<usize>,
    /// The customers found for the called party, likewise.
    pub to_people: Vec<usize>,
    /// The queue that the Caller Log Filter uses.
    pub queue: String,
    /// The state of the call.
    pub state: CallLogState,
    /// Whether nobody needs to act on it; a missed call is not done.
    pub done: bool,
    /// The last cause that was sent.
    pub comment: Option<String>,
    /// When newCall was received.
    pub initialized_at: Timestamp,
    /// When the last answer was received.
    pub start_at: Option<Timestamp>,
    /// When the hangup was received.
    pub end_at: Option<Timestamp>,
    /// From newCall to the last answer, or to the end, in whole seconds.
    pub waiting_time: Option<i64>,
    /// From the last answer to the end, in whole seconds.
    pub talking_time: Option<i64>,
}

/// The state of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallLogState {
    /// It is ringing.
    NewCall,
    /// It was answered.
    Answer,
    /// It has ended.
    Hangup,
}

impl CallLogEntry {
    /// Whether it is shown as missed.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.state == CallLogState::Hangup && !self.done
    }
}
