//! What the operator wants of deliveries and endpoints.

use std::io::Write;

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_outbox::{CommandReceipt, OperatorCommand, StoreReader, submit_commands};
use ringwire_terminal::count;
use ringwire_terminal::{Code, Failure};

use super::no_delivery;
use crate::journal::{Journal, unusable};

/// Has the deliveries `ids` tried again.
///
/// # Errors
/// One of them is not there or delivered: then none is. Or the journal cannot be written.
pub(super) fn retry(journal: &Journal, ids: &[i64]) -> Result<(), Failure> {
    expect(journal, ids, &["delivered"], "retried")?;
    let wanted: Vec<_> = ids.iter().map(|id| OperatorCommand::Retry(DeliveryId(*id))).collect();
    let (one, several) = ("delivery will be retried", "deliveries will be retried");
    order(journal, &wanted, &count(ids.len(), one, several))
}

/// Has all deliveries to `endpoint` tried again that were given up.
///
/// # Errors
/// Nobody knows the endpoint, or the journal cannot be written.
pub(super) fn retry_all(journal: &Journal, endpoint: &str) -> Result<(), Failure> {
    expect_endpoint(journal, endpoint)?;
    let tallies = journal.read(StoreReader::tallies)?;
    let given_up = tallies
        .iter()
        .filter(|tally| tally.target == endpoint && !matches!(tally.state.as_str(), "pending" | "retry"))
        .map(|tally| usize::try_from(tally.count).unwrap_or(usize::MAX))
        .sum();
    if given_up == 0 {
        return Ok(writeln!(anstream::stdout(), "No delivery to {endpoint} is dead, expired or dropped.")?);
    }
    let (one, several) = ("failed delivery will be retried", "failed deliveries will be retried");
    let what = count(given_up, one, several);
    order(journal, &[OperatorCommand::RetryAll(TargetName::from(endpoint))], &format!("{endpoint}: {what}"))
}

/// Has the deliveries `ids` taken out.
///
/// # Errors
/// One of them is not there, or done with: then none is. Or the journal cannot be written.
pub(super) fn take_out(journal: &Journal, ids: &[i64]) -> Result<(), Failure> {
    expect(journal, ids, &["delivered", "dropped"], "dropped")?;
    let wanted: Vec<_> = ids.iter().map(|id| OperatorCommand::Drop(DeliveryId(*id))).collect();
    order(journal, &wanted, &count(ids.len(), "delivery is dropped", "deliveries are dropped"))
}

/// Has nothing sent to `endpoint`.
///
/// # Errors
/// Nobody knows the endpoint, or the journal cannot be written.
pub(super) fn pause(journal: &Journal, endpoint: &str) -> Result<(), Failure> {
    expect_endpoint(journal, endpoint)?;
    let wanted = OperatorCommand::Pause(TargetName::from(endpoint));
    order(
        journal,
        &[wanted],
        &format!("{endpoint} is paused until you run `ringwire deliveries resume {endpoint}`"),
    )
}

/// Has `endpoint` sent to again.
///
/// # Errors
/// Nobody knows the endpoint, or the journal cannot be written.
pub(super) fn resume(journal: &Journal, endpoint: &str) -> Result<(), Failure> {
    expect_endpoint(journal, endpoint)?;
    let wanted = OperatorCommand::Resume(TargetName::from(endpoint));
    order(journal, &[wanted], &format!("{endpoint} is resumed"))
}

/// Leaves the orders, and says what has come of them.
fn order(journal: &Journal, wanted: &[OperatorCommand], what: &str) -> Result<(), Failure> {
    let taken = submit_commands(&journal.path, wanted, Timestamp::now()).map_err(|error| unusable(&error))?;
    let said = match taken {
        CommandReceipt::ByDaemon => format!("Accepted by the daemon: {what}."),
        CommandReceipt::AtNextStart => {
            format!("The daemon is not running; queued until it starts: {what}.")
        }
        CommandReceipt::NotYet => {
            format!("Queued, not yet accepted by the daemon (see its log): {what}.")
        }
    };
    Ok(writeln!(anstream::stdout(), "{said}")?)
}

/// Each of `ids` must be there, and in none of the states `done`.
fn expect(journal: &Journal, ids: &[i64], done: &[&str], wanted: &str) -> Result<(), Failure> {
    for id in ids {
        let detail = journal.read(|reader| reader.delivery(DeliveryId(*id)))?;
        let state = detail.ok_or_else(|| no_delivery(*id))?.delivery.state;
        if done.contains(&state.as_str()) {
            let error = anyhow!("delivery {id} is {state} and cannot be {wanted}");
            return Err(Failure::new(Code::Usage, error).hint("none of the given deliveries was changed"));
        }
    }
    Ok(())
}

fn expect_endpoint(journal: &Journal, name: &str) -> Result<(), Failure> {
    match journal.endpoints()?.contains(name) {
        true => Ok(()),
        false => Err(journal.no_endpoint(name)?),
    }
}
