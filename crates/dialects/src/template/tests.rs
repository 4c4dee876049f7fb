//! Dialect files: what they send, what replies mean, and what is wrong in them.

mod mistakes;
mod requests;
mod shipped;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use ringwire_event::CallEvent;
use serde_json::{Value as Json, json};

use super::{TemplateDialect, TemplateFile};
use crate::{
    dialect::Dialect,
    memory::{CallMemory, DeliveryProgress},
    request::TargetRequest,
    step::{DeliveryStep, StepContext, StepError},
    user_map::UserMap,
};

/// The dialect in `text`, whose settings are all at their example values.
#[track_caller]
fn dialect(text: &str) -> TemplateDialect {
    let file = TemplateFile::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let settings = file.example_settings();
    TemplateDialect::new(Arc::new(file), &settings).unwrap()
}

/// A dialect that posts `body` for each newCall.
#[track_caller]
fn with_body(body: &str) -> TemplateDialect {
    dialect(&format!("name = \"test\"\n[[on.newCall]]\n{body}\n"))
}

/// An event of one call, with `fields` beside those that all have.
fn event(fields: Json) -> CallEvent {
    let mut event = json!({
        "id": "1.0/1", "event": "newCall", "call": "1.0", "seq": 1, "time": "2026-03-02T08:15:00.5Z", "pbx": "main",
        "direction": "in", "from": "491761234567", "to": "4930300"
    });
    let all = event.as_object_mut().unwrap();
    let Json::Object(fields) = fields else { panic!("no fields") };
    all.extend(fields);
    serde_json::from_value(event).unwrap()
}

fn new_call() -> CallEvent {
    event(json!({ "users": [
        { "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice Adams" },
        { "endpoint": "PJSIP/bob", "extension": "102" }
    ] }))
}

fn hangup() -> CallEvent {
    event(json!({ "id": "1.0/2", "seq": 2, "event": "hangup", "cause": "cancel" }))
}

/// What is known while the events of one call are delivered.
#[derive(Default)]
struct Known {
    memory: CallMemory,
    progress: DeliveryProgress,
    users: UserMap,
    is_quiet: bool,
}

impl Known {
    fn next(&self, dialect: &TemplateDialect, event: &CallEvent) -> Result<Option<DeliveryStep>, StepError> {
        let Self { memory, progress, users, is_quiet } = self;
        dialect.next_step(event, &StepContext { memory, progress, users, is_quiet: *is_quiet })
    }
}

#[track_caller]
fn first(dialect: &TemplateDialect, event: &CallEvent) -> TargetRequest {
    Known::default().next(dialect, event).unwrap().unwrap().request
}

fn settings(values: Json) -> BTreeMap<String, Json> {
    let Json::Object(values) = values else { panic!("no settings") };
    values.into_iter().collect()
}
