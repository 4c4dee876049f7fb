//! What is known of a call beside who calls whom: its legs, its times, who ended it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a call beside who calls whom. Whatever is not known, or not yet, is absent.
///
/// Seconds are whole and rounded. They are known where the packets came with a clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CallFacts {
    /// When its first channel was created; absent if that was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// How long phones and trunks were rung for it before it was first answered, in an answer and a hangup; in a
    /// ringingStopped, how long this phone rang.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_seconds: Option<u32>,
    /// How long it waited in queues so far, in an answer and a hangup; in a queueLeft, how long in this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u32>,
    /// How long it lasted from its first answer to its end, hold included; in a hangup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// How long a party was on hold so far, in an unhold and a hangup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
    /// Who ended it, in a hangup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hung_up_by: Option<HungUpBy>,
    /// The caller's leg: that of the trunk of an inbound call, of the calling phone otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_leg: Option<Leg>,
    /// The leg that the event is about: of the phone that rings, of who answers, holds or parks; in a hangup, of who
    /// answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg: Option<Leg>,
    /// The call that became part of this one last, such as the consultation before an attended transfer; in the events
    /// that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absorbed_call: Option<String>,
    /// The call that this one became part of; in its hangup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absorbed_by: Option<String>,
    /// The file of its recording, as the dialplan names it; of several the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// The channel variables that are configured, as far as they were set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// One leg of a call: a channel of the PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// Its name, `TECH/name-serial`.
    pub channel: String,
    /// Its Uniqueid.
    pub uniqueid: String,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum HungUpBy {
    /// The caller.
    Caller,
    /// Who was called: the one who talked with the caller.
    Called,
    /// The PBX: its dialplan, an operator or a program.
    Pbx,
}

impl HungUpBy {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Called => "called",
            Self::Pbx => "pbx",
        }
    }
}
