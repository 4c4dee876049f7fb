//! What expressions see of an event.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use ringwire_event::{CallEvent, EventKind, Party};
use serde_json::{Map, Value as Json};

use super::vocabulary::{LEG_KEYS, PARTY_KEYS, is_event_field, object_keys};
use crate::{memory::CallMemory, user_map::UserMap};

/// What the expressions of one request see.
#[derive(Clone, Debug)]
pub(super) struct EventScope {
    event: Arc<ScopedEvent>,
    settings: Value,
    captures: Value,
    user: Option<Value>,
    user_map: Value,
    is_quiet: bool,
}

/// An event, and its JSON form once something asks for it that few dialects do.
#[derive(Debug)]
struct ScopedEvent {
    event: CallEvent,
    json: OnceLock<Map<String, Json>>,
    users: OnceLock<Vec<Json>>,
}

impl ScopedEvent {
    fn json(&self) -> &Map<String, Json> {
        self.json.get_or_init(|| match serde_json::to_value(&self.event) {
            Ok(Json::Object(fields)) => fields,
            _ => Map::new(),
        })
    }

    /// The field called `name`; `None` where only the JSON form has it.
    fn plain_field(&self, name: &str) -> Option<Value> {
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| Value::from(()), Value::from);
        let number = |number: Option<u32>| number.map_or_else(|| Value::from(()), Value::from);
        let (event, facts) = (&self.event, &self.event.facts);
        Some(match name {
            "id" => Value::from(event.id.as_str()),
            "event" => Value::from(event.kind.name()),
            "call" => Value::from(event.call.as_str()),
            "direction" => Value::from(event.direction.as_str()),
            "from" => Value::from(event.from.as_str()),
            "fromName" => text(&event.from_name),
            "to" => Value::from(event.to.as_str()),
            "queue" => text(&event.queue),
            "trunk" => text(&event.trunk),
            "recovered" => Value::from(event.recovered),
            "recording" => text(&facts.recording),
            "talkSeconds" => number(facts.talk_seconds),
            "cause" => match &event.kind {
                EventKind::Hangup { cause, .. } => Value::from(cause.as_str()),
                _ => Value::from(()),
            },
            "answeredBy" => match &event.kind {
                EventKind::Answer { answered_by }
                | EventKind::Hangup { answered_by: Some(answered_by), .. } => Value::from_object(Fields {
                    json: serde_json::to_value(answered_by).unwrap_or_default(),
                    keys: &PARTY_KEYS,
                }),
                _ => Value::from_object(Absent(&PARTY_KEYS)),
            },
            _ => return None,
        })
    }

    /// The users whom the event is about, each once.
    fn users(&self) -> &[Json] {
        self.users.get_or_init(|| {
            let one = |party: &Party| serde_json::to_value(party).unwrap_or_default();
            let mut users: Vec<Json> = match &self.event.kind {
                EventKind::NewCall { users } => users.iter().map(one).collect(),
                EventKind::Answer { answered_by }
                | EventKind::Hangup { answered_by: Some(answered_by), .. } => {
                    answered_by.user().map(one).into_iter().collect()
                }
                EventKind::Ringing { user } => vec![one(user)],
                _ => self.json().get("user").cloned().into_iter().collect(),
            };
            let mut seen = Vec::new();
            users.retain(|user| {
                let endpoint = user.get("endpoint").cloned();
                let is_new = !seen.contains(&endpoint);
                seen.push(endpoint);
                is_new
            });
            users
        })
    }
}

impl EventScope {
    /// The scope of `event`, in which no user has a request of its own.
    pub(super) fn new(
        event: &CallEvent,
        settings: &Value,
        memory: &CallMemory,
        users: UserMapObject,
        is_quiet: bool,
    ) -> Self {
        let event = ScopedEvent { event: event.clone(), json: OnceLock::new(), users: OnceLock::new() };
        Self {
            event: Arc::new(event),
            settings: settings.clone(),
            captures: captures(memory, None),
            user: None,
            user_map: Value::from_object(users),
            is_quiet,
        }
    }

    /// The same scope where `memory` is known.
    pub(super) fn with_memory(&self, memory: &CallMemory) -> Self {
        Self { captures: captures(memory, None), ..self.clone() }
    }

    /// The same scope for a request of the user at `endpoint`, who is one of [`EventScope::users`].
    pub(super) fn for_user(&self, user: &Json, endpoint: &str, memory: &CallMemory) -> Self {
        let user = Some(fields_value(user, &PARTY_KEYS));
        Self { captures: captures(memory, Some(endpoint)), user, ..self.clone() }
    }

    /// The users whom the event is about: those whose phones ring, who answered, who holds …, each once.
    pub(super) fn users(&self) -> &[Json] {
        self.event.users()
    }
}

