//! A call: the channels that belong together from the first party's point of view.

use jiff::Timestamp;
use ringwire_event::explanation::{HangupReason, StepLog};
use ringwire_event::{AnsweredBy, CallId, Cause, Direction, EventKind, Party};

use super::{Ch, Round, cause_verdict};

/// A call, from its first channel to its last.
#[derive(Debug)]
pub(crate) struct Call {
    /// The Uniqueid of the channel that began it, which is its first Linkedid.
    pub root: String,
    /// The Linkedids it is known by: its own root, and those of calls it absorbed.
    pub linkedids: Vec<String>,
    /// Given when it is announced; empty before.
    pub id: CallId,
    /// When it began, counted in calls.
    pub born: u64,
    pub stage: Stage,
    /// The channel that began it: the external party of an inbound call, the calling device otherwise. `None`
    /// once it is gone, or while a snapshot has not told of it yet.
    pub beginner: Option<Ch>,
    /// Whether it was ever known who began it.
    pub begun: bool,
    /// The far party of an outbound call that was answered.
    pub far: Option<Ch>,
    pub members: Vec<Ch>,
    /// What is said of it in every event; fixed when it is announced.
    pub direction: Direction,
    pub from: String,
    pub from_name: Option<String>,
    pub to: String,
    pub trunk: Option<String>,
    pub account: Option<String>,
    pub tenant: Option<String>,
    pub queue: Option<String>,
    pub seq: u32,
    /// The caller waits in a queue.
    pub queued: bool,
    pub round: Round,
    /// When the present round began, where time is known.
    pub round_began: Option<Timestamp>,
    /// A phone or trunk was dialled for it.
    pub dialled: bool,
    /// The caller hung up while the call could still have been taken.
    pub gave_up: bool,
    /// Who talks with the caller, or did last, and at which endpoint.
    pub answered_by: Option<AnsweredBy>,
    pub answered_by_endpoint: Option<String>,
    /// Where the caller was moved to, until it is known by what.
    pub redirected: Option<String>,
    /// Where a transfer that was said moves the caller to.
    pub passed_to: Option<String>,
    /// The dialplan deflected the caller to another place.
    pub deflected: bool,
    /// The phones that were said to ring before this process took the call up.
    pub rung_before: Vec<String>,
    /// What was decided about it and why, while that is recorded.
    pub explanation: Option<Box<StepLog>>,
}

/// How far a call has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Nothing was said of it, and nothing rings yet.
    Quiet,
    /// Phones are being rung: the announcement waits for the rest of them.
    Gathering(Pending),
    /// It was announced.
    Announced,
    /// Its hangup was said, or it was absorbed by another call; its last channels are on their way out.
    Over,
}

/// An announcement that waits.
#[derive(Debug)]
pub(crate) struct Pending {
    /// When it is over.
    pub due: Option<Timestamp>,
    /// When it began to wait.
    pub since: Option<Timestamp>,
    /// The phones rung, in the order of dialling, each with the sort key of its place.
    pub users: Vec<(Vec<u64>, Ch, Party)>,
    /// What is to be said right after it.
    pub then: Vec<(EventKind, Option<Timestamp>)>,
}

impl Call {
    pub(crate) fn new(root: String, born: u64, beginner: Option<Ch>) -> Self {
        Self {
            linkedids: vec![root.clone()],
            root,
            id: CallId::new(),
            born,
            stage: Stage::Quiet,
            beginner,
            begun: beginner.is_some(),
            far: None,
            members: Vec::new(),
            direction: Direction::Internal,
            from: String::new(),
            from_name: None,
            to: String::new(),
            trunk: None,
            account: None,
            tenant: None,
            queue: None,
            seq: 0,
            queued: false,
            round: Round::default(),
            round_began: None,
            dialled: false,
            gave_up: false,
            answered_by: None,
            answered_by_endpoint: None,
            redirected: None,
            passed_to: None,
            deflected: false,
            rung_before: Vec::new(),
            explanation: None,
        }
    }

    pub(crate) fn is_announced(&self) -> bool {
        matches!(self.stage, Stage::Announced)
    }

    pub(crate) fn is_gathering(&self) -> bool {
        matches!(self.stage, Stage::Gathering(_))
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.answered_by.is_some()
    }

    /// Whether a caller who hangs up now gives up, rather than accept that nobody took the call
    /// (translation rules, section 4.2).
    pub(crate) fn can_be_given_up(&self) -> bool {
        !self.is_answered()
            && (self.queued || self.round.is_open() || !self.dialled && !self.round.queue_gave_up)
    }

    /// Why it ended, and how that is known; `own` is the Cause of the caller's own Hangup (translation rules, section 4).
    pub(crate) fn cause(&self, own: Option<u16>) -> (Cause, HangupReason) {
        if self.is_answered() {
            (Cause::NormalClearing, HangupReason::Answered)
        } else if self.gave_up {
            (Cause::Cancel, HangupReason::GaveUp)
        } else if self.deflected {
            (Cause::Forwarded, HangupReason::Deflected)
        } else if own == Some(23) {
            (Cause::Forwarded, HangupReason::NumberChanged)
        } else if let Some(cause) = self.round.verdict() {
            (cause, if self.round.queue_gave_up { HangupReason::Queue } else { HangupReason::Legs })
        } else {
            match own.and_then(|own| Some((cause_verdict(own)?, own))) {
                Some((cause, own)) => (cause, HangupReason::OwnCause(own)),
                None => (Cause::Congestion, HangupReason::NothingKnown),
            }
        }
    }
}
