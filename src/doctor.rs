//! `ringwire doctor`: why no call appears, and what to do about it.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_client::{ApiAddress, ApiClient};
use ringwire_config::Api;
use ringwire_doctor::{DoctorOptions, Report};
use ringwire_terminal::{Code, Failure};

use ringwire_client::ApiAccess;

const EXAMPLES: &str = "\
Examples:
  sudo ringwire doctor                      diagnose the installed daemon
  sudo ringwire doctor --listen 60          listen while you make a test call
  ringwire doctor --config new.toml --json  print the report as JSON

The doctor checks the configuration, the permissions of its files, the systemd unit, the daemon, the connection to \
each PBX (DNS, TCP, TLS, login, privileges, clock), the call events received, the connection to each target and its \
reply, the journal and its disk, and this machine. It asks a running daemon which events it has received; if none \
answers, it logs in and listens itself.

Nothing is changed: the doctor logs in to each PBX and out again, and sends each target one request that the target \
rejects by design. Run it as root to see the most; file permissions are checked for the daemon's user all the same.

Exit codes: 0 no fault; otherwise the code of the worst fault: 69 a PBX or a target cannot be reached or refuses; \
74 disk or journal; 78 configuration.";

/// Diagnose why calls do not show up.
///
/// Each finding says what is wrong and how to fix it; the report ends with the most likely cause. Secrets are read but
/// never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Listen for call events for this long; make a test call meanwhile [default: 0 if a daemon reports what it has
    /// received, otherwise 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    listen: Option<u64>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Time limit for each step
    #[arg(long, value_name = "SECONDS", default_value_t = ringwire_doctor::DEFAULT_STEP_TIMEOUT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// User that the daemon runs as [default: the user of the unit, or ringwire]
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Systemd unit of the daemon
    #[arg(long, value_name = "UNIT", default_value = "ringwire.service")]
    unit: String,
    #[command(flatten)]
    access: ApiAccess,
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
            Some(ApiClient::new(ApiAddress::Socket(Api::default_socket()), None)?)
        }
        Err(failure) => return Err(failure),
    };
    let options = DoctorOptions {
        file,
        unit,
        user: args.user.clone(),
        client,
        listen: args.listen.map(Duration::from_secs),
        step_timeout: Duration::from_secs(args.timeout),
    };
    let facts = crate::runtime::block_on(async {
        Ok(ringwire_doctor::gather_facts(&options, print_progress).await)
    })?;
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
        (Some(code), 1) => Err(Failure::new(code, anyhow!("1 fault found"))),
        (Some(code), faults) => Err(Failure::new(code, anyhow!("{faults} faults found"))),
    }
}

/// Prints what the doctor waits for, beside the report.
fn print_progress(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
