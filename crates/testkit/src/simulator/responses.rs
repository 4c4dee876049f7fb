//! Responses to the actions of clients.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::channels::queue_items;
use super::clients::OutgoingChunk;
use super::pbx_state::PbxState;
use super::scenario::CallMoment;
use super::simulated_call::SentEvent;
use super::template::{CallValues, Template};

/// A response with these headers after the `ActionID`.
pub(super) fn response(kind: &str, id: Option<&str>, headers: &[(&str, &str)]) -> OutgoingChunk {
    let mut text = format!("Response: {kind}\r\n");
    let id = id.map(|id| ("ActionID", id));
    for (name, value) in id.iter().chain(headers) {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    OutgoingChunk { bytes: text.into_bytes(), marks: Vec::new() }
}

pub(super) fn core_settings(id: Option<&str>) -> OutgoingChunk {
    let settings = [("AMIversion", "11.0.0"), ("AsteriskVersion", "22.0.0"), ("SystemName", "pbx1")];
    response("Success", id, &settings)
}

pub(super) fn core_status(id: Option<&str>, pbx: &PbxState) -> OutgoingChunk {
    let started = Timestamp::from_second(pbx.epoch()).unwrap_or_default().to_zoned(TimeZone::UTC);
    let (date, time) = (started.strftime("%Y-%m-%d").to_string(), started.strftime("%H:%M:%S").to_string());
    let calls = pbx.active_call_count().to_string();
    response(
        "Success",
        id,
        &[
            ("CoreStartupDate", &date),
            ("CoreStartupTime", &time),
            ("CoreReloadDate", &date),
            ("CoreReloadTime", &time),
            ("CoreCurrentCalls", &calls),
        ],
    )
}

/// The event after a login.
pub(super) fn fully_booted(pbx: &PbxState, now: Instant) -> String {
    let uptime = pbx.uptime(now).as_secs();
    format!(
        "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: {uptime}\r\nLastReload: {uptime}\r\n\
         Status: Fully Booted\r\n\r\n"
    )
}

pub(super) fn core_show_channels(id: Option<&str>, pbx: &PbxState, now: Instant) -> OutgoingChunk {
    let mut list = ListResponse::begin(id, "Channels will follow");
    list.channels(pbx, now, |moment| &moment.items.core);
    let listed: Vec<_> = pbx
        .active_calls(now)
        .filter(|(_, moment)| !moment.items.core.is_empty())
        .map(|(call, _)| call.call)
        .collect();
    let mut chunk = list.end("CoreShowChannelsComplete", &[]);
    listed.into_iter().for_each(|call| chunk.mark(call, SentEvent::Listed));
    chunk
}

pub(super) fn status(id: Option<&str>, pbx: &PbxState, now: Instant) -> OutgoingChunk {
    let mut list = ListResponse::begin(id, "Channel status will follow");
    list.channels(pbx, now, |moment| &moment.items.status);
    let items = list.items.to_string();
    list.end("StatusComplete", &[("Items", &items)])
}

pub(super) fn queue_status(id: Option<&str>, pbx: &PbxState, now: Instant) -> OutgoingChunk {
    let mut list = ListResponse::begin(id, "Queue status will follow");
    let waiting =
        || pbx.active_calls(now).filter_map(|(call, moment)| Some((call, moment.items.entry.as_ref()?)));
    for item in queue_items(waiting().count()) {
        list.item(|out| out.extend_from_slice(item.as_bytes()));
    }
    for (index, (call, entry)) in waiting().enumerate() {
        list.item(|out| entry.render(&CallValues { position: index + 1, ..call }, out));
    }
    list.end("QueueStatusComplete", &[])
}

/// A list that is being written.
struct ListResponse<'a> {
    id: Option<&'a str>,
    chunk: OutgoingChunk,
    items: usize,
}

impl<'a> ListResponse<'a> {
    fn begin(id: Option<&'a str>, message: &str) -> Self {
        let chunk = response("Success", id, &[("EventList", "start"), ("Message", message)]);
        Self { id, chunk, items: 0 }
    }

    fn item(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.chunk.bytes);
        self.finish_item();
        self.items += 1;
    }

    fn channels(&mut self, pbx: &PbxState, now: Instant, items: impl Fn(&CallMoment) -> &Vec<Template>) {
        for (call, moment) in pbx.active_calls(now) {
            for item in items(moment) {
                self.item(|out| item.render(&call, out));
            }
        }
    }

    fn end(mut self, name: &str, more: &[(&str, &str)]) -> OutgoingChunk {
        let mut text = format!("Event: {name}\r\nEventList: Complete\r\nListItems: {}\r\n", self.items);
        for (name, value) in more {
            text.extend([name, ": ", value, "\r\n"]);
        }
        self.chunk.bytes.extend_from_slice(text.as_bytes());
        self.finish_item();
        self.chunk
    }

    fn finish_item(&mut self) {
        if let Some(id) = self.id {
            self.chunk.bytes.extend_from_slice(format!("ActionID: {id}\r\n").as_bytes());
        }
        self.chunk.bytes.extend_from_slice(b"\r\n");
    }
}
