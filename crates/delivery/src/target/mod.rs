//! The deliveries of one target.

mod breaker;
mod commands;
mod complete;
mod concurrency;
mod context;
mod health;
mod lane;
mod probe;
mod queue;
mod replay;
mod window;

pub(crate) use context::CompletionContext;
pub(crate) use queue::TargetQueue;
