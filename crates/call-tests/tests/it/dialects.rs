//! What each shipped dialect sends for every recorded call: the same on every release.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use ringwire_calls::Rules;
use ringwire_dialects::{CallMemory, Dialect, plan_requests, shipped_example, shipped_names};
use ringwire_event::CallEvent;
use serde_json::Value;

use crate::{captures::for_every_capture, support::follow};

/// What differs from one call to the next or from one run of a PBX to the next, and what stands in its place.
static REPLACED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"\b(pbx1-)?\d{10}\.\d+\b", "UNIQUEID"),
        (r"\b(PJSIP|SIP)/", "TECH/"),
        (r"-[0-9a-f]{8}\b", "-SERIAL"),
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "TIME"),
        (r#"("(?:created_at|started|hs_timestamp)":)\d+"#, "${1}TIME"),
        (
            r#"("(?:[a-zA-Z_]*(?:Seconds|seconds|Duration|duration|DURATION|duration_minutes|duration_hours))":"?)\d+"#,
            "${1}N",
        ),
    ]
    .map(|(pattern, replacement)| (Regex::new(pattern).unwrap(), replacement))
    .into()
});

/// Calls of which Asterisk 11 tells less (docs/events.md).
const LESS_ON_11: [&str; 3] = ["inbound-voicemail", "transfer-attended-by-phone", "transfer-redirect-by-ami"];

/// Dialects that send every event.
const REPORTS_ALL: [&str; 3] = ["cloudevents", "homeassistant", "webhook"];

/// The lines of `requests` without their order and the numbers of events: phones of a group ring in any order, and
/// whether a phone stops to ring before or after another answers is up to the phones. So is which times and durations are
/// known by then.
fn in_any_order(requests: &str) -> String {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(CALL\d+/|"seq":)\d+"#).unwrap());
    static TIMES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#","(answeredAt":"TIME"|[a-z]+Seconds":N)"#).unwrap());
    let numbered = NUMBERS.replace_all(requests, "${1}N");
    let mut lines: Vec<_> = numbered.lines().map(|line| TIMES.replace_all(line, "")).collect();
    lines.sort();
    lines.join("\n")
}

/// The requests for the events of one recording, a line each.
fn requests(dialect: &dyn Dialect, events: &[CallEvent]) -> String {
    let mut memories: BTreeMap<&str, CallMemory> = BTreeMap::new();
    let mut calls: Vec<&str> = Vec::new();
    let mut lines = String::new();
    for event in events {
        if !calls.contains(&event.call.as_str()) {
            calls.push(&event.call);
        }
        let memory = memories.entry(&event.call).or_default();
        let steps = plan_requests(dialect, event, memory).unwrap();
        assert!(steps.is_empty() || dialect.wants(event), "{}: {event:?}", dialect.name());
        for step in steps {
            lines.push_str(&format!("{}: {}\n", step.id, Value::from(step.request.shown())));
        }
    }
    for (number, call) in calls.iter().enumerate() {
        lines = lines.replace(call, &format!("CALL{}", number + 1));
    }
    REPLACED.iter().fold(lines, |lines, (pattern, with)| pattern.replace_all(&lines, *with).into_owned())
}

#[test]
fn every_shipped_dialect_sends_the_same_for_a_call_on_every_release() {
    let mut events: BTreeMap<String, BTreeMap<String, Vec<CallEvent>>> = BTreeMap::new();
    for_every_capture(|name, bytes, times| {
        let (release, scenario) = name.split_once('/').unwrap();
        let published = follow(Rules::new("pbx"), &[(bytes, times)]);
        events.entry(scenario.to_owned()).or_default().insert(release.to_owned(), published);
    });
    let mut different = Vec::new();
    // These two send what `webhook` sends.
    for name in shipped_names().filter(|name| !["n8n", "node-red"].contains(name)) {
        let dialect = shipped_example(name).unwrap();
        let mut snapshot = String::new();
        for (scenario, releases) in &events {
            let mut sent: BTreeMap<String, (String, Vec<&str>)> = BTreeMap::new();
            for (release, events) in releases.iter().rev() {
                let requests = requests(&dialect, events);
                sent.entry(in_any_order(&requests)).or_insert((requests, Vec::new())).1.insert(0, release);
            }
            if sent.len() > 1 && !(REPORTS_ALL.contains(&name) && LESS_ON_11.contains(&scenario.as_str())) {
                different.push(format!("{name}: {scenario}"));
            }
            for (requests, releases) in sent.into_values() {
                snapshot.push_str(&format!("## {scenario} ({})\n{requests}\n", releases.join(", ")));
            }
        }
        if dialect.file().events().count() > 0 {
            insta::assert_snapshot!(format!("dialect-{name}"), snapshot);
        }
    }
    assert!(different.is_empty(), "not the same on every release:\n{}", different.join("\n"));
}

/// The parameters that Bitrix24 publishes for each method of its REST interface (its documentation of 2026).
const BITRIX24: [(&str, &str); 5] = [
    (
        "register",
        "USER_ID USER_PHONE_INNER PHONE_NUMBER TYPE CALL_START_DATE CRM_CREATE CRM_SOURCE CRM_ENTITY_TYPE CRM_ENTITY_ID \
         SHOW ADD_TO_CHAT CALL_LIST_ID LINE_NUMBER EXTERNAL_CALL_ID",
    ),
    ("show", "CALL_ID USER_ID"),
    ("hide", "CALL_ID USER_ID"),
    (
        "finish",
        "CALL_ID USER_ID USER_PHONE_INNER DURATION COST COST_CURRENCY STATUS_CODE FAILED_REASON RECORD_URL VOTE ADD_TO_CHAT",
    ),
    ("attachRecord", "CALL_ID FILENAME FILE_CONTENT RECORD_URL"),
];

#[test]
fn bitrix24_gets_no_parameter_that_its_methods_do_not_know() {
    let dialect = shipped_example("bitrix24").unwrap();
    let mut checked = 0;
    for_every_capture(|name, bytes, times| {
        let mut memories: BTreeMap<String, CallMemory> = BTreeMap::new();
        for event in follow(Rules::new("pbx"), &[(bytes, times)]) {
            let memory = memories.entry(event.call.clone()).or_default();
            for step in plan_requests(&dialect, &event, memory).unwrap() {
                let url = step.request.full_url("");
                let method = url.trim_start_matches("/telephony.externalCall.");
                let (_, known) = BITRIX24.iter().find(|(known, _)| *known == method).unwrap();
                for field in step.request.body.fields().keys() {
                    assert!(known.split(' ').any(|known| known == field), "{name}: {method} has no {field}");
                }
                checked += 1;
            }
        }
    });
    assert!(checked > 300, "{checked}");
}
