//! A dialect file with the values of its settings: a dialect.

use std::{collections::BTreeMap, fmt, sync::Arc};

use minijinja::value::Value;
use ringwire_delivery::{RepeatPolicy, RepeatRules};
use ringwire_event::CallEvent;
use serde_json::Value as Json;

use super::{
    file::TemplateFile,
    scope::{EventScope, UserMapObject},
    selector::ReplyBody,
    settings::{self, SettingMistake},
    step_template::{CaptureTemplate, StepTemplate},
};
use crate::{
    auth::{AuthScheme, RateLimit},
    by_status::{describe_reply, judge_by_status},
    dialect::Dialect,
    memory::CallMemory,
    reply::{ReplyVerdict, TargetReply},
    step::{DeliveryStep, JudgedReply, StepContext, StepError},
    user_map::{UserListRequest, UserMap},
};

/// More requests in a row that each needs the reply to the next; the file is checked, so there are never as many.
const DEEPEST: usize = 16;

/// A dialect that a file describes.
pub struct TemplateDialect {
    file: Arc<TemplateFile>,
    settings: Value,
    auth: Option<AuthScheme>,
    user_list: Option<UserListRequest>,
    repeat_rules: RepeatRules,
}

impl fmt::Debug for TemplateDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateDialect").field("name", &self.file.name).finish_non_exhaustive()
    }
}

impl TemplateDialect {
    /// The dialect of `file` with these `settings`.
    ///
    /// # Errors
    /// A setting is missing, wrong, or not declared.
    pub fn new(
        file: Arc<TemplateFile>,
        settings: &BTreeMap<String, Json>,
    ) -> Result<Self, Vec<SettingMistake>> {
        let settings = settings::bind(&file.settings, settings)?;
        let scope = Value::from_object(SettingsScope(settings.clone()));
        let mistake = |key: &str, what: String| {
            let cure = "correct the settings that it uses".to_owned();
            vec![SettingMistake { name: key.to_owned(), what, cure }]
        };
        let auth = file.auth.as_ref().map(|auth| auth.build(&scope)).transpose();
        let auth = auth.map_err(|what| mistake("auth", what))?;
        let user_list = file.users.build(&scope, &file.headers).map_err(|what| mistake("users", what))?;
        let repeat_rules = repeat_rules(&file);
        Ok(Self { file, settings, auth, user_list, repeat_rules })
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &Arc<TemplateFile> {
        &self.file
    }

    /// The request of `step` for `user`, or the one that must come before it; `None` where it is not wanted.
    fn plan(
        &self,
        step: &StepTemplate,
        event: &EventContext<'_>,
        user: Option<&Json>,
    ) -> Result<Option<DeliveryStep>, StepError> {
        let (mut step, mut user) = (step, user.filter(|_| step.is_for_each_user));
        for _ in 0..DEEPEST {
            let endpoint = user.map(endpoint_of).unwrap_or_default();
            let id = step_id(&step.name, user.map(|_| endpoint));
            let error = |reason| StepError { step: id.clone(), reason };
            let scope = match user {
                Some(user) => Value::from_object(event.scope.for_user(user, endpoint, event.memory)),
                None => event.value.clone(),
            };
            if !step.is_wanted(&scope).map_err(error)? {
                return Ok(None);
            }
            let is_known = |need: &&String| {
                event.memory.get(need).is_some() || event.memory.get(&capture_key(need, user)).is_some()
            };
            let missing = step.needs.iter().find(|need| !is_known(need));
            let Some(opener) = missing.and_then(|need| self.file.opener(need)) else {
                let request = step.build(&scope, &self.file.headers).map_err(error)?;
                return Ok(Some(DeliveryStep { id, request, repeat: step.repeat }));
            };
            user = user.filter(|_| opener.is_for_each_user);
            if opener.is_for_each_user && user.is_none() {
                return Ok(None);
            }
            step = opener;
        }
        Ok(None)
    }

    fn scope(&self, event: &CallEvent, memory: &CallMemory, users: &UserMap, is_quiet: bool) -> EventScope {
        let users = UserMapObject { map: users.clone(), by: self.file.users.by };
        EventScope::new(event, &self.settings, memory, users, is_quiet)
    }
}

/// What is known where the requests for one event are planned.
struct EventContext<'a> {
    scope: &'a EventScope,
    value: Value,
    memory: &'a CallMemory,
}

