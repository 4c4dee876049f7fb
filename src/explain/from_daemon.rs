//! Explanations from the running daemon.

use std::io::Write;

use anyhow::anyhow;
use ringwire_client::{Attempt, CallDelivery, segment};
use ringwire_terminal::{Code, Failure};

use super::{args::Args, output::ExplanationOutput};
use crate::explanation::{CallExplanation, ExplainedAttempt, ExplainedDelivery};
use crate::runtime::block_on;

/// Explains the call in `args` with what the daemon knows.
///
/// # Errors
/// The daemon is unreachable, does not know the call, or refuses.
pub(super) fn explain<W: Write>(args: &Args, out: &mut ExplanationOutput<W>) -> Result<(), Failure> {
    let details = fetch_call(args, &args.what)?;
    let mut remarks = Vec::new();
    if details.explanation.is_empty() {
        remarks.push("The explanation was not kept, or the call started before the daemon did.".to_owned());
    }
    let events: Vec<_> = details.events.into_iter().map(|record| record.event).collect();
    let call = events.first().map(|event| event.call.clone());
    let explanation = CallExplanation {
        call: Some(call.ok_or_else(|| Failure::new(Code::NoInput, anyhow!("{}: unknown call", args.what)))?),
        uniqueid: None,
        steps: details.explanation,
        events,
        deliveries: details.deliveries.into_iter().map(explained_delivery).collect(),
        remarks,
        is_from_journal: true,
    };
    Ok(out.print(&explanation, Some(&details.call))?)
}

/// What the daemon knows about a call.
///
/// # Errors
/// The daemon is unreachable, does not know the call, or refuses.
pub(super) fn fetch_call(args: &Args, call: &str) -> Result<ringwire_client::CallDetail, Failure> {
    let client = args.access.client(args.journal.config_path())?;
    let path = format!("/api/v1/calls/{}", segment(call));
    Ok(block_on(async { Ok(client.get::<ringwire_client::CallDetail>(&path, &[]).await) })??)
}

fn explained_delivery(delivery: CallDelivery) -> ExplainedDelivery {
    let CallDelivery { target, event, state, reason, attempts, .. } = delivery;
    let attempts = attempts.into_iter().map(|Attempt { duration_ms, outcome, status, reply, .. }| {
        ExplainedAttempt { duration_ms, outcome, status, reply }
    });
    ExplainedDelivery {
        event,
        target,
        fields: None,
        state: Some(state),
        reason,
        attempts: attempts.collect(),
    }
}
