//! What to list.

use ringwire_outbox::StoredDeliveryState;

/// Which deliveries to list, and how.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Only deliveries to this target
    #[arg(long, value_name = "NAME", alias = "endpoint")]
    pub(super) target: Option<String>,
    /// Only deliveries in these states [default: all but delivered]
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(super) state: Vec<StateArg>,
    /// Only events of this call
    #[arg(long, value_name = "CALL")]
    pub(super) call: Option<String>,
    /// Show at most N deliveries, the newest [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: Option<u32>,
    /// Print one JSON object per line, times in UTC
    #[arg(long)]
    pub(super) json: bool,
}

impl ListArgs {
    /// Whether any of them was given.
    pub(super) fn is_given(&self) -> bool {
        let Self { target, state, call, limit, json } = self;
        target.is_some() || !state.is_empty() || call.is_some() || limit.is_some() || *json
    }
}

/// A state as the list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StateArg {
    Pending,
    Retry,
    Paused,
    Delivered,
    Dead,
    Expired,
    Dropped,
    Unknown,
}

impl StateArg {
    /// The stored state; `None` for `paused`, which is a state of the target.
    pub(super) fn to_stored(self) -> Option<StoredDeliveryState> {
        match self {
            Self::Pending => Some(StoredDeliveryState::Pending),
            Self::Retry => Some(StoredDeliveryState::Retry),
            Self::Paused => None,
            Self::Delivered => Some(StoredDeliveryState::Delivered),
            Self::Dead => Some(StoredDeliveryState::Dead),
            Self::Expired => Some(StoredDeliveryState::Expired),
            Self::Dropped => Some(StoredDeliveryState::Dropped),
            Self::Unknown => Some(StoredDeliveryState::Unknown),
        }
    }
}
