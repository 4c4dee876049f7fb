//! One delivery, with all that is known of it.

use std::io::Write;

use anstyle::Style;
use jiff::tz::TimeZone;
use ringwire_delivery::DeliveryId;
use ringwire_event::CallEvent;
use ringwire_outbox::{AttemptRecord, DeliveryDetail};
use ringwire_terminal::{Failure, UNKNOWN_ADVICE, describe_state, plain, state_style, when};

use crate::event_text;
use crate::journal::{JournalReader, unknown_delivery};

/// Prints the delivery `id`.
///
/// # Errors
/// There is none, or the journal cannot be read.
pub(super) fn run(journal: &JournalReader, id: i64, json: bool) -> Result<(), Failure> {
    let detail =
        journal.read(|reader| reader.delivery(DeliveryId(id)))?.ok_or_else(|| unknown_delivery(id))?;
    let mut out = anstream::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &detail).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&detail, &mut out)?;
    }
    Ok(out.flush()?)
}

fn print(detail: &DeliveryDetail, out: &mut impl Write) -> Result<(), Failure> {
    let DeliveryDetail { delivery, sent_event, attempts } = detail;
    let colour = state_style(&delivery.state);
    writeln!(
        out,
        "Delivery {} to {}: {colour}{}{colour:#}, since {}",
        delivery.id,
        plain(&delivery.target),
        describe_state(&delivery.state),
        when(delivery.changed_at)
    )?;
    if let Some(reason) = &delivery.reason {
        writeln!(out, "  Reason:        {}", plain(reason))?;
    }
    writeln!(out, "  Event ID:      {}, recorded {}", plain(&delivery.event), when(delivery.recorded_at))?;
    match serde_json::from_value::<CallEvent>(sent_event.clone()) {
        Ok(event) => writeln!(out, "  Event:         {}", event_text::event_line(&event).trim_start())?,
        Err(_) => writeln!(out, "  Event:         {}", plain(&sent_event.to_string()))?,
    }
    if let Some(due) = delivery.due_at {
        writeln!(out, "  Next attempt:  {}", when(due))?;
    }
    if delivery.state == "unknown" {
        writeln!(out, "\n{UNKNOWN_ADVICE}")?;
    }
    if attempts.is_empty() {
        writeln!(out, "\nNot attempted yet.")?;
        return Ok(());
    }
    writeln!(out, "\nAttempts")?;
    for attempt in attempts {
        let AttemptRecord { at, duration_ms: took, outcome, status, reply } = attempt;
        let at = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f");
        let status = status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
        writeln!(out, "  {at}  {took:>6} ms  {status:<9}  {}", plain(outcome))?;
        if let Some(reply) = reply.as_deref().filter(|reply| !reply.is_empty()) {
            let dim = Style::new().dimmed();
            writeln!(out, "    {dim}reply:{dim:#} {}", plain(reply))?;
        }
    }
    Ok(())
}
