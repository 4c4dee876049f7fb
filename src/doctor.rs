//! `ringwire doctor`: why no call appears, and what to do about it.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_client::{Address, Client};
use ringwire_config::Api;
use ringwire_doctor::{Asked, Report};
use ringwire_terminal::{Code, Failure};

use crate::access::Access;

const EXAMPLES: &str = "\
Examples:
  sudo ringwire doctor                      why does no call appear?
  sudo ringwire doctor --listen 60          and make a test call meanwhile
  ringwire doctor --config new.toml --json  for a program

It looks from outside in: the configuration, who can read its files, the systemd unit, the daemon, the way to each PBX
(DNS, TCP, TLS, login, privileges, clock), what is heard of calls, the way to each endpoint and its answer, the journal
and its disk, this machine. What a daemon that runs has heard is asked from it; where none says, the doctor logs in and
listens by itself.

Nothing is changed: it logs in to each PBX and out again, and sends each endpoint one request that it refuses by design.
As root it sees most: whether files can be read is judged for the daemon's user all the same.

Exit codes: 0 nothing is wrong; else that of the worst fault: 69 something cannot be reached or refuses; 74 the disk or
the journal; 78 the configuration.";

/// Say why no call appears, and what to do about it.
///
/// Each finding says what it is and how to put it right; at the end stands the most likely cause. Secrets are read but
/// never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Configuration [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listen to the PBXs for so long; make a test call meanwhile [default: 0 if a daemon says what it has heard, else 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    listen: Option<u64>,
    /// How long each step may take
    #[arg(long, value_name = "SECONDS", default_value_t = ringwire_doctor::STEP.as_secs(), value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    #[command(flatten)]
    access: Access,
    /// Who the daemon runs as [default: the user in the unit, or ringwire]
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// The systemd unit
    #[arg(long, value_name = "UNIT", default_value = "ringwire.service")]
    unit: String,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Something is wrong, or it cannot be told.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let unit = if args.unit.contains('.') { args.unit.clone() } else { format!("{}.service", args.unit) };
    let file = ringwire_config::path(args.config.clone());
    let client = match args.access.client(Some(&file)) {
        Ok(client) => Some(client),
        // What is wrong with the configuration is told among all else.
        Err(failure) if failure.code() == Code::Config => {
            Some(Client::new(Address::Socket(Api::default_socket()), None)?)
        }
        Err(failure) => return Err(failure),
    };
    let asked = Asked {
        file,
        unit,
        user: args.user.clone(),
        client,
        listen: args.listen.map(Duration::from_secs),
        step: Duration::from_secs(args.timeout),
    };
    let facts = super::run::block_on(async { Ok(ringwire_doctor::gather(&asked, tell).await) })?;
    let report = Report::new(ringwire_doctor::judge(&facts), Timestamp::now());
    let mut out = anstream::stdout();
    if args.json {
        report.write_json(&mut out)?;
    } else {
        report.write(&mut out)?;
    }
    out.flush()?;
    match (report.code(), report.faults()) {
        (None, _) => Ok(()),
        (Some(code), 1) => Err(Failure::new(code, anyhow!("there is 1 fault"))),
        (Some(code), faults) => Err(Failure::new(code, anyhow!("there are {faults} faults"))),
    }
}

/// Says what is being waited for, beside the report.
fn tell(what: &str) {
    let _ = writeln!(anstream::stderr(), "{what}");
}
