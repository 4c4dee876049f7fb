//! Which event is sent to which target, and when: the deliveries as a state machine.
//!
//! The store is the source of truth: every delivery is a row there, written before anything is sent. A
//! [`DeliveryMachine`] holds a **window** of those rows in memory and [requests](DeliveryMachine::poll_load_request)
//! more when it runs low, so a million pending deliveries cost no more than a few thousand. What changes is given
//! back as a [`StateChange`], to be stored.
//!
//! Within the window there is one **lane** for each call and target. Only the head of a lane is ever in flight, so a
//! target receives the events of a call in order, while other calls and other targets go on in parallel. Each target
//! has a [circuit breaker](BreakerState) that pauses it while it fails, a limit of concurrent requests that follows
//! its response times, and a [`TargetState`] that the operator, or the target itself, may change.
//!
//! A request whose outcome is unknown may have been processed. [`RepeatRules`] say which are repeated then, and how.
//! Those that are not wait long for their reply, in places of their own beside the limit of concurrent requests.
//!
//! The crate is pure: it sends, stores, logs and times nothing. Its owner takes a [`Delivery`], sends it and
//! [completes](DeliveryMachine::complete) it with a [`DeliveryOutcome`]. Time is an argument, and chance comes from a
//! seed. After each call, drain [`DeliveryMachine::poll_load_request`], [`DeliveryMachine::poll_state_change`] and
//! [`DeliveryMachine::poll_notice`], and ask [`DeliveryMachine::take`] for what may go out.

mod changes;
mod limits;
mod machine;
mod name;
mod outcome;
mod pending;
mod policy;
mod rate;
mod repeat;
mod requests;
mod schedule;
mod status;
mod target;

pub use changes::{DeliveryState, OperatorNotice, StateChange};
pub use limits::MachineLimits;
pub use machine::DeliveryMachine;
pub use name::TargetName;
pub use outcome::DeliveryOutcome;
pub use pending::{Delivery, DeliveryId, PendingDelivery, PriorAttempt};
pub use policy::{DeliveryPolicy, EventLifetimes, LatePolicy};
pub use rate::{RateLimit, RateLimiter};
pub use repeat::{RepeatPolicy, RepeatRules};
pub use requests::{DeliveryCommand, LoadRequest, PendingRange};
pub use schedule::{Jitter, RetrySchedule};
pub use status::{BreakerState, DeliveryCounts, TargetState, TargetStatus};
