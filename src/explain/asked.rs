//! The story of a call, as the daemon tells it.

use std::io::Write;

use anyhow::anyhow;
use ringwire_client::{Attempt, CallDelivery, segment};
use ringwire_terminal::{Code, Failure};

use super::{super::run::block_on, Args, Out};
use crate::explanation::{Known, Sent, Try};

/// Tells the story of the call that was named, which the daemon is asked for.
///
/// # Errors
/// No daemon answers, or it knows of no such call, or does not tell us.
pub(super) fn tell<W: Write>(args: &Args, out: &mut Out<W>) -> Result<(), Failure> {
    let story = story(args, &args.what)?;
    let mut remarks = Vec::new();
    if story.explanation.is_empty() {
        remarks.push("The explanation was not kept, or the call started before the daemon did.".to_owned());
    }
    let events: Vec<_> = story.events.into_iter().map(|told| told.event).collect();
    let call = events.first().map(|event| event.call.clone());
    let known = Known {
        call: Some(call.ok_or_else(|| Failure::new(Code::NoInput, anyhow!("{}: unknown call", args.what)))?),
        root: None,
        notes: story.explanation,
        events,
        sent: story.deliveries.into_iter().map(sent).collect(),
        remarks,
        knows_owed: true,
    };
    Ok(out.tell(&known, Some(&story.call))?)
}

/// What the daemon knows of a call.
///
/// # Errors
/// No daemon answers, or it knows of no such call, or does not tell us.
pub(super) fn story(args: &Args, call: &str) -> Result<ringwire_client::CallDetail, Failure> {
    let client = args.access.client(args.place.named())?;
    let path = format!("/api/v1/calls/{}", segment(call));
    Ok(block_on(async { Ok(client.get::<ringwire_client::CallDetail>(&path, &[]).await) })??)
}

fn sent(delivery: CallDelivery) -> Sent {
    let CallDelivery { target, event, state, reason, attempts, .. } = delivery;
    let tries = attempts.into_iter().map(|Attempt { duration_ms: took, outcome, status, reply, .. }| Try {
        took,
        outcome,
        status,
        reply,
    });
    Sent { event, to: target, fields: None, state: Some(state), reason, tries: tries.collect() }
}
