//! A step of an explanation, as readers get it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rule::{RuleRef, deserialize_rule};

/// One step of a call's explanation: what was decided about the call, from what, and by which rule.
///
/// Numbers and names stand in it as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExplanationStep {
    /// When it was decided, by the clock the packets came with; `None` where a recording has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The manager event that it was decided from; `None` where the passing of time decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceEvent>,
    /// What was decided.
    pub decision: Decision,
    /// By which rule: `rules` and a section of the call rules, or `AMI` and a section of what is known of Asterisk's manager
    /// interface; `None` where no rule is needed.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    #[serde(default, deserialize_with = "deserialize_rule", skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// The decision as a sentence.
    pub text: String,
    /// The id of the call event that was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// A manager event, as far as it matters to a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SourceEvent {
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

/// What can be decided about a call. The names are those of the JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// A channel is a trunk or a phone.
    Classified,
    /// A channel is an auxiliary one of the PBX's: never a party.
    Auxiliary,
    /// A channel starts a call.
    Started,
    /// A channel joins the call.
    Joined,
    /// Another call becomes part of this one.
    Merged,
    /// An endpoint and its part in the call move to another channel.
    Masqueraded,
    /// A phone or trunk is dialled.
    Dialled,
    /// A phone that is dialled is the caller's own.
    OwnLeg,
    /// The announcement waits for the rest of the phones.
    Gathering,
    /// A phone rings.
    Ringing,
    /// Where the call came from and where it goes.
    Direction,
    /// Who calls, where the number is not simply the one shown.
    Caller,
    /// The call is announced.
    Announced,
    /// A call event is published.
    Published,
    /// The caller waits in a queue.
    Queued,
    /// The caller leaves the queue.
    LeftQueue,
    /// Somebody answers the call.
    Answered,
    /// What looks like an answer is none.
    NotAnAnswer,
    /// One party puts the other on hold.
    Held,
    /// One party takes the other back from hold.
    Unheld,
    /// The call is passed on by a transfer.
    Transferred,
    /// The call was moved by an operator or a program.
    Redirected,
    /// The dialplan sends the caller elsewhere.
    Deflected,
    /// A phone forwards the call elsewhere.
    Forwarded,
    /// Why a phone or trunk that was dialled did not answer.
    LegResult,
    /// The caller gave up.
    GaveUp,
    /// The caller's hangup is no giving up.
    NotGivenUp,
    /// Somebody leaves the call, which goes on.
    Left,
    /// The call ends, and why.
    Ended,
    /// The call was never announced, and why.
    Unannounced,
    /// An event was dropped because a caller had written headers into it.
    Forged,
    /// Something was learnt from a channel list, not seen as it happened.
    Listed,
    /// A channel ended unseen.
    Missing,
    /// The PBX was restarted.
    Restarted,
    /// The call was announced by an earlier process.
    Resumed,
    /// Something happened that changes nothing.
    Ignored,
    /// There were more steps than are kept.
    Omitted,
}

impl Decision {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classified => "classified",
            Self::Auxiliary => "auxiliary",
            Self::Started => "started",
            Self::Joined => "joined",
            Self::Merged => "merged",
            Self::Masqueraded => "masqueraded",
            Self::Dialled => "dialled",
            Self::OwnLeg => "ownLeg",
            Self::Gathering => "gathering",
            Self::Ringing => "ringing",
            Self::Direction => "direction",
            Self::Caller => "caller",
            Self::Announced => "announced",
            Self::Published => "published",
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
            Self::LegResult => "legResult",
            Self::GaveUp => "gaveUp",
            Self::NotGivenUp => "notGivenUp",
            Self::Left => "left",
            Self::Ended => "ended",
            Self::Unannounced => "unannounced",
            Self::Forged => "forged",
            Self::Listed => "listed",
            Self::Missing => "missing",
            Self::Restarted => "restarted",
            Self::Resumed => "resumed",
            Self::Ignored => "ignored",
            Self::Omitted => "omitted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> ExplanationStep {
        ExplanationStep {
            time: Some("2026-11-21T02:05:02.603Z".parse().unwrap()),
            source: Some(SourceEvent {
                event: "DialEnd".into(),
                channel: Some("PJSIP/trunk-00000000".into()),
                uniqueid: Some("1795226702.0".into()),
                with: "DialStatus BUSY".into(),
            }),
            decision: Decision::NotGivenUp,
            rule: Some(RuleRef::rules_part(4, 2)),
            text: "so it is".into(),
            event: None,
        }
    }

    #[test]
    fn the_json_form_is_short_and_reads_back() {
        let json = serde_json::to_string(&step()).unwrap();
        assert_eq!(
            json,
            r#"{"time":"2026-11-21T02:05:02.603Z","source":{"event":"DialEnd","channel":"PJSIP/trunk-00000000","uniqueid":"1795226702.0","with":"DialStatus BUSY"},"decision":"notGivenUp","rule":"rules 4.2","text":"so it is"}"#
        );
        assert_eq!(serde_json::from_str::<ExplanationStep>(&json).unwrap(), step());
        let decision = step().decision;
        assert_eq!(serde_json::to_string(&decision).unwrap(), format!("{:?}", decision.as_str()));
    }
}
