//! The dialect files that are part of ringwire.

use std::sync::{Arc, LazyLock};

use super::{bound::TemplateDialect, file::TemplateFile};

/// The shipped files, by name.
const SHIPPED: [(&str, &str); 1] = [("webhook", include_str!("../../../../dialects/webhook.toml"))];

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
