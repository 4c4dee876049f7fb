//! Dialects that are files, and their settings.

use std::{collections::BTreeMap, ops::Range, path::PathBuf, sync::Arc};

use ringwire_delivery::RepeatRules;
use ringwire_dialects::{
    DeliveryStep, Dialect, JudgedReply, ReplyVerdict, SettingSpec, StepContext, StepError, TargetReply,
    TemplateDialect, TemplateFile, shipped_file,
};
use ringwire_event::CallEvent;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use toml::Spanned;

use super::{Resolver, secret::is_one_line};
use crate::{
    finding::Finding,
    raw::{RawSetting, SettingSource},
    resolved::{Purpose, TemplateOptions},
    source,
};

/// The settings of a target as they were written.
pub(super) type RawSettings = Spanned<BTreeMap<String, Spanned<RawSetting>>>;

/// A dialect that a file describes, with the settings of a target.
pub(super) struct ResolvedTemplate {
    pub(super) dialect: Arc<dyn Dialect>,
    pub(super) options: TemplateOptions,
    /// The values of settings that are secret.
    pub(super) secrets: Vec<SecretString>,
    /// Whether a URL must be set.
    pub(super) needs_url: bool,
}

/// A dialect whose file is not read, because nothing is sent.
#[derive(Debug)]
struct UnreadDialect(String);

impl Dialect for UnreadDialect {
    fn name(&self) -> &str {
        &self.0
    }

    fn wants(&self, _: &CallEvent) -> bool {
        true
    }

    fn next_step(&self, _: &CallEvent, _: &StepContext<'_>) -> Result<Option<DeliveryStep>, StepError> {
        Ok(None)
    }

    fn judge_reply(&self, _: &CallEvent, _: &DeliveryStep, _: &TargetReply<'_>) -> JudgedReply {
        ReplyVerdict::Delivered(Vec::new()).into()
    }

    fn repeat_rules(&self) -> RepeatRules {
        RepeatRules::default()
    }
}

/// Whether the value of the key `dialect` is the path of a file, and not the name of a dialect.
pub(super) fn is_path(dialect: &str) -> bool {
    dialect.contains('/') || dialect.ends_with(".toml")
}