impl Object for EventScope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if let Some(field) = self.event.plain_field(key) {
            return Some(field);
        }
        match key {
            "settings" => return Some(self.settings.clone()),
            "captures" => return Some(self.captures.clone()),
            "quiet" => return Some(self.is_quiet.into()),
            "null" => return Some(Value::from_object(JsonNull)),
            "callEvent" => return Some(fields_value(&Json::Object(self.event.json().clone()), &[])),
            USER_MAP => return Some(self.user_map.clone()),
            "users" => {
                return Some(self.users().iter().map(|user| fields_value(user, &PARTY_KEYS)).collect());
            }
            "user" if self.user.is_some() => return self.user.clone(),
            key if !is_event_field(key) && object_keys(key).is_none() => return None,
            _ => {}
        }
        match (self.event.json().get(key), object_keys(key)) {
            (Some(object), Some(keys)) => Some(fields_value(object, keys)),
            (None, Some(keys)) => Some(Value::from_object(Absent(keys))),
            (Some(value), None) => Some(json_value(value)),
            (None, None) => Some(Value::from(())),
        }
    }
}

/// The name by which functions find the [`UserMapObject`]; no expression can write it.
pub(super) const USER_MAP: &str = " user map";

/// The ids of users at the target, and by which of their fields they are found.
#[derive(Clone, Debug)]
pub(super) struct UserMapObject {
    pub(super) map: UserMap,
    pub(super) by: &'static str,
}

impl Object for UserMapObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// A JSON null; a `none` is left out.
#[derive(Debug)]
pub(super) struct JsonNull;

impl Object for JsonNull {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}

/// An object that an event does not have; each of its fields is none.
#[derive(Debug)]
pub(super) struct Absent(&'static [&'static str]);

impl Object for Absent {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.contains(&key.as_str()?).then(|| Value::from(()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}

/// An object of an event; those of its fields that are absent are none.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) json: Json,
    keys: &'static [&'static str],
}

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        match self.json.get(key) {
            Some(value) => Some(json_value(value)),
            None => self.keys.contains(&key).then(|| Value::from(())),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let keys = self.json.as_object().into_iter().flat_map(Map::keys);
        Enumerator::Values(keys.map(|key| Value::from(key.as_str())).collect())
    }
}

/// The captures that are known, those of the user at `endpoint` before those of the call; the others are none.
fn captures(memory: &CallMemory, endpoint: Option<&str>) -> Value {
    let mut known = BTreeMap::new();
    for (key, value) in memory.iter() {
        match key.split_once('@') {
            None => {
                known.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
            Some((name, of)) if Some(of) == endpoint => {
                known.insert(name.to_owned(), value.clone());
            }
            Some(_) => {}
        }
    }
    Value::from_object(Captures(known))
}

#[derive(Debug)]
struct Captures(BTreeMap<String, Json>);

impl Object for Captures {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.0.get(key.as_str()?).map_or_else(|| Value::from(()), json_value))
    }
}

fn fields_value(json: &Json, keys: &'static [&'static str]) -> Value {
    Value::from_object(Fields { json: json.clone(), keys })
}

/// A value of the public JSON as expressions see it.
pub(super) fn json_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(boolean) => Value::from(*boolean),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::from(integer),
            (None, Some(float)) => Value::from(float),
            (None, None) => Value::from(number.to_string()),
        },
        Json::Array(items) => items.iter().map(json_value).collect(),
        Json::Object(fields) => {
            let keys: &'static [&'static str] = if fields.contains_key("endpoint") {
                &PARTY_KEYS
            } else if fields.contains_key("uniqueid") {
                &LEG_KEYS
            } else {
                &[]
            };
            fields_value(json, keys)
        }
    }
}

/// A result as JSON; `None` where it is none and is left out.
pub(super) fn to_json(value: &Value) -> Option<Json> {
    use minijinja::value::ValueKind;
    if value.downcast_object_ref::<JsonNull>().is_some() {
        return Some(Json::Null);
    }
    if value.downcast_object_ref::<Absent>().is_some() {
        return None;
    }
    if let Some(fields) = value.downcast_object_ref::<Fields>() {
        return Some(fields.json.clone());
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(value.is_true().into()),
        ValueKind::String => Some(value.as_str().unwrap_or_default().into()),
        ValueKind::Seq | ValueKind::Iterable => {
            Some(value.try_iter().ok()?.filter_map(|item| to_json(&item)).collect())
        }
        _ => serde_json::to_value(value).ok(),
    }
}

/// A result as text; `None` where it is none.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value.as_str() {
        Some(text) => Some(text.to_owned()),
        None => to_json(value).map(|json| crate::request::value_text(&json)),
    }
}
