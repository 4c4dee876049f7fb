//! Whether a target is sent to, and how it is doing.

use jiff::Timestamp;

use crate::TargetName;

/// Whether a target is sent to. The store keeps it over a restart. In every state its events stay queued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetState {
    /// Events are sent.
    #[default]
    Running,
    /// The operator paused it: nothing at all is sent until the operator resumes it.
    Paused {
        /// Why.
        reason: String,
    },
    /// By its replies a setting is wrong, here or there: one delivery is sent from time to time as a probe, and its
    /// success resumes the target.
    Misconfigured {
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// It replied that it no longer exists (410): nothing is sent until the operator resumes it.
    Disabled {
        /// Its reply.
        reason: String,
    },
}

impl TargetState {
    /// The word for it, in the journal, in the API and on the command line.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused { .. } => "paused",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Disabled { .. } => "disabled",
        }
    }

    /// The state for `word`, and the reason given with it; `None` for a word that is unknown.
    #[must_use]
    pub fn parse(word: &str, reason: Option<String>) -> Option<Self> {
        let reason = reason.unwrap_or_default();
        match word {
            "running" => Some(Self::Running),
            "paused" => Some(Self::Paused { reason }),
            "misconfigured" => Some(Self::Misconfigured { reason }),
            "disabled" => Some(Self::Disabled { reason }),
            _ => None,
        }
    }

    /// Why it is not running.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Running => None,
            Self::Paused { reason } | Self::Misconfigured { reason } | Self::Disabled { reason } => {
                Some(reason)
            }
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self, Self::Paused { .. })
    }

    pub(crate) fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Misconfigured { .. })
    }

    /// Whether nothing is sent, not even a probe.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self, Self::Paused { .. } | Self::Disabled { .. })
    }
}

/// The state of a target's circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// The target is sent to.
    Closed,
    /// The target keeps failing, and is probed at that time.
    Open {
        /// When one delivery is sent as a probe.
        until: Timestamp,
    },
    /// The target keeps failing, and a probe is in flight.
    Probing,
}

/// How a target is doing, for status pages and metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetStatus<'a> {
    /// Which target.
    pub target: &'a TargetName,
    /// Its deliveries, by state.
    pub counts: DeliveryCounts,
    /// Whether it is sent to.
    pub state: &'a TargetState,
    /// Whether it is paused because it fails.
    pub breaker: BreakerState,
    /// How many concurrent requests it gets at present.
    pub concurrency: usize,
    /// The last failure, unless it has answered since.
    pub failure: Option<&'a str>,
    /// Whether more deliveries are pending in the store than in memory, as far as is known.
    pub more_in_store: bool,
}

/// How many deliveries there are, by state. Those that are only in the store are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Pending in memory.
    pub pending: usize,
    /// Calls whose next delivery waits for a retry.
    pub retrying: usize,
    /// In flight.
    pub in_flight: usize,
    /// Delivered since the start.
    pub delivered: u64,
    /// Refused, or failed for the last time, since the start.
    pub dead: u64,
    /// Not sent because it was too late, since the start.
    pub expired: u64,
    /// Dropped by the operator since the start.
    pub dropped: u64,
    /// Not repeated, though nobody knows whether they arrived, since the start.
    pub unknown: u64,
}

impl std::ops::AddAssign for DeliveryCounts {
    fn add_assign(&mut self, other: Self) {
        self.pending += other.pending;
        self.retrying += other.retrying;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        self.dead += other.dead;
        self.expired += other.expired;
        self.dropped += other.dropped;
        self.unknown += other.unknown;
    }
}
