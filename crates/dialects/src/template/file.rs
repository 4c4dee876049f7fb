//! A dialect file, as it was read.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    auth_template::AuthTemplate,
    body::PairsTemplate,
    example::Example,
    listen::ListenRule,
    reply_rule::{DirectiveRule, ReplyRule},
    settings::SettingSpec,
    step_template::StepTemplate,
    users_template::UsersTemplate,
};
use crate::auth::RateLimit;

/// A dialect file: how one system is spoken to, as data (docs/template-dialects.md).
#[derive(Debug)]
pub struct TemplateFile {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) settings: Vec<SettingSpec>,
    pub(super) auth: Option<AuthTemplate>,
    /// Headers of all requests.
    pub(super) headers: PairsTemplate,
    /// All requests.
    pub(super) steps: Vec<StepTemplate>,
    /// Which requests are made for an event, by its name and in their order.
    pub(super) lists: BTreeMap<&'static str, Vec<usize>>,
    pub(super) replies: Vec<ReplyRule>,
    pub(super) directives: Vec<DirectiveRule>,
    pub(super) listens: Vec<ListenRule>,
    pub(super) users: UsersTemplate,
    pub(super) rate: Option<RateLimit>,
    pub(super) examples: Vec<Example>,
}

impl TemplateFile {
    /// Its name, as it stands in a configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The system that it speaks to, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What people should know about it, and where it comes from.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The settings that it declares, in the order of the file.
    #[must_use]
    pub fn settings(&self) -> &[SettingSpec] {
        &self.settings
    }

    /// The names of the events for which requests are made.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().copied()
    }

    /// Whether a target must have a URL, because requests go there or below it.
    #[must_use]
    pub fn needs_url(&self) -> bool {
        self.steps.iter().any(StepTemplate::is_below_target)
    }

    /// What it listens for.
    #[must_use]
    pub fn listens(&self) -> &[ListenRule] {
        &self.listens
    }

    /// How many examples it has.
    #[must_use]
    pub fn example_count(&self) -> usize {
        self.examples.len()
    }

    /// Values of its settings for examples.
    #[must_use]
    pub fn example_settings(&self) -> BTreeMap<String, Json> {
        let value = |spec: &SettingSpec| Some((spec.name.clone(), spec.example_value()?));
        self.settings.iter().filter_map(value).collect()
    }

    /// The requests for events called `event`.
    pub(super) fn steps_for(&self, event: &str) -> impl Iterator<Item = &StepTemplate> {
        let list = self.lists.get(event).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|index| self.steps.get(*index))
    }

    /// The request called `name`.
    pub(super) fn step(&self, name: &str) -> Option<&StepTemplate> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The request whose reply yields `capture`: the first in the order of the file.
    pub(super) fn opener(&self, capture: &str) -> Option<&StepTemplate> {
        self.steps.iter().find(|step| step.captures.iter().any(|found| found.name == capture))
    }
}
