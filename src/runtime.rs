//! The runtime for commands that wait for the network.

use anyhow::Context;
use ringwire_terminal::{Code, Failure};

/// Runs `future` to its end.
///
/// # Errors
/// The future fails, or no thread can be started.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start threads").map_err(internal_error)?;
    runtime.block_on(future).map_err(internal_error)
}

fn internal_error(error: anyhow::Error) -> Failure {
    Failure::new(Code::Software, error)
}
