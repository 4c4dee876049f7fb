//! The body of a request, with its templates.

use minijinja::value::Value;
use serde_json::{Map, Value as Json};
use toml::de::DeValue;

use super::{
    expression::Template,
    reader::{Item, Table},
    scope::{to_json, to_text},
    vocabulary::NameScope,
};
use crate::request::RequestBody;

/// The media type of a text where the file names none.
const TEXT: &str = "text/plain; charset=utf-8";

/// The body of a request.
#[derive(Debug)]
pub(super) enum BodyTemplate {
    None,
    Json(JsonTemplate),
    Form(PairsTemplate),
    Text { content_type: String, text: Template },
}

/// A JSON value whose texts are templates.
#[derive(Debug)]
pub(super) enum JsonTemplate {
    Plain(Json),
    Template(Template),
    List(Vec<JsonTemplate>),
    Object(Vec<(String, JsonTemplate)>),
}

/// Names and values, as of a form, a query or headers: a list repeats its name.
#[derive(Debug, Default)]
pub(super) struct PairsTemplate(Vec<(String, JsonTemplate)>);

impl BodyTemplate {
    /// Reads `json`, `form` or `text` of a request.
    pub(super) fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let mut given: Vec<_> =
            [table.get("json"), table.get("form"), table.get("text")].into_iter().flatten().collect();
        given.sort_by_key(|item| item.key_at);
        let content_type = table.get("content_type");
        if let [first, second, ..] = given.as_slice() {
            let what = format!("{} and {} in one request", first.key, second.key);
            table.mistakes.add(
                second.key_at,
                &table.path,
                what,
                "a request has one body: keep one of json, form and text",
            );
            return None;
        }
        if let (Some(content_type), Some("json" | "form") | None) =
            (content_type, given.first().map(|item| item.key))
        {
            content_type.wrong("content_type belongs to text", "write `headers = { Content-Type = … }`");
        }
        match given.first() {
            None => Some(Self::None),
            Some(item) if item.key == "json" => JsonTemplate::read(item, scope).map(Self::Json),
            Some(item) if item.key == "form" => PairsTemplate::read(item, scope).map(Self::Form),
            Some(item) => {
                let content_type = content_type.and_then(Item::text).unwrap_or(TEXT).to_owned();
                Some(Self::Text { content_type, text: Template::read(item, scope)? })
            }
        }
    }

    /// The body for the values in `scope`.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn build(&self, scope: &Value) -> Result<RequestBody, String> {
        Ok(match self {
            Self::None => RequestBody::None,
            Self::Json(json) => RequestBody::Json(json.build(scope)?.unwrap_or_default()),
            Self::Form(pairs) => RequestBody::Form(pairs.build(scope)?),
            Self::Text { content_type, text } => RequestBody::Text {
                content_type: content_type.clone(),
                text: text.text(scope)?.unwrap_or_default(),
            },
        })
    }
}

impl JsonTemplate {
    /// Reads `item`; what is wrong is added to its mistakes.
    pub(super) fn read(item: &Item<'_>, scope: &NameScope<'_>) -> Option<Self> {
        match item.value {
            DeValue::String(text) if text.contains("{{") || text.contains("{%") || text.contains("{#") => {
                Template::read(item, scope).map(Self::Template)
            }
            DeValue::Array(_) => {
                let items: Vec<_> = item.list().iter().map(|item| Self::read(item, scope)).collect();
                items.into_iter().collect::<Option<_>>().map(Self::List)
            }
            DeValue::Table(_) => {
                let table = item.table()?;
                let fields =
                    table.entries().iter().map(|item| Some((item.key.to_owned(), Self::read(item, scope)?)));
                let fields: Vec<_> = fields.collect();
                fields.into_iter().collect::<Option<_>>().map(Self::Object)
            }
            _ => Some(Self::Plain(item.json())),
        }
    }

    /// The value for the values in `scope`; `None` where it is left out.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn build(&self, scope: &Value) -> Result<Option<Json>, String> {
        Ok(match self {
            Self::Plain(json) => Some(json.clone()),
            Self::Template(template) => to_json(&template.value(scope)?),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(item.build(scope)?);
                }
                Some(list.into())
            }
            Self::Object(fields) => {
                let mut object = Map::with_capacity(fields.len());
                for (name, field) in fields {
                    if let Some(value) = field.build(scope)? {
                        object.insert(name.clone(), value);
                    }
                }
                Some(object.into())
            }
        })
    }
}

impl PairsTemplate {
    /// Reads a table of templates; what is wrong is added to its mistakes.
    pub(super) fn read(item: &Item<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let table = item.table()?;
        let mut pairs = Vec::new();
        let mut is_sound = true;
        for entry in table.entries() {
            for value in entry.one_or_list() {
                if value.value.is_table() || value.value.is_array() {
                    value.wrong("a table where a text is expected", "write its JSON: `{{ … | json }}`");
                    is_sound = false;
                    continue;
                }
                match JsonTemplate::read(&value, scope) {
                    Some(template) => pairs.push((entry.key.to_owned(), template)),
                    None => is_sound = false,
                }
            }
        }
        is_sound.then_some(Self(pairs))
    }

    /// The pairs for the values in `scope`; what is none is left out.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn build(&self, scope: &Value) -> Result<Vec<(String, String)>, String> {
        let mut pairs = Vec::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            match template {
                JsonTemplate::Template(template) => {
                    let value = template.value(scope)?;
                    match value.as_str() {
                        Some(text) => pairs.push((name.clone(), text.to_owned())),
                        None => push_json(&mut pairs, name, &value),
                    }
                }
                other => {
                    if let Some(value) = other.build(scope)? {
                        pairs.push((name.clone(), crate::request::value_text(&value)));
                    }
                }
            }
        }
        Ok(pairs)
    }

    /// The names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

fn push_json(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match to_json(value) {
        Some(Json::Array(items)) => {
            pairs.extend(items.iter().map(|item| (name.to_owned(), crate::request::value_text(item))));
        }
        _ => pairs.extend(to_text(value).map(|text| (name.to_owned(), text))),
    }
}
