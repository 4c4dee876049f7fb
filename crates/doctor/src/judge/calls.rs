//! Judges which call events a PBX sent, and why there may be none.

use ringwire_config::Pbx;
use ringwire_live::{InternalContext, PbxDiagnosis};
use ringwire_terminal::Code;

use super::wording::plural;
use crate::{
    facts::calls::{CallFacts, EventSource},
    finding::{Findings, Subject},
};

const READ_CURE: &str = "in manager.conf, set read = system,call,agent for the user, and remove eventfilter lines from its section and \
                    disabledevents from [general]; then run: asterisk -rx 'manager reload' && systemctl restart ringwire";

/// Words in the names of contexts that phones call from.
const INTERNAL_CONTEXT_WORDS: [&str; 10] =
    ["internal", "phone", "local", "user", "extension", "office", "agent", "staff", "intern", "softphone"];

/// Words in the names of endpoints that are not phones.
const TRUNK_WORDS: [&str; 6] = ["trunk", "provider", "gateway", "carrier", "pstn", "isdn"];

/// Judges the call events that `pbx` sent.
pub(crate) fn judge(facts: &CallFacts, pbx: &Pbx) -> Findings {
    let mut findings = Findings::new(Subject::Calls(pbx.name.clone()));
    let received = match &facts.diagnosis {
        Ok(received) => received,
        Err(why) => {
            findings.not_checked(why.clone());
            return findings;
        }
    };
    let span = describe_span(facts.source, received);
    if received.events.call == 0 {
        judge_silence(&mut findings, facts, received, &span);
    } else {
        let events = &received.events;
        let last = received.last_event.map_or_else(String::new, |last| {
            format!("; last event {} s ago", facts.now.duration_since(last).as_secs().max(0))
        });
        findings.ok(format!(
            "events received {span}: call {}, agent {}, dialplan {}, system {}, other {}{last}",
            events.call, events.agent, events.dialplan, events.system, events.other
        ));
        judge_directions(&mut findings, facts, received, pbx, &span);
    }
    if !received.unknown_users.is_empty() {
        judge_unknown_users(&mut findings, received, pbx);
    }
    let errors: Vec<_> =
        received.stream_errors.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
    if !errors.is_empty() {
        findings.warning(
            format!("the stream from the PBX has errors: malformed or cut off packets, or headers forged by callers ({})", errors.join(", ")),
            "set writetimeout = 5000 in manager.conf [general]; if errors continue, record the stream for a bug report: \
             ringwire capture --anonymise -o errors.ami",
        );
    }
    findings
}

/// The time that the events span.
fn describe_span(source: EventSource, received: &PbxDiagnosis) -> String {
    match source {
        EventSource::Daemon if received.window.is_multiple_of(60) => {
            format!("in the last {} minutes", received.window / 60)
        }
        EventSource::Daemon => format!("in the last {} s", received.window),
        EventSource::OwnConnection { seconds, .. } => format!("while listening for {} s", seconds.max(1)),
    }
}

/// Judges why the PBX sent no call events.
fn judge_silence(findings: &mut Findings, facts: &CallFacts, received: &PbxDiagnosis, span: &str) {
    let others = received.events.sum();
    let none = match others {
        0 => format!("the PBX sent no events {span}"),
        _ => format!(
            "the PBX sent no call events {span}, only {} of other classes",
            plural(usize::try_from(others).unwrap_or(usize::MAX), "event")
        ),
    };
    match (facts.source, facts.channels) {
        (EventSource::OwnConnection { channels_changed: true, .. }, _) => findings.fault(
            Code::Unavailable,
            format!("{none}, but channels came and went: read = call is missing, or an eventfilter suppresses the events"),
            READ_CURE,
        ),
        (EventSource::Daemon, Some(channels @ 1..)) => findings.fault(
            Code::Unavailable,
            format!(
                "{none}, but it has {} now: read = call is missing, or an eventfilter suppresses the events",
                plural(channels, "channel")
            ),
            READ_CURE,
        ),
        (EventSource::Daemon, _) => findings.not_checked_until(
            format!("{none}, and no call is in progress: nothing can be concluded"),
            format!("make a test call, then run: ringwire doctor; if there are still no events: {READ_CURE}"),
        ),
        (EventSource::OwnConnection { .. }, _) => findings.not_checked_until(
            format!("{none}, and no call was made meanwhile: nothing can be concluded"),
            "make a test call while the doctor listens: ringwire doctor --listen 60".to_owned(),
        ),
    }
}

