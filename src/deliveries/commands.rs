//! Commands about deliveries and targets.

use std::io::Write;

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_outbox::{CommandReceipt, OperatorCommand, StoreReader, submit_commands};
use ringwire_terminal::count;
use ringwire_terminal::{Code, Failure};

use crate::journal::{JournalReader, store_failure, unknown_delivery};

/// Retries the deliveries `ids`.
///
/// # Errors
/// One of them does not exist or is delivered, and none is retried; or the journal cannot be written.
pub(super) fn retry(journal: &JournalReader, ids: &[i64]) -> Result<(), Failure> {
    check_deliveries(journal, ids, &["delivered"], "retried")?;
    let commands: Vec<_> = ids.iter().map(|id| OperatorCommand::Retry(DeliveryId(*id))).collect();
    let (one, several) = ("delivery will be retried", "deliveries will be retried");
    submit(journal, &commands, &count(ids.len(), one, several))
}

/// Retries all deliveries to `target` that are dead, expired or dropped.
///
/// # Errors
/// The target is unknown, or the journal cannot be written.
pub(super) fn retry_all(journal: &JournalReader, target: &str) -> Result<(), Failure> {
    check_target(journal, target)?;
    let tallies = journal.read(StoreReader::tallies)?;
    let failed = tallies
        .iter()
        .filter(|tally| {
            let is_failed = matches!(tally.state.as_str(), "dead" | "expired" | "dropped");
            tally.target == target && is_failed
        })
        .map(|tally| usize::try_from(tally.count).unwrap_or(usize::MAX))
        .sum();
    if failed == 0 {
        return Ok(writeln!(anstream::stdout(), "No delivery to {target} is dead, expired or dropped.")?);
    }
    let (one, several) = ("failed delivery will be retried", "failed deliveries will be retried");
    let what = count(failed, one, several);
    submit(journal, &[OperatorCommand::RetryAll(TargetName::from(target))], &format!("{target}: {what}"))
}

/// Drops the deliveries `ids`.
///
/// # Errors
/// One of them does not exist, is delivered or dropped, and none is dropped; or the journal cannot be written.
pub(super) fn drop_deliveries(journal: &JournalReader, ids: &[i64]) -> Result<(), Failure> {
    check_deliveries(journal, ids, &["delivered", "dropped"], "dropped")?;
    let commands: Vec<_> = ids.iter().map(|id| OperatorCommand::Drop(DeliveryId(*id))).collect();
    submit(journal, &commands, &count(ids.len(), "delivery is dropped", "deliveries are dropped"))
}

/// Pauses `target`.
///
/// # Errors
/// The target is unknown, or the journal cannot be written.
pub(super) fn pause(journal: &JournalReader, target: &str) -> Result<(), Failure> {
    check_target(journal, target)?;
    let commands = OperatorCommand::Pause(TargetName::from(target));
    submit(
        journal,
        &[commands],
        &format!("{target} is paused until you run `ringwire deliveries resume {target}`"),
    )
}

/// Resumes `target`.
///
/// # Errors
/// The target is unknown, or the journal cannot be written.
pub(super) fn resume(journal: &JournalReader, target: &str) -> Result<(), Failure> {
    check_target(journal, target)?;
    let commands = OperatorCommand::Resume(TargetName::from(target));
    submit(journal, &[commands], &format!("{target} is resumed"))
}

/// Submits the commands and prints their result.
fn submit(journal: &JournalReader, commands: &[OperatorCommand], what: &str) -> Result<(), Failure> {
    let taken =
        submit_commands(&journal.path, commands, Timestamp::now()).map_err(|error| store_failure(&error))?;
    let message = match taken {
        CommandReceipt::ByDaemon => format!("Accepted by the daemon: {what}."),
        CommandReceipt::AtNextStart => {
            format!("The daemon is not running; queued until it starts: {what}.")
        }
        CommandReceipt::NotYet => {
            format!("Queued, not yet accepted by the daemon (see its log): {what}.")
        }
    };
    Ok(writeln!(anstream::stdout(), "{message}")?)
}

/// Checks that each of `ids` exists and is in none of the states `excluded`.
fn check_deliveries(
    journal: &JournalReader,
    ids: &[i64],
    excluded: &[&str],
    action: &str,
) -> Result<(), Failure> {
    for id in ids {
        let detail = journal.read(|reader| reader.delivery(DeliveryId(*id)))?;
        let state = detail.ok_or_else(|| unknown_delivery(*id))?.delivery.state;
        if excluded.contains(&state.as_str()) {
            let error = anyhow!("delivery {id} is {state} and cannot be {action}");
            return Err(Failure::new(Code::Usage, error).hint("none of the given deliveries was changed"));
        }
    }
    Ok(())
}

fn check_target(journal: &JournalReader, name: &str) -> Result<(), Failure> {
    match journal.targets()?.contains(name) {
        true => Ok(()),
        false => Err(journal.unknown_target(name)?),
    }
}
