//! The parameters of a request, however they came.

use serde_json::{Map, Value};

/// The parameters of a request: strings and lists of them from a form or query, anything from JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(pub Map<String, Value>);

impl Params {
    /// The parameters in `encoded`, a form or the query of an address. The last of several values counts;
    /// those named `name[]` are a list.
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

    /// The parameters in a JSON body; `None` where it is malformed. A list, say, has none.
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

    /// These, and those of `query` that are not among them.
    #[must_use]
    pub fn or(mut self, query: Self) -> Self {
        for (name, value) in query.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// What was sent as `name`, if it was.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// `name` as it is stored: a list joined, a number as its digits; `None` where it was not sent or is null.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(as_text)
    }

    /// `name`, if it was sent as a string.
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
    fn check(params: &Params, expected: &Value) {
        assert_eq!(&Value::Object(params.0.clone()), expected);
    }

    #[test]
    fn a_form_has_strings_and_lists() {
        check(
            &Params::from_form(b"event=newCall&user%5B%5D=user+1&user[]=user%202&to=1&to=2&cause="),
            &json!({"event": "newCall", "user": ["user 1", "user 2"], "to": "2", "cause": ""}),
        );
        check(&Params::from_form(b""), &json!({}));
    }

    #[test]
    fn json_has_what_it_has_and_a_list_has_nothing() {
        check(
            &Params::from_json(br#"{"from": 49, "user": ["a"]}"#).unwrap(),
            &json!({"from": 49, "user": ["a"]}),
        );
        check(&Params::from_json(br#"[{"from": "49"}]"#).unwrap(), &json!({}));
        check(&Params::from_json(b"").unwrap(), &json!({}));
        assert_eq!(Params::from_json(b"{"), None);
    }

    #[test]
    fn the_query_counts_where_the_body_is_silent() {
        let params = Params::from_form(b"event=answer").or(Params::from_form(b"event=newCall&from=1"));
        check(&params, &json!({"event": "answer", "from": "1"}));
    }

    #[test]
    fn a_value_is_stored_as_text() {
        let params =
            Params::from_json(br#"{"a": "x", "b": 5, "c": null, "d": ["x", "y"], "e": []}"#).unwrap();
        let stored = |name| params.text(name);
        assert_eq!(
            ["a", "b", "c", "d", "e", "f"].map(stored),
            [Some("x".into()), Some("5".into()), None, Some("x, y".into()), Some(String::new()), None]
        );
    }
}
