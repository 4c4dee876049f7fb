//! Where at a broker an event is published.

use minijinja::value::Value;
use ringwire_event::CallEvent;
use toml::de::DeTable;

use super::{
    expression::Template,
    mistake::{Mistakes, TemplateMistake},
    reader::Table,
    scope::{EventScope, UserMapObject},
    vocabulary::{NameScope, Place},
};
use crate::{memory::CallMemory, user_map::UserMap};

/// The subject, topic or routing key under which a broker gets an event: a text with expressions over the event, such as
/// `calls.{{ pbx }}.{{ event }}`.
#[derive(Debug)]
pub struct DestinationTemplate(Template);

impl DestinationTemplate {
    /// Reads the `text`.
    ///
    /// # Errors
    /// Everything that is wrong with it. The places are those in a line `destination = "…"`.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateMistake>> {
        // A JSON string is a TOML string.
        let document = format!("destination = {}", serde_json::Value::from(text));
        let mistakes = Mistakes::new(&document);
        let (root, _) = DeTable::parse_recoverable(&document);
        let scope = NameScope {
            settings: &[],
            captures: &[],
            known_captures: None,
            place: Place::Request { has_user: false },
        };
        let table = Table::new(&mistakes, String::new(), 0, root.get_ref());
        let template = table.get("destination").and_then(|item| Template::read(item, &scope));
        match template {
            Some(template) if mistakes.is_empty() => Ok(Self(template)),
            _ => Err(mistakes.into_sorted()),
        }
    }

    /// The destination of `event`.
    ///
    /// # Errors
    /// An expression has no value for it; the text contains none of its values.
    pub fn render(&self, event: &CallEvent) -> Result<String, String> {
        let users = UserMapObject { map: UserMap::default(), by: "extension" };
        let scope = EventScope::new(event, &Value::UNDEFINED, &CallMemory::default(), users, false);
        Ok(self.0.text(&Value::from_object(scope))?.unwrap_or_default())
    }
}
