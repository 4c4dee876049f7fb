//! The endpoint without its network.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::people::{answering, customers};
use super::{Params, Row, State, ZammadConfig};

/// The user that marks a call as taken by the voicemail: it stays missed.
const VOICEMAIL: &str = "voicemail";

/// What the columns of the log hold, in characters.
mod width {
    pub(super) const CALL_ID: usize = 250;
    pub(super) const NUMBER: usize = 100;
    pub(super) const NAMES: usize = 250;
    pub(super) const QUEUE: usize = 250;
    pub(super) const COMMENT: usize = 500;
}

/// A reply of the endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, where it is JSON.
    pub body: Value,
    /// Whether it comes from an exception; then it is JSON only for who asks for JSON.
    pub raised: bool,
    /// The name of the agent whose screen is brought up.
    pub screen: Option<String>,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, raised: false, screen: None }
    }

    fn refused(status: u16, error: &str) -> Self {
        Self { body: json!({ "error": error }), status, ..Self::ok(Value::Null) }
    }

    fn raised(status: u16, body: Value) -> Self {
        Self { raised: true, status, ..Self::ok(body) }
    }

    fn already_exists(status: u16) -> Self {
        let text = "This object already exists.";
        Self::raised(status, json!({ "error": text, "error_human": text }))
    }

    fn required(attribute: &str) -> Self {
        // The database's own message, taken apart at the wrong place.
        let text = format!("Attribute '{attribute}\" of relation \"cti_logs' required!");
        Self::raised(422, json!({ "error": text, "error_human": text }))
    }
}

/// The endpoint: its settings and its caller log.
#[derive(Clone, Debug)]
pub struct ZammadState {
    /// The settings, which may change at any time.
    pub config: ZammadConfig,
    rows: Vec<Row>,
    by_id: HashMap<String, usize>,
    faults: u32,
}

impl ZammadState {
    /// An endpoint with an empty log.
    #[must_use]
    pub fn new(config: ZammadConfig) -> Self {
        Self { config, rows: Vec::new(), by_id: HashMap::new(), faults: 0 }
    }

    /// The caller log, in the order in which the calls came.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The entry of the call that was sent as `call_id`.
    #[must_use]
    pub fn row(&self, call_id: &str) -> Option<&Row> {
        self.by_id.get(call_id).and_then(|&at| self.rows.get(at))
    }

    /// Takes one request, sent to the address that ends in `token`, at `now`.
    pub fn apply(&mut self, token: &str, params: &Params, now: Timestamp) -> Answer {
        if !self.config.enabled {
            return Answer::refused(422, "Feature is disabled, please contact your administrator!");
        }
        if !self.config.configured {
            return Answer::refused(422, "Feature not configured, please contact your admin!");
        }
        if token != self.config.token {
            return Answer::refused(401, "Invalid token, please contact your admin!");
        }
        let inbound = match params.string("direction") {
            Some("in") => true,
            Some("out") => false,
            _ => return Answer::refused(422, "Invalid 'direction'!"),
        };
        match params.string("event") {
            Some("newCall") => self.new_call(params, inbound, now),
            Some("answer") => self.answer(params, inbound, now),
            Some("hangup") => self.hangup(params, inbound, now),
            _ => self.fault(422),
        }
    }

