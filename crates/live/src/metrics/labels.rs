//! The labels of metrics.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct PbxLabel {
    pub(super) pbx: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct StreamErrorLabels {
    pub(super) pbx: String,
    pub(super) kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct EventTypeLabel {
    pub(super) r#type: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct TargetLabel {
    pub(super) target: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) target: String,
    pub(super) outcome: AttemptOutcome,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct DeadLabels {
    pub(super) target: String,
    pub(super) reason: DeadReason,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) role: &'static str,
    pub(super) status: u16,
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The target has the event.
    Delivered,
    /// It failed in a way that may pass.
    Failed,
    /// Nobody knows whether the target has processed it.
    Unknown,
    /// The target refused the event.
    Refused,
    /// The target refuses all events until a setting is corrected.
    Misconfigured,
    /// The target replied that it is gone.
    Gone,
    /// The target does not know the call, which is announced again.
    UnknownCall,
}

/// Why a delivery failed permanently.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum DeadReason {
    /// The target refused it.
    Refused,
    /// Every attempt has failed.
    Exhausted,
}

impl AttemptOutcome {
    /// The outcome as it is written in labels and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::Gone => "gone",
            Self::UnknownCall => "unknown_call",
        }
    }
}

impl EncodeLabelValue for AttemptOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for DeadReason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let word = match self {
            Self::Refused => "refused",
            Self::Exhausted => "exhausted",
        };
        word.encode(encoder)
    }
}

/// A word in snake_case: `newCall` is `new_call`.
pub(super) fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 2);
    for letter in word.chars() {
        match letter {
            ' ' | '-' => snake.push('_'),
            _ if letter.is_ascii_uppercase() => {
                if !snake.is_empty() {
                    snake.push('_');
                }
                snake.push(letter.to_ascii_lowercase());
            }
            _ => snake.push(letter),
        }
    }
    snake
}
