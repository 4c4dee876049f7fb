//! What a PBX would list at a moment of a recording: the channels alive then, as its events left them.

use std::collections::BTreeMap;

use bytes::Bytes;
use ringwire_ami::{AmiVersion, Frame, Packet};

/// The channels and queues of a PBX, by what it reported about them.
#[derive(Debug, Default)]
pub(crate) struct Pbx {
    legs: BTreeMap<String, Leg>,
    /// Callers who wait: Uniqueid and queue, longest first.
    waiting: Vec<(String, String)>,
    sequence: usize,
}

#[derive(Debug, Default)]
struct Leg {
    sequence: usize,
    /// Headers as they were last sent, by the names that CoreShowChannel has for them.
    facts: BTreeMap<&'static str, String>,
    bridged_with: Option<String>,
}

/// Headers of events that are headers of a list.
const FACTS: [(&str, &str); 11] = [
    ("Channel", "Channel"),
    ("ChannelState", "ChannelState"),
    ("CallerIDNum", "CallerIDNum"),
    ("CallerIDName", "CallerIDName"),
    ("ConnectedLineNum", "ConnectedLineNum"),
    ("Context", "Context"),
    ("Exten", "Exten"),
    ("Extension", "Exten"),
    ("Linkedid", "Linkedid"),
    ("Application", "Application"),
    ("AppData", "ApplicationData"),
];

impl Pbx {
    /// The PBX sends these.
    pub(crate) fn send_all(&mut self, frames: &[Frame]) {
        for frame in frames {
            if let Frame::Packet(packet) = frame {
                self.observe(packet);
            }
        }
    }

    fn observe(&mut self, packet: &Packet) {
        // What it says of a caller is what the action was given.
        let Some(event) = packet.event_name().filter(|event| *event != b"OriginateResponse") else { return };
        let text = |key: &str| packet.text(key).map(|text| text.into_owned());
        match event {
            b"Newchannel" => {
                self.sequence += 1;
                let mut leg = Leg { sequence: self.sequence, ..Leg::default() };
                if text("Exten").is_none() && packet.get("Linkedid").is_none() {
                    // Called; of a queue's legs nothing else would tell.
                    leg.facts.insert("Application", "AppDial".to_owned());
                }
                self.legs.insert(text("Uniqueid").unwrap(), leg);
            }
            b"Dial" | b"DialBegin" => {
                if let Some(leg) = text("DestUniqueid").and_then(|id| self.legs.get_mut(&id)) {
                    leg.facts.entry("Application").or_insert_with(|| "AppDial".to_owned());
                    leg.facts.insert("ConnectedLineNum", text("CallerIDNum").unwrap_or_default());
                }
            }
            b"Bridge" => {
                let ids = [text("Uniqueid1").unwrap(), text("Uniqueid2").unwrap()];
                for (one, two) in [(0, 1), (1, 0)] {
                    if let Some(leg) = self.legs.get_mut(&ids[one]) {
                        let linked = text("Bridgestate").as_deref() == Some("Link");
                        leg.bridged_with = linked.then(|| ids[two].clone());
                    }
                }
            }
            _ => {}
        }
        for prefix in ["", "Dest", "LocalOne", "LocalTwo"] {
            self.note_facts(packet, event, prefix);
        }
        let Some(uniqueid) = text("Uniqueid") else { return };
        match event {
            b"Hangup" => {
                self.legs.remove(&uniqueid);
                self.legs.values_mut().for_each(|leg| {
                    leg.bridged_with.take_if(|with| *with == uniqueid);
                });
                self.waiting.retain(|(waiting, _)| *waiting != uniqueid);
            }
            b"Join" | b"QueueCallerJoin" => {
                self.waiting.push((uniqueid, text("Queue").unwrap()));
            }
            b"Leave" | b"QueueCallerLeave" => self.waiting.retain(|(waiting, _)| *waiting != uniqueid),
            _ => {}
        }
    }

    fn note_facts(&mut self, packet: &Packet, event: &[u8], prefix: &str) {
        let text = |key: &str| packet.text(&format!("{prefix}{key}")).map(|text| text.into_owned());
        let Some(leg) = text("Uniqueid").and_then(|id| self.legs.get_mut(&id)) else { return };
        for (header, fact) in FACTS {
            if packet.get(&format!("{prefix}{header}")).is_some() {
                leg.facts.insert(fact, text(header).unwrap_or_default());
            }
        }
        match event {
            b"BridgeEnter" => drop(leg.facts.insert("BridgeId", text("BridgeUniqueid").unwrap())),
            b"BridgeLeave" => drop(leg.facts.remove("BridgeId")),
            b"Rename" => drop(leg.facts.insert("Channel", text("Newname").unwrap())),
            _ => {}
        }
    }

    /// Those who are together in a bridge.
    pub(crate) fn together(&self) -> Vec<[&str; 2]> {
        let legs = || self.legs.iter();
        let is_with = |(one, leg): (&String, &Leg), (two, other): (&String, &Leg)| {
            let bridge = leg.facts.get("BridgeId");
            one != two
                && (bridge.is_some() && bridge == other.facts.get("BridgeId")
                    || leg.bridged_with.as_ref() == Some(two))
        };
        legs()
            .flat_map(|one| {
                legs().filter(move |two| is_with(one, *two)).map(move |two| [one.0.as_str(), two.0.as_str()])
            })
            .collect()
    }

    /// What it answers to the actions of a reconciliation.
    pub(crate) fn lists(&self, version: AmiVersion) -> Vec<Packet> {
        let mut legs: Vec<_> = self.legs.iter().collect();
        legs.sort_by_key(|(_, leg)| leg.sequence);
        let mut lists: Vec<_> = legs.iter().map(|(uniqueid, leg)| self.listed(uniqueid, leg)).collect();
        let count = legs.len();
        lists.push(format!(
            "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: {count}\r\n"
        ));
        for (uniqueid, leg) in &legs {
            lists.push(self.listed(uniqueid, leg).replacen("CoreShowChannel", "Status", 1));
        }
        lists.push(format!("Event: StatusComplete\r\nItems: {count}\r\n"));
        for (position, (uniqueid, queue)) in self.waiting.iter().enumerate() {
            lists.push(format!(
                "Event: QueueEntry\r\nQueue: {queue}\r\nPosition: {}\r\nChannel: {}\r\nUniqueid: {uniqueid}\r\n",
                position + 1,
                self.legs[uniqueid].facts["Channel"],
            ));
        }
        lists.push("Event: QueueStatusComplete\r\n".to_owned());
        lists.into_iter().map(|text| Packet::new(Bytes::from(text), version).unwrap()).collect()
    }

    fn listed(&self, uniqueid: &str, leg: &Leg) -> String {
        let mut text = format!("Event: CoreShowChannel\r\nUniqueid: {uniqueid}\r\n");
        let facts = leg.facts.iter().map(|(key, value)| (*key, value.as_str()));
        let with = leg.bridged_with.as_deref().map(|with| ("BridgedUniqueid", with));
        for (key, value) in facts.chain(with) {
            text.push_str(&format!("{key}: {value}\r\n"));
        }
        text
    }
}
