//! What Zammad's replies mean (docs/zammad.md, sections 1 and 3).

use ringwire_event::{CallEvent, Direction, EventKind};
use serde_json::{Map, Value};

use crate::{
    by_status::{describe_reply, judge_by_status, misconfigured},
    reply::{Directive, ReplyVerdict, TargetReply},
};

/// Longer words of a reply are not passed on.
const LONGEST_WORD: usize = 32;

/// The 422 replies that say what is wrong with the request: it would be refused again.
const FINAL_REFUSALS: [&str; 3] = ["invalid 'direction'", "invalid direction", "required!"];

/// Judges the `reply` to the request for `event`.
pub(super) fn judge_reply(event: &CallEvent, reply: &TargetReply<'_>) -> ReplyVerdict {
    let is_new_call = matches!(event.kind, EventKind::NewCall { .. });
    if reply.is_page() {
        return judge_page(reply);
    }
    let body = String::from_utf8_lossy(reply.body).to_lowercase();
    match reply.status {
        200..=299 => judge_success(event, reply),
        500 | 422 if is_new_call && body.contains("already exists") => ReplyVerdict::AlreadyExists,
        // Zammad has no better reply for a call that it does not know. "No such call_id" is in its log, and in the
        // reply of a development instance.
        500 if !is_new_call && (body.contains("error id") || body.contains("no such call_id")) => {
            ReplyVerdict::UnknownCall { reason: describe_reply(reply) }
        }
        401 => wrong_token(reply),
        403 | 407 => not_allowed(reply),
        404 | 405 => wrong_url(reply),
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
        422 if FINAL_REFUSALS.iter().any(|text| body.contains(text)) => {
            ReplyVerdict::Refused { reason: describe_reply(reply) }
        }
        // "Error ID" is what a database gives that is read-only, full or gone (docs/zammad.md, section 5).
        422 => ReplyVerdict::Retry { reason: describe_reply(reply) },
        _ => judge_by_status(reply),
    }
}

/// Judges an HTML page. It comes from a server in front of Zammad, which answers ringwire in JSON.
fn judge_page(reply: &TargetReply<'_>) -> ReplyVerdict {
    match reply.status {
        401 => misconfigured(
            reply,
            "a server in front of Zammad asks for credentials: set them, or let it accept posts to the target's URL",
        ),
        403 | 407 => not_allowed(reply),
        404 | 405 => wrong_url(reply),
        _ => judge_by_status(reply),
    }
}

/// Judges a 2xx: Zammad's are JSON objects.
fn judge_success(event: &CallEvent, reply: &TargetReply<'_>) -> ReplyVerdict {
    match serde_json::from_slice(reply.body) {
        Ok(Value::Object(fields)) => ReplyVerdict::Delivered(read_directives(event, &fields)),
        // Whoever has cut the reply may have passed the request on.
        _ => ReplyVerdict::Unknown { reason: format!("{}; Zammad replies with JSON", describe_reply(reply)) },
    }
}

fn wrong_token(reply: &TargetReply<'_>) -> ReplyVerdict {
    misconfigured(
        reply,
        "the token in the target's URL is not valid: copy the URL again from Zammad's administration, System, \
         Integrations, CTI (generic)",
    )
}

fn not_allowed(reply: &TargetReply<'_>) -> ReplyVerdict {
    misconfigured(reply, "a server in front of Zammad refuses ringwire: allow it to post to the target's URL")
}

fn wrong_url(reply: &TargetReply<'_>) -> ReplyVerdict {
    misconfigured(
        reply,
        "the target's URL is wrong: copy it again from Zammad's administration, System, Integrations, CTI (generic)",
    )
}

/// Reads what Zammad asks of the PBX. It does so only in reply to newCall; anything else in a reply is ignored.
fn read_directives(event: &CallEvent, reply: &Map<String, Value>) -> Vec<Directive> {
    if !matches!(event.kind, EventKind::NewCall { .. }) {
        return Vec::new();
    }
    let inbound = matches!(event.direction, Direction::In | Direction::Internal);
    match reply.get("action").and_then(Value::as_str) {
        Some("reject") if inbound => vec![Directive::Reject { reason: read_word(reply.get("reason")) }],
        Some("dial") if !inbound => {
            // Zammad's code says `caller_id`, its documentation `callerId`.
            let number =
                ["caller_id", "callerId"].iter().find_map(|key| reply.get(*key).and_then(read_number));
            number.map(|number| Directive::ShowNumber { number }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Reads a reason: a short word, else `busy`, the only one that Zammad uses. It is logged, so it cannot be a number.
fn read_word(value: Option<&Value>) -> String {
    match value.and_then(Value::as_str) {
        Some(word)
            if (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            word.to_owned()
        }
        _ => "busy".to_owned(),
    }
}

/// Reads a number: its digits, without the `+` and the separators that people write into a setting.
fn read_number(value: &Value) -> Option<String> {
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
