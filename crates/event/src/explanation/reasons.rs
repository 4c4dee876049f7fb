//! Who decided something and for which reason, as it is recorded.

use serde::{Deserialize, Serialize};

use super::texts::{CarryTexts, TextRef};
use crate::call::Direction;
use crate::cause::Cause;
use crate::party::TransferKind;

/// A user, as texts of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRef {
    /// What to call the user: the name, else the extension, else the endpoint.
    pub label: TextRef,
    /// The extension, where the label is the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<TextRef>,
}

impl CarryTexts for PersonRef {
    fn carry(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self {
        Self { label: self.label.carry(carry), extension: self.extension.carry(carry) }
    }
}

/// Who answered, as texts of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnsweredByRef {
    /// A user.
    User(PersonRef),
    /// An external number.
    Number(TextRef),
    /// The voicemail of the PBX.
    Voicemail,
    /// A conference room of the PBX.
    Conference,
}

impl CarryTexts for AnsweredByRef {
    fn carry(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self {
        match self {
            Self::User(user) => Self::User(user.carry(carry)),
            Self::Number(number) => Self::Number(number.carry(carry)),
            Self::Voicemail | Self::Conference => self,
        }
    }
}

/// The kind of an event that is published. Its names are those of [`EventKind`](crate::EventKind).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are those of the event")]
pub enum PublishedKind {
    NewCall,
    Ringing,
    Answer,
    Hold,
    Unhold,
    Transfer,
    Hangup,
    RingingStopped,
    Forwarded,
    QueueEntered,
    QueueLeft,
    Parked,
    Unparked,
    ConferenceJoined,
    ConferenceLeft,
    RecordingStarted,
    RecordingStopped,
    VoicemailLeft,
    Dtmf,
}

/// How it is known that a channel starts a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StartReason {
    /// Nobody dialled it, and it goes somewhere.
    GoesSomewhere,
    /// It dials, and nobody was seen to dial it.
    Dials,
    /// A channel list has it going somewhere.
    Listed,
    /// It waits in a queue.
    Queued,
}

/// By what a channel or call belongs to another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JoinReason {
    /// The call is named after it.
    NamesTheCall,
    /// Its Linkedid says so.
    Linkedid,
    /// It rings with the number of a caller who waits in a queue.
    RingsForQueue,
    /// The two are the halves of a Local channel.
    LocalHalves,
    /// One dials the other.
    Dial,
    /// The queue calls an agent.
    QueueCalls,
    /// The queue connects the two.
    QueueConnects,
    /// The two are in one bridge.
    Bridge,
    /// A pickup.
    Pickup,
    /// A transfer.
    Transfer,
    /// One takes the other's place.
    Masquerade,
    /// A channel list shows it.
    Listed,
}

/// Why a channel was part of no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NoCallReason {
    /// It belongs to a call that is over.
    CallIsOver,
    /// The PBX dialled it, and it went no further.
    OnlyDialled,
    /// It went nowhere and was not dialled.
    WentNowhere,
}

/// Why a call is announced now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnnounceReason {
    /// The phones of the ring round were collected for so many milliseconds.
    Gathered(u16),
    /// No phone of the round rings any more.
    LegClosed,
    /// Somebody answers.
    Answered,
    /// The caller leaves the queue.
    LeftQueue,
    /// The call ends.
    Ended,
    /// A channel list shows it in progress.
    Listed,
}

/// What a caller who gives up waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GaveUpDuring {
    /// An agent of a queue.
    Queue,
    /// A phone that rang.
    Ringing,
    /// Nothing rang yet.
    NothingRang,
}

/// Whose end ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndedBy {
    /// The caller's.
    Caller,
    /// The far party's of an outbound call.
    FarParty,
    /// The last party's.
    LastParty,
    /// It is not known, or there is none.
    Unknown,
}

/// How the cause of a hangup is known (call rules 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HangupReason {
    /// Somebody had answered.
    Answered,
    /// The caller had hung up while the call could still have been answered.
    GaveUp,
    /// The dialplan had sent the caller elsewhere.
    Deflected,
    /// Cause 23: the number has changed.
    NumberChanged,
    /// The results of the legs, taken together.
    Legs,
    /// The queue gave the call up.
    Queue,
    /// The Cause (Q.850) of the caller's own Hangup.
    OwnCause(u16),
    /// Nothing gives a reason.
    NothingKnown,
    /// It ended unseen.
    Unseen,
    /// It is part of another call from here on.
    Absorbed,
}

impl PublishedKind {
    /// The name of the event, as it stands in the JSON form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewCall => "newCall",
            Self::Ringing => "ringing",
            Self::Answer => "answer",
            Self::Hold => "hold",
            Self::Unhold => "unhold",
            Self::Transfer => "transfer",
            Self::Hangup => "hangup",
            Self::RingingStopped => "ringingStopped",
            Self::Forwarded => "forwarded",
            Self::QueueEntered => "queueEntered",
            Self::QueueLeft => "queueLeft",
            Self::Parked => "parked",
            Self::Unparked => "unparked",
            Self::ConferenceJoined => "conferenceJoined",
            Self::ConferenceLeft => "conferenceLeft",
            Self::RecordingStarted => "recordingStarted",
            Self::RecordingStopped => "recordingStopped",
            Self::VoicemailLeft => "voicemailLeft",
            Self::Dtmf => "dtmf",
        }
    }
}

/// Types without a text in them.
macro_rules! without_texts {
    ($($type:ty),*) => {
        $(impl CarryTexts for $type {
            fn carry(self, _: &mut impl FnMut(TextRef) -> TextRef) -> Self {
                self
            }
        })*
    };
}

without_texts!(
    bool,
    u16,
    u32,
    Direction,
    Cause,
    TransferKind,
    PublishedKind,
    StartReason,
    JoinReason,
    NoCallReason,
    AnnounceReason,
    GaveUpDuring,
    EndedBy,
    HangupReason
);
