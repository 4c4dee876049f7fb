//! Runs the examples of a dialect file.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{
    bound::TemplateDialect,
    example::{Example, ExampleStep, ExpectedBody, ExpectedRequest},
    file::TemplateFile,
};
use crate::{
    dialect::Dialect,
    memory::{CallMemory, DeliveryProgress},
    reply::{ReplyVerdict, TargetReply},
    request::{RequestBody, RequestUrl, TargetRequest},
    step::StepContext,
};

/// How an example went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleReport {
    /// The name of the example.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// How many requests were compared.
    pub requests: usize,
    /// What was not as expected; empty if everything was.
    pub failures: Vec<ExampleFailure>,
}

/// What was not as an example expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The line of what was expected.
    pub line: usize,
    /// What is different.
    pub what: String,
}

/// Runs all examples of `file`.
#[must_use]
pub fn run_examples(file: &Arc<TemplateFile>) -> Vec<ExampleReport> {
    file.examples.iter().map(|example| run_example(file, example)).collect()
}

fn run_example(file: &Arc<TemplateFile>, example: &Example) -> ExampleReport {
    let mut report =
        ExampleReport { name: example.name.clone(), line: example.line, requests: 0, failures: Vec::new() };
    let mut settings = file.example_settings();
    settings.extend(example.settings.clone());
    let dialect = match TemplateDialect::new(Arc::clone(file), &settings) {
        Ok(dialect) => dialect,
        Err(mistakes) => {
            let failure = |mistake: &super::SettingMistake| ExampleFailure {
                line: example.line,
                what: format!("setting {}: {}; {}", mistake.name, mistake.what, mistake.cure),
            };
            report.failures.extend(mistakes.iter().map(failure));
            return report;
        }
    };
    let mut memory = CallMemory::default();
    for step in &example.steps {
        if !run_step(&dialect, example, step, &mut memory, &mut report) {
            break;
        }
    }
    report
}

/// Runs the event of `step`; whether the example can go on.
fn run_step(
    dialect: &TemplateDialect,
    example: &Example,
    step: &ExampleStep,
    memory: &mut CallMemory,
    report: &mut ExampleReport,
) -> bool {
    let mut progress = DeliveryProgress::default();
    let fail = |report: &mut ExampleReport, line: usize, what: String| {
        report.failures.push(ExampleFailure { line, what });
        false
    };
    for expected in &step.requests {
        let context =
            StepContext { memory, progress: &progress, users: &example.users, is_quiet: step.is_quiet };
        let planned = match dialect.next_step(&step.event, &context) {
            Ok(Some(planned)) => planned,
            Ok(None) => return fail(report, expected.line, "no request is made".to_owned()),
            Err(error) => return fail(report, expected.line, error.to_string()),
        };
        report.requests += 1;
        if let Some(what) = difference(expected, &planned.request) {
            return fail(report, expected.line, format!("{}: {what}", planned.id));
        }
        let reply = TargetReply {
            status: expected.reply.status,
            content_type: None,
            headers: &expected.reply.headers,
            body: expected.reply.body.as_bytes(),
            redirect: None,
        };
        let judged = dialect.judge_reply(&step.event, &planned, &reply);
        if verdict_name(&judged.verdict) != expected.verdict {
            let what = format!("the reply means {:?}, expected {}", judged.verdict, expected.verdict);
            return fail(report, expected.line, format!("{}: {what}", planned.id));
        }
        if let (Some(asks), ReplyVerdict::Delivered(directives)) = (&expected.asks, &judged.verdict)
            && format!("{directives:?}") != format!("[{asks}]")
        {
            return fail(
                report,
                expected.line,
                format!("{}: the reply asks {directives:?}, expected {asks}", planned.id),
            );
        }
        if judged.forgets {
            memory.clear();
        }
        for (key, value) in judged.captures {
            memory.set(key, value);
        }
        if matches!(judged.verdict, ReplyVerdict::Delivered(_) | ReplyVerdict::AlreadyExists) {
            progress.set_done(&planned.id);
        } else if !judged.forgets {
            return true;
        }
    }
    let context = StepContext { memory, progress: &progress, users: &example.users, is_quiet: step.is_quiet };
    match dialect.next_step(&step.event, &context) {
        Ok(None) => true,
        Ok(Some(more)) => {
            let what = format!("one more request is made, {}: {}", more.id, show(&more.request));
            fail(report, step.line, what)
        }
        Err(error) => fail(report, step.line, error.to_string()),
    }
}

/// What is different in `request`; `None` where it is as expected.
fn difference(expected: &ExpectedRequest, request: &TargetRequest) -> Option<String> {
    let url = match &request.url {
        RequestUrl::Own => "",
        RequestUrl::Below(path) => path,
        RequestUrl::Absolute(url) => url,
    };
    let differ =
        |what: &str, expected: &str, got: &str| Some(format!("{what} is {got}, expected {expected}"));
    if expected.method != request.method {
        return differ("the method", &expected.method, &request.method);
    }
    if expected.url != url {
        return differ("the URL", &expected.url, url);
    }
    let query = grouped(&request.query);
    if expected.query != query {
        return differ(
            "the query",
            &Json::from(expected.query.clone()).to_string(),
            &Json::from(query).to_string(),
        );
    }
    for (name, value) in &expected.headers {
        let got = request.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        let got = got.map(|(_, value)| value.as_str()).unwrap_or_default();
        if value.as_str() != Some(got) {
            return differ(&format!("the header {name}"), &value.to_string(), got);
        }
    }
    let body = match &request.body {
        RequestBody::None => ExpectedBody::None,
        RequestBody::Json(json) => ExpectedBody::Json(json.clone()),
        RequestBody::Form(pairs) => ExpectedBody::Form(grouped(pairs)),
        RequestBody::Text { text, .. } => ExpectedBody::Text(text.clone()),
    };
    if expected.body != body {
        return differ("the body", &body_text(&expected.body), &body_text(&body));
    }
    None
}

/// Pairs by name; a name that is repeated has a list.
fn grouped(pairs: &[(String, String)]) -> Map<String, Json> {
    let mut grouped = Map::new();
    for (name, value) in pairs {
        let value = Json::from(value.as_str());
        match grouped.get_mut(name) {
            None => {
                grouped.insert(name.clone(), value);
            }
            Some(Json::Array(items)) => items.push(value),
            Some(first) => *first = vec![first.clone(), value].into(),
        }
    }
    grouped
}

fn show(request: &TargetRequest) -> String {
    Json::from(request.shown()).to_string()
}

fn body_text(body: &ExpectedBody) -> String {
    match body {
        ExpectedBody::None => "none".to_owned(),
        ExpectedBody::Json(json) => json.to_string(),
        ExpectedBody::Form(fields) => format!("the form {}", Json::from(fields.clone())),
        ExpectedBody::Text(text) => format!("the text {text:?}"),
    }
}

fn verdict_name(verdict: &ReplyVerdict) -> &'static str {
    match verdict {
        ReplyVerdict::Delivered(_) => "delivered",
        ReplyVerdict::AlreadyExists => "alreadyExists",
        ReplyVerdict::Retry { .. } => "retry",
        ReplyVerdict::Unknown { .. } => "unknown",
        ReplyVerdict::UnknownCall { .. } => "unknownCall",
        ReplyVerdict::Refused { .. } => "refused",
        ReplyVerdict::Dead { .. } => "dead",
        ReplyVerdict::Misconfigured { .. } => "misconfigured",
        ReplyVerdict::Gone { .. } => "gone",
    }
}
