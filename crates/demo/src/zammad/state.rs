//! The integration without a network.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call_log::{CallLogEntry, CallLogState};
use super::config::ZammadConfig;
use super::lookup::{find_answering_agent, find_customers};
use super::params::RequestParams;

/// The user that marks a call as answered by the voicemail; the call stays missed.
const VOICEMAIL: &str = "voicemail";

/// The widths of the columns of the caller log, in characters.
mod column_width {
    pub(super) const CALL_ID: usize = 250;
    pub(super) const NUMBER: usize = 100;
    pub(super) const NAMES: usize = 250;
    pub(super) const QUEUE: usize = 250;
    pub(super) const COMMENT: usize = 500;
}

/// A reply of the integration.
#[derive(Clone, Debug, PartialEq)]
pub struct ZammadReply {
    /// The HTTP status.
    pub status: u16,
    /// The body, as JSON.
    pub body: Value,
    /// Whether it comes from an exception; then it is JSON only for clients that accept JSON.
    pub is_exception: bool,
    /// The name of the agent who gets a screen pop.
    pub screen_pop: Option<String>,
}

impl ZammadReply {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, is_exception: false, screen_pop: None }
    }

    fn refused(status: u16, error: &str) -> Self {
        Self { body: json!({ "error": error }), status, ..Self::ok(Value::Null) }
    }

    fn exception(status: u16, body: Value) -> Self {
        Self { is_exception: true, status, ..Self::ok(body) }
    }

    fn already_exists(status: u16) -> Self {
        let text = "This object already exists.";
        Self::exception(status, json!({ "error": text, "error_human": text }))
    }

    fn required(attribute: &str) -> Self {
        // Zammad splits the database's message at the wrong place.
        let text = format!("Attribute '{attribute}\" of relation \"cti_logs' required!");
        Self::exception(422, json!({ "error": text, "error_human": text }))
    }
}

/// The integration: its settings and its caller log.
#[derive(Clone, Debug)]
pub struct ZammadState {
    /// The settings, which may change at any time.
    pub config: ZammadConfig,
    entries: Vec<CallLogEntry>,
    by_id: HashMap<String, usize>,
    internal_errors: u32,
}

impl ZammadState {
    /// An integration with an empty log.
    #[must_use]
    pub fn new(config: ZammadConfig) -> Self {
        Self { config, entries: Vec::new(), by_id: HashMap::new(), internal_errors: 0 }
    }

    /// The caller log, in the order of the newCall requests.
    #[must_use]
    pub fn call_log(&self) -> &[CallLogEntry] {
        &self.entries
    }

    /// The entry of the call with this id.
    #[must_use]
    pub fn entry(&self, call_id: &str) -> Option<&CallLogEntry> {
        self.by_id.get(call_id).and_then(|&at| self.entries.get(at))
    }

    /// Removes the entry of the call with this id, as its retention or a restored backup does.
    pub fn forget(&mut self, call_id: &str) {
        self.entries.retain(|entry| entry.call_id != call_id);
        self.by_id = self.entries.iter().enumerate().map(|(at, entry)| (entry.call_id.clone(), at)).collect();
    }

    /// Handles one request to the URL with `token`, at `now`.
    pub fn apply(&mut self, token: &str, params: &RequestParams, now: Timestamp) -> ZammadReply {
        if !self.config.enabled {
            return ZammadReply::refused(422, "Feature is disabled, please contact your administrator!");
        }
        if !self.config.configured {
            return ZammadReply::refused(422, "Feature not configured, please contact your admin!");
        }
        if token != self.config.token {
            return ZammadReply::refused(401, "Invalid token, please contact your admin!");
        }
        let inbound = match params.string("direction") {
            Some("in") => true,
            Some("out") => false,
            _ => return ZammadReply::refused(422, "Invalid 'direction'!"),
        };
        match params.string("event") {
            Some("newCall") => self.new_call(params, inbound, now),
            Some("answer") => self.answer(params, inbound, now),
            Some("hangup") => self.hangup(params, inbound, now),
            _ => self.internal_error(422),
        }
    }

    fn new_call(&mut self, params: &RequestParams, inbound: bool, now: Timestamp) -> ZammadReply {
        let mut reply = json!({});
        let mut chosen = None;
        if inbound {
            if params
                .string("from")
                .is_some_and(|from| self.config.block.iter().any(|blocked| blocked == from))
            {
                reply = json!({ "action": "reject", "reason": "busy" });
            }
        } else if let Some(to) = params.get("to").filter(|to| !to.is_null()) {
            if !to.is_string() && !self.config.routes.is_empty() {
                return self.internal_error(500);
            }
            chosen = self.caller_id(to.as_str().unwrap_or_default());
            if let Some(caller_id) = &chosen {
                reply = json!({ "action": "dial", "caller_id": caller_id, "number": to });
            }
        }
        match self.store(params, chosen, inbound, now) {
            Ok(()) => ZammadReply::ok(reply),
            Err(answer) => answer,
        }
    }

    /// The caller id for a call to `number`.
    fn caller_id(&self, number: &str) -> Option<String> {
        let config = &self.config;
        let route = config.routes.iter().find(|route| route.matches(number));
        route
            .map(|route| route.caller_id.clone())
            .or_else(|| (!config.default_caller_id.is_empty()).then(|| config.default_caller_id.clone()))
    }

