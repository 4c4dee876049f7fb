//! By what is counted.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// By PBX.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfPbx {
    pub(super) pbx: String,
}

/// By PBX and what was odd.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OddityOf {
    pub(super) pbx: String,
    pub(super) kind: String,
}

/// By what happened.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfType {
    pub(super) r#type: String,
}

/// By endpoint.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfEndpoint {
    pub(super) endpoint: String,
}

/// By endpoint and what came of it.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AttemptAt {
    pub(super) endpoint: String,
    pub(super) outcome: AttemptOutcome,
}

/// By endpoint and why.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct DeadAt {
    pub(super) endpoint: String,
    pub(super) reason: DeadReason,
}

/// What came of one try.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The endpoint has it.
    Delivered,
    /// It failed in a way that may pass.
    Failed,
    /// It was refused.
    Refused,
    /// All events are refused until a setting is corrected.
    Misconfigured,
    /// The endpoint says that it is gone.
    Gone,
    /// The endpoint does not know the call: it is announced again.
    UnknownCall,
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum DeadReason {
    /// The endpoint refused it.
    Refused,
    /// Every try has failed.
    Exhausted,
}

/// By role and how it ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RequestOf {
    pub(super) role: &'static str,
    pub(super) status: u16,
}

impl EncodeLabelValue for AttemptOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let word = match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::Gone => "gone",
            Self::UnknownCall => "unknown_call",
        };
        word.encode(encoder)
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
pub(super) fn snake(word: &str) -> String {
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
