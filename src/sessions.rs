//! `ringwire sessions`: who has signed in at the desk, and signing everybody out.

use std::io::Write;
use std::path::PathBuf;

use ringwire_client::{DeskSession, EndedSessions};
use ringwire_terminal::{Cell, Column, Failure, Table, count, when};

use crate::runtime::block_on;

use ringwire_client::ApiAccess;

const EXAMPLES: &str = "\
Examples:
  ringwire sessions         list who has signed in at the desk
  ringwire sessions revoke  sign everybody out, after a token was seen

Somebody stays signed in for 30 days, until they sign out, or until their token is changed or removed from the \
configuration. Tokens are not changed by this: whoever knows one can sign in again.";

/// List who has signed in at the desk, or sign everybody out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    access: ApiAccess,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// End all sessions; their streams end at once
    Revoke,
}

/// Runs the command.
///
/// # Errors
/// The daemon does not answer, or refuses.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.access.client(args.config.as_deref())?;
    let mut out = anstream::stdout();
    if args.command.is_some() {
        let EndedSessions { ended } = block_on(async { Ok(client.delete("/api/v1/sessions").await) })??;
        writeln!(out, "{} ended.", count(ended, "session", "sessions"))?;
    } else {
        let sessions: Vec<DeskSession> = block_on(async { Ok(client.get("/api/v1/sessions", &[]).await) })??;
        match sessions.as_slice() {
            [] => writeln!(out, "Nobody has signed in.")?,
            sessions => session_table(sessions).print(&mut out)?,
        }
    }
    out.flush()?;
    Ok(())
}

fn session_table(sessions: &[DeskSession]) -> Table {
    let columns = ["TOKEN", "ROLE", "SIGNED IN", "UNTIL"].map(Column::left);
    let mut table = Table::new(&columns);
    for DeskSession { name, role, started_at, expires_at } in sessions {
        table.row([
            Cell::new(name),
            Cell::new(role),
            Cell::new(when(*started_at)),
            Cell::new(when(*expires_at)),
        ]);
    }
    table
}
