//! The request that reports an event to a target.

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

/// One HTTP request without its URL.
///
/// The body contains the caller's number: never log it above the debug level.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRequest {
    /// The method, in capitals.
    pub method: &'static str,
    /// Headers, without the `Content-Type`, which comes with the body ([`RequestBody::encode`]).
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: RequestBody,
}

/// The body of a request: its fields in order, and how they are encoded.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestBody {
    /// One JSON object, its fields in order.
    Json(Map<String, Value>),
    /// A URL-encoded form; a list is a repeated `name[]`.
    Form(Map<String, Value>),
}

impl RequestBody {
    /// The fields, in the order in which they are sent.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        match self {
            Self::Json(fields) | Self::Form(fields) => fields,
        }
    }

    /// The value of the `Content-Type` header, and the bytes to send.
    #[must_use]
    pub fn encode(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Json(fields) => {
                let mut bytes = Vec::new();
                #[expect(clippy::expect_used, reason = "string keys, and a Vec takes every write")]
                serde_json::to_writer(&mut bytes, fields).expect("a JSON map can be written to memory");
                ("application/json", bytes)
            }
            Self::Form(fields) => ("application/x-www-form-urlencoded", encode_form(fields).into_bytes()),
        }
    }
}

/// Encodes `fields` as a form: a list as one `name[]` per item, a null not at all.
fn encode_form(fields: &Map<String, Value>) -> String {
    let mut form = Serializer::new(String::new());
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                let name = format!("{name}[]");
                for item in items {
                    form.append_pair(&name, &value_text(item));
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                form.append_pair(name, &value_text(value));
            }
        }
    }
    form.finish()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            _ => panic!("not an object"),
        }
    }

    #[track_caller]
    fn check(body: &RequestBody, content_type: &str, expected: &str) {
        let (got_type, bytes) = body.encode();
        assert_eq!((got_type, String::from_utf8(bytes).unwrap().as_str()), (content_type, expected));
    }

    #[test]
    fn json_keeps_the_order_of_the_fields() {
        check(
            &RequestBody::Json(fields(json!({"z": "1", "a": ["ä", "\""]}))),
            "application/json",
            r#"{"z":"1","a":["ä","\""]}"#,
        );
    }

    #[test]
    fn a_form_repeats_lists_and_escapes_values() {
        let body =
            fields(json!({"event": "newCall", "user": ["Carol Çelik", "a&b=c+d"], "none": null, "n": 1}));
        check(
            &RequestBody::Form(body),
            "application/x-www-form-urlencoded",
            "event=newCall&user%5B%5D=Carol+%C3%87elik&user%5B%5D=a%26b%3Dc%2Bd&n=1",
        );
    }

    #[test]
    fn no_fields_give_an_empty_body() {
        check(&RequestBody::Json(Map::new()), "application/json", "{}");
        check(&RequestBody::Form(Map::new()), "application/x-www-form-urlencoded", "");
    }
}
