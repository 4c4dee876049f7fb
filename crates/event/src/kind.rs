//! What happens to a call.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::party::{AnsweredBy, Party, TransferKind};
use crate::reason::{Digit, QueueLeaveReason, RingStopReason, UnparkReason};

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// The call is announced: the first event of every call, said once.
    NewCall {
        /// The phones rung in the first round, in the order of dialling; the caller's own for an outbound call.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        users: Vec<Party>,
    },
    /// A device starts to ring for the call.
    Ringing {
        /// Whose device.
        user: Party,
    },
    /// A device stops ringing, and did not take the call.
    RingingStopped {
        /// Whose device.
        user: Party,
        /// Why.
        reason: RingStopReason,
    },
    /// A party starts to talk with the caller; said again for each new party that takes the call over.
    Answer {
        /// Who took it.
        #[serde(rename = "answeredBy", alias = "taker")]
        answered_by: AnsweredBy,
    },
    /// A party puts the other on hold.
    Hold {
        /// Who did, where it is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
    },
    /// A party takes the other back from hold.
    Unhold {
        /// Who did, where it is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
    },
    /// The call is passed on.
    Transfer {
        /// How.
        kind: TransferKind,
        /// Who passed it on, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
        /// To where: an extension or a number.
        #[serde(
            default,
            rename = "transferTarget",
            alias = "target",
            skip_serializing_if = "Option::is_none"
        )]
        transfer_target: Option<String>,
    },
    /// A phone that is rung sends the call elsewhere.
    Forwarded {
        /// Whose phone.
        user: Party,
        /// To where: an extension or a number.
        #[serde(default, rename = "forwardedTo", skip_serializing_if = "Option::is_none")]
        forwarded_to: Option<String>,
    },
    /// The caller begins to wait in the queue that the event names.
    QueueEntered {
        /// The place in the queue, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<u32>,
    },
    /// The caller no longer waits in the queue that the event names.
    QueueLeft {
        /// Why.
        reason: QueueLeaveReason,
        /// The last place in the queue, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<u32>,
    },
    /// The call is parked.
    Parked {
        /// Who parked it, where that is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
        /// The parking lot.
        #[serde(default, rename = "parkingLot", skip_serializing_if = "Option::is_none")]
        parking_lot: Option<String>,
        /// The extension to dial to retrieve it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        space: Option<String>,
        /// After how many seconds it goes back.
        #[serde(default, rename = "timeoutSeconds", skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<u32>,
    },
    /// The call is no longer parked.
    Unparked {
        /// Why.
        reason: UnparkReason,
        /// Who retrieved it, where that is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
        /// The parking lot.
        #[serde(default, rename = "parkingLot", skip_serializing_if = "Option::is_none")]
        parking_lot: Option<String>,
        /// The extension that it was parked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        space: Option<String>,
    },
    /// A party of the call joins a conference.
    ConferenceJoined {
        /// The room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conference: Option<String>,
        /// Who, where it is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
    },
    /// A party of the call leaves a conference.
    ConferenceLeft {
        /// The room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conference: Option<String>,
        /// Who, where it is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
    },
    /// A recording of the call starts.
    RecordingStarted {
        /// The file, as the dialplan names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A recording of the call ends.
    RecordingStopped {
        /// The file, as the dialplan names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// The caller has left a message.
    VoicemailLeft {
        /// The mailbox, `NUMBER@CONTEXT`.
        mailbox: String,
        /// How many new messages it has now.
        #[serde(default, rename = "newMessages", skip_serializing_if = "Option::is_none")]
        new_messages: Option<u32>,
        /// How many old messages it has.
        #[serde(default, rename = "oldMessages", skip_serializing_if = "Option::is_none")]
        old_messages: Option<u32>,
    },
    /// A party presses a key.
    Dtmf {
        /// The key. It is neither stored nor logged, so it is absent in what is read from the journal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digit: Option<Digit>,
        /// Who, where it is a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Party>,
    },
    /// The call is over: the last event of every call, said once.
    Hangup {
        /// Why it ended.
        cause: Cause,
        /// Who had it last, if it was answered.
        #[serde(default, rename = "answeredBy", alias = "taker", skip_serializing_if = "Option::is_none")]
        answered_by: Option<AnsweredBy>,
    },
}

impl EventKind {
    /// The name of the event, as it stands in the JSON form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NewCall { .. } => "newCall",
            Self::Ringing { .. } => "ringing",
            Self::RingingStopped { .. } => "ringingStopped",
            Self::Answer { .. } => "answer",
            Self::Hold { .. } => "hold",
            Self::Unhold { .. } => "unhold",
            Self::Transfer { .. } => "transfer",
            Self::Forwarded { .. } => "forwarded",
            Self::QueueEntered { .. } => "queueEntered",
            Self::QueueLeft { .. } => "queueLeft",
            Self::Parked { .. } => "parked",
            Self::Unparked { .. } => "unparked",
            Self::ConferenceJoined { .. } => "conferenceJoined",
            Self::ConferenceLeft { .. } => "conferenceLeft",
            Self::RecordingStarted { .. } => "recordingStarted",
            Self::RecordingStopped { .. } => "recordingStopped",
            Self::VoicemailLeft { .. } => "voicemailLeft",
            Self::Dtmf { .. } => "dtmf",
            Self::Hangup { .. } => "hangup",
        }
    }

    /// The names of all events, in the order in which the documents list them.
    pub const NAMES: [&str; 19] = [
        "newCall",
        "ringing",
        "ringingStopped",
        "answer",
        "hold",
        "unhold",
        "transfer",
        "forwarded",
        "queueEntered",
        "queueLeft",
        "parked",
        "unparked",
        "conferenceJoined",
        "conferenceLeft",
        "recordingStarted",
        "recordingStopped",
        "voicemailLeft",
        "dtmf",
        "hangup",
    ];

    /// The user whom the event is about: whose phone rings, who holds, transfers, parks … Those of a newCall and who
    /// answered are not meant.
    #[must_use]
    pub fn user(&self) -> Option<&Party> {
        match self {
            Self::Ringing { user } | Self::RingingStopped { user, .. } | Self::Forwarded { user, .. } => {
                Some(user)
            }
            Self::Hold { user }
            | Self::Unhold { user }
            | Self::Transfer { user, .. }
            | Self::Parked { user, .. }
            | Self::Unparked { user, .. }
            | Self::ConferenceJoined { user, .. }
            | Self::ConferenceLeft { user, .. }
            | Self::Dtmf { user, .. } => user.as_ref(),
            Self::NewCall { .. }
            | Self::Answer { .. }
            | Self::QueueEntered { .. }
            | Self::QueueLeft { .. }
            | Self::RecordingStarted { .. }
            | Self::RecordingStopped { .. }
            | Self::VoicemailLeft { .. }
            | Self::Hangup { .. } => None,
        }
    }

    /// The one word that says most about the event beside its user: a reason, a place, a file; none for a newCall, an
    /// answer and a hangup. A digit is not said.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::RingingStopped { reason, .. } => Some(reason.as_str()),
            Self::QueueLeft { reason, .. } => Some(reason.as_str()),
            Self::Unparked { reason, .. } => Some(reason.as_str()),
            Self::Transfer { transfer_target, .. } => transfer_target.as_deref(),
            Self::Forwarded { forwarded_to, .. } => forwarded_to.as_deref(),
            Self::Parked { space, .. } => space.as_deref(),
            Self::ConferenceJoined { conference, .. } | Self::ConferenceLeft { conference, .. } => {
                conference.as_deref()
            }
            Self::RecordingStarted { file } | Self::RecordingStopped { file } => file.as_deref(),
            Self::VoicemailLeft { mailbox, .. } => Some(mailbox),
            Self::NewCall { .. }
            | Self::Ringing { .. }
            | Self::Answer { .. }
            | Self::Hold { .. }
            | Self::Unhold { .. }
            | Self::QueueEntered { .. }
            | Self::Dtmf { .. }
            | Self::Hangup { .. } => None,
        }
    }
}
