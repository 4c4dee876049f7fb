//! Why something happened to a call before its end.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a phone stopped ringing without taking the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RingStopReason {
    /// Another phone took the call.
    AnsweredElsewhere,
    /// The caller gave up.
    GaveUp,
    /// The user declined.
    Declined,
    /// The phone was busy, or is set to say so.
    Busy,
    /// It rang as long as the PBX lets it.
    TimedOut,
    /// The phone sent the call elsewhere.
    Forwarded,
    /// It could not be reached.
    Failed,
    /// The PBX stopped it for a reason that it does not tell.
    Cancelled,
}

impl RingStopReason {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnsweredElsewhere => "answeredElsewhere",
            Self::GaveUp => "gaveUp",
            Self::Declined => "declined",
            Self::Busy => "busy",
            Self::TimedOut => "timedOut",
            Self::Forwarded => "forwarded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a caller no longer waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum QueueLeaveReason {
    /// An agent took the call.
    Answered,
    /// The caller gave up.
    GaveUp,
    /// The queue gave the caller up, or the caller chose to leave it: the call goes on elsewhere.
    Unanswered,
}

impl QueueLeaveReason {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::GaveUp => "gaveUp",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Why a call is no longer parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum UnparkReason {
    /// Somebody retrieved it.
    Retrieved,
    /// It was parked for too long, and goes back.
    TimedOut,
    /// The party that was parked hung up.
    GaveUp,
}

impl UnparkReason {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retrieved => "retrieved",
            Self::TimedOut => "timedOut",
            Self::GaveUp => "gaveUp",
        }
    }
}

/// A key of a telephone. It may be part of a PIN or of a card's number, so debug output does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Digit(String);

impl Digit {
    /// The key `digit`.
    #[must_use]
    pub fn new(digit: impl Into<String>) -> Self {
        Self(digit.into())
    }

    /// The key: a digit, `*`, `#` or a letter from A to D.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_json_form() {
        let word = |json: serde_json::Value| json.as_str().unwrap().to_owned();
        for reason in [RingStopReason::AnsweredElsewhere, RingStopReason::TimedOut] {
            assert_eq!(word(serde_json::to_value(reason).unwrap()), reason.as_str());
        }
        for reason in [QueueLeaveReason::GaveUp, QueueLeaveReason::Unanswered] {
            assert_eq!(word(serde_json::to_value(reason).unwrap()), reason.as_str());
        }
        for reason in [UnparkReason::Retrieved, UnparkReason::TimedOut] {
            assert_eq!(word(serde_json::to_value(reason).unwrap()), reason.as_str());
        }
    }

    #[test]
    fn debug_output_never_shows_a_digit() {
        assert_eq!(format!("{:?}", Digit::new("7")), "Digit(…)");
    }
}
