//! The fields of a request.

use md5::{Digest, Md5};
use ringwire_event::{AnsweredBy, CallEvent, Direction, EventKind, Party};
use serde_json::{Map, Value};

use super::options::{AgentKey, ToField};

/// The longest call id: Zammad cuts longer ones when it stores them, but looks them up uncut (docs/zammad.md, section 1).
pub(super) const LONGEST_ID: usize = 250;

/// The two sides of Zammad's call log, which it calls `direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallLogSide {
    /// `in`
    In,
    /// `out`
    Out,
}

/// What the fields contain, as far as it can be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldChoices {
    pub(super) to: ToField,
    pub(super) send_queue: bool,
    pub(super) find_agent_by: AgentKey,
}

/// Whether an answer opens the agent's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScreenPop {
    /// It does, if Zammad finds the agent.
    Opens,
    /// It has nothing by which Zammad could find the agent.
    None,
}

/// Whether Zammad knows events of this `kind`.
pub(super) fn is_posted(kind: &EventKind) -> bool {
    matches!(kind, EventKind::NewCall { .. } | EventKind::Answer { .. } | EventKind::Hangup { .. })
}

/// Builds the fields for `event`, in order; `None` for an event that Zammad does not know.
pub(super) fn build_fields(
    event: &CallEvent,
    side: CallLogSide,
    choices: FieldChoices,
    screen_pop: ScreenPop,
) -> Option<Map<String, Value>> {
    let FieldChoices { to, send_queue, find_agent_by } = choices;
    if !is_posted(&event.kind) {
        return None;
    }
    let mut fields = FieldList::default();
    fields.push_text("event", event.kind.name());
    fields.push_text("callId", &zammad_call_id(&event.call));
    fields.push_text("from", if event.from.is_empty() { "anonymous" } else { without_plus(&event.from) });
    let to = destination(event, side, to);
    if to.is_empty() {
        // Zammad refuses a newCall without `to`, but accepts an empty one. What follows says the same.
        fields.0.insert("to".into(), "".into());
    }
    fields.push_text("to", to);
    fields.push_text("direction", if side == CallLogSide::In { "in" } else { "out" });
    match &event.kind {
        EventKind::NewCall { users } => {
            fields.push_list("user", users.iter().map(Party::label));
            let queue = event.queue.as_deref().filter(|_| send_queue);
            fields.push_text("queue", queue.unwrap_or_default());
        }
        EventKind::Answer { answered_by } => {
            // In an outbound answer the user would overwrite the customer's name. A list may crash Zammad.
            let opens = screen_pop == ScreenPop::Opens;
            let login = find_agent_by.login(answered_by).filter(|_| side == CallLogSide::In);
            if side == CallLogSide::In && (opens || !may_be_login(answered_by)) {
                fields.push_text("user", login.filter(|_| opens).unwrap_or_else(|| user_name(answered_by)));
            }
            // Zammad looks for a number first, and a customer who has it ends the search for the agent.
            if opens && login.is_none() {
                fields.push_text("answeringNumber", answering_number(event, find_agent_by, answered_by));
            }
        }
        EventKind::Hangup { cause, answered_by } => {
            fields.push_text("cause", cause.as_str());
            let number = answered_by.as_ref().map_or("", |by| answering_number(event, find_agent_by, by));
            fields.push_text("answeringNumber", number);
        }
        _ => {}
    }
    Some(fields.0)
}

/// The value of the field `to`.
fn destination(event: &CallEvent, side: CallLogSide, to: ToField) -> &str {
    let queue = event.queue.as_deref().filter(|queue| !queue.is_empty());
    match (to, side, queue) {
        (ToField::Queue, CallLogSide::In, Some(queue)) => queue,
        (ToField::Queue | ToField::Dialled, CallLogSide::In | CallLogSide::Out, _) => without_plus(&event.to),
    }
}

/// The value of the field `user`; empty if no user of the PBX answered.
///
/// `voicemail` is Zammad's word: an entry with exactly this user stays missed (docs/zammad.md, section 2).
fn user_name(answered_by: &AnsweredBy) -> &str {
    match answered_by {
        AnsweredBy::User(party) => party.label(),
        AnsweredBy::Voicemail => "voicemail",
        AnsweredBy::Number { .. } | AnsweredBy::Conference => "",
    }
}

impl AgentKey {
    /// The login to send as `user`, if that is what finds the agent.
    fn login(self, answered_by: &AnsweredBy) -> Option<&str> {
        answered_by.user()?.login.as_deref().filter(|login| self == Self::Login && !login.is_empty())
    }

    /// The value of the field `answeringNumber`.
    fn number(self, answered_by: &AnsweredBy) -> &str {
        let number =
            answered_by.user().and_then(|user| user.number.as_deref()).filter(|_| self == Self::Number);
        without_plus(number.or_else(|| answered_by.answering_number()).unwrap_or_default())
    }
}

/// The number of who answered: that of the customer where an agent takes an outbound call that rang the customer first.
fn answering_number<'a>(
    event: &'a CallEvent,
    find_agent_by: AgentKey,
    answered_by: &'a AnsweredBy,
) -> &'a str {
    match answered_by {
        AnsweredBy::User(_) if event.direction == Direction::Out => without_plus(&event.to),
        _ => find_agent_by.number(answered_by),
    }
}

/// Whether Zammad may find an agent by the field `user`: it takes any text that is a login, in any case. Where the
/// directory has no login, a name of several words is taken for none.
fn may_be_login(answered_by: &AnsweredBy) -> bool {
    let AnsweredBy::User(party) = answered_by else { return false };
    let label = party.label().to_lowercase();
    let is_login = |login: &Option<String>| login.as_ref().is_some_and(|login| login.to_lowercase() == label);
    let is_word = !label.trim().contains(char::is_whitespace);
    is_login(&party.login) || is_login(&party.email) || party.login.is_none() && is_word
}

/// A number as Zammad looks it up, filters it and blocks it: without `+` (docs/zammad.md, section 2).
fn without_plus(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// The id of `call` for Zammad: unchanged, or if it is too long its beginning, `-` and the MD5 of the whole, 250
/// characters in all. So a call always has the same id, and no two calls share one.
fn zammad_call_id(call: &str) -> String {
    if call.chars().count() <= LONGEST_ID {
        return call.to_owned();
    }
    let digest: String = Md5::digest(call).iter().map(|byte| format!("{byte:02x}")).collect();
    let kept: String = call.chars().take(LONGEST_ID - 1 - digest.len()).collect();
    format!("{kept}-{digest}")
}

/// The fields of a request: strings and lists of strings, none of them empty.
#[derive(Default)]
struct FieldList(Map<String, Value>);

impl FieldList {
    fn push_text(&mut self, name: &str, value: &str) {
        let value = without_nul(value);
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// Adds a list with each value once: a user with two phones may ring on both.
    fn push_list<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        let mut list: Vec<Value> = Vec::new();
        for value in values.map(without_nul).filter(|value| !value.is_empty()) {
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

/// `value` without NUL, which PostgreSQL cannot store: every attempt would fail.
fn without_nul(value: &str) -> String {
    value.replace('\0', "")
}
