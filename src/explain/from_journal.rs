//! Explanations from the journal.

use std::io::Write;

use anyhow::anyhow;
use ringwire_delivery::DeliveryId;
use ringwire_dialects::show_requests;
use ringwire_event::{CallEvent, ExplanationStep};
use ringwire_outbox::{AttemptRecord, CallRecord, DeliveryRecord};
use ringwire_terminal::{Code, Failure};

use super::{args::Args, from_daemon, output::ExplanationOutput};
use crate::explanation::{CallExplanation, ExplainedAttempt, ExplainedDelivery};
use crate::journal::JournalReader;

/// How many events and deliveries of a call are shown.
const MAX_RECORDS: usize = 2_000;

/// Explains the call in `args` with what the journal has, or the daemon if the journal is not accessible.
///
/// # Errors
/// The call is unknown, or the journal cannot be read.
pub(super) fn explain<W: Write>(args: &Args, out: &mut ExplanationOutput<W>) -> Result<(), Failure> {
    if args.access.is_given() && !args.journal.is_given() {
        return from_daemon::explain(args, out);
    }
    let journal = match args.journal.open() {
        Ok(journal) => journal,
        // A user who may use the daemon's socket may not be able to read the journal.
        Err(failure) => return from_daemon::explain(args, out).map_err(|_| file_or(&args.what, failure)),
    };
    let call = find_call(&journal, &args.what)?;
    let records = journal.read(|reader| reader.stream_of_call(&call.id, MAX_RECORDS))?;
    let mut remarks = Vec::new();
    let steps = match journal.read(|reader| reader.explanation(&call.id))? {
        Some(steps) => steps,
        None if call.ended_at.is_some() => {
            remarks.push(
                "The explanation was not kept: the call is older than this release, the disk could not be written, or the \
                 explanation was deleted together with numbers and names."
                    .to_owned(),
            );
            Vec::new()
        }
        None => explanation_of_live_call(args, &call.id).unwrap_or_else(|why| {
            remarks.push(format!(
                "The call is in progress, and the daemon has not given its explanation ({why})."
            ));
            Vec::new()
        }),
    };
    let explanation = CallExplanation {
        uniqueid: None,
        steps,
        events: records.into_iter().map(|record| (*record.event).clone()).collect(),
        deliveries: deliveries_of(&journal, &call.id)?,
        remarks,
        is_from_journal: true,
        call: Some(call.id.clone()),
    };
    let record = serde_json::to_value(&call).map_err(|error| Failure::new(Code::Software, error))?;
    Ok(out.print(&explanation, Some(&record))?)
}

/// The explanation of a call in progress so far; or why the daemon does not give it.
fn explanation_of_live_call(args: &Args, call: &str) -> Result<Vec<ExplanationStep>, String> {
    let details = from_daemon::fetch_call(args, call).map_err(|failure| {
        let message = failure.to_string();
        // The hint is a paragraph of its own.
        message.split("\n\n").next().unwrap_or_default().to_owned()
    })?;
    if details.explanation.is_empty() {
        Err("the call started before the daemon did".to_owned())
    } else {
        Ok(details.explanation)
    }
}

fn find_call(journal: &JournalReader, what: &str) -> Result<CallRecord, Failure> {
    if let Some(call) = journal.read(|reader| reader.call(what))? {
        return Ok(call);
    }
    let by_channel = journal.read(|reader| reader.call_with_channel(what))?;
    let call = match by_channel {
        Some(id) => journal.read(|reader| reader.call(&id))?,
        None => None,
    };
    call.ok_or_else(|| {
        let at = journal.path.display();
        let error = anyhow!("{what}: neither a file nor a call in the journal {at}");
        Failure::new(Code::NoInput, error).hint(
            "run `ringwire calls --json` to list the ids of calls; a call that was never announced is only in a recording: \
             ringwire capture, then ringwire explain FILE",
        )
    })
}

/// The failure to open the journal, or that of a missing file if `what` looks like one.
fn file_or(what: &str, failure: Failure) -> Failure {
    let looks_like_file = what.contains('/') || what.ends_with(".ami") || what.ends_with(".gz");
    if looks_like_file { Failure::new(Code::NoInput, anyhow!("{what}: no such file")) } else { failure }
}

/// The deliveries of a call, with requests, attempts and replies.
fn deliveries_of(journal: &JournalReader, call: &str) -> Result<Vec<ExplainedDelivery>, Failure> {
    let deliveries = journal.read(|reader| reader.deliveries_of_call(call, MAX_RECORDS))?;
    deliveries
        .into_iter()
        .map(|(delivery, attempts)| {
            let detail = journal.read(|reader| reader.delivery(DeliveryId(delivery.id)))?;
            let event = detail.and_then(|detail| serde_json::from_value::<CallEvent>(detail.sent_event).ok());
            Ok(explained_delivery(journal, delivery, attempts, event.as_ref()))
        })
        .collect()
}

fn explained_delivery(
    journal: &JournalReader,
    delivery: DeliveryRecord,
    attempts: Vec<AttemptRecord>,
    event: Option<&CallEvent>,
) -> ExplainedDelivery {
    let endpoints = journal.config.iter().flat_map(|config| &config.targets);
    let endpoint = endpoints.into_iter().find(|endpoint| endpoint.name == delivery.target);
    let fields = endpoint.zip(event).map(|(endpoint, event)| show_requests(&*endpoint.dialect, event));
    let attempts =
        attempts.into_iter().map(|AttemptRecord { duration_ms, outcome, status, reply, .. }| {
            ExplainedAttempt { duration_ms, outcome, status, reply }
        });
    ExplainedDelivery {
        event: delivery.event,
        target: delivery.target,
        fields,
        state: Some(delivery.state),
        reason: delivery.reason,
        attempts: attempts.collect(),
    }
}