    fn new_call(&mut self, params: &Params, inbound: bool, now: Timestamp) -> Answer {
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
                return self.fault(500);
            }
            chosen = self.caller_id(to.as_str().unwrap_or_default());
            if let Some(caller_id) = &chosen {
                reply = json!({ "action": "dial", "caller_id": caller_id, "number": to });
            }
        }
        match self.store(params, chosen, inbound, now) {
            Ok(()) => Answer::ok(reply),
            Err(answer) => answer,
        }
    }

    /// The caller id to show to `number`.
    fn caller_id(&self, number: &str) -> Option<String> {
        let config = &self.config;
        let route = config.routes.iter().find(|route| route.matches(number));
        route
            .map(|route| route.caller_id.clone())
            .or_else(|| (!config.default_caller_id.is_empty()).then(|| config.default_caller_id.clone()))
    }

    fn store(
        &mut self,
        params: &Params,
        caller_id: Option<String>,
        inbound: bool,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let from = caller_id.or_else(|| params.text("from")).ok_or_else(|| Answer::required("from"))?;
        let to = params.text("to").ok_or_else(|| Answer::required("to"))?;
        let id = id_of(params).ok_or_else(|| Answer::required("call_id"))?;
        if self.by_id.contains_key(&id) {
            return Err(Answer::already_exists(500));
        }
        let stored_id = cut(id, width::CALL_ID);
        if self.by_id.contains_key(&stored_id) {
            // Looked up uncut it was not there; the index finds it all the same.
            return Err(Answer::already_exists(422));
        }
        let user = params.text("user").map(|user| cut(user, width::NAMES));
        let asked_queue = params.text("queue").map(|queue| cut(queue, width::QUEUE));
        // A number that is no string is not looked up.
        let known = customers(&self.config, params.string(if inbound { "from" } else { "to" }));
        let (customer, people) = known.map_or((None, Vec::new()), |(names, people)| (Some(names), people));
        let queue = asked_queue.clone().unwrap_or_else(|| if inbound { to.clone() } else { from.clone() });
        let mut row = Row {
            call_id: stored_id.clone(),
            direction: if inbound { "in" } else { "out" }.to_owned(),
            from: cut(from, width::NUMBER),
            to: cut(to, width::NUMBER),
            from_comment: None,
            to_comment: None,
            from_people: Vec::new(),
            to_people: Vec::new(),
            queue,
            state: State::NewCall,
            done: !inbound,
            comment: comment(params),
            initialized_at: now,
            start_at: None,
            end_at: None,
            waiting_time: None,
            talking_time: None,
        };
        if inbound {
            (row.from_comment, row.from_people) = (customer, people);
            row.to_comment = user.filter(|user| !user.trim().is_empty()).or(asked_queue);
        } else {
            (row.to_comment, row.to_people) = (customer, people);
            row.from_comment = user;
        }
        self.by_id.insert(stored_id, self.rows.len());
        self.rows.push(row);
        Ok(())
    }

    fn answer(&mut self, params: &Params, inbound: bool, now: Timestamp) -> Answer {
        let Some(row) = self.known(params) else { return self.fault(500) };
        if row.state == State::Hangup {
            return Answer::ok(json!({}));
        }
        row.state = State::Answer;
        row.done = true;
        row.start_at = Some(now);
        row.waiting_time = Some(seconds(row.initialized_at, now));
        row.comment = comment(params);
        if params.get("user").is_some() {
            row.to_comment = params.text("user").map(|user| cut(user, width::NAMES));
        }
        if !inbound {
            return Answer::ok(json!({}));
        }
        match answering(&self.config, params) {
            Ok(agent) => Answer { screen: agent.map(|agent| agent.name.clone()), ..Answer::ok(json!({})) },
            Err(_) => self.fault(500),
        }
    }

    fn hangup(&mut self, params: &Params, inbound: bool, now: Timestamp) -> Answer {
        let Some(row) = self.known(params) else { return self.fault(500) };
        let unanswered = row.state == State::NewCall && params.string("cause") != Some("forwarded");
        let missed = inbound && (unanswered || row.to_comment.as_deref() == Some(VOICEMAIL));
        row.state = State::Hangup;
        row.done = !missed;
        row.end_at = Some(now);
        match row.start_at {
            Some(start) => row.talking_time = Some(seconds(start, now)),
            None => row.waiting_time = row.waiting_time.or(Some(seconds(row.initialized_at, now))),
        }
        row.comment = comment(params);
        Answer::ok(json!({}))
    }

    /// The entry that `params` speak of. An id that was cut when stored is not found.
    fn known(&mut self, params: &Params) -> Option<&mut Row> {
        let at = *self.by_id.get(&id_of(params)?)?;
        self.rows.get_mut(at)
    }

    /// An exception that says nothing but where to look in the log.
    fn fault(&mut self, status: u16) -> Answer {
        self.faults = self.faults.wrapping_add(1);
        let id = format!("{:08x}", self.faults.wrapping_mul(0x9E37_79B1));
        Answer::raised(
            status,
            json!({ "error": format!("Error ID {id}: Please contact your administrator.") }),
        )
    }
}

/// The id of the call: `callId` if it was sent at all, else `call_id`.
fn id_of(params: &Params) -> Option<String> {
    params.text(if params.get("callId").is_some() { "callId" } else { "call_id" })
}

fn comment(params: &Params) -> Option<String> {
    params.text("cause").map(|cause| cut(cause, width::COMMENT))
}

fn cut(mut text: String, width: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(width) {
        text.truncate(end);
    }
    text
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}
