//! Asking an endpoint something that it refuses by design, so that nothing is left there.

use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use reqwest::Url;
use ringwire_config::{Options, Target};
use ringwire_dialects::{ReplyVerdict, RequestBody, TargetReply, TargetRequest};
use ringwire_event::{CallEvent, Cause, Direction, EventKind};
use ringwire_sender::Sender;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tokio::net::lookup_host;

use super::network;
use crate::judge::{
    certificate::Certificate,
    endpoint::{Answered, EndpointFacts},
};

/// Variables that name a proxy for other programs.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Sends `endpoint` a request that it refuses by design; no step may take longer than `step`.
pub async fn look(endpoint: &Target, step: Duration) -> EndpointFacts {
    let mut asked = endpoint.clone();
    asked.connect_timeout = asked.connect_timeout.min(step);
    asked.timeout = asked.timeout.min(step);
    let answer = Box::pin(answer(&asked)).await;
    let is_trusted = !matches!(answer, Answered::Unsent { .. } | Answered::NoUrl | Answered::NoClient(_));
    let certificate = if is_trusted { certificate(&asked, step).await } else { None };
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    EndpointFacts {
        name: endpoint.name.clone(),
        origin: endpoint.address.as_ref().map(|address| address.origin.clone()).unwrap_or_default(),
        answer,
        certificate,
        proxies: PROXIES.iter().filter(|name| is_set(name)).map(|name| (*name).to_owned()).collect(),
        now: Timestamp::now(),
    }
}

async fn answer(endpoint: &Target) -> Answered {
    let sender = match Sender::new(endpoint) {
        Ok(Some(sender)) => sender,
        Ok(None) => return Answered::NoUrl,
        Err(reason) => return Answered::NoClient(reason),
    };
    let (request, is_refusal) = match &endpoint.options {
        Options::Zammad(_) => (zammad(), zammad_refuses as fn(&TargetReply<'_>) -> bool),
    };
    // It differs each time: an endpoint that knows the id already would repeat its first answer.
    let id = format!("check-{}", Timestamp::now().as_nanosecond());
    let answer = match sender.post(&request, &id).await {
        Ok(answer) => answer,
        Err(unsent) => return Answered::Unsent { reason: unsent.reason, lasting: unsent.lasting },
    };
    let reply = answer.reply();
    if is_refusal(&reply) {
        return Answered::Right;
    }
    match endpoint.dialect.judge_reply(&nothing(), &reply) {
        ReplyVerdict::Misconfigured { reason } | ReplyVerdict::Gone { reason } => {
            Answered::Misconfigured(reason)
        }
        ReplyVerdict::Retry { reason }
        | ReplyVerdict::Refused { reason }
        | ReplyVerdict::Dead { reason }
        | ReplyVerdict::UnknownCall { reason } => Answered::Other(reason),
        ReplyVerdict::Delivered(_) => {
            let is_page = answer.body.trim_ascii_start().starts_with(b"<");
            Answered::Accepted { status: answer.status, is_page }
        }
    }
}

/// The dates of its certificate, where it is spoken to over TLS and may be.
async fn certificate(endpoint: &Target, step: Duration) -> Option<Certificate> {
    let url: Url = endpoint.address.as_ref()?.url.expose_secret().parse().ok()?;
    if url.scheme() != "https" {
        return None;
    }
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default()?;
    let found: Vec<SocketAddr> = lookup_host((host.as_str(), port)).await.ok()?.collect();
    let address = found.into_iter().find(|address| endpoint.reach.place(address.ip()).is_ok())?;
    network::certificate(address, &host, step).await
}

/// A post without a valid direction: Zammad checks the feature, the token and then the direction, and stores nothing
/// (Zammad notes 1, order of checks).
fn zammad() -> TargetRequest {
    let field = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    let fields: Map<_, _> = [("event", "check"), ("direction", "check")].map(field).into_iter().collect();
    TargetRequest {
        method: "POST",
        headers: vec![("Accept", "application/json".to_owned())],
        body: RequestBody::Json(fields),
    }
}

/// `Invalid 'direction'!`, or `Invalid direction!` up to 2021.
fn zammad_refuses(reply: &TargetReply<'_>) -> bool {
    reply.status == 422 && String::from_utf8_lossy(reply.body).to_lowercase().contains("direction")
}

/// An event that no request is made of: replies are read for the sake of one.
fn nothing() -> CallEvent {
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
    }
}
