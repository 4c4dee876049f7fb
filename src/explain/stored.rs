//! The story of a call of the journal.

use std::io::Write;

use anyhow::anyhow;
use ringwire_delivery::DeliveryId;
use ringwire_dialects::RequestBody;
use ringwire_event::{CallEvent, ExplanationStep};
use ringwire_outbox::{AttemptRecord, CallRecord, DeliveryRecord};
use ringwire_terminal::{Code, Failure};

use super::{super::journal::Journal, Args, Out, asked};
use crate::explanation::{Known, Sent, Try};

/// How many events and deliveries of one call are told.
const MOST: usize = 2_000;

/// Tells the story of the call that was named.
///
/// # Errors
/// There is no such call, or the journal cannot be read.
pub(super) fn tell<W: Write>(args: &Args, out: &mut Out<W>) -> Result<(), Failure> {
    if args.access.is_named() && !args.place.is_named() {
        return asked::tell(args, out);
    }
    let journal = match args.place.open() {
        Ok(journal) => journal,
        // Who may use the daemon's socket need not be able to read its file.
        Err(failure) => return asked::tell(args, out).map_err(|_| unless_file(&args.what, failure)),
    };
    let call = find(&journal, &args.what)?;
    let told = journal.read(|reader| reader.stream_of_call(&call.id, MOST))?;
    let mut remarks = Vec::new();
    let notes = match journal.read(|reader| reader.explanation(&call.id))? {
        Some(notes) => notes,
        None if call.ended_at.is_some() => {
            remarks.push(
                "The explanation was not kept: the call is older than this release, the disk could not be written, or the \
                 explanation was deleted together with numbers and names."
                    .to_owned(),
            );
            Vec::new()
        }
        None => living(args, &call.id).unwrap_or_else(|why| {
            remarks.push(format!(
                "The call is in progress, and the daemon has not given its explanation ({why})."
            ));
            Vec::new()
        }),
    };
    let known = Known {
        root: None,
        notes,
        events: told.into_iter().map(|record| (*record.event).clone()).collect(),
        sent: sent(&journal, &call.id)?,
        remarks,
        knows_owed: true,
        call: Some(call.id.clone()),
    };
    let record = serde_json::to_value(&call).map_err(|error| Failure::new(Code::Software, error))?;
    Ok(out.tell(&known, Some(&record))?)
}

/// What the daemon has concluded so far about a call that is not over; or why it does not tell.
fn living(args: &Args, call: &str) -> Result<Vec<ExplanationStep>, String> {
    let story = asked::story(args, call).map_err(|failure| {
        let said = failure.to_string();
        // What to do stands in a paragraph of its own.
        said.split("\n\n").next().unwrap_or_default().to_owned()
    })?;
    if story.explanation.is_empty() {
        Err("the call started before the daemon did".to_owned())
    } else {
        Ok(story.explanation)
    }
}

fn find(journal: &Journal, what: &str) -> Result<CallRecord, Failure> {
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

/// Where there is no journal, what was named may have been meant as a file.
fn unless_file(what: &str, failure: Failure) -> Failure {
    let looks_so = what.contains('/') || what.ends_with(".ami") || what.ends_with(".gz");
    if looks_so { Failure::new(Code::NoInput, anyhow!("{what}: no such file")) } else { failure }
}

/// Who was told of the call, what exactly, and what they replied.
fn sent(journal: &Journal, call: &str) -> Result<Vec<Sent>, Failure> {
    let deliveries = journal.read(|reader| reader.deliveries_of_call(call, MOST))?;
    deliveries
        .into_iter()
        .map(|(delivery, attempts)| {
            let detail = journal.read(|reader| reader.delivery(DeliveryId(delivery.id)))?;
            let event = detail.and_then(|detail| serde_json::from_value::<CallEvent>(detail.sent_event).ok());
            Ok(one(journal, delivery, attempts, event.as_ref()))
        })
        .collect()
}

fn one(
    journal: &Journal,
    delivery: DeliveryRecord,
    attempts: Vec<AttemptRecord>,
    event: Option<&CallEvent>,
) -> Sent {
    let endpoints = journal.config.iter().flat_map(|config| &config.targets);
    let endpoint = endpoints.into_iter().find(|endpoint| endpoint.name == delivery.target);
    let fields = endpoint.zip(event).map(|(endpoint, event)| {
        endpoint.dialect.build_request(event).map(|request| {
            let (RequestBody::Json(fields) | RequestBody::Form(fields)) = request.body;
            fields
        })
    });
    let attempts =
        attempts.into_iter().map(|AttemptRecord { duration_ms: took, outcome, status, reply, .. }| Try {
            took,
            outcome,
            status,
            reply,
        });
    Sent {
        event: delivery.event,
        to: delivery.target,
        fields,
        state: Some(delivery.state),
        reason: delivery.reason,
        tries: attempts.collect(),
    }
}
