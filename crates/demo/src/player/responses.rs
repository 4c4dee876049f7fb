//! Responses to the actions of clients.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::live_channels::{LiveChannel, LiveChannels};
use super::message::AmiMessage;
use super::version::ProtocolVersion;

/// A list that is being written: its response, its items and its end.
struct ListResponse<'a> {
    id: Option<&'a str>,
    version: ProtocolVersion,
    out: Vec<u8>,
    items: usize,
}

impl<'a> ListResponse<'a> {
    fn begin(id: Option<&'a str>, version: ProtocolVersion, text: &str) -> Self {
        let mut response = AmiMessage::response("Success", id);
        if version.is_modern() {
            response = response.with("EventList", "start");
        }
        Self { id, version, out: response.with("Message", text).end(), items: 0 }
    }

    fn item(&mut self, item: AmiMessage) {
        self.out.extend_from_slice(&item.with_id(self.id).end());
        self.items += 1;
    }

    fn end(mut self, name: &str) -> Vec<u8> {
        let mut end = AmiMessage::event(name).with_id(self.id);
        if self.version.is_modern() || name == "CoreShowChannelsComplete" {
            end = end.with("EventList", "Complete").with("ListItems", self.items.to_string());
        }
        if name == "StatusComplete" {
            end = end.with("Items", self.items.to_string());
        }
        self.out.extend_from_slice(&end.end());
        self.out
    }
}

/// The fields at the beginning of every item about a channel, from Asterisk 12 on.
const SNAPSHOT: [&str; 14] = [
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
];

fn with_fields(message: AmiMessage, channel: &LiveChannel, fields: &[(&str, &str)]) -> AmiMessage {
    fields.iter().fold(message, |message, (name, field)| message.with(name, channel.get(field)))
}

fn snapshot(message: AmiMessage, channel: &LiveChannel) -> AmiMessage {
    with_fields(message, channel, &SNAPSHOT.map(|field| (field, field)))
}

pub(super) fn core_show_channels(
    id: Option<&str>,
    version: ProtocolVersion,
    live: &LiveChannels,
    now: Instant,
) -> Vec<u8> {
    let mut list = ListResponse::begin(id, version, "Channels will follow");
    for channel in &live.channels {
        let up = now.saturating_duration_since(channel.since).as_secs();
        let duration = format!("{:02}:{:02}:{:02}", up / 3600, up / 60 % 60, up % 60);
        let application = [("Application", "Application"), ("ApplicationData", "ApplicationData")];
        let item = AmiMessage::event("CoreShowChannel");
        list.item(if version.is_modern() {
            with_fields(snapshot(item, channel), channel, &application)
                .with("Duration", duration)
                .with("BridgeId", &channel.bridge)
        } else {
            let fields = [
                ("Channel", "Channel"),
                ("UniqueID", "Uniqueid"),
                ("Context", "Context"),
                ("Extension", "Exten"),
                ("Priority", "Priority"),
                ("ChannelState", "ChannelState"),
                ("ChannelStateDesc", "ChannelStateDesc"),
                ("Application", "Application"),
                ("ApplicationData", "ApplicationData"),
                ("CallerIDnum", "CallerIDNum"),
                ("CallerIDname", "CallerIDName"),
                ("ConnectedLineNum", "ConnectedLineNum"),
                ("ConnectedLineName", "ConnectedLineName"),
            ];
            with_fields(item, channel, &fields)
                .with("Duration", duration)
                .with("AccountCode", channel.get("AccountCode"))
                .with("BridgedChannel", peer_name(live, channel))
                .with("BridgedUniqueID", &channel.peer)
        });
    }
    list.end("CoreShowChannelsComplete")
}

