//! What is known of channels and calls, and what follows from it; no packets here.

mod call;
mod channel;
mod dial_string;
mod ids;
mod round;

pub(crate) use call::{Call, Pending, Stage};
pub(crate) use channel::{Bridge, Channel, Kind, State, endpoint_of, known_number, local_stem};
pub(crate) use dial_string::number_apart;
pub(crate) use ids::CallIds;
pub(crate) use round::{Leg, Round, cause_verdict};

slotmap::new_key_type! {
    /// A channel, for as long as it lives.
    pub(crate) struct Ch;
    /// A call, for as long as any of its channels lives.
    pub(crate) struct CallKey;
}
