//! Finds things in a reply.

use regex::Regex;
use serde_json::Value;

use super::reader::{Item, Table};
use crate::{reply::TargetReply, request::value_text};

/// Where in a reply something is.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    place: SelectorPlace,
    /// What the text there must match; its first group, where it has one, is what is found.
    pattern: Option<Regex>,
}

#[derive(Clone, Debug)]
enum SelectorPlace {
    Body,
    Json(String),
    Xml(Vec<String>, Option<String>),
    Header(String),
}

impl Selector {
    /// Reads the keys `json`, `xml`, `header` and `matches` of `table`; `None` where it has none of them.
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let places: Vec<_> =
            [table.get("json"), table.get("xml"), table.get("header")].into_iter().flatten().collect();
        if let [_, second, ..] = places.as_slice() {
            second.wrong("a second place in the reply", "keep one of json, xml and header");
        }
        let place = match places.first() {
            Some(item) => {
                let text = item.text()?;
                match item.key {
                    "json" => SelectorPlace::Json(pointer(item, text)?),
                    "xml" => xml_path(item, text)?,
                    _ => SelectorPlace::Header(text.to_owned()),
                }
            }
            None => SelectorPlace::Body,
        };
        let pattern = table.get("matches").and_then(pattern);
        let is_given = !places.is_empty() || pattern.is_some();
        is_given.then_some(Self { place, pattern })
    }

    /// What is found in `reply`; a text that matches a pattern is a string.
    pub(super) fn find(&self, reply: &TargetReply<'_>, body: &ReplyBody) -> Option<Value> {
        let found = match &self.place {
            SelectorPlace::Body => Value::from(String::from_utf8_lossy(reply.body)),
            SelectorPlace::Json(pointer) => {
                body.json(reply)?.pointer(pointer).filter(|value| !value.is_null())?.clone()
            }
            SelectorPlace::Xml(path, attribute) => find_xml(reply.body, path, attribute.as_deref())?.into(),
            SelectorPlace::Header(name) => {
                let header = reply.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
                header.map(|(_, value)| Value::from(value.as_str()))?
            }
        };
        let Some(pattern) = &self.pattern else { return Some(found) };
        let text = value_text(&found);
        let captures = pattern.captures(&text)?;
        let matched = captures.get(1).or(captures.get(0))?;
        Some(matched.as_str().into())
    }

    /// A description of what was expected, without anything of a reply.
    pub(super) fn describe(&self) -> String {
        match &self.place {
            SelectorPlace::Body => "the text that is captured".to_owned(),
            SelectorPlace::Json(pointer) => format!("{pointer} in JSON"),
            SelectorPlace::Xml(path, attribute) => {
                let attribute = attribute.as_deref().map(|name| format!("/@{name}")).unwrap_or_default();
                format!("/{}{attribute} in XML", path.join("/"))
            }
            SelectorPlace::Header(name) => format!("the header {name}"),
        }
    }
}

/// The body of a reply, which is parsed once, and only if something in it is asked for.
#[derive(Default)]
pub(super) struct ReplyBody(std::cell::OnceCell<Option<Value>>);

impl ReplyBody {
    fn json(&self, reply: &TargetReply<'_>) -> Option<&Value> {
        self.0.get_or_init(|| serde_json::from_slice(reply.body).ok()).as_ref()
    }
}

/// Checks a JSON pointer.
pub(super) fn pointer(item: &Item<'_>, text: &str) -> Option<String> {
    if text.is_empty() || text.starts_with('/') {
        return Some(text.to_owned());
    }
    item.wrong(
        format!("{text:?} is not a JSON pointer"),
        format!("write \"/{}\"", text.trim_start_matches("$.").replace('.', "/")),
    );
    None
}

/// Compiles a regular expression.
pub(super) fn pattern(item: &Item<'_>) -> Option<Regex> {
    match Regex::new(item.text()?) {
        Ok(pattern) => Some(pattern),
        Err(_) => {
            item.wrong(
                "invalid regular expression",
                "write a regular expression as in `docs.rs/regex`, in single quotes; `\\.` stands for a point",
            );
            None
        }
    }
}

fn xml_path(item: &Item<'_>, text: &str) -> Option<SelectorPlace> {
    let mut parts: Vec<String> =
        text.strip_prefix('/').unwrap_or_default().split('/').map(str::to_owned).collect();
    let attribute =
        parts.pop_if(|last| last.starts_with('@')).map(|name| name.trim_start_matches('@').to_owned());
    if parts.is_empty() || parts.iter().any(String::is_empty) {
        item.wrong(
            format!("{text:?} is not a path in XML"),
            "write \"/Element/Child\" or \"/Element/@attribute\"",
        );
        return None;
    }
    Some(SelectorPlace::Xml(parts, attribute))
}

/// The text of the first element at `path`, or its `attribute`.
fn find_xml(body: &[u8], path: &[String], attribute: Option<&str>) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let mut nodes = vec![document.root()];
    for name in path {
        nodes = nodes
            .iter()
            .flat_map(|node| {
                node.children().filter(|child| child.is_element() && child.tag_name().name() == name)
            })
            .collect();
    }
    match attribute {
        Some(attribute) => nodes.iter().find_map(|node| node.attribute(attribute)).map(str::to_owned),
        None => {
            let node = nodes.first()?;
            let texts = node.descendants().filter(|node| node.is_text());
            Some(texts.filter_map(|node| node.text()).collect::<String>().trim().to_owned())
        }
    }
}