/// The status of all channels, or only of the one named `wanted`.
pub(super) fn status(
    id: Option<&str>,
    version: ProtocolVersion,
    live: &LiveChannels,
    wanted: Option<&str>,
    now: Instant,
) -> Vec<u8> {
    let channels = || {
        live.channels
            .iter()
            .filter(|channel| wanted.is_none_or(|name| channel.get("Channel") == name.as_bytes()))
    };
    if wanted.is_some() && channels().next().is_none() {
        return AmiMessage::text_response("Error", id, "No such channel");
    }
    let mut list = ListResponse::begin(id, version, "Channel status will follow");
    for channel in channels() {
        let seconds = now.saturating_duration_since(channel.since).as_secs().to_string();
        let item = AmiMessage::event("Status").with("Privilege", "Call");
        list.item(if version.is_modern() {
            snapshot(item, channel)
                .with("BridgeID", &channel.bridge)
                .with("Application", channel.get("Application"))
                .with("Data", channel.get("ApplicationData"))
                .with("Seconds", seconds)
        } else {
            let party = [
                ("Channel", "Channel"),
                ("CallerIDNum", "CallerIDNum"),
                ("CallerIDName", "CallerIDName"),
                ("ConnectedLineNum", "ConnectedLineNum"),
                ("ConnectedLineName", "ConnectedLineName"),
            ];
            let item = with_fields(item, channel, &party);
            // A channel without dialplan has fewer headers (AMI notes 5.3).
            let item = if matches!(channel.get("Application"), b"" | b"AppDial") {
                item.with("Account", channel.get("AccountCode"))
                    .with("State", channel.get("ChannelStateDesc"))
            } else {
                let place = [
                    ("Accountcode", "AccountCode"),
                    ("ChannelState", "ChannelState"),
                    ("ChannelStateDesc", "ChannelStateDesc"),
                    ("Context", "Context"),
                    ("Extension", "Exten"),
                    ("Priority", "Priority"),
                ];
                with_fields(item, channel, &place).with("Seconds", seconds)
            };
            item.with("BridgedChannel", peer_name(live, channel))
                .with("BridgedUniqueid", &channel.peer)
                .with("Uniqueid", channel.get("Uniqueid"))
        });
    }
    list.end("StatusComplete")
}

fn peer_name<'a>(live: &'a LiveChannels, channel: &LiveChannel) -> &'a [u8] {
    live.channel(&channel.peer).map(|peer| peer.get("Channel")).unwrap_or_default()
}

/// The queues in which somebody waits, or only the one named `wanted`. A recording does not tell of empty queues.
pub(super) fn queue_status(
    id: Option<&str>,
    version: ProtocolVersion,
    live: &LiveChannels,
    wanted: Option<&str>,
    now: Instant,
) -> Vec<u8> {
    let mut list = ListResponse::begin(id, version, "Queue status will follow");
    let mut queues: Vec<&[u8]> = Vec::new();
    for waiting in &live.waiting {
        if !queues.contains(&waiting.queue.as_slice())
            && wanted.is_none_or(|name| waiting.queue == name.as_bytes())
        {
            queues.push(&waiting.queue);
        }
    }
    for queue in queues {
        let callers: Vec<_> = live.waiting.iter().filter(|waiting| waiting.queue == queue).collect();
        list.item(
            AmiMessage::event("QueueParams")
                .with("Queue", queue)
                .with("Max", "0")
                .with("Calls", callers.len().to_string()),
        );
        for (position, caller) in callers.iter().enumerate() {
            let item = AmiMessage::event("QueueEntry")
                .with("Queue", queue)
                .with("Position", (position + 1).to_string())
                .with("Channel", live.channel(&caller.uniqueid).map(|c| c.get("Channel")).unwrap_or_default())
                .with("Uniqueid", &caller.uniqueid);
            let item = match live.channel(&caller.uniqueid) {
                Some(channel) => with_fields(
                    item,
                    channel,
                    &[
                        ("CallerIDNum", "CallerIDNum"),
                        ("CallerIDName", "CallerIDName"),
                        ("ConnectedLineNum", "ConnectedLineNum"),
                        ("ConnectedLineName", "ConnectedLineName"),
                    ],
                ),
                None => item,
            };
            let wait = now.saturating_duration_since(caller.since).as_secs();
            list.item(item.with("Wait", wait.to_string()));
        }
    }
    list.end("QueueStatusComplete")
}

pub(super) fn core_settings(id: Option<&str>, version: ProtocolVersion) -> Vec<u8> {
    AmiMessage::response("Success", id)
        .with("AMIversion", version.text())
        .with("AsteriskVersion", version.release())
        .with("SystemName", "")
        .with("CoreMaxCalls", "0")
        .with("CoreMaxLoadAvg", "0.000000")
        .with("CoreRunUser", "")
        .with("CoreRunGroup", "")
        .with("CoreMaxFilehandles", "0")
        .with("CoreRealTimeEnabled", "No")
        .with("CoreCDRenabled", "Yes")
        .with("CoreHTTPenabled", "No")
        .end()
}

pub(super) fn core_status(id: Option<&str>, started: Timestamp, live: &LiveChannels) -> Vec<u8> {
    let started = started.to_zoned(TimeZone::UTC);
    let (date, time) = (started.strftime("%Y-%m-%d").to_string(), started.strftime("%H:%M:%S").to_string());
    AmiMessage::response("Success", id)
        .with("CoreStartupDate", &date)
        .with("CoreStartupTime", &time)
        .with("CoreReloadDate", &date)
        .with("CoreReloadTime", &time)
        .with("CoreCurrentCalls", live.channels.len().div_ceil(2).to_string())
        .end()
}
