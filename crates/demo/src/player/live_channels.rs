//! The channels that exist at some moment of a playback.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::block::AmiBlock;

/// The fields of a channel, with the names of Asterisk 12 and later (AMI notes 2.1).
const FIELDS: [&str; 16] = [
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
    "Application",
    "ApplicationData",
];

/// The events whose fields belong to the channel of their `Uniqueid`. In others they may belong to another channel.
const EVENTS_WITH_CHANNEL_FIELDS: [&str; 11] = [
    "Newchannel",
    "Newstate",
    "NewCallerid",
    "NewConnectedLine",
    "NewAccountCode",
    "Newexten",
    "DialBegin",
    "DialEnd",
    "BridgeEnter",
    "BridgeLeave",
    "CoreShowChannel",
];

/// A channel that exists.
#[derive(Clone, Debug)]
pub(super) struct LiveChannel {
    fields: BTreeMap<&'static str, Vec<u8>>,
    /// When it was created.
    pub(super) since: Instant,
    /// The id of its bridge (Asterisk 12 and later).
    pub(super) bridge: Vec<u8>,
    /// The Uniqueid of the channel to which it is bridged (up to Asterisk 11).
    pub(super) peer: Vec<u8>,
}

impl LiveChannel {
    /// The value of `field`, or empty.
    pub(super) fn get(&self, field: &str) -> &[u8] {
        self.fields.get(field).map(Vec::as_slice).unwrap_or_default()
    }

    fn apply(&mut self, event: &AmiBlock) {
        for (name, value) in event.headers() {
            let name: &[u8] = match name.to_ascii_lowercase().as_slice() {
                b"extension" => b"Exten",
                b"appdata" => b"ApplicationData",
                _ => name,
            };
            if let Some(field) = FIELDS.iter().find(|field| field.as_bytes().eq_ignore_ascii_case(name)) {
                self.fields.insert(field, value.to_vec());
            }
        }
    }
}

/// A caller who waits in a queue.
#[derive(Clone, Debug)]
pub(super) struct WaitingCaller {
    pub(super) queue: Vec<u8>,
    pub(super) uniqueid: Vec<u8>,
    pub(super) since: Instant,
}

/// The channels that exist and the callers who wait in queues, in the order in which they appeared.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveChannels {
    pub(super) channels: Vec<LiveChannel>,
    pub(super) waiting: Vec<WaitingCaller>,
}

impl LiveChannels {
    /// Applies an event.
    pub(super) fn apply(&mut self, event: &AmiBlock, now: Instant) {
        let name = event.event_name().unwrap_or_default();
        let uniqueid = event.get("Uniqueid").unwrap_or_default();
        match name {
            b"Newchannel" | b"CoreShowChannel" => self.add(uniqueid, now),
            b"Hangup" => {
                self.channels.retain(|channel| channel.get("Uniqueid") != uniqueid);
                self.waiting.retain(|waiting| waiting.uniqueid != uniqueid);
            }
            b"Rename" => {
                if let (Some(channel), Some(name)) = (self.channel_mut(uniqueid), event.get("Newname")) {
                    channel.fields.insert("Channel", name.to_vec());
                }
            }
            b"Bridge" | b"Link" | b"Unlink" => self.apply_bridge(name, event),
            b"QueueCallerJoin" | b"Join" => self.waiting.push(WaitingCaller {
                queue: event.get("Queue").unwrap_or_default().to_vec(),
                uniqueid: uniqueid.to_vec(),
                since: now,
            }),
            b"QueueCallerLeave" | b"Leave" => self.waiting.retain(|waiting| waiting.uniqueid != uniqueid),
            _ => {}
        }
        if EVENTS_WITH_CHANNEL_FIELDS.iter().any(|known| known.as_bytes() == name)
            && let Some(channel) = self.channel_mut(uniqueid)
        {
            channel.apply(event);
            match name {
                b"BridgeEnter" => channel.bridge = event.get("BridgeUniqueid").unwrap_or_default().to_vec(),
                b"BridgeLeave" => channel.bridge.clear(),
                b"CoreShowChannel" => {
                    channel.bridge = event.get("BridgeId").unwrap_or_default().to_vec();
                    channel.peer = event.get("BridgedUniqueID").unwrap_or_default().to_vec();
                }
                _ => {}
            }
        }
    }

    /// The channel with `uniqueid`.
    pub(super) fn channel(&self, uniqueid: &[u8]) -> Option<&LiveChannel> {
        self.channels.iter().find(|channel| channel.get("Uniqueid") == uniqueid)
    }

