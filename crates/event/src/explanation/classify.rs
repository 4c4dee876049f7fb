//! Of which kind a decision is, and by which rule it is made.

use super::decisions::RecordedDecision;
use super::reasons::HangupReason;
use super::rule::RuleRef;
use super::step::Decision;

impl RecordedDecision {
    /// Which kind of decision it is.
    #[must_use]
    pub fn kind(&self) -> Decision {
        match *self {
            Self::Auxiliary { .. } => Decision::Auxiliary,
            Self::ConfiguredTrunk { .. }
            | Self::TrunkByContext { .. }
            | Self::TrunkByNumber { .. }
            | Self::Phone { .. } => Decision::Classified,
            Self::Started { .. } | Self::StartUnseen { .. } | Self::OriginatorKnown { .. } => {
                Decision::Started
            }
            Self::Joined { party: false, .. } | Self::NoCall { party: false, .. } => Decision::Auxiliary,
            Self::Joined { .. } => Decision::Joined,
            Self::Merged { .. } => Decision::Merged,
            Self::Masqueraded { .. } => Decision::Masqueraded,
            Self::PhoneDialled { .. } | Self::TrunkDialled { .. } => Decision::Dialled,
            Self::OwnLeg { .. } => Decision::OwnLeg,
            Self::Gathering { .. } => Decision::Gathering,
            Self::Ringing { .. } => Decision::Ringing,
            Self::Inbound { .. }
            | Self::OutboundOriginated { .. }
            | Self::Outbound { .. }
            | Self::Internal { .. } => Decision::Direction,
            Self::CallerWithholds
            | Self::CallerWithheld
            | Self::CallerUnknown
            | Self::CallerNormalised { .. } => Decision::Caller,
            Self::Announced { .. } => Decision::Announced,
            Self::Published { .. } => Decision::Published,
            Self::Queued { .. } => Decision::Queued,
            Self::LeftQueue { .. } => Decision::LeftQueue,
            Self::Answered { .. } => Decision::Answered,
            Self::NoSecondAnswer { .. }
            | Self::JoinsBridge { .. }
            | Self::PbxAnswered { .. }
            | Self::NoTalk { .. } => Decision::NotAnAnswer,
            Self::Held { published: true, .. } => Decision::Held,
            Self::Unheld { published: true, .. } => Decision::Unheld,
            Self::Held { .. } | Self::Unheld { .. } | Self::TransferFailed => Decision::Ignored,
            Self::Transferred { .. } => Decision::Transferred,
            Self::Redirected { .. } => Decision::Redirected,
            Self::Deflected { .. } => Decision::Deflected,
            Self::Forwarded { .. } => Decision::Forwarded,
            Self::LegResult { .. } => Decision::LegResult,
            Self::BusyPlayed | Self::HungUpAfterRinging => Decision::NotGivenUp,
            Self::GaveUp { .. } => Decision::GaveUp,
            Self::Left { .. } => Decision::Left,
            Self::Ended { .. } => Decision::Ended,
            Self::NeverStarted | Self::NoCall { .. } => Decision::Unannounced,
            Self::Forged => Decision::Forged,
            Self::Listed { .. } => Decision::Listed,
            Self::Missing { .. } => Decision::Missing,
            Self::Restarted { .. } => Decision::Restarted,
            Self::Resumed { .. } => Decision::Resumed,
            Self::Repeated { .. } => Decision::Omitted,
        }
    }

    /// By which rule it was made; `None` where no rule is needed.
    #[must_use]
    pub fn rule(&self) -> Option<RuleRef> {
        Some(match *self {
            Self::Published { .. } | Self::TransferFailed | Self::Repeated { .. } => return None,
            Self::Auxiliary { .. }
            | Self::Started { .. }
            | Self::Joined { .. }
            | Self::Merged { .. }
            | Self::NoTalk { .. } => RuleRef::rules(1),
            Self::ConfiguredTrunk { .. }
            | Self::TrunkByContext { .. }
            | Self::TrunkByNumber { .. }
            | Self::Phone { .. }
            | Self::OwnLeg { .. }
            | Self::Inbound { .. }
            | Self::OutboundOriginated { .. }
            | Self::Outbound { .. }
            | Self::Internal { .. }
            | Self::CallerWithholds
            | Self::CallerWithheld
            | Self::CallerUnknown
            | Self::CallerNormalised { .. }
            | Self::NoCall { .. } => RuleRef::rules(2),
            Self::LeftQueue { .. } | Self::Forwarded { .. } | Self::LegResult { .. } => {
                RuleRef::rules_part(4, 3)
            }
            Self::BusyPlayed | Self::HungUpAfterRinging | Self::GaveUp { .. } => RuleRef::rules_part(4, 2),
            Self::Deflected { .. } => RuleRef::rules_part(4, 5),
            Self::Ended { reason, .. } => reason.rule(),
            Self::Masqueraded { .. } => RuleRef::ami_part(3, 12),
            Self::Forged | Self::Restarted { .. } => RuleRef::ami(5),
            Self::StartUnseen { .. }
            | Self::OriginatorKnown { .. }
            | Self::PhoneDialled { .. }
            | Self::TrunkDialled { .. }
            | Self::Gathering { .. }
            | Self::Ringing { .. }
            | Self::Announced { .. }
            | Self::Queued { .. }
            | Self::Answered { .. }
            | Self::NoSecondAnswer { .. }
            | Self::JoinsBridge { .. }
            | Self::PbxAnswered { .. }
            | Self::Held { .. }
            | Self::Unheld { .. }
            | Self::Transferred { .. }
            | Self::Redirected { .. }
            | Self::Left { .. }
            | Self::NeverStarted
            | Self::Listed { .. }
            | Self::Missing { .. }
            | Self::Resumed { .. } => RuleRef::rules(3),
        })
    }
}

impl HangupReason {
    fn rule(self) -> RuleRef {
        match self {
            Self::Answered => RuleRef::rules_part(4, 1),
            Self::GaveUp => RuleRef::rules_part(4, 2),
            Self::Legs | Self::Queue => RuleRef::rules_part(4, 3),
            Self::OwnCause(_) | Self::NothingKnown => RuleRef::rules_part(4, 4),
            Self::Deflected | Self::NumberChanged => RuleRef::rules_part(4, 5),
            Self::Unseen => RuleRef::rules(3),
            Self::Absorbed => RuleRef::rules(1),
        }
    }
}