impl Dialect for TemplateDialect {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn wants(&self, event: &CallEvent) -> bool {
        let mut steps = self.file.steps_for(event.kind.name()).peekable();
        if steps.peek().is_none() {
            return false;
        }
        let steps: Vec<_> = steps.collect();
        if steps.iter().any(|step| step.is_unconditional()) {
            return true;
        }
        // A condition may ask what is captured: nothing, or everything.
        let placeholder = |capture: &CaptureTemplate| (capture.name.clone(), Json::from("<capture>"));
        let captured = self.file.steps.iter().flat_map(|step| &step.captures).map(placeholder);
        let users = UserMap::with_placeholders();
        let scope = self.scope(event, &CallMemory::default(), &users, false);
        let is_wanted_with = |memory: &CallMemory| {
            let scope = scope.with_memory(memory);
            let whole = Value::from_object(scope.clone());
            steps.iter().any(|step| {
                let is_wanted = |scope: &Value| step.is_wanted(scope).unwrap_or(true);
                if !step.is_for_each_user {
                    return is_wanted(&whole);
                }
                let mut users = scope.users().iter();
                users.any(|user| {
                    is_wanted(&Value::from_object(scope.for_user(user, endpoint_of(user), memory)))
                })
            })
        };
        is_wanted_with(&CallMemory::default()) || self.needs_memory() && is_wanted_with(&captured.collect())
    }

    fn next_step(
        &self,
        event: &CallEvent,
        context: &StepContext<'_>,
    ) -> Result<Option<DeliveryStep>, StepError> {
        let steps: Vec<_> = self.file.steps_for(event.kind.name()).collect();
        let is_done = |step: &&StepTemplate| !step.is_for_each_user && context.progress.is_done(&step.name);
        if steps.iter().all(is_done) {
            return Ok(None);
        }
        let scope = self.scope(event, context.memory, context.users, context.is_quiet);
        let planned =
            EventContext { value: Value::from_object(scope.clone()), scope: &scope, memory: context.memory };
        for step in steps {
            let users: Vec<Option<&Json>> = match step.is_for_each_user {
                true => scope.users().iter().map(Some).collect(),
                false => vec![None],
            };
            for user in users {
                let id = step_id(&step.name, user.map(endpoint_of));
                if context.progress.is_done(&id) {
                    continue;
                }
                if let Some(next) = self.plan(step, &planned, user)? {
                    return Ok(Some(next));
                }
            }
        }
        Ok(None)
    }

    fn judge_reply(&self, event: &CallEvent, step: &DeliveryStep, reply: &TargetReply<'_>) -> JudgedReply {
        let (name, endpoint) = split_id(&step.id);
        let template = self.file.step(name);
        let (event, body) = (event.kind.name(), ReplyBody::default());
        let own = template.iter().flat_map(|step| &step.replies);
        let rule = own.chain(&self.file.replies).find_map(|rule| rule.judge(event, reply, &body));
        // XML begins as a page does.
        let is_xml =
            reply.content_type.is_some_and(|kind| kind.contains("xml")) || reply.body.starts_with(b"<?xml");
        let by_status = || match is_xml {
            true => judge_by_status(&TargetReply { body: b"", content_type: None, ..*reply }),
            false => judge_by_status(reply),
        };
        let verdict = rule.unwrap_or_else(by_status);
        let forgets = matches!(verdict, ReplyVerdict::UnknownCall { .. }) && self.needs_memory();
        let is_delivered = matches!(verdict, ReplyVerdict::Delivered(_) | ReplyVerdict::AlreadyExists);
        let mut judged = JudgedReply { verdict, captures: Vec::new(), forgets };
        if !is_delivered {
            return judged;
        }
        for capture in template.iter().flat_map(|step| &step.captures) {
            match capture.find(&step.request, reply, &body) {
                Some(value) => judged.captures.push((key_of(&capture.name, endpoint), value)),
                None if capture.is_optional => {}
                None => {
                    let what = format!("{}; it lacks {}", describe_reply(reply), capture.describe());
                    judged.verdict = ReplyVerdict::Refused { reason: what };
                    return judged;
                }
            }
        }
        if let ReplyVerdict::Delivered(directives) = &mut judged.verdict {
            let rules = self.file.directives.iter();
            directives.extend(rules.filter_map(|rule| rule.directive(event, reply, &body)));
        }
        judged
    }

