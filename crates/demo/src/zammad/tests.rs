//! Tests of the state machine: the cases of Zammad's own specs, and its measured behaviour.

mod server;
mod traps;
mod upstream;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::*;

/// The fixture of Zammad's own specs (Zammad notes 4).
fn fixture() -> ZammadConfig {
    let route = |dest: &str| CallerIdRoute { dest: dest.into(), caller_id: "41715880339000".into() };
    ZammadConfig {
        block: vec!["491715000000".into()],
        routes: vec![route("41*"), route("491714000000")],
        default_caller_id: "4930777000000".into(),
        people: vec![
            ZammadPerson {
                other: vec!["+4912347114711".into()],
                ..ZammadPerson::customer("CallerId Customer1", "+49 99999 222222")
            },
            ZammadPerson::customer("CallerId Customer2", "+49 99999 222222 2"),
            ZammadPerson::customer("CallerId Customer3", "+49 99999 222222 2"),
        ],
        ..ZammadConfig::new("token")
    }
}

/// An integration and its clock.
struct TestZammad {
    state: ZammadState,
    now: Timestamp,
}

impl TestZammad {
    fn new(config: ZammadConfig) -> Self {
        Self { state: ZammadState::new(config), now: Timestamp::UNIX_EPOCH }
    }

    fn advance(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn post(&mut self, params: &Value) -> ZammadReply {
        let params = match params {
            Value::Object(params) => params.clone(),
            _ => Map::new(),
        };
        self.state.apply("token", &RequestParams(params), self.now)
    }

    /// Posts, and compares the reply with `expected`.
    #[track_caller]
    fn check(&mut self, params: &Value, status: u16, expected: &Value) {
        let answer = self.post(params);
        assert_eq!((answer.status, &answer.body), (status, expected), "{params}");
    }

    #[track_caller]
    fn ok(&mut self, params: &Value) {
        self.check(params, 200, &json!({}));
    }

    /// Posts, and expects an exception with an error id.
    #[track_caller]
    fn internal_error(&mut self, params: &Value, status: u16) {
        let answer = self.post(params);
        assert_eq!(answer.status, status, "{params}");
        assert!(answer.is_exception);
        let error = answer.body["error"].as_str().unwrap();
        assert!(error.starts_with("Error ID ") && error.ends_with(": Please contact your administrator."));
    }

    fn entry(&self) -> &CallLogEntry {
        self.state.call_log().last().unwrap()
    }

    /// Checks the last entry: state, done, waiting and talking time, and comment.
    #[track_caller]
    fn check_entry(
        &self,
        state: CallLogState,
        done: bool,
        times: (Option<i64>, Option<i64>),
        comment: Option<&str>,
    ) {
        let entry = self.entry();
        assert_eq!(
            (entry.state, entry.done, (entry.waiting_time, entry.talking_time), entry.comment.as_deref()),
            (state, done, times, comment)
        );
    }
}

fn new_call(direction: &str, from: &str, to: &str) -> Value {
    json!({ "event": "newCall", "direction": direction, "from": from, "to": to, "call_id": "1" })
}

fn with(mut params: Value, name: &str, value: impl Into<Value>) -> Value {
    params[name] = value.into();
    params
}

fn answer(direction: &str) -> Value {
    json!({ "event": "answer", "direction": direction, "call_id": "1" })
}

fn hangup(direction: &str, cause: &str) -> Value {
    json!({ "event": "hangup", "direction": direction, "call_id": "1", "cause": cause })
}
