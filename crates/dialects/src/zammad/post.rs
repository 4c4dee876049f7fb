//! The fields of a post.

use md5::{Digest, Md5};
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};
use serde_json::{Map, Value};

use super::To;

/// How long a call id may be: a longer one is cut when stored, but looked up uncut (Zammad contract, section 1).
pub(super) const LONGEST_ID: usize = 250;

/// The two sides of Zammad's call log, which it calls `direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `in`
    In,
    /// `out`
    Out,
}

/// What is posted for `event`, in order; `None` for an event that Zammad has no word for.
pub(super) fn fields(event: &CallEvent, side: Side, to: To) -> Option<Map<String, Value>> {
    let new = match event.kind {
        EventKind::NewCall { .. } => true,
        EventKind::Answer { .. } | EventKind::Hangup { .. } => false,
        EventKind::Ringing { .. }
        | EventKind::Hold { .. }
        | EventKind::Unhold { .. }
        | EventKind::Transfer { .. } => {
            return None;
        }
    };
    let mut post = Post::default();
    post.text("event", event.kind.name());
    post.text("callId", &call_id(&event.call));
    post.text("from", if event.from.is_empty() { "anonymous" } else { number(&event.from) });
    let to = destination(event, side, to);
    if new && to.is_empty() {
        // newCall is refused without `to`, but not with an empty one.
        post.0.insert("to".into(), "".into());
    }
    post.text("to", to);
    post.text("direction", if side == Side::In { "in" } else { "out" });
    match &event.kind {
        EventKind::NewCall { users } => {
            post.list("user", users.iter().map(Party::label));
            post.text("queue", event.queue.as_deref().unwrap_or_default());
        }
        EventKind::Answer { answered_by } => {
            // On an outbound answer the user would overwrite the customer's name. A list may crash the reply.
            if side == Side::In {
                post.text("user", user(answered_by));
            }
            post.text("answeringNumber", answering_number(answered_by));
        }
        EventKind::Hangup { cause, answered_by } => {
            post.text("cause", cause.as_str());
            post.text("answeringNumber", answered_by.as_ref().map_or("", answering_number));
        }
        EventKind::Ringing { .. }
        | EventKind::Hold { .. }
        | EventKind::Unhold { .. }
        | EventKind::Transfer { .. } => {}
    }
    Some(post.0)
}

/// Where the call goes.
fn destination(event: &CallEvent, side: Side, to: To) -> &str {
    let queue = event.queue.as_deref().filter(|queue| !queue.is_empty());
    match (to, side, queue) {
        (To::Queue, Side::In, Some(queue)) => queue,
        (To::Queue | To::Dialled, Side::In | Side::Out, _) => number(&event.to),
    }
}

/// What a answered_by is called; nothing for one that is no user of the PBX.
///
/// `voicemail` is Zammad's word: an entry with exactly it stays missed (Zammad contract, section 2).
fn user(answered_by: &AnsweredBy) -> &str {
    match answered_by {
        AnsweredBy::User(party) => party.label(),
        AnsweredBy::Voicemail => "voicemail",
        AnsweredBy::Number { .. } | AnsweredBy::Conference => "",
    }
}

fn answering_number(answered_by: &AnsweredBy) -> &str {
    number(answered_by.answering_number().unwrap_or_default())
}

/// A number as Zammad can look it up, filter it and block it: without `+` (Zammad contract, section 2).
fn number(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// `call` itself, or for one that is too long its beginning, `-` and the MD5 of the whole, 250 characters in
/// all: the same call always gets the same id, and no two get one.
fn call_id(call: &str) -> String {
    if call.chars().count() <= LONGEST_ID {
        return call.to_owned();
    }
    let digest: String = Md5::digest(call).iter().map(|byte| format!("{byte:02x}")).collect();
    let kept: String = call.chars().take(LONGEST_ID - 1 - digest.len()).collect();
    format!("{kept}-{digest}")
}

/// The fields so far: strings and lists of strings, none of them empty.
#[derive(Default)]
struct Post(Map<String, Value>);

impl Post {
    fn text(&mut self, name: &str, value: &str) {
        let value = storable(value);
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// A list, each value once: someone with two phones is rung on both.
    fn list<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        let mut list: Vec<Value> = Vec::new();
        for value in values.map(storable).filter(|value| !value.is_empty()) {
            let value = Value::from(value);
            if !list.contains(&value) {
                list.push(value);
            }
        }
        if !list.is_empty() {
            self.0.insert(name.to_owned(), list.into());
        }
    }
}

/// `value` without NUL, which PostgreSQL cannot store: the post would fail whenever it is tried.
fn storable(value: &str) -> String {
    value.replace('\0', "")
}
