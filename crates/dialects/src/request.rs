//! The request that reports an event to a target.

use std::fmt::Write as _;

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

/// One HTTP request.
///
/// The body contains the caller's number: never log it above the debug level.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRequest {
    /// The method, in capitals.
    pub method: String,
    /// Where it goes.
    pub url: RequestUrl,
    /// What is added to the URL's query, not encoded yet.
    pub query: Vec<(String, String)>,
    /// Headers. A `Content-Type` among them stands in place of that of the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: RequestBody,
}

/// Where a request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestUrl {
    /// To the target's own URL.
    #[default]
    Own,
    /// To a path below the target's own URL, encoded, without a slash at the beginning.
    Below(String),
    /// To this URL, encoded.
    Absolute(String),
}

/// The body of a request, and how it is encoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RequestBody {
    /// None, and no `Content-Type`.
    #[default]
    None,
    /// JSON, its fields in order.
    Json(Value),
    /// A URL-encoded form, its fields in order; a list is a repeated `name[]`.
    Form(Vec<(String, String)>),
    /// Any other text.
    Text {
        /// The value of the `Content-Type` header.
        content_type: String,
        /// The text.
        text: String,
    },
}

impl Default for TargetRequest {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            url: RequestUrl::Own,
            query: Vec::new(),
            headers: Vec::new(),
            body: RequestBody::None,
        }
    }
}

impl TargetRequest {
    /// The whole URL, for a target whose own is `own`. A fragment is left out, and a query in `own` is kept.
    #[must_use]
    pub fn full_url(&self, own: &str) -> String {
        let own = own.split('#').next().unwrap_or_default();
        let (address, query) = own.split_once('?').map_or((own, ""), |(address, query)| (address, query));
        let (mut url, mut query) = match &self.url {
            RequestUrl::Own => (address.to_owned(), query.to_owned()),
            RequestUrl::Below(path) => {
                let (path, more) = path.split_once('?').unwrap_or((path, ""));
                let joined = [query, more].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
                (format!("{}/{path}", address.trim_end_matches('/')), joined.join("&"))
            }
            RequestUrl::Absolute(url) => {
                let (address, query) = url.split_once('?').unwrap_or((url, ""));
                (address.to_owned(), query.to_owned())
            }
        };
        if !self.query.is_empty() {
            let added = Serializer::new(String::new()).extend_pairs(&self.query).finish();
            let _ = write!(query, "{}{added}", if query.is_empty() { "" } else { "&" });
        }
        if !query.is_empty() {
            let _ = write!(url, "?{query}");
        }
        url
    }

    /// The value of the `Content-Type` header: that of the request's own, else that of its body.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let own = self.headers.iter().find(|(name, _)| is_content_type(name));
        own.map(|(_, value)| value.as_str()).or(self.body.content_type())
    }

    /// The headers beside `Content-Type`.
    pub fn other_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self.headers.iter().filter(|(name, _)| !is_content_type(name));
        others.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What a person is shown of it: the method, the path below the target's URL where that is not all, and the fields.
    #[must_use]
    pub fn shown(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        if self.method != "POST" {
            shown.insert("method".to_owned(), self.method.as_str().into());
        }
        if self.url != RequestUrl::Own || !self.query.is_empty() {
            shown.insert("url".to_owned(), self.full_url("<url>").into());
        }
        if !matches!(&self.body, RequestBody::Json(Value::Object(_)) | RequestBody::Form(_))
            || shown.is_empty()
        {
            shown.extend(self.body.fields());
        } else {
            shown.insert("body".to_owned(), self.body.fields().into());
        }
        shown
    }
}

