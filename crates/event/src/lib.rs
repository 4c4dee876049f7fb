//! The public vocabulary: what ringwire says about a call.
//!
//! A [`CallEvent`] is one thing that happened to one call, complete in itself: whoever gets it needs no other
//! event to make sense of it. It is what is stored, sent, printed and streamed, so its JSON form is a promise.
//!
//! Beside it stands the [`explanation`] of a call: why it was published as it was.
//!
//! This crate reads no packets, knows no targets and has no clock.

mod agent;
mod call;
mod cause;
pub mod explanation;
mod facts;
mod kind;
mod party;
mod reason;

pub use agent::{AgentEvent, AgentEventKind, DeviceState};
pub use call::{CallEvent, CallId, Direction};
pub use cause::Cause;
pub use explanation::{Decision, Explanation, ExplanationStep, RuleRef, SourceEvent};
pub use facts::{CallFacts, HungUpBy, Leg};
pub use kind::EventKind;
pub use party::{AnsweredBy, Party, TransferKind};
pub use reason::{Digit, QueueLeaveReason, RingStopReason, UnparkReason};
