//! The channels that are followed, in summary.

use super::Tracker;
use crate::channel_summary::ChannelSummary;
use crate::model::{Channel, ChannelKind};

impl Tracker {
    /// The channels being followed, oldest first.
    #[must_use]
    pub fn channel_summaries(&self) -> Vec<ChannelSummary<'_>> {
        let mut channels: Vec<_> = self.channels.values().collect();
        channels.sort_unstable_by_key(|channel| channel.sequence);
        let summaries = channels.into_iter().map(|channel| {
            let call = channel.call.and_then(|key| self.calls.get(key));
            let call = call.filter(|call| !call.is_over() && call.has_originator);
            ChannelSummary {
                uniqueid: &channel.uniqueid,
                name: &channel.name,
                endpoint: &channel.endpoint,
                kind: match channel.kind {
                    ChannelKind::External => "external",
                    ChannelKind::Device => "device",
                    ChannelKind::Auxiliary => "auxiliary",
                },
                state: channel.state.as_str(),
                party: channel.is_party(),
                call: call.map(|call| call.root.as_str()),
                answered: call.is_some_and(|call| call.is_answered()),
                id: call.map(|call| call.id.as_str()).filter(|id| !id.is_empty()),
                number: number(channel),
                context: &channel.context,
                exten: &channel.exten_now,
                bridge: channel.bridge.as_ref().map(|bridge| bridge.id.as_str()),
                hold: channel.on_hold,
                sequence: channel.sequence,
            }
        });
        summaries.collect()
    }
}

fn number(channel: &Channel) -> Option<&str> {
    let own = match channel.kind {
        ChannelKind::External => channel.caller_number.as_deref().filter(|_| !channel.withheld),
        ChannelKind::Device => channel.own_extension(),
        ChannelKind::Auxiliary => None,
    };
    channel.number.as_deref().or(own)
}
