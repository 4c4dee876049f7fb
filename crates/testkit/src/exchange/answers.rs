//! What the exchange answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::channels::queue;
use super::clients::Chunk;
use super::ledger::What;
use super::lifecycle::Moment;
use super::switchboard::Switchboard;
use super::template::{Filling, Template};

/// A response with these headers behind the `ActionID`.
pub(super) fn response(kind: &str, id: Option<&str>, headers: &[(&str, &str)]) -> Chunk {
    let mut text = format!("Response: {kind}\r\n");
    let id = id.map(|id| ("ActionID", id));
    for (name, value) in id.iter().chain(headers) {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    Chunk { bytes: text.into_bytes(), marks: Vec::new() }
}

pub(super) fn core_settings(id: Option<&str>) -> Chunk {
    let settings = [("AMIversion", "11.0.0"), ("AsteriskVersion", "22.0.0"), ("SystemName", "pbx1")];
    response("Success", id, &settings)
}

pub(super) fn core_status(id: Option<&str>, board: &Switchboard) -> Chunk {
    let started = Timestamp::from_second(board.epoch()).unwrap_or_default().to_zoned(TimeZone::UTC);
    let (date, time) = (started.strftime("%Y-%m-%d").to_string(), started.strftime("%H:%M:%S").to_string());
    let calls = board.living().to_string();
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

/// The event behind a login.
pub(super) fn fully_booted(board: &Switchboard, now: Instant) -> String {
    let uptime = board.uptime(now).as_secs();
    format!(
        "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: {uptime}\r\nLastReload: {uptime}\r\n\
         Status: Fully Booted\r\n\r\n"
    )
}

pub(super) fn core_show_channels(id: Option<&str>, board: &Switchboard, now: Instant) -> Chunk {
    let mut list = List::begin(id, "Channels will follow");
    list.channels(board, now, |moment| &moment.items.core);
    let listed: Vec<_> = board
        .calls(now)
        .filter(|(_, moment)| !moment.items.core.is_empty())
        .map(|(call, _)| call.call)
        .collect();
    let mut chunk = list.end("CoreShowChannelsComplete", &[]);
    listed.into_iter().for_each(|call| chunk.mark(call, What::Listed));
    chunk
}

pub(super) fn status(id: Option<&str>, board: &Switchboard, now: Instant) -> Chunk {
    let mut list = List::begin(id, "Channel status will follow");
    list.channels(board, now, |moment| &moment.items.status);
    let items = list.items.to_string();
    list.end("StatusComplete", &[("Items", &items)])
}

pub(super) fn queue_status(id: Option<&str>, board: &Switchboard, now: Instant) -> Chunk {
    let mut list = List::begin(id, "Queue status will follow");
    let waiting = || board.calls(now).filter_map(|(call, moment)| Some((call, moment.items.entry.as_ref()?)));
    for item in queue(waiting().count()) {
        list.item(|out| out.extend_from_slice(item.as_bytes()));
    }
    for (place, (call, entry)) in waiting().enumerate() {
        list.item(|out| entry.fill(&Filling { position: place + 1, ..call }, out));
    }
    list.end("QueueStatusComplete", &[])
}

/// A list that is being written.
struct List<'a> {
    id: Option<&'a str>,
    chunk: Chunk,
    items: usize,
}

impl<'a> List<'a> {
    fn begin(id: Option<&'a str>, message: &str) -> Self {
        let chunk = response("Success", id, &[("EventList", "start"), ("Message", message)]);
        Self { id, chunk, items: 0 }
    }

    fn item(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.chunk.bytes);
        self.finish_item();
        self.items += 1;
    }

    fn channels(&mut self, board: &Switchboard, now: Instant, items: impl Fn(&Moment) -> &Vec<Template>) {
        for (call, moment) in board.calls(now) {
            for item in items(moment) {
                self.item(|out| item.fill(&call, out));
            }
        }
    }

    fn end(mut self, name: &str, more: &[(&str, &str)]) -> Chunk {
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
