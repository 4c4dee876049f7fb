//! The events of the running daemon.

use std::{io::Write, time::Duration};

use ringwire_client::{ApiClient, EventFollower, StreamFrame, StreamUpdate};
use ringwire_terminal::{Failure, plain, terminal_is_unicode};
use tokio::time::{Instant, sleep_until};

use super::{
    event_merger::EventMerger, filter::EventFilter, filter_args::FilterArgs, line::LineFormat,
    output::TailOutput,
};

/// How many deliveries are refreshed after a reconnect.
const MAX_REFRESHED: usize = 50;

/// Prints the events of the daemon until it is interrupted or the output is closed.
///
/// # Errors
/// The daemon is unreachable or refuses.
pub(super) fn follow(client: &ApiClient, args: &FilterArgs, json: bool) -> Result<(), Failure> {
    let mut query = Vec::new();
    if !args.direction.is_empty() {
        let names: Vec<_> = args.direction.iter().map(|direction| direction.as_str()).collect();
        query.push(("direction", names.join(",")));
    }
    if let Some(call) = &args.call {
        query.push(("call", call.clone()));
    }
    if !args.no_deliveries {
        query.push(("deliveries", "true".to_owned()));
    }
    // The other filters are applied here, where the calls of the events are known.
    let filter = EventFilter {
        user: args.user.as_ref().map(|user| user.to_lowercase()),
        queues: args.queue.clone(),
        events: args.event.clone(),
        missed: args.missed,
    };
    let merger = EventMerger::new(filter, !args.no_deliveries);
    let format = LineFormat { unicode: terminal_is_unicode() };
    let mut output = TailOutput { out: anstream::stdout(), json, format };
    let follower = EventFollower::new(client.clone(), query, args.after);
    crate::runtime::block_on(async { Ok(print_events(client, follower, merger, &mut output).await) })?
}

async fn print_events<W: Write>(
    client: &ApiClient,
    mut follower: EventFollower,
    mut merger: EventMerger,
    output: &mut TailOutput<W>,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut is_lost = false;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let due = merger.deadline();
        let update = tokio::select! {
            update = follower.next() => Some(update?),
            () = sleep_until(started + due.unwrap_or_default()), if due.is_some() => None,
            _ = &mut interrupted => {
                merger.finish();
                return Ok(output.print(&mut merger, Duration::ZERO)?);
            }
        };
        let now = started.elapsed();
        match update {
            None | Some(StreamUpdate::Frame(StreamFrame::Other)) => {}
            Some(StreamUpdate::Frame(StreamFrame::Call(record))) => merger.add_event(*record, now),
            Some(StreamUpdate::Frame(StreamFrame::Delivery(change))) => merger.add_change(change, now),
            Some(StreamUpdate::Frame(StreamFrame::Reset)) => {
                output.print_notice("the daemon has a new journal: events may be missing")?;
            }
            Some(StreamUpdate::Connected) => {
                if std::mem::take(&mut is_lost) {
                    output.print_notice("reconnected")?;
                    refresh_deliveries(client, &mut merger, now).await;
                }
            }
            Some(StreamUpdate::Lost(why)) => {
                is_lost = true;
                output.print_notice(&format!("connection lost: {}; retrying", plain(&why)))?;
            }
            Some(StreamUpdate::Invalid(why)) => {
                output.print_notice(&format!(
                    "ignored a message that this version does not understand: {}",
                    plain(&why)
                ))?;
            }
        }
        output.print(&mut merger, now)?;
    }
}

/// Asks for the state of deliveries, because the stream does not repeat their changes. Does without if this is refused.
async fn refresh_deliveries(client: &ApiClient, merger: &mut EventMerger, now: Duration) {
    for id in merger.unsettled().take(MAX_REFRESHED).collect::<Vec<_>>() {
        match client.get(&format!("/api/v1/deliveries/{id}"), &[]).await {
            Ok(change) => merger.add_change(change, now),
            Err(error) if error.status() == Some(404) => {} // it is no longer in the journal
            Err(_) => break,
        }
    }
}
