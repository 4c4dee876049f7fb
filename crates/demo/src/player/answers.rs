//! What a PBX answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::live::{Channel, Live};
use super::pbx::Version;

/// A message on its way out.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// The answer to the action with `id`.
    pub(super) fn response(kind: &str, id: Option<&str>) -> Self {
        Self::default().with("Response", kind).with_id(id)
    }

    /// An answer of which no more is said than `text`.
    pub(super) fn brief(kind: &str, id: Option<&str>, text: &str) -> Vec<u8> {
        Self::response(kind, id).with("Message", text).end()
    }

    pub(super) fn event(name: &str) -> Self {
        Self::default().with("Event", name)
    }

    pub(super) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.0.extend_from_slice(part);
        }
        self
    }

    pub(super) fn with_id(self, id: Option<&str>) -> Self {
        match id {
            Some(id) => self.with("ActionID", id),
            None => self,
        }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}

/// What a list is made of: its answer, its items and its end.
struct List<'a> {
    id: Option<&'a str>,
    version: Version,
    out: Vec<u8>,
    items: usize,
}

impl<'a> List<'a> {
    fn begin(id: Option<&'a str>, version: Version, text: &str) -> Self {
        let mut response = Message::response("Success", id);
        if version.is_modern() {
            response = response.with("EventList", "start");
        }
        Self { id, version, out: response.with("Message", text).end(), items: 0 }
    }

    fn item(&mut self, item: Message) {
        self.out.extend_from_slice(&item.with_id(self.id).end());
        self.items += 1;
    }

    fn end(mut self, name: &str) -> Vec<u8> {
        let mut end = Message::event(name).with_id(self.id);
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

/// The fields that begin every item about a channel, from release 12 on.
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

fn with_fields(message: Message, channel: &Channel, fields: &[(&str, &str)]) -> Message {
    fields.iter().fold(message, |message, (name, field)| message.with(name, channel.get(field)))
}

fn snapshot(message: Message, channel: &Channel) -> Message {
    with_fields(message, channel, &SNAPSHOT.map(|field| (field, field)))
}

pub(super) fn core_show_channels(id: Option<&str>, version: Version, live: &Live, now: Instant) -> Vec<u8> {
    let mut list = List::begin(id, version, "Channels will follow");
    for channel in &live.channels {
        let up = now.saturating_duration_since(channel.since).as_secs();
        let duration = format!("{:02}:{:02}:{:02}", up / 3600, up / 60 % 60, up % 60);
        let application = [("Application", "Application"), ("ApplicationData", "ApplicationData")];
        let item = Message::event("CoreShowChannel");
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

/// The status of all channels, or of the one called `wanted`.
pub(super) fn status(
    id: Option<&str>,
    version: Version,
    live: &Live,
    wanted: Option<&str>,
    now: Instant,
) -> Vec<u8> {
    let channels = || {
        live.channels
            .iter()
            .filter(|channel| wanted.is_none_or(|name| channel.get("Channel") == name.as_bytes()))
    };
    if wanted.is_some() && channels().next().is_none() {
        return Message::brief("Error", id, "No such channel");
    }
    let mut list = List::begin(id, version, "Channel status will follow");
    for channel in channels() {
        let seconds = now.saturating_duration_since(channel.since).as_secs().to_string();
        let item = Message::event("Status").with("Privilege", "Call");
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
            // A leg that runs no dialplan has less to say (AMI contract, 5.3).
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

fn peer_name<'a>(live: &'a Live, channel: &Channel) -> &'a [u8] {
    live.channel(&channel.peer).map(|peer| peer.get("Channel")).unwrap_or_default()
}

/// The queues in which somebody waits, or the one called `wanted`. Others are not known from a recording.
pub(super) fn queue_status(
    id: Option<&str>,
    version: Version,
    live: &Live,
    wanted: Option<&str>,
    now: Instant,
) -> Vec<u8> {
    let mut list = List::begin(id, version, "Queue status will follow");
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
            Message::event("QueueParams")
                .with("Queue", queue)
                .with("Max", "0")
                .with("Calls", callers.len().to_string()),
        );
        for (position, caller) in callers.iter().enumerate() {
            let item = Message::event("QueueEntry")
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

pub(super) fn core_settings(id: Option<&str>, version: Version) -> Vec<u8> {
    Message::response("Success", id)
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

pub(super) fn core_status(id: Option<&str>, started: Timestamp, live: &Live) -> Vec<u8> {
    let started = started.to_zoned(TimeZone::UTC);
    let (date, time) = (started.strftime("%Y-%m-%d").to_string(), started.strftime("%H:%M:%S").to_string());
    Message::response("Success", id)
        .with("CoreStartupDate", &date)
        .with("CoreStartupTime", &time)
        .with("CoreReloadDate", &date)
        .with("CoreReloadTime", &time)
        .with("CoreCurrentCalls", live.channels.len().div_ceil(2).to_string())
        .end()
}
