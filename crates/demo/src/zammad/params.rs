//! The parameters of a request, from JSON, a form or the query.

use serde_json::{Map, Value};

/// The parameters of a request: strings and lists of strings from a form or query, any value from JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestParams(pub Map<String, Value>);

impl RequestParams {
    /// Parses a form or the query of a URL. The last of several values is used; values named `name[]` form a list.
    #[must_use]
    pub fn from_form(encoded: &[u8]) -> Self {
        let mut params = Map::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            let value = Value::String(value.into_owned());
            match name.strip_suffix("[]") {
                Some(name) => match params.get_mut(name) {
                    Some(Value::Array(list)) => list.push(value),
                    _ => drop(params.insert(name.to_owned(), Value::Array(vec![value]))),
                },
                None => drop(params.insert(name.into_owned(), value)),
            }
        }
        Self(params)
    }

    /// Parses a JSON body; `None` if it is malformed. A value other than an object has no parameters.
    #[must_use]
    pub fn from_json(body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return Some(Self::default());
        }
        match serde_json::from_slice(body).ok()? {
            Value::Object(params) => Some(Self(params)),
            _ => Some(Self::default()),
        }
    }

    /// Adds the parameters of `query` that are missing here.
    #[must_use]
    pub fn with_query(mut self, query: Self) -> Self {
        for (name, value) in query.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// The value of `name`, if it was sent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The value of `name` as Zammad stores it: a list is joined, a number becomes its digits. `None` if it was not
    /// sent or is null.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(as_text)
    }

    /// The value of `name`, if it was sent as a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(as_text).collect::<Vec<_>>().join(", ")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(params: &RequestParams, expected: &Value) {
        assert_eq!(&Value::Object(params.0.clone()), expected);
    }

    #[test]
    fn a_form_has_strings_and_lists() {
        check(
            &RequestParams::from_form(b"event=newCall&user%5B%5D=user+1&user[]=user%202&to=1&to=2&cause="),
            &json!({"event": "newCall", "user": ["user 1", "user 2"], "to": "2", "cause": ""}),
        );
        check(&RequestParams::from_form(b""), &json!({}));
    }

    #[test]
    fn a_json_object_has_parameters_and_a_list_has_none() {
        check(
            &RequestParams::from_json(br#"{"from": 49, "user": ["a"]}"#).unwrap(),
            &json!({"from": 49, "user": ["a"]}),
        );
        check(&RequestParams::from_json(br#"[{"from": "49"}]"#).unwrap(), &json!({}));
        check(&RequestParams::from_json(b"").unwrap(), &json!({}));
        assert_eq!(RequestParams::from_json(b"{"), None);
    }

    #[test]
    fn the_query_adds_parameters_missing_from_the_body() {
        let params = RequestParams::from_form(b"event=answer")
            .with_query(RequestParams::from_form(b"event=newCall&from=1"));
        check(&params, &json!({"event": "answer", "from": "1"}));
    }

    #[test]
    fn a_value_is_stored_as_text() {
        let params =
            RequestParams::from_json(br#"{"a": "x", "b": 5, "c": null, "d": ["x", "y"], "e": []}"#).unwrap();
        let stored = |name| params.text(name);
        assert_eq!(
            ["a", "b", "c", "d", "e", "f"].map(stored),
            [Some("x".into()), Some("5".into()), None, Some("x, y".into()), Some(String::new()), None]
        );
    }
}
