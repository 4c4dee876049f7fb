//! What Zammad's replies mean (Zammad contract, section 1, error table, and section 3).

use ringwire_event::{CallEvent, Direction, EventKind};
use serde_json::Value;

use crate::status::{by_status, misconfigured, said};
use crate::{Directive, Reply, Verdict};

/// How long a word from a reply may be to be passed on.
const LONGEST_WORD: usize = 32;

pub(super) fn of(event: &CallEvent, reply: &Reply<'_>) -> Verdict {
    let new = matches!(event.kind, EventKind::NewCall { .. });
    let body = String::from_utf8_lossy(reply.body).to_lowercase();
    match reply.status {
        200..=299 => Verdict::Delivered(directives(event, reply.body)),
        500 | 422 if new && body.contains("already exists") => Verdict::Delivered(Vec::new()),
        // Zammad has no other word for a call it does not know. "No such call_id" is what stands in its log, and
        // in the reply of an instance run for development.
        500 if !new && (body.contains("error id") || body.contains("no such call_id")) => {
            Verdict::UnknownCall { reason: said(reply) }
        }
        401 => misconfigured(
            reply,
            "the token in the endpoint's address is not valid: copy the address again from Zammad's \
             administration, System, Integrations, CTI (generic)",
        ),
        403 | 407 => misconfigured(
            reply,
            "something in front of Zammad turns the bridge away: allow it to post to the endpoint's address",
        ),
        404 | 405 => misconfigured(
            reply,
            "the endpoint's address is wrong: copy it again from Zammad's administration, System, Integrations, \
             CTI (generic)",
        ),
        422 if body.contains("feature is disable") => misconfigured(
            reply,
            "the integration is switched off: switch it on in Zammad's administration, System, Integrations, \
             CTI (generic)",
        ),
        422 if body.contains("feature not configured") => misconfigured(
            reply,
            "the integration has no settings: save them once in Zammad's administration, System, Integrations, \
             CTI (generic)",
        ),
        _ => by_status(reply),
    }
}

/// What Zammad wants of the PBX: it says so only in reply to newCall, and nothing else in a reply is an error.
fn directives(event: &CallEvent, body: &[u8]) -> Vec<Directive> {
    if !matches!(event.kind, EventKind::NewCall { .. }) {
        return Vec::new();
    }
    let Ok(reply) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let inbound = matches!(event.direction, Direction::In | Direction::Internal);
    match reply.get("action").and_then(Value::as_str) {
        Some("reject") if inbound => vec![Directive::Reject { reason: word(reply.get("reason")) }],
        Some("dial") if !inbound => {
            // The code says `caller_id`, its documents say `callerId`.
            let number = ["caller_id", "callerId"].iter().find_map(|key| reply.get(key).and_then(digits));
            number.map(|number| Directive::ShowNumber { number }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A reason that can be passed on: a short plain word, else `busy`, the only one that Zammad knows.
fn word(value: Option<&Value>) -> String {
    match value.and_then(Value::as_str) {
        Some(word)
            if (1..=LONGEST_WORD).contains(&word.len())
                && word.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            word.to_owned()
        }
        _ => "busy".to_owned(),
    }
}

/// A number that can be shown: digits, less the `+` and the separators that people write into a setting.
fn digits(value: &Value) -> Option<String> {
    let written = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let written = written.trim();
    let digits: String = written
        .strip_prefix('+')
        .unwrap_or(written)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '/' | '(' | ')' | '.'))
        .collect();
    let plain = (1..=LONGEST_WORD).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then_some(digits)
}
