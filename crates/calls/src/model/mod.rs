//! What is known of channels and calls, and what follows from it; no packets here.

mod call;
mod channel;
mod channel_list;
mod ids;
mod keys;
mod presentation;
mod ring_round;
mod ringing;
mod times;

pub(crate) use call::{
    Call, CallRecording, CallStage, PassedOn, PendingAnnouncement, PendingEvent, QueueStay,
};
pub(crate) use channel::{
    Channel, ChannelBridge, ChannelKind, ChannelState, endpoint_of, known_number, local_stem,
};
pub(crate) use channel_list::{ChannelList, ListedChannel};
pub(crate) use ids::CallIds;
pub(crate) use keys::{CallKey, ChannelKey};
pub(crate) use presentation::withheld_by_step;
pub(crate) use ring_round::RingLeg;
pub(crate) use ringing::{RingEnd, RingingPhone};
pub(crate) use times::{Stopwatch, seconds_between};
