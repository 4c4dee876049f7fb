//! Sends a target a request that it rejects by design, so that nothing is left there.

use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use reqwest::Url;
use ringwire_config::{Options, Target};
use ringwire_dialects::{DeliveryStep, ReplyVerdict, RequestBody, TargetReply, TargetRequest};
use ringwire_event::{CallEvent, CallFacts, Cause, Direction, EventKind};
use ringwire_sender::Sender;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tokio::net::lookup_host;

use super::network;
use crate::facts::{
    certificate::Certificate,
    target::{TargetAnswer, TargetFacts},
};

/// Environment variables that name a proxy for other programs.
const PROXY_VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Sends `target` a request that it rejects by design; `step_timeout` limits each step.
pub async fn probe_target(target: &Target, step_timeout: Duration) -> TargetFacts {
    let mut limited = target.clone();
    limited.connect_timeout = limited.connect_timeout.min(step_timeout);
    limited.timeout = limited.timeout.min(step_timeout);
    let answer = Box::pin(request_answer(&limited)).await;
    let is_trusted = !matches!(
        answer,
        TargetAnswer::NoAnswer { .. } | TargetAnswer::NoUrl | TargetAnswer::InvalidSettings(_)
    );
    let certificate = if is_trusted { certificate(&limited, step_timeout).await } else { None };
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    TargetFacts {
        name: target.name.clone(),
        origin: target.address.as_ref().map(|address| address.origin.clone()).unwrap_or_default(),
        answer,
        certificate,
        proxies: PROXY_VARIABLES.iter().filter(|name| is_set(name)).map(|name| (*name).to_owned()).collect(),
        now: Timestamp::now(),
    }
}

async fn request_answer(target: &Target) -> TargetAnswer {
    let sender = match Sender::new(target) {
        Ok(Some(sender)) => sender,
        Ok(None) => return TargetAnswer::NoUrl,
        Err(reason) => return TargetAnswer::InvalidSettings(reason),
    };
    let (request, is_rejection) = match &target.options {
        Options::Zammad(_) => (zammad_request(), is_zammad_rejection as fn(&TargetReply<'_>) -> bool),
        Options::Template(_) => return reach(&sender, target).await,
    };
    // A new id each time: a target that knows the id would repeat its first answer.
    let id = format!("check-{}", Timestamp::now().as_nanosecond());
    let answer = match sender.post(&request, &id).await {
        Ok(answer) => answer,
        Err(failure) => {
            return TargetAnswer::NoAnswer { reason: failure.reason, is_permanent: failure.is_permanent };
        }
    };
    let reply = answer.as_reply();
    if is_rejection(&reply) {
        return TargetAnswer::RejectedAsExpected;
    }
    if (200..300).contains(&reply.status) {
        let is_page = answer.body.trim_ascii_start().starts_with(b"<");
        return TargetAnswer::Accepted { status: answer.status, is_page };
    }
    // Who runs the doctor may see replies. What follows a semicolon is what to do.
    let with_reply = |reason: String| match answer.excerpt().map(|excerpt| excerpt.replace(';', ",")) {
        Some(excerpt) => match reason.split_once("; ") {
            Some((text, hint)) => format!("{text}: {excerpt}; {hint}"),
            None => format!("{reason}: {excerpt}"),
        },
        None => reason,
    };
    let step = DeliveryStep::new("check", request);
    match target.dialect.judge_reply(&placeholder_event(), &step, &reply).verdict {
        ReplyVerdict::Misconfigured { reason } | ReplyVerdict::Gone { reason } => {
            TargetAnswer::Misconfigured(with_reply(reason))
        }
        ReplyVerdict::Retry { reason }
        | ReplyVerdict::Refused { reason }
        | ReplyVerdict::Dead { reason }
        | ReplyVerdict::Unknown { reason }
        | ReplyVerdict::UnknownCall { reason } => TargetAnswer::Unexpected(with_reply(reason)),
        ReplyVerdict::Delivered(_) | ReplyVerdict::AlreadyExists => {
            TargetAnswer::Accepted { status: answer.status, is_page: false }
        }
    }
}

/// Whether a target answers of which it is not known what it rejects.
async fn reach(sender: &Sender, target: &Target) -> TargetAnswer {
    if target.address.is_none() {
        return TargetAnswer::NotTried;
    }
    match sender.probe().await {
        Ok(()) => TargetAnswer::Reached,
        Err(failure) => TargetAnswer::NoAnswer { reason: failure.reason, is_permanent: failure.is_permanent },
    }
}

/// The validity of its certificate, if it uses TLS and its address is allowed.
async fn certificate(target: &Target, step_timeout: Duration) -> Option<Certificate> {
    let url: Url = target.address.as_ref()?.url.expose_secret().parse().ok()?;
    if url.scheme() != "https" {
        return None;
    }
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default()?;
    let found: Vec<SocketAddr> = lookup_host((host.as_str(), port)).await.ok()?.collect();
    let address = found.into_iter().find(|address| target.reach.place(address.ip()).is_ok())?;
    network::certificate(address, &host, step_timeout).await
}

/// A request without a valid direction: Zammad checks the feature, the token and then the direction, and stores
/// nothing.
fn zammad_request() -> TargetRequest {
    let field = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    let fields: Map<_, _> = [("event", "check"), ("direction", "check")].map(field).into_iter().collect();
    TargetRequest {
        headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        body: RequestBody::Json(fields.into()),
        ..TargetRequest::default()
    }
}

/// `Invalid 'direction'!`, or `Invalid direction!` up to 2021.
fn is_zammad_rejection(reply: &TargetReply<'_>) -> bool {
    reply.status == 422 && String::from_utf8_lossy(reply.body).to_lowercase().contains("direction")
}

/// An event to judge the reply for; no request is built from it.
fn placeholder_event() -> CallEvent {
    CallEvent {
        id: String::new(),
        kind: EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None },
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
        facts: CallFacts::default(),
    }
}
