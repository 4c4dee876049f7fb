//! The dialect files that are part of ringwire.

use std::sync::{Arc, LazyLock};

use super::{bound::TemplateDialect, file::TemplateFile};

/// A dialect file to start from.
pub const SKELETON: &str = include_str!("skeleton.toml");

/// The shipped files, by name.
const SHIPPED: [(&str, &str); 23] = [
    ("bitrix24", include_str!("../../../../dialects/bitrix24.toml")),
    ("cloudevents", include_str!("../../../../dialects/cloudevents.toml")),
    ("dolibarr", include_str!("../../../../dialects/dolibarr.toml")),
    ("erpnext", include_str!("../../../../dialects/erpnext.toml")),
    ("homeassistant", include_str!("../../../../dialects/homeassistant.toml")),
    ("hubspot", include_str!("../../../../dialects/hubspot.toml")),
    ("itop", include_str!("../../../../dialects/itop.toml")),
    ("kommo", include_str!("../../../../dialects/kommo.toml")),
    ("mattermost", include_str!("../../../../dialects/mattermost.toml")),
    ("n8n", include_str!("../../../../dialects/n8n.toml")),
    ("node-red", include_str!("../../../../dialects/node-red.toml")),
    ("ntfy", include_str!("../../../../dialects/ntfy.toml")),
    ("odoo", include_str!("../../../../dialects/odoo.toml")),
    ("pipedrive", include_str!("../../../../dialects/pipedrive.toml")),
    ("placetel", include_str!("../../../../dialects/placetel.toml")),
    ("sipgate", include_str!("../../../../dialects/sipgate.toml")),
    ("slack", include_str!("../../../../dialects/slack.toml")),
    ("suitecrm", include_str!("../../../../dialects/suitecrm.toml")),
    ("teams", include_str!("../../../../dialects/teams.toml")),
    ("vtiger", include_str!("../../../../dialects/vtiger.toml")),
    ("webhook", include_str!("../../../../dialects/webhook.toml")),
    ("zendesk", include_str!("../../../../dialects/zendesk.toml")),
    ("zoho", include_str!("../../../../dialects/zoho.toml")),
];

/// Each of [`SHIPPED`] once it is asked for; one that is wrong is not there, and a test says so.
static FILES: LazyLock<Vec<Arc<TemplateFile>>> = LazyLock::new(|| {
    SHIPPED.iter().filter_map(|(_, text)| TemplateFile::parse(text).ok().map(Arc::new)).collect()
});

/// The names of the shipped files.
pub fn shipped_names() -> impl Iterator<Item = &'static str> + Clone {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The text of the shipped file called `name`.
#[must_use]
pub fn shipped_text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

/// The shipped file called `name`.
#[must_use]
pub fn shipped_file(name: &str) -> Option<Arc<TemplateFile>> {
    FILES.iter().find(|file| file.name() == name).cloned()
}

/// The shipped dialect called `name`, with example settings: for showing its requests.
#[must_use]
pub fn shipped_example(name: &str) -> Option<TemplateDialect> {
    let file = shipped_file(name)?;
    let settings = file.example_settings();
    TemplateDialect::new(file, &settings).ok()
}
