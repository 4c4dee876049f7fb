//! The way to the daemon's API: where it is, how to ask it, and its stream of events.
//!
//! The daemon is on this machine, behind a Unix socket or on the loopback interface. What it sends is bounded and
//! checked all the same: another program may have taken its place. What the answers look like is written down here as
//! far as it is read, so the two may be of different versions.
//!
//! It knows the vocabulary of call events and how failures are printed, and nothing of how the API is served.

mod access;
mod address;
mod client;
mod error;
mod follow;
mod seen;
mod sse;
mod wire;

pub use self::{
    access::ApiAccess,
    address::ApiAddress,
    client::{ApiClient, segment},
    error::ApiError,
    follow::{EventFollower, StreamUpdate},
    seen::SeenEvents,
    sse::SseStream,
    wire::{
        Attempt, CallDelivery, CallDetail, Channel, Channels, ChartMinute, Charts, DeliveryProgress,
        DeskSession, EndedSessions, EventDelivery, LiveCall, LiveQueue, LiveView, PbxStatus, StreamEvent,
        StreamFrame, TargetStatus, WaitingCaller,
    },
};
