//! Why a call ended.

use serde::{Deserialize, Serialize};

/// Why a call ended (call rules 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// It was answered.
    NormalClearing,
    /// The called party was busy.
    Busy,
    /// The caller gave up before anyone took it.
    Cancel,
    /// Nobody took it, or it was declined.
    NoAnswer,
    /// It could not be carried.
    Congestion,
    /// The number does not exist or is offline.
    NotFound,
    /// It left the PBX unanswered, deflected elsewhere.
    Forwarded,
}

impl Cause {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NormalClearing => "normalClearing",
            Self::Busy => "busy",
            Self::Cancel => "cancel",
            Self::NoAnswer => "noAnswer",
            Self::Congestion => "congestion",
            Self::NotFound => "notFound",
            Self::Forwarded => "forwarded",
        }
    }
}
