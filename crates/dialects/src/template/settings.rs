//! The settings that a dialect file declares, and their values.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::value::{Object, Value};
use serde_json::Value as Json;

use super::{mistake::suggest, reader::Table, reply_rule::one_of, scope::json_value};

const TYPES: [&str; 3] = ["text", "number", "boolean"];

/// A setting that a dialect file declares with `[settings.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingSpec {
    /// Its name.
    pub name: String,
    /// What it is, for the operator.
    pub about: String,
    /// Its type: `text`, `number` or `boolean`.
    pub kind: &'static str,
    /// Whether it must be given.
    pub is_required: bool,
    /// Its value where it is not given.
    pub default: Option<Json>,
    /// A value for examples.
    pub example: Option<Json>,
    /// The values that it may have; empty for any.
    pub choices: Vec<Json>,
    /// Whether it is never shown.
    pub is_secret: bool,
}

/// What is wrong with the value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingMistake {
    /// The name of the setting.
    pub name: String,
    /// What is wrong; it contains no value.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl SettingSpec {
    /// Reads one `[settings.NAME]`.
    pub(super) fn read(table: &Table<'_>, name: &str) -> Self {
        let default = table.get("default").map(|item| item.json());
        let example = table.get("example").map(|item| item.json());
        let choices = table.get("choices").map(|item| item.list()).unwrap_or_default();
        let choices: Vec<_> = choices.iter().map(|item| item.json()).collect();
        let is_required = table.boolean("required").unwrap_or_default();
        let kind = table.get("type").and_then(|item| one_of(item, &TYPES));
        let kind = kind.unwrap_or_else(|| kind_of(default.as_ref().or(example.as_ref())));
        let spec = Self {
            name: name.to_owned(),
            about: table.text("about").unwrap_or_default().to_owned(),
            kind,
            is_required,
            is_secret: table.boolean("secret").unwrap_or_default(),
            default,
            example,
            choices,
        };
        if spec.is_required && spec.default.is_some() {
            table.wrong("a required setting has a default", "remove `required` or `default`");
        }
        for value in [&spec.default, &spec.example].into_iter().flatten() {
            if let Err((what, cure)) = spec.check(value) {
                table.wrong(what, cure);
            }
        }
        table.finish();
        spec
    }

    /// The value for examples.
    #[must_use]
    pub fn example_value(&self) -> Option<Json> {
        let required = || match self.kind {
            "number" => Some(1.into()),
            "boolean" => Some(false.into()),
            _ => Some(format!("<{}>", self.name).into()),
        };
        self.example
            .clone()
            .or_else(|| self.default.clone())
            .or_else(|| required().filter(|_| self.is_required))
    }

    /// Checks a value.
    fn check(&self, value: &Json) -> Result<(), (String, String)> {
        let kind = kind_of(Some(value));
        if kind != self.kind {
            return Err((
                format!("a {kind} where a {} is expected", self.kind),
                format!("write a {}", self.kind),
            ));
        }
        if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<_> = self.choices.iter().map(Json::to_string).collect();
            return Err(("not one of its values".to_owned(), format!("write one of {}", choices.join(", "))));
        }
        Ok(())
    }
}

fn kind_of(value: Option<&Json>) -> &'static str {
    match value {
        Some(Json::Number(_)) => "number",
        Some(Json::Bool(_)) => "boolean",
        _ => "text",
    }
}

/// The values of all settings that are declared by `specs`, for expressions: what was `given`, else the default.
///
/// # Errors
/// A value is missing, wrong, or not declared.
pub(super) fn bind(
    specs: &[SettingSpec],
    given: &BTreeMap<String, Json>,
) -> Result<Value, Vec<SettingMistake>> {
    let mut mistakes = Vec::new();
    let mut add = |name: &str, what: String, cure: String| {
        mistakes.push(SettingMistake { name: name.to_owned(), what, cure });
    };
    let mut values = BTreeMap::new();
    for spec in specs {
        if let Some(value) = given.get(&spec.name)
            && let Err((what, cure)) = spec.check(value)
        {
            add(&spec.name, what, cure);
        }
        match given.get(&spec.name).or(spec.default.as_ref()) {
            Some(value) => {
                values.insert(spec.name.clone(), json_value(value));
            }
            None if spec.is_required => {
                let about = if spec.about.is_empty() { "the dialect needs it" } else { &spec.about };
                add(&spec.name, "missing".to_owned(), about.to_owned());
            }
            None => {
                values.insert(spec.name.clone(), Value::from(()));
            }
        }
    }
    for name in given.keys().filter(|name| !specs.iter().any(|spec| spec.name == **name)) {
        let cure = match specs {
            [] => "the dialect has no settings: remove it".to_owned(),
            specs => suggest(name, specs.iter().map(|spec| spec.name.as_str())),
        };
        add(name, "unknown setting".to_owned(), cure);
    }
    if mistakes.is_empty() { Ok(Value::from_object(SettingValues(values))) } else { Err(mistakes) }
}

/// The values of settings. Some are secret, so they are not shown.
struct SettingValues(BTreeMap<String, Value>);

impl std::fmt::Debug for SettingValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Object for SettingValues {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }
}
