//! `ringwire top`: what is going on, on the whole screen.

mod data;
mod explanation_lines;
mod layout;
mod open_call;
mod state;
mod terminal;
mod theme;
mod view;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;

use anyhow::anyhow;
use ringwire_terminal::terminal_is_unicode;
use ringwire_terminal::{Code, Failure};

use self::{state::TopState, theme::Theme};
use ringwire_client::ApiAccess;

const EXAMPLES: &str = "\
Keys:
  Up Down k j, PgUp PgDn, Home End  select a call
  Enter                             explain the call: what happened, and why
  d                                 show its deliveries, with each attempt
  /                                 show only calls that contain a text
  s                                 sort: newest, longest, by state, by caller
  p                                 pause and resume updates
  ? h                               help
  q Esc                             back, or quit

Examples:
  ringwire top                      the daemon on this machine
  NO_COLOR=1 ringwire top           without colours";

/// Show live calls, queues, PBXs and targets in full screen.
///
/// Refreshes every second. If the daemon becomes unreachable, its last data stays on the screen, marked as outdated.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    access: ApiAccess,
}

/// Runs the command, until it is told to stop.
///
/// # Errors
/// There is no terminal, or no daemon that answers.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if !stdout().is_terminal() || !stdin().is_terminal() {
        let error = anyhow!("ringwire top needs a terminal");
        return Err(Failure::new(Code::Usage, error).hint("use `ringwire tail` to print events line by line"));
    }
    let client = args.access.client(args.config.as_deref())?;
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let theme = Theme { colours, unicode: terminal_is_unicode() };
    crate::runtime::block_on(async {
        // Before the screen is taken_at: that nobody answers is said like any other failure.
        let first = match data::snapshot(&client, None).await {
            Ok(first) => first,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut state = TopState::new(client.address().to_string(), theme);
        state.on_data(Ok(first), jiff::Timestamp::now());
        Ok(terminal::show(client, state).await.map_err(Failure::from))
    })?
}
