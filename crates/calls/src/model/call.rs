//! A call: the channels that belong together from the first party's point of view.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ringwire_event::explanation::{HangupReason, StepLog};
use ringwire_event::{
    AnsweredBy, CallFacts, CallId, Cause, Direction, EventKind, HungUpBy, Leg, Party, TransferKind,
};

use super::keys::ChannelKey;
use super::ring_round::{RingRound, cause_of_code};
use super::ringing::RingingPhone;
use super::times::CallTimes;

/// A call, from its first channel to its last.
#[derive(Debug)]
pub(crate) struct Call {
    /// The Uniqueid of the channel that started it, which is its first Linkedid.
    pub root: String,
    /// The Linkedids it is known by: its own root, and those of calls it absorbed.
    pub linkedids: Vec<String>,
    /// Given when it is announced; empty before.
    pub id: CallId,
    /// Its place in the order in which channels and calls were created.
    pub sequence: u64,
    pub stage: CallStage,
    /// The channel that started it: the external party of an inbound call, the calling device otherwise. `None`
    /// once it is gone, or while no snapshot has shown it yet.
    pub originator: Option<ChannelKey>,
    /// Whether the channel that started it was ever known.
    pub has_originator: bool,
    /// Originate began it: its originator was called before it dialled anybody.
    pub is_originated: bool,
    /// The extension that such a call dialled.
    pub dialled_exten: Option<String>,
    /// The far party of an outbound call that was answered.
    pub far_party: Option<ChannelKey>,
    pub members: Vec<ChannelKey>,
    /// The facts that every event carries; fixed when it is announced.
    pub direction: Direction,
    pub from: String,
    pub from_name: Option<String>,
    pub to: String,
    pub trunk: Option<String>,
    pub account: Option<String>,
    pub tenant: Option<String>,
    pub queue: Option<String>,
    pub seq: u32,
    /// The number of its last event before it was taken up at a start: the ids of those after it carry the mark of the
    /// start. `None` where it was followed from its first channel on.
    pub taken_up_after: Option<u32>,
    /// The caller waits in a queue.
    pub queued: bool,
    pub round: RingRound,
    /// When the present ring round started, where time is known.
    pub round_began: Option<Timestamp>,
    /// A phone or trunk was dialled for it.
    pub dialled: bool,
    /// The caller hung up while the call could still have been answered.
    pub gave_up: bool,
    /// The caller left a queue unanswered, and nothing was done with the call since.
    pub went_from_queue: bool,
    /// The PBX itself hung the caller up while phones were rung.
    pub hung_up_by_pbx: bool,
    /// Who talks with the caller, or did last, and at which endpoint.
    pub answered_by: Option<AnsweredBy>,
    pub answered_by_endpoint: Option<String>,
    /// Where the caller was moved to, until it is known by what.
    pub redirected: Option<String>,
    /// Where a transfer that was published moves the caller to.
    pub passed_to: Option<String>,
    /// The transfer that was published last.
    pub passed_on: Option<PassedOn>,
    /// The endpoint of the party that took the caller's place, or whose place it was first.
    pub callers_endpoint: Option<String>,
    /// The dialplan deflected the caller to another place.
    pub deflected: bool,
    pub times: CallTimes,
    /// The caller's leg, while it was last there.
    pub caller_leg: Option<Leg>,
    /// The leg of who answered last.
    pub answered_leg: Option<Leg>,
    /// How often it was answered by people.
    pub answers: u32,
    /// The phones that were published as ringing and did not stop yet.
    pub ringing: Vec<RingingPhone>,
    /// The first of those who talk that hung up.
    pub hung_up_by: Option<HungUpBy>,
    /// The queue that the caller waits in, as it was published.
    pub queue_stay: Option<QueueStay>,
    /// Where it is parked: the parking lot and the space.
    pub parked: Option<(Option<String>, Option<String>)>,
    pub recording: Option<CallRecording>,
    /// The channel that was dialled last, until something else happens to a leg of the call (up to 11).
    pub dialled_last: Option<ChannelKey>,
    /// The variables that were set and are asked for.
    pub variables: BTreeMap<String, String>,
    /// The announced call that became part of this one last.
    pub absorbed_call: Option<CallId>,
    /// The endpoints that an earlier process published as ringing.
    pub rung_before_resume: Vec<String>,
    /// What was decided about it and why, while that is recorded.
    pub explanation: Option<Box<StepLog>>,
}

