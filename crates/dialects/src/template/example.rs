//! The examples of a dialect file: events, the requests that they give, and replies with what they mean.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ringwire_event::CallEvent;
use serde_json::{Map, Value as Json, json};

use super::{
    reader::{Item, Table},
    reply_rule::{VERDICTS, one_of},
    vocabulary::{EVENT_NAMES, is_event_field, object_keys},
};
use crate::user_map::UserMap;

/// The time of the first event of an example.
const START: &str = "2026-03-02T08:15:00Z";

/// One `[[example]]`.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) name: String,
    pub(super) line: usize,
    /// Values of settings, beside those of the file for all examples.
    pub(super) settings: BTreeMap<String, Json>,
    pub(super) users: UserMap,
    pub(super) steps: Vec<ExampleStep>,
}

/// One event of an example.
#[derive(Debug)]
pub(super) struct ExampleStep {
    pub(super) line: usize,
    pub(super) event: CallEvent,
    /// Whether it is sent without what disturbs people.
    pub(super) is_quiet: bool,
    pub(super) requests: Vec<ExpectedRequest>,
}

/// A request that is expected, and the reply to it.
#[derive(Debug)]
pub(super) struct ExpectedRequest {
    pub(super) line: usize,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) query: Map<String, Json>,
    /// Headers that it has among others.
    pub(super) headers: Map<String, Json>,
    pub(super) body: ExpectedBody,
    pub(super) reply: ExampleReply,
    /// What the reply means.
    pub(super) verdict: &'static str,
    /// What the reply asks of the PBX, as the debug form of its directives.
    pub(super) asks: Option<String>,
}

/// A body that is expected.
#[derive(Debug, PartialEq)]
pub(super) enum ExpectedBody {
    None,
    Json(Json),
    Form(Map<String, Json>),
    Text(String),
}

/// The reply of an example.
#[derive(Debug)]
pub(super) struct ExampleReply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Example {
    /// Reads one `[[example]]`.
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let name =
            table.required("name", "write what it shows, as `name = \"a missed call\"`").and_then(Item::text);
        let objects = |key: &'static str| table.get(key).map(|item| item.json()).unwrap_or_default();
        let settings = objects("settings").as_object().cloned().unwrap_or_default().into_iter().collect();
        let users = objects("users").as_object().cloned().unwrap_or_default().into_iter().collect();
        let call = table.get("call").map(|item| (item, item.json()));
        if let Some((item, _)) = &call {
            check_fields(item);
        }
        let call = call.map(|(_, json)| json).unwrap_or_default();
        let steps = table.tables("step");
        let steps: Vec<_> =
            steps.iter().enumerate().map(|(index, step)| ExampleStep::read(step, &call, index + 1)).collect();
        table.finish();
        Some(Self {
            name: name?.to_owned(),
            line: table.mistakes.line(table.at),
            settings,
            users,
            steps: steps.into_iter().collect::<Option<_>>()?,
        })
    }
}

impl ExampleStep {
    fn read(table: &Table<'_>, call: &Json, number: usize) -> Option<Self> {
        let item = table.required("event", "write `event = { event = \"newCall\", from = … }`");
        let event = item.and_then(|item| read_event(item, call, number));
        let is_quiet = table.boolean("quiet").unwrap_or_default();
        let requests: Vec<_> = table.tables("request").iter().map(ExpectedRequest::read).collect();
        table.finish();
        Some(Self {
            line: table.mistakes.line(table.at),
            event: event?,
            is_quiet,
            requests: requests.into_iter().collect::<Option<_>>()?,
        })
    }
}

impl ExpectedRequest {
    fn read(table: &Table<'_>) -> Option<Self> {
        let object = |key: &'static str| table.get(key).and_then(|item| item.json().as_object().cloned());
        let body = match (table.get("json"), object("form"), table.text("text")) {
            (Some(json), _, _) => ExpectedBody::Json(json.json()),
            (None, Some(form), _) => {
                ExpectedBody::Form(form.into_iter().map(|(name, value)| (name, as_texts(value))).collect())
            }
            (None, None, Some(text)) => ExpectedBody::Text(text.to_owned()),
            (None, None, None) => ExpectedBody::None,
        };
        let reply = table
            .table("reply")
            .map_or_else(|| Some(ExampleReply::default()), |reply| ExampleReply::read(&reply));
        let verdict = table.get("verdict").map_or(Some("delivered"), |item| one_of(item, &VERDICTS));
        let expected = Self {
            line: table.mistakes.line(table.at),
            method: table.text("method").unwrap_or("POST").to_owned(),
            url: table.text("url").unwrap_or_default().to_owned(),
            query: object("query")
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| (name, as_texts(value)))
                .collect(),
            headers: object("headers").unwrap_or_default(),
            body,
            reply: reply?,
            verdict: verdict?,
            asks: table.text("asks").map(str::to_owned),
        };
        table.finish();
        Some(expected)
    }
}

