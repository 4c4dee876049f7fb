//! What can be seen of an endpoint from outside.

use ringwire_cti::{Body, Reply, Request, Verdict};
use ringwire_event::{CallEvent, Cause, Direction, What};
use serde_json::{Map, Value};

use super::Findings;
use crate::config::{Endpoint, Options};
use crate::runtime::Sender;

/// Sends `endpoint` a request that it refuses by design.
pub(super) async fn probe(endpoint: &Endpoint) -> Findings {
    let mut findings = Findings::default();
    let sender = match Sender::new(endpoint) {
        Ok(Some(sender)) => sender,
        Ok(None) => {
            findings.bad("no URL is configured", "set url_file");
            return findings;
        }
        Err(reason) => {
            findings.bad(reason, "check ca_file");
            return findings;
        }
    };
    let (request, is_refusal) = match &endpoint.options {
        Options::Zammad(_) => (zammad(), zammad_refuses as fn(&Reply<'_>) -> bool),
    };
    // It differs each time: an endpoint that knows the id already would repeat its first answer.
    let id = format!("check-{}", jiff::Timestamp::now().as_nanosecond());
    let answer = match sender.post(&request, &id).await {
        Ok(answer) => answer,
        Err(unsent) => {
            let hint = if unsent.lasting {
                ""
            } else {
                "check the URL, DNS, firewalls between, and whether the endpoint is up"
            };
            findings.bad(unsent.reason, hint);
            return findings;
        }
    };
    let reply = answer.reply();
    if is_refusal(&reply) {
        findings.good("reached; its address and token are right, and it is switched on");
        return findings;
    }
    match endpoint.dialect.verdict(&nothing(), &reply) {
        Verdict::Misconfigured { reason } | Verdict::Gone { reason } => findings.bad(reason, ""),
        Verdict::Retry { reason }
        | Verdict::Refused { reason }
        | Verdict::Dead { reason }
        | Verdict::UnknownCall { reason } => {
            findings.bad(reason, "this is not how the system should answer: check the URL, and its log");
        }
        Verdict::Delivered(_) => findings.bad(
            format!("HTTP {}: it accepts what it should refuse", answer.status),
            "something else answers at this address: check the URL",
        ),
    }
    findings
}

/// A post without a valid direction: Zammad checks the feature, the token and then the direction, and stores nothing
/// (Zammad contract, section 1, order of checks).
fn zammad() -> Request {
    let field = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    let fields: Map<_, _> = [("event", "check"), ("direction", "check")].map(field).into_iter().collect();
    Request {
        method: "POST",
        headers: vec![("Accept", "application/json".to_owned())],
        body: Body::Json(fields),
    }
}

/// `Invalid 'direction'!`, or `Invalid direction!` up to 2021.
fn zammad_refuses(reply: &Reply<'_>) -> bool {
    reply.status == 422 && String::from_utf8_lossy(reply.body).to_lowercase().contains("direction")
}

/// An event that no request is made of: replies are read for the sake of one.
fn nothing() -> CallEvent {
    CallEvent {
        id: String::new(),
        what: What::Hangup { cause: Cause::NormalClearing, taker: None },
        call: String::new(),
        seq: 0,
        time: None,
        pbx: String::new(),
        recovered: false,
        direction: Direction::In,
        from: String::new(),
        from_name: None,
        to: String::new(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
    }
}