    fn repeat_rules(&self) -> RepeatRules {
        self.repeat_rules
    }

    fn placeholders(&self, step: &DeliveryStep) -> Vec<(String, Json)> {
        let (name, endpoint) = split_id(&step.id);
        let captures = self.file.step(name).into_iter().flat_map(|step| &step.captures);
        captures
            .map(|capture| (key_of(&capture.name, endpoint), format!("<{}>", capture.name).into()))
            .collect()
    }

    fn needs_memory(&self) -> bool {
        self.file.steps.iter().any(|step| !step.captures.is_empty())
    }

    fn auth(&self) -> Option<&AuthScheme> {
        self.auth.as_ref()
    }

    fn rate(&self) -> Option<RateLimit> {
        self.file.rate
    }

    fn user_list(&self) -> Option<&UserListRequest> {
        self.user_list.as_ref()
    }
}

/// What may be repeated of each kind of event: what holds for the most delicate of its requests.
fn repeat_rules(file: &TemplateFile) -> RepeatRules {
    let of = |event: &str| {
        let mut policy = RepeatPolicy::AsIs;
        for step in file.steps_for(event) {
            let openers = step.needs.iter().filter_map(|need| file.opener(need)).map(|opener| opener.repeat);
            policy = openers.chain([step.repeat]).fold(policy, more_delicate);
        }
        policy
    };
    let others = file.events().filter(|event| !["newCall", "answer", "hangup"].contains(event));
    RepeatRules {
        new_call: of("newCall"),
        answer: of("answer"),
        missed_hangup: of("hangup"),
        hangup: of("hangup"),
        other: others.map(of).fold(RepeatPolicy::AsIs, more_delicate),
    }
}

fn more_delicate(one: RepeatPolicy, other: RepeatPolicy) -> RepeatPolicy {
    match (one, other) {
        (RepeatPolicy::Never, _) | (_, RepeatPolicy::Never) => RepeatPolicy::Never,
        (RepeatPolicy::Quietly, _) | (_, RepeatPolicy::Quietly) => RepeatPolicy::Quietly,
        (RepeatPolicy::AsIs, RepeatPolicy::AsIs) => RepeatPolicy::AsIs,
    }
}

/// The scope of what needs settings only.
#[derive(Debug)]
struct SettingsScope(Value);

impl minijinja::value::Object for SettingsScope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("settings")).then(|| self.0.clone())
    }
}

fn endpoint_of(user: &Json) -> &str {
    user.get("endpoint").and_then(Json::as_str).unwrap_or_default()
}

fn step_id(name: &str, endpoint: Option<&str>) -> String {
    key_of(name, endpoint)
}

fn split_id(id: &str) -> (&str, Option<&str>) {
    id.split_once('@').map_or((id, None), |(name, endpoint)| (name, Some(endpoint)))
}

fn capture_key(name: &str, user: Option<&Json>) -> String {
    key_of(name, user.map(endpoint_of))
}

fn key_of(name: &str, endpoint: Option<&str>) -> String {
    endpoint.map_or_else(|| name.to_owned(), |endpoint| format!("{name}@{endpoint}"))
}
