//! The channels that are up at some moment of a recording.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::block::Block;

/// What is known of a channel, in the names of Asterisk 12 and later (AMI contract, 2.1).
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

/// The events whose fields are those of the channel whose Uniqueid they name. In others they may be another's.
const TOLD_BY: [&str; 11] = [
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

/// A channel that is up.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    fields: BTreeMap<&'static str, Vec<u8>>,
    /// Since when.
    pub(super) since: Instant,
    /// The bridge it is in (Asterisk 12 and later).
    pub(super) bridge: Vec<u8>,
    /// The Uniqueid of the channel it is bridged with (up to 11).
    pub(super) peer: Vec<u8>,
}

impl Channel {
    /// What is known as `field`; empty where nothing is.
    pub(super) fn get(&self, field: &str) -> &[u8] {
        self.fields.get(field).map(Vec::as_slice).unwrap_or_default()
    }

    fn learn(&mut self, event: &Block) {
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
pub(super) struct Waiting {
    pub(super) queue: Vec<u8>,
    pub(super) uniqueid: Vec<u8>,
    pub(super) since: Instant,
}

/// The channels that are up, and the callers who wait, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub(super) channels: Vec<Channel>,
    pub(super) waiting: Vec<Waiting>,
}

impl Live {
    /// Takes what `event` tells.
    pub(super) fn learn(&mut self, event: &Block, now: Instant) {
        let name = event.event().unwrap_or_default();
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
            b"Bridge" | b"Link" | b"Unlink" => self.bridge(name, event),
            b"QueueCallerJoin" | b"Join" => self.waiting.push(Waiting {
                queue: event.get("Queue").unwrap_or_default().to_vec(),
                uniqueid: uniqueid.to_vec(),
                since: now,
            }),
            b"QueueCallerLeave" | b"Leave" => self.waiting.retain(|waiting| waiting.uniqueid != uniqueid),
            _ => {}
        }
        if TOLD_BY.iter().any(|told| told.as_bytes() == name)
            && let Some(channel) = self.channel_mut(uniqueid)
        {
            channel.learn(event);
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
    pub(super) fn channel(&self, uniqueid: &[u8]) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.get("Uniqueid") == uniqueid)
    }

    fn channel_mut(&mut self, uniqueid: &[u8]) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.get("Uniqueid") == uniqueid)
    }

    fn add(&mut self, uniqueid: &[u8], now: Instant) {
        if !uniqueid.is_empty() && self.channel(uniqueid).is_none() {
            let fields = BTreeMap::from([("Uniqueid", uniqueid.to_vec())]);
            self.channels.push(Channel { fields, since: now, bridge: Vec::new(), peer: Vec::new() });
        }
    }

    /// Two channels of a release up to 11 come together or part.
    fn bridge(&mut self, name: &[u8], event: &Block) {
        let parted = name == b"Unlink" || event.get("Bridgestate") == Some(b"Unlink");
        let (Some(one), Some(two)) = (event.get("Uniqueid1"), event.get("Uniqueid2")) else { return };
        for (id, peer) in [(one, two), (two, one)] {
            if let Some(channel) = self.channel_mut(id) {
                channel.peer = if parted { Vec::new() } else { peer.to_vec() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// What is up after `events`: of each channel its name, state, bridge and peer.
    #[track_caller]
    fn check(events: &[&'static str], expected: &[[&str; 4]], waiting: usize) {
        let mut live = Live::default();
        for event in events {
            live.learn(&Block(Bytes::from(event.replace("; ", "\r\n"))), Instant::now());
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
    fn a_channel_is_up_from_its_beginning_to_its_hangup() {
        check(&[A, B, A], &[["A-1", "4", "", ""], ["B-1", "0", "", ""]], 0);
        check(&[A, B, "Event: Hangup; Uniqueid: 1.0"], &[["B-1", "0", "", ""]], 0);
        check(&["Event: Newstate; Channel: A-1; Uniqueid: 1.0", "Event: Newchannel"], &[], 0);
    }

    #[test]
    fn its_fields_are_those_it_was_given_last() {
        check(&[A, "Event: Newstate; ChannelState: 6; Uniqueid: 1.0"], &[["A-1", "6", "", ""]], 0);
        check(&[A, "Event: Rename; Channel: A-1; Newname: A-2; Uniqueid: 1.0"], &[["A-2", "4", "", ""]], 0);
        // The channel of this event is the agent's, its Uniqueid the caller's.
        check(&[A, "Event: AgentConnect; Channel: B-1; Uniqueid: 1.0"], &[["A-1", "4", "", ""]], 0);
    }

    #[test]
    fn bridges_of_every_release_are_seen() {
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
    fn a_caller_waits_until_the_queue_or_the_call_is_left() {
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
