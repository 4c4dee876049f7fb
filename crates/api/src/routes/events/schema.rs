//! `/events/schema`: the JSON Schema of call events.

use std::{collections::BTreeSet, sync::LazyLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use ringwire_event::CallEvent;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

/// Where OpenAPI has the schemas, and where JSON Schema does. OpenAPI 3.1 has the same language for both.
const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

/// A document with nothing but events.
#[derive(OpenApi)]
#[openapi(components(schemas(CallEvent)))]
struct Events;

static SCHEMA: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::to_value(Events::openapi()).unwrap_or_default();
    let mut schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut needed = BTreeSet::from(["CallEvent".to_owned()]);
    refer_to_definitions(&mut schemas, &mut needed);
    let definitions: Map<String, Value> = match schemas {
        Value::Object(schemas) => schemas.into_iter().filter(|(name, _)| needed.contains(name)).collect(),
        _ => Map::new(),
    };
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:ringwire:call-event:{}", CallEvent::VERSION),
        "title": "A call event of ringwire",
        "$ref": format!("{DEFINITIONS}CallEvent"),
        "$defs": definitions,
    });
    schema.to_string()
});

/// Has all references point to definitions, and notes which there are.
fn refer_to_definitions(value: &mut Value, needed: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(COMPONENTS).map(str::to_owned)
            {
                *reference = format!("{DEFINITIONS}{name}");
                needed.insert(name);
            }
            fields.values_mut().for_each(|value| refer_to_definitions(value, needed));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer_to_definitions(item, needed)),
        _ => {}
    }
}

/// The JSON Schema of call events
///
/// Its `$id` has the version of their JSON form. It grows when a field or an event is renamed or removed, not when one is
/// added.
#[utoipa::path(get, path = "/events/schema", tag = "now",
    responses((status = 200, description = "A JSON Schema (2020-12)", content_type = "application/schema+json", body = Object)))]
pub(super) async fn event_schema() -> Response {
    ([(header::CONTENT_TYPE, "application/schema+json")], SCHEMA.as_str()).into_response()
}