/// Judges the directions of the calls.
fn judge_directions(
    findings: &mut Findings,
    facts: &CallFacts,
    received: &PbxDiagnosis,
    pbx: &Pbx,
    span: &str,
) {
    let calls = &received.calls;
    let outside: Vec<_> =
        received.internal_contexts.iter().filter(|origin| !is_from_phone(origin, pbx)).collect();
    if calls.sum() == 0 {
        let hint = match facts.source {
            EventSource::Daemon => "make a test call, then run: ringwire doctor",
            EventSource::OwnConnection { .. } => {
                "make a test call while the doctor listens: ringwire doctor --listen 60"
            }
        };
        findings.not_checked_until(format!("no call started {span}"), hint);
        return;
    }
    let count =
        format!("calls {span}: {} in, {} out, {} internal", calls.inbound, calls.outbound, calls.internal);
    if outside.is_empty() {
        findings.ok(count);
        return;
    }
    let seen: Vec<_> = outside
        .iter()
        .map(|origin| format!("{} in {} ({})", origin.endpoint, show_context(&origin.context), origin.calls))
        .collect();
    let text = format!(
        "{count}; these started in a context that counts as internal, so they are not sent: {}",
        seen.join(", ")
    );
    let hint = configuration_lines(&outside, received, pbx);
    if calls.inbound == 0 {
        findings.fault(Code::Config, text, hint);
    } else {
        findings.warning(text, format!("if these calls came from outside, {hint}"));
    }
}

/// Whether internal calls with this origin were made from a phone, as they seem.
fn is_from_phone(origin: &InternalContext, pbx: &Pbx) -> bool {
    if pbx.rules.directory.find(&origin.endpoint, None).is_some() {
        return true;
    }
    let endpoint = origin.endpoint.to_lowercase();
    if TRUNK_WORDS.iter().any(|word| endpoint.contains(word)) {
        return false;
    }
    let (_, name) = endpoint.split_once('/').unwrap_or_default();
    let is_extension = (2..=6).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    is_extension || is_for_phones(&origin.context)
}

/// Whether phones call from a context, by its name.
fn is_for_phones(context: &str) -> bool {
    let context = context.to_lowercase();
    INTERNAL_CONTEXT_WORDS.iter().any(|word| context.contains(word))
}

/// The lines that make calls with these origins count as inbound: by context, unless phones call from the same one.
fn configuration_lines(outside: &[&InternalContext], received: &PbxDiagnosis, pbx: &Pbx) -> String {
    let shared = |context: &str| {
        matches!(context, "" | "default")
            || is_for_phones(context)
            || received
                .internal_contexts
                .iter()
                .any(|origin| origin.context == context && is_from_phone(origin, pbx))
    };
    let (trunks, contexts): (Vec<&InternalContext>, Vec<&InternalContext>) =
        outside.iter().copied().partition(|origin| shared(&origin.context));
    let mut lines = Vec::new();
    if !contexts.is_empty() {
        let is_default = pbx.written.inbound_contexts == ringwire_calls::Rules::INBOUND_CONTEXTS;
        // A default list that matched nothing is replaced; a configured one is extended.
        let known: &[String] =
            if is_default && received.calls.inbound == 0 { &[] } else { &pbx.written.inbound_contexts };
        lines.push(list("inbound_contexts", known, contexts.iter().map(|origin| origin.context.as_str())));
    }
    if !trunks.is_empty() {
        lines.push(list("trunks", &pbx.written.trunks, trunks.iter().map(|origin| origin.endpoint.as_str())));
    }
    let file = format!("add below [pbx.{}] in ringwire.toml, then run: systemctl reload ringwire", pbx.name);
    format!("{file}\n{}", lines.join("\n"))
}

/// `key = ["one", "two"]`, each once.
fn list<'a>(key: &str, known: &'a [String], more: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = known.iter().map(String::as_str).collect();
    for word in more {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let words: Vec<_> = words.into_iter().map(quoted).collect();
    format!("{key} = [{}]", words.join(", "))
}

/// A TOML string: names come from the PBX and from callers.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn show_context(context: &str) -> String {
    if context.is_empty() { "(no context)".to_owned() } else { context.to_owned() }
}

/// Warns of phones that rang and belong to no user in the list.
fn judge_unknown_users(findings: &mut Findings, received: &PbxDiagnosis, pbx: &Pbx) {
    const SHOWN: usize = 8;
    let users = &received.unknown_users;
    let tables: Vec<_> = users
        .iter()
        .take(SHOWN)
        .map(|user| {
            format!(
                "[[pbx.{}.users]]\nendpoint = {}\nname = \"…\"\nlogin = \"…\"",
                pbx.name,
                quoted(&user.endpoint)
            )
        })
        .collect();
    let more = users.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n… and {more} more") } else { String::new() };
    let names: Vec<_> =
        users.iter().take(SHOWN).map(|user| format!("{} ({})", user.endpoint, user.rung)).collect();
    findings.warning(
        format!(
            "{} rang without being in the list of users: {}; events carry the names and numbers from Asterisk",
            plural(users.len(), "phone"),
            names.join(", ")
        ),
        format!("add to ringwire.toml, or add the users to users_file:\n{}{more}", tables.join("\n")),
    );
}