impl Default for ExampleReply {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: String::new() }
    }
}

impl ExampleReply {
    fn read(table: &Table<'_>) -> Option<Self> {
        let status = table.get("status").map_or(Some(200.0), Item::number)?;
        let body = match (table.get("json"), table.text("text")) {
            (Some(json), _) => json.json().to_string(),
            (None, text) => text.unwrap_or_default().to_owned(),
        };
        let headers = table.get("headers").map(|item| item.json()).unwrap_or_default();
        let headers = headers.as_object().cloned().unwrap_or_default();
        let headers = headers.into_iter().map(|(name, value)| (name, crate::request::value_text(&value)));
        let headers = headers.collect();
        table.finish();
        Some(Self { status: status as u16, headers, body })
    }
}

/// A value of a form or query as the text that is sent.
fn as_texts(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(as_texts).collect(),
        value => crate::request::value_text(&value).into(),
    }
}

/// The event at `item`, with the facts of its `call` and with what no example needs to say.
fn read_event(item: &Item<'_>, call: &Json, number: usize) -> Option<CallEvent> {
    check_fields(item);
    let given = item.json();
    let name = given.get("event").and_then(Json::as_str).unwrap_or_default();
    if !EVENT_NAMES.contains(&name) {
        item.wrong(format!("unknown event {name:?}"), format!("write one of {}", EVENT_NAMES.join(", ")));
        return None;
    }
    let start: Timestamp = START.parse().ok()?;
    let time = start.checked_add(SignedDuration::from_secs(number as i64 - 1)).ok()?;
    let mut event = json!({
        "id": format!("1772439300.17/{number}"), "call": "1772439300.17", "seq": number, "time": time.to_string(),
        "pbx": "main", "direction": "in", "from": "491761234567", "to": "4930300"
    });
    let fields = event.as_object_mut()?;
    for (name, value) in [call, &given].into_iter().filter_map(Json::as_object).flatten() {
        fields.insert(name.clone(), spelled_out(name, value));
    }
    match serde_json::from_value(event) {
        Ok(event) => Some(event),
        Err(error) => {
            item.wrong(
                format!("not an event: {error}"),
                "docs/events.md and docs/api.md show what events contain",
            );
            None
        }
    }
}

/// A user may be written `NAME <EXTENSION>`, or as the extension alone.
fn spelled_out(field: &str, value: &Json) -> Json {
    let user = |text: &str| {
        let (name, extension) = match text.split_once('<') {
            Some((name, extension)) => (Some(name.trim()), extension.trim_end_matches('>')),
            None => (None, text),
        };
        let mut user = json!({ "endpoint": format!("PJSIP/{extension}"), "extension": extension });
        if let (Some(name), Some(fields)) = (name, user.as_object_mut()) {
            fields.insert("name".to_owned(), name.into());
        }
        if let (true, Some(fields)) = (field == "answeredBy", user.as_object_mut()) {
            fields.insert("kind".to_owned(), "user".into());
        }
        user
    };
    match (field, value) {
        ("user" | "answeredBy", Json::String(text)) => user(text),
        ("users", Json::Array(users)) => {
            users.iter().map(|one| one.as_str().map_or_else(|| one.clone(), user)).collect()
        }
        _ => value.clone(),
    }
}

fn check_fields(item: &Item<'_>) {
    let Some(table) = item.table() else { return };
    for entry in table.entries() {
        let name = entry.key;
        if !is_event_field(name) && object_keys(name).is_none() && name != "users" {
            let what = format!("events have no field {name:?}");
            item.mistakes.add(entry.key_at, &item.path, what, "docs/template-dialects.md lists the fields");
        }
    }
}
