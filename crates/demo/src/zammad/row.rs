//! An entry of the caller log.

use jiff::Timestamp;

/// One call, as Zammad's caller log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The id it is known by, at most 250 characters.
    pub call_id: String,
    /// `in` or `out`, as newCall said.
    pub direction: String,
    /// The caller's number; of an outbound call the caller id that Zammad chose, if it did.
    pub from: String,
    /// The number called.
    pub to: String,
    /// Who calls: the customers found, or the user of an outbound call.
    pub from_comment: Option<String>,
    /// Who is called: the customers found, or the user of an inbound call.
    pub to_comment: Option<String>,
    /// The customers found to be calling, by their place among the people.
    pub from_people: Vec<usize>,
    /// The customers found to be called, by their place among the people.
    pub to_people: Vec<usize>,
    /// What the Caller Log Filter goes by.
    pub queue: String,
    /// How far the call is.
    pub state: State,
    /// Whether nobody needs to look at it any more; a missed call is not done.
    pub done: bool,
    /// The cause that was sent last.
    pub comment: Option<String>,
    /// When newCall came.
    pub initialized_at: Timestamp,
    /// When the last answer came.
    pub start_at: Option<Timestamp>,
    /// When the hangup came.
    pub end_at: Option<Timestamp>,
    /// From newCall to the last answer, or to the end, in whole seconds.
    pub waiting_time: Option<i64>,
    /// From the last answer to the end, in whole seconds.
    pub talking_time: Option<i64>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It rings.
    NewCall,
    /// It is talked on.
    Answer,
    /// It is over.
    Hangup,
}

impl Row {
    /// Whether it shows as missed.
    #[must_use]
    pub fn missed(&self) -> bool {
        self.state == State::Hangup && !self.done
    }
}