impl Resolver<'_> {
    /// What `dialect`, the name or the path of a file, means with these settings; `None` where there is none of that name.
    /// `span` and `path` are those of the target's table.
    pub(super) fn template(
        &mut self,
        dialect: &Spanned<String>,
        settings: Option<&RawSettings>,
        span: &Range<usize>,
        path: &str,
    ) -> Option<ResolvedTemplate> {
        let name = dialect.get_ref();
        // Without the dots that it may begin with.
        let place = is_path(name).then(|| self.path(name).components().collect::<PathBuf>());
        let unread = ResolvedTemplate {
            dialect: Arc::new(UnreadDialect(name.clone())),
            options: TemplateOptions { file: place.clone(), settings: Vec::new() },
            secrets: Vec::new(),
            needs_url: false,
        };
        let file = match &place {
            None => shipped_file(name)?,
            Some(_) if matches!(self.purpose, Purpose::Inspect | Purpose::Record) => return Some(unread),
            Some(place) => match self.template_file(dialect, place) {
                Some(file) => Arc::new(file),
                // What is wrong was told.
                None => return Some(unread),
            },
        };
        let needs_url = file.needs_url();
        let values = self.settings(&file, settings, path);
        let options = TemplateOptions { file: place, settings: shown(&file, &values) };
        let is_secret = |name: &str| file.settings().iter().any(|spec| spec.is_secret && spec.name == name);
        let secrets = values.iter().filter(|(name, _)| is_secret(name));
        let secrets = secrets.filter_map(|(_, value)| value.as_str().map(SecretString::from)).collect();
        match TemplateDialect::new(file, &values) {
            Ok(dialect) => Some(ResolvedTemplate { dialect: Arc::new(dialect), options, secrets, needs_url }),
            Err(mistakes) => {
                for mistake in mistakes {
                    let at = settings.and_then(|settings| settings.get_ref().get(&mistake.name));
                    if at.is_some() && !values.contains_key(&mistake.name) {
                        // It was told that its value cannot be read.
                        continue;
                    }
                    let key = format!("{path}.settings.{}", mistake.name);
                    let at = at.map_or_else(|| span.clone(), Spanned::span);
                    let finding = self.wrong(&at, mistake.what).key(key).hint(mistake.cure);
                    self.errors.push(finding);
                }
                Some(ResolvedTemplate { options, needs_url, ..unread })
            }
        }
    }

    /// The dialect file at `place`, which `dialect` names.
    fn template_file(&mut self, dialect: &Spanned<String>, place: &PathBuf) -> Option<TemplateFile> {
        let text = match source::read(place) {
            Ok(file) => file.text,
            Err(reason) => {
                let finding = self.wrong(&dialect.span(), format!("{}: {reason}", place.display()));
                let hint = "ringwire dialect new writes one to start from";
                self.errors.push(finding.expected("a dialect file").hint(hint));
                return None;
            }
        };
        match TemplateFile::parse(&text) {
            Ok(file) => Some(file),
            Err(mistakes) => {
                for mistake in mistakes {
                    let finding = Finding::new(place, mistake.what).line(mistake.line).column(mistake.column);
                    let finding = match mistake.key.is_empty() {
                        true => finding,
                        false => finding.key(mistake.key),
                    };
                    self.errors.push(finding.hint(mistake.cure));
                }
                None
            }
        }
    }

    /// The values of the settings of `file`.
    fn settings(
        &mut self,
        file: &TemplateFile,
        settings: Option<&RawSettings>,
        path: &str,
    ) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        let reads_secrets = self.reads_secrets_of(path);
        for (name, setting) in settings.into_iter().flat_map(|settings| settings.get_ref()) {
            let spec = file.settings().iter().find(|spec| spec.name == *name);
            let is_secret = spec.is_some_and(|spec| spec.is_secret);
            let value = match setting.get_ref() {
                RawSetting::Source { .. } if !reads_secrets => spec.and_then(SettingSpec::example_value),
                RawSetting::Source { kind, name } => self.kept_setting(*kind, name, &setting.span(), spec),
                RawSetting::Text(text) => {
                    if is_secret && !self.private {
                        let file = self.document.file().display();
                        let hint =
                            format!("chmod 600 {file}, or move it to a file: {name} = {{ file = \"…\" }}");
                        let what = "the secret is in a file that others can read";
                        self.fault(&setting.span(), what, "mode 0600", hint);
                    }
                    Some(text.expose_secret().into())
                }
                RawSetting::Number(number) => Some(Value::Number(number.clone())),
                RawSetting::Boolean(value) => Some((*value).into()),
            };
            values.extend(value.map(|value| (name.clone(), value)));
        }
        if !reads_secrets {
            // Requests are only shown: what is missing has a stand-in.
            for spec in file.settings().iter().filter(|spec| spec.is_required) {
                let stand_in = || spec.example_value().unwrap_or_default();
                values.entry(spec.name.clone()).or_insert_with(stand_in);
            }
        }
        values
    }

    /// A setting that is kept elsewhere, of the type that the dialect wants.
    fn kept_setting(
        &mut self,
        kind: SettingSource,
        name: &str,
        span: &Range<usize>,
        spec: Option<&SettingSpec>,
    ) -> Option<Value> {
        let name = Spanned::new(span.clone(), name.to_owned());
        let text = match kind {
            SettingSource::File => self.secret_file(&name),
            SettingSource::Environment => self.secret_variable(&name),
            SettingSource::Credential => self.secret_credential(&name),
        }?;
        if !is_one_line(&text) {
            let what = "the value contains a line break or another control character";
            self.fault(span, what, "one line of text", "");
            return None;
        }
        let text = text.expose_secret();
        match spec.map(|spec| spec.kind) {
            Some("number") => text.trim().parse().ok().map(Value::Number).or_else(|| Some(text.into())),
            Some("boolean") => text.trim().parse().ok().map(Value::Bool).or_else(|| Some(text.into())),
            _ => Some(text.into()),
        }
    }
}

/// The settings as they may be shown.
fn shown(file: &TemplateFile, values: &BTreeMap<String, Value>) -> Vec<(String, Option<String>)> {
    let shown = |spec: &SettingSpec| {
        let value = values.get(&spec.name).or(spec.default.as_ref())?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((spec.name.clone(), (!spec.is_secret).then_some(text)))
    };
    file.settings().iter().filter_map(shown).collect()
}
