//! Whether an endpoint is sent to, and how it is doing.

use crate::{EndpointName, delivery::BreakerState};

/// Whether an endpoint is sent to. It outlives a restart: the store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is sent to.
    #[default]
    Running,
    /// It is not sent to for now; what it is owed is kept.
    Paused {
        /// Why, and what to do about it.
        reason: String,
        /// Who wanted it so.
        by: PausedBy,
    },
    /// It said that it is no more (410). Nothing is sent until the operator resumes it; what it is owed is kept.
    Disabled {
        /// What it said.
        reason: String,
    },
}

/// Who paused an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedBy {
    /// The operator: nothing at all is sent until the operator resumes it.
    Operator,
    /// The endpoint's own replies: one delivery is tried from time to time, and a success resumes it.
    Endpoint,
}

impl Standing {
    pub(super) fn is_paused_by(&self, who: PausedBy) -> bool {
        matches!(self, Self::Paused { by, .. } if *by == who)
    }

    /// Whether nothing is sent, not even to see whether it would be taken.
    pub(super) fn is_shut(&self) -> bool {
        self.is_paused_by(PausedBy::Operator) || matches!(self, Self::Disabled { .. })
    }
}

/// How an endpoint is doing, for status pages and metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Status<'a> {
    /// Which endpoint.
    pub endpoint: &'a EndpointName,
    /// Its deliveries, by state.
    pub counts: Counts,
    /// Whether it is sent to.
    pub standing: &'a Standing,
    /// Whether it is spared because it fails.
    pub breaker: BreakerState,
    /// How many requests it gets at once at present.
    pub limit: usize,
    /// What went wrong last, unless it has answered since.
    pub failure: Option<&'a str>,
    /// Whether rows wait in the store that are not in memory, as far as is known.
    pub more_on_disk: bool,
}

/// How many deliveries there are, by state. Those that are only in the store are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting in memory for their turn or their time.
    pub waiting: usize,
    /// Calls whose next delivery waits because a try has failed.
    pub retrying: usize,
    /// On their way.
    pub in_flight: usize,
    /// Delivered since the start.
    pub delivered: u64,
    /// Refused, or failed once too often, since the start.
    pub dead: u64,
    /// Not told because it was too late, since the start.
    pub expired: u64,
    /// Dropped by the operator since the start.
    pub dropped: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.retrying += other.retrying;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        self.dead += other.dead;
        self.expired += other.expired;
        self.dropped += other.dropped;
    }
}
