//! The story of a call: what was heard of it, and what was concluded.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One conclusion about a call: part of the story that tells why endpoints heard what they heard.
///
/// Numbers and names stand in it as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoryNote {
    /// When it was concluded, by the clock the packets came with; `None` where a recording has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What was heard; `None` where the passing of time decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
    /// What was concluded.
    pub concluded: Conclusion,
    /// By which rule: `rules` and a section of the translation rules, or `AMI` and a section of the AMI contract; empty where
    /// none is needed.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub rule: Cow<'static, str>,
    /// The conclusion as a sentence.
    pub words: String,
    /// The id of the call event that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// A manager event, as far as it matters to a conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// Its name: `DialBegin`.
    pub event: String,
    /// The channel it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The Uniqueid of that channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniqueid: Option<String>,
    /// The headers that decided: `DestChannel PJSIP/alice-00000001, DialString alice`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub with: String,
}

/// What can be concluded about a call. The names are those of the JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Conclusion {
    /// A channel is a trunk or a device.
    Classed,
    /// A channel is one of the PBX's helpers: never a party.
    Helper,
    /// A channel begins a call.
    Began,
    /// A channel belongs to the call.
    Tied,
    /// Another call is part of this one.
    Merged,
    /// An endpoint and its part in the call moved to another channel.
    Masqueraded,
    /// A phone or trunk is dialled.
    Dialled,
    /// A phone that is dialled is the caller's own.
    OwnLeg,
    /// The announcement waits for the rest of the phones.
    Gathering,
    /// A phone rings.
    Rings,
    /// Where the call came from and where it goes.
    Direction,
    /// Who calls, where the number is not simply the one shown.
    Caller,
    /// The call is announced.
    Announced,
    /// A call event was said.
    Said,
    /// The caller waits in a queue.
    Queued,
    /// The caller waits there no more.
    LeftQueue,
    /// Somebody took the call.
    Answered,
    /// What looks like an answer is none.
    NotAnAnswer,
    /// One party holds the other.
    Held,
    /// One party has taken the other back.
    Unheld,
    /// The call was passed on by a transfer.
    Transferred,
    /// The call was moved by an operator or a program.
    Redirected,
    /// The dialplan sends the caller elsewhere.
    Deflected,
    /// A phone sends the call on elsewhere.
    Forwarded,
    /// What a phone or trunk that was dialled says of why it did not take the call.
    Verdict,
    /// The caller gave up.
    GaveUp,
    /// A hang-up of the caller's that is no giving up.
    NotGivenUp,
    /// Somebody left the call, which goes on.
    Left,
    /// The call is over, and why.
    Over,
    /// The call was never announced, and why.
    Unannounced,
    /// An event was dropped because a caller had written headers into it.
    Forged,
    /// Something was learnt from a list of channels, not seen as it happened.
    Listed,
    /// A channel ended while nobody watched.
    Missing,
    /// The PBX was started anew.
    Restarted,
    /// The call was announced by an earlier process.
    TakenUp,
    /// Something happened that changes nothing.
    Ignored,
    /// There was more than is kept.
    More,
}

impl Conclusion {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classed => "classed",
            Self::Helper => "helper",
            Self::Began => "began",
            Self::Tied => "tied",
            Self::Merged => "merged",
            Self::Masqueraded => "masqueraded",
            Self::Dialled => "dialled",
            Self::OwnLeg => "ownLeg",
            Self::Gathering => "gathering",
            Self::Rings => "rings",
            Self::Direction => "direction",
            Self::Caller => "caller",
            Self::Announced => "announced",
            Self::Said => "said",
            Self::Queued => "queued",
            Self::LeftQueue => "leftQueue",
            Self::Answered => "answered",
            Self::NotAnAnswer => "notAnAnswer",
            Self::Held => "held",
            Self::Unheld => "unheld",
            Self::Transferred => "transferred",
            Self::Redirected => "redirected",
            Self::Deflected => "deflected",
            Self::Forwarded => "forwarded",
            Self::Verdict => "verdict",
            Self::GaveUp => "gaveUp",
            Self::NotGivenUp => "notGivenUp",
            Self::Left => "left",
            Self::Over => "over",
            Self::Unannounced => "unannounced",
            Self::Forged => "forged",
            Self::Listed => "listed",
            Self::Missing => "missing",
            Self::Restarted => "restarted",
            Self::TakenUp => "takenUp",
            Self::Ignored => "ignored",
            Self::More => "more",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_is_short_and_reads_back() {
        let note = StoryNote {
            time: Some("2026-11-21T02:05:02.603Z".parse().unwrap()),
            heard: Some(Heard {
                event: "DialEnd".into(),
                channel: Some("PJSIP/trunk-00000000".into()),
                uniqueid: Some("1795226702.0".into()),
                with: "DialStatus BUSY".into(),
            }),
            concluded: Conclusion::NotGivenUp,
            rule: "rules 4.2".into(),
            words: "so it is".into(),
            event: None,
        };
        let json = serde_json::to_string(&note).unwrap();
        assert_eq!(
            json,
            r#"{"time":"2026-11-21T02:05:02.603Z","heard":{"event":"DialEnd","channel":"PJSIP/trunk-00000000","uniqueid":"1795226702.0","with":"DialStatus BUSY"},"concluded":"notGivenUp","rule":"rules 4.2","words":"so it is"}"#
        );
        assert_eq!(serde_json::from_str::<StoryNote>(&json).unwrap(), note);
        assert_eq!(serde_json::to_string(&note.concluded).unwrap(), format!("{:?}", note.concluded.as_str()));
    }
}