    fn channel_mut(&mut self, uniqueid: &[u8]) -> Option<&mut LiveChannel> {
        self.channels.iter_mut().find(|channel| channel.get("Uniqueid") == uniqueid)
    }

    fn add(&mut self, uniqueid: &[u8], now: Instant) {
        if !uniqueid.is_empty() && self.channel(uniqueid).is_none() {
            let fields = BTreeMap::from([("Uniqueid", uniqueid.to_vec())]);
            self.channels.push(LiveChannel { fields, since: now, bridge: Vec::new(), peer: Vec::new() });
        }
    }

    /// Joins or separates two channels (up to Asterisk 11).
    fn apply_bridge(&mut self, name: &[u8], event: &AmiBlock) {
        let is_unlink = name == b"Unlink" || event.get("Bridgestate") == Some(b"Unlink");
        let (Some(one), Some(two)) = (event.get("Uniqueid1"), event.get("Uniqueid2")) else { return };
        for (id, peer) in [(one, two), (two, one)] {
            if let Some(channel) = self.channel_mut(id) {
                channel.peer = if is_unlink { Vec::new() } else { peer.to_vec() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Checks the channels after `events`: the name, state, bridge and peer of each.
    #[track_caller]
    fn check(events: &[&'static str], expected: &[[&str; 4]], waiting: usize) {
        let mut live = LiveChannels::default();
        for event in events {
            live.apply(&AmiBlock(Bytes::from(event.replace("; ", "\r\n"))), Instant::now());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let got: Vec<_> = live
            .channels
            .iter()
            .map(|c| [text(c.get("Channel")), text(c.get("ChannelState")), text(&c.bridge), text(&c.peer)])
            .collect();
        assert_eq!(got, expected);
        assert_eq!(live.waiting.len(), waiting);
    }

    const A: &str = "Event: Newchannel; Channel: A-1; ChannelState: 4; Uniqueid: 1.0";
    const B: &str = "Event: Newchannel; Channel: B-1; ChannelState: 0; Uniqueid: 1.1";

    #[test]
    fn a_channel_exists_from_newchannel_to_hangup() {
        check(&[A, B, A], &[["A-1", "4", "", ""], ["B-1", "0", "", ""]], 0);
        check(&[A, B, "Event: Hangup; Uniqueid: 1.0"], &[["B-1", "0", "", ""]], 0);
        check(&["Event: Newstate; Channel: A-1; Uniqueid: 1.0", "Event: Newchannel"], &[], 0);
    }

    #[test]
    fn a_channel_has_the_fields_of_its_last_event() {
        check(&[A, "Event: Newstate; ChannelState: 6; Uniqueid: 1.0"], &[["A-1", "6", "", ""]], 0);
        check(&[A, "Event: Rename; Channel: A-1; Newname: A-2; Uniqueid: 1.0"], &[["A-2", "4", "", ""]], 0);
        // The channel of this event is the agent's, its Uniqueid the caller's.
        check(&[A, "Event: AgentConnect; Channel: B-1; Uniqueid: 1.0"], &[["A-1", "4", "", ""]], 0);
    }

    #[test]
    fn bridges_of_every_release_are_recognised() {
        let enter = "Event: BridgeEnter; BridgeUniqueid: b; Uniqueid: 1.0";
        check(&[A, enter], &[["A-1", "4", "b", ""]], 0);
        check(
            &[A, enter, "Event: BridgeLeave; BridgeUniqueid: b; Uniqueid: 1.0"],
            &[["A-1", "4", "", ""]],
            0,
        );
        let link = "Event: Bridge; Bridgestate: Link; Uniqueid1: 1.0; Uniqueid2: 1.1";
        check(&[A, B, link], &[["A-1", "4", "", "1.1"], ["B-1", "0", "", "1.0"]], 0);
        let unlink = "Event: Bridge; Bridgestate: Unlink; Uniqueid1: 1.0; Uniqueid2: 1.1";
        check(&[A, B, link, unlink], &[["A-1", "4", "", ""], ["B-1", "0", "", ""]], 0);
    }

    #[test]
    fn a_caller_waits_until_leaving_the_queue_or_hanging_up() {
        let join = "Event: QueueCallerJoin; Queue: support; Uniqueid: 1.0";
        check(&[A, join], &[["A-1", "4", "", ""]], 1);
        check(
            &[A, join, "Event: QueueCallerLeave; Queue: support; Uniqueid: 1.0"],
            &[["A-1", "4", "", ""]],
            0,
        );
        check(&[A, "Event: Join; Queue: support; Uniqueid: 1.0", "Event: Hangup; Uniqueid: 1.0"], &[], 0);
    }
}