impl RequestBody {
    /// The fields, in the order in which they are sent; what has no fields is one field called `body`.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let whole = |value: Value| Map::from_iter([("body".to_owned(), value)]);
        match self {
            Self::None => Map::new(),
            Self::Json(Value::Object(fields)) => fields.clone(),
            Self::Json(value) => whole(value.clone()),
            Self::Form(pairs) => form_fields(pairs),
            Self::Text { text, .. } => whole(text.as_str().into()),
        }
    }

    /// The value of the `Content-Type` header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Text { content_type, .. } => Some(content_type),
        }
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Form(pairs) => Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes(),
            Self::Text { text, .. } => text.clone().into_bytes(),
        }
    }

    /// A form of `fields`: a list is one `name[]` per item, and a null is left out.
    #[must_use]
    pub fn form(fields: &Map<String, Value>) -> Self {
        let mut pairs = Vec::new();
        for (name, value) in fields {
            match value {
                Value::Null => {}
                Value::Array(items) => {
                    let name = format!("{name}[]");
                    pairs.extend(items.iter().map(|item| (name.clone(), value_text(item))));
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    pairs.push((name.clone(), value_text(value)));
                }
            }
        }
        Self::Form(pairs)
    }
}

fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

/// The fields of a form, with what is repeated as a list.
fn form_fields(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        let value = Value::from(value.as_str());
        match name.strip_suffix("[]") {
            Some(name) => match fields.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(value),
                other => *other = value,
            },
            None => {
                fields.insert(name.clone(), value);
            }
        }
    }
    fields
}

/// The text of a value: a string as it is, anything else as JSON.
pub(crate) fn value_text(value: &Value) -> String {
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
        let text = String::from_utf8(body.encode()).unwrap();
        assert_eq!((body.content_type(), text.as_str()), (Some(content_type), expected));
    }

    #[test]
    fn json_keeps_the_order_of_the_fields() {
        check(
            &RequestBody::Json(json!({"z": "1", "a": ["ä", "\""]})),
            "application/json",
            r#"{"z":"1","a":["ä","\""]}"#,
        );
    }

    #[test]
    fn a_form_repeats_lists_and_escapes_values() {
        let body =
            fields(json!({"event": "newCall", "user": ["Carol Çelik", "a&b=c+d"], "none": null, "n": 1}));
        let form = RequestBody::form(&body);
        check(
            &form,
            "application/x-www-form-urlencoded",
            "event=newCall&user%5B%5D=Carol+%C3%87elik&user%5B%5D=a%26b%3Dc%2Bd&n=1",
        );
        let shown = json!({"event": "newCall", "user": ["Carol Çelik", "a&b=c+d"], "n": "1"});
        assert_eq!(Value::Object(form.fields()), shown);
    }

    #[test]
    fn no_fields_give_an_empty_body() {
        check(&RequestBody::Json(json!({})), "application/json", "{}");
        check(&RequestBody::Form(Vec::new()), "application/x-www-form-urlencoded", "");
        assert_eq!((RequestBody::None.content_type(), RequestBody::None.encode()), (None, Vec::new()));
    }

    #[test]
    fn a_url_is_the_targets_own_or_below_it_or_another() {
        let url = |url: RequestUrl, query: &[(&str, &str)], own: &str| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            TargetRequest { url, query, ..TargetRequest::default() }.full_url(own)
        };
        let below = |path: &str| RequestUrl::Below(path.to_owned());
        assert_eq!(url(RequestUrl::Own, &[], "https://h/a?k=1#x"), "https://h/a?k=1");
        assert_eq!(url(RequestUrl::Own, &[("n", "+49 1")], "https://h/a?k=1"), "https://h/a?k=1&n=%2B49+1");
        assert_eq!(url(below("b/c"), &[("n", "1")], "https://h/a/?k=1"), "https://h/a/b/c?k=1&n=1");
        assert_eq!(url(below("b?x=y"), &[], "https://h"), "https://h/b?x=y");
        let other = RequestUrl::Absolute("https://other/x".to_owned());
        assert_eq!(url(other, &[("n", "1")], "https://h/a?k=1"), "https://other/x?n=1");
    }

    #[test]
    fn a_content_type_of_its_own_replaces_that_of_the_body() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = TargetRequest {
            headers: vec![header("content-Type", "application/cloudevents+json"), header("Accept", "*/*")],
            body: RequestBody::Json(json!({})),
            ..TargetRequest::default()
        };
        assert_eq!(request.content_type(), Some("application/cloudevents+json"));
        assert_eq!(request.other_headers().collect::<Vec<_>>(), [("Accept", "*/*")]);
    }
}