/// The stay of a caller in a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueStay {
    pub since: Option<Timestamp>,
    pub position: Option<u32>,
}

/// The recording of a call.
#[derive(Clone, Debug)]
pub(crate) struct CallRecording {
    pub file: Option<String>,
    pub is_on: bool,
    /// Whether its start was published: not before the call is announced.
    pub is_published: bool,
}

/// A transfer that was published.
#[derive(Debug)]
pub(crate) struct PassedOn {
    pub kind: TransferKind,
    pub by: Option<Party>,
    pub target: Option<String>,
}

/// How far a call has come.
#[derive(Debug)]
pub(crate) enum CallStage {
    /// Nothing was published, and nothing rings yet.
    Unannounced,
    /// Phones are being rung: the announcement waits for the rest of them.
    Gathering(PendingAnnouncement),
    /// It was announced.
    Announced,
    /// Its hangup was published, or another call absorbed it; its last channels are on their way out.
    Over,
}

/// An announcement that waits.
#[derive(Debug)]
pub(crate) struct PendingAnnouncement {
    /// When it is over.
    pub due: Option<Timestamp>,
    /// Since when it waits.
    pub since: Option<Timestamp>,
    /// The phones rung, in the order of dialling, each with the sort key of its place.
    pub users: Vec<(Vec<u64>, ChannelKey, Party)>,
    /// The events to publish right after it.
    pub then: Vec<PendingEvent>,
}

/// An event that waits for the announcement of its call.
#[derive(Debug)]
pub(crate) struct PendingEvent {
    pub kind: EventKind,
    pub time: Option<Timestamp>,
    /// The facts that are this event's own.
    pub facts: CallFacts,
}

impl Call {
    pub(crate) fn new(root: String, sequence: u64, originator: Option<ChannelKey>) -> Self {
        Self {
            linkedids: vec![root.clone()],
            root,
            id: CallId::new(),
            sequence,
            stage: CallStage::Unannounced,
            originator,
            has_originator: originator.is_some(),
            is_originated: false,
            dialled_exten: None,
            far_party: None,
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
            taken_up_after: None,
            queued: false,
            round: RingRound::default(),
            round_began: None,
            dialled: false,
            gave_up: false,
            went_from_queue: false,
            hung_up_by_pbx: false,
            answered_by: None,
            answered_by_endpoint: None,
            redirected: None,
            passed_to: None,
            passed_on: None,
            callers_endpoint: None,
            deflected: false,
            times: CallTimes::default(),
            caller_leg: None,
            answered_leg: None,
            answers: 0,
            ringing: Vec::new(),
            hung_up_by: None,
            queue_stay: None,
            parked: None,
            recording: None,
            dialled_last: None,
            variables: BTreeMap::new(),
            absorbed_call: None,
            rung_before_resume: Vec::new(),
            explanation: None,
        }
    }

    pub(crate) fn is_announced(&self) -> bool {
        matches!(self.stage, CallStage::Announced)
    }

    pub(crate) fn is_gathering(&self) -> bool {
        matches!(self.stage, CallStage::Gathering(_))
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, CallStage::Over)
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.answered_by.is_some()
    }

    /// Whether a caller who hangs up now gives up, rather than accept that nobody answered
    /// (call rules 4.2).
    pub(crate) fn can_be_given_up(&self) -> bool {
        !self.is_answered()
            && (self.queued || self.round.is_open() || !self.dialled && !self.round.queue_gave_up)
    }

    /// Why it ended, and how that is known; `own` is the Cause of the caller's own Hangup (call rules 4).
    pub(crate) fn cause(&self, own: Option<u16>) -> (Cause, HangupReason) {
        if self.is_answered() {
            (Cause::NormalClearing, HangupReason::Answered)
        } else if self.gave_up {
            (Cause::Cancel, HangupReason::GaveUp)
        } else if self.deflected {
            (Cause::Forwarded, HangupReason::Deflected)
        } else if own == Some(23) {
            (Cause::Forwarded, HangupReason::NumberChanged)
        } else if let Some(cause) = self.round.result() {
            (cause, if self.round.queue_gave_up { HangupReason::Queue } else { HangupReason::Legs })
        } else {
            match own.and_then(|own| Some((cause_of_code(own)?, own))) {
                Some((cause, own)) => (cause, HangupReason::OwnCause(own)),
                None => (Cause::Congestion, HangupReason::NothingKnown),
            }
        }
    }
}