    fn store(
        &mut self,
        params: &RequestParams,
        caller_id: Option<String>,
        inbound: bool,
        now: Timestamp,
    ) -> Result<(), ZammadReply> {
        let from = caller_id.or_else(|| params.text("from")).ok_or_else(|| ZammadReply::required("from"))?;
        let to = params.text("to").ok_or_else(|| ZammadReply::required("to"))?;
        let id = id_of(params).ok_or_else(|| ZammadReply::required("call_id"))?;
        if self.by_id.contains_key(&id) {
            return Err(ZammadReply::already_exists(500));
        }
        let stored_id = truncate(id, column_width::CALL_ID);
        if self.by_id.contains_key(&stored_id) {
            // The lookup uses the full id and misses it; the unique index finds the truncated one.
            return Err(ZammadReply::already_exists(422));
        }
        let user = params.text("user").map(|user| truncate(user, column_width::NAMES));
        let asked_queue = params.text("queue").map(|queue| truncate(queue, column_width::QUEUE));
        // A number that is not a string is not looked up.
        let known = find_customers(&self.config, params.string(if inbound { "from" } else { "to" }));
        let (customer, people) = known.map_or((None, Vec::new()), |(names, people)| (Some(names), people));
        let queue = asked_queue.clone().unwrap_or_else(|| if inbound { to.clone() } else { from.clone() });
        let mut entry = CallLogEntry {
            call_id: stored_id.clone(),
            direction: if inbound { "in" } else { "out" }.to_owned(),
            from: truncate(from, column_width::NUMBER),
            to: truncate(to, column_width::NUMBER),
            from_comment: None,
            to_comment: None,
            from_people: Vec::new(),
            to_people: Vec::new(),
            queue,
            state: CallLogState::NewCall,
            done: !inbound,
            comment: comment(params),
            initialized_at: now,
            start_at: None,
            end_at: None,
            waiting_time: None,
            talking_time: None,
        };
        if inbound {
            (entry.from_comment, entry.from_people) = (customer, people);
            entry.to_comment = user.filter(|user| !user.trim().is_empty()).or(asked_queue);
        } else {
            (entry.to_comment, entry.to_people) = (customer, people);
            entry.from_comment = user;
        }
        self.by_id.insert(stored_id, self.entries.len());
        self.entries.push(entry);
        Ok(())
    }

    fn answer(&mut self, params: &RequestParams, inbound: bool, now: Timestamp) -> ZammadReply {
        let Some(entry) = self.find_entry(params) else { return self.internal_error(500) };
        if entry.state == CallLogState::Hangup {
            return ZammadReply::ok(json!({}));
        }
        entry.state = CallLogState::Answer;
        entry.done = true;
        entry.start_at = Some(now);
        entry.waiting_time = Some(seconds(entry.initialized_at, now));
        entry.comment = comment(params);
        if params.get("user").is_some() {
            entry.to_comment = params.text("user").map(|user| truncate(user, column_width::NAMES));
        }
        if !inbound {
            return ZammadReply::ok(json!({}));
        }
        match find_answering_agent(&self.config, params) {
            Ok(agent) => ZammadReply {
                screen_pop: agent.map(|agent| agent.name.clone()),
                ..ZammadReply::ok(json!({}))
            },
            Err(_) => self.internal_error(500),
        }
    }

    fn hangup(&mut self, params: &RequestParams, inbound: bool, now: Timestamp) -> ZammadReply {
        let Some(entry) = self.find_entry(params) else { return self.internal_error(500) };
        let unanswered = entry.state == CallLogState::NewCall && params.string("cause") != Some("forwarded");
        let missed = inbound && (unanswered || entry.to_comment.as_deref() == Some(VOICEMAIL));
        entry.state = CallLogState::Hangup;
        entry.done = !missed;
        entry.end_at = Some(now);
        match entry.start_at {
            Some(start) => entry.talking_time = Some(seconds(start, now)),
            None => entry.waiting_time = entry.waiting_time.or(Some(seconds(entry.initialized_at, now))),
        }
        entry.comment = comment(params);
        ZammadReply::ok(json!({}))
    }

    /// Finds the entry of the request. An id that was truncated when it was stored is not found.
    fn find_entry(&mut self, params: &RequestParams) -> Option<&mut CallLogEntry> {
        let at = *self.by_id.get(&id_of(params)?)?;
        self.entries.get_mut(at)
    }

    /// The reply to an exception: only an error id, which refers to the log.
    fn internal_error(&mut self, status: u16) -> ZammadReply {
        self.internal_errors = self.internal_errors.wrapping_add(1);
        let id = format!("{:08x}", self.internal_errors.wrapping_mul(0x9E37_79B1));
        ZammadReply::exception(
            status,
            json!({ "error": format!("Error ID {id}: Please contact your administrator.") }),
        )
    }
}

/// The id of the call: `callId` if it was sent at all, else `call_id`.
fn id_of(params: &RequestParams) -> Option<String> {
    params.text(if params.get("callId").is_some() { "callId" } else { "call_id" })
}

fn comment(params: &RequestParams) -> Option<String> {
    params.text("cause").map(|cause| truncate(cause, column_width::COMMENT))
}

fn truncate(mut text: String, width: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(width) {
        text.truncate(end);
    }
    text
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}
