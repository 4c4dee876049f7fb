//! The call model: AMI packets in, call events out.
//!
//! [`Tracker`] follows channels by Uniqueid, joins them into calls and reports what happens to each call. It is pure:
//! time is an argument, nothing is read or written, so the same packets at the same times give the same events
//! in production, in a replay and in a test.

mod agents;
mod channel_summary;
mod event_headers;
mod limits;
mod model;
mod recorder;
mod rules;
mod tracker;

pub use agents::AgentTracker;
pub use channel_summary::ChannelSummary;
pub use limits::TrackerLimit;
pub use rules::Rules;
pub use tracker::Tracker;
