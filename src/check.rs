//! `ringwire check`: what a configuration means, and whether everything in it can be reached.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use ringwire_config::{Config, Purpose};
use ringwire_doctor::{Finding, ProbeLimits, Severity};
use ringwire_terminal::{Code, Failure};

const EXAMPLES: &str = "\
Examples:
  ringwire check                    explain and validate the configuration
  ringwire check --probe            also connect to each PBX and target
  ringwire check --config new.toml  validate a new file before it is used

--probe changes nothing: it logs in to each PBX and out again, requests the lists of channels and queues that the \
daemon requests, and sends each target one request that the target rejects by design.

The privileges `read = call,agent` in manager.conf cannot be verified before there is a call: without them everything \
looks right here, but no call shows up. `ringwire doctor` listens for events and asks the daemon which it has received.

Whether the journal can be written is checked for the current user: run the command as the daemon's user.

Exit codes: 0 valid; 69 a PBX or a target cannot be reached or refuses (--probe); 78 invalid configuration.";

/// Explain and validate the configuration.
///
/// Reads the configuration exactly as `ringwire run` does: what is accepted here starts there. Secrets are read but
/// never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Connect to each PBX and target: report versions, missing privileges and rejected credentials
    #[arg(long)]
    probe: bool,
    /// Time limit for each step of --probe
    #[arg(long, value_name = "SECONDS", default_value_t = ringwire_doctor::DEFAULT_STEP_TIMEOUT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Args {
    fn limits(&self) -> ProbeLimits {
        ProbeLimits { step_timeout: Duration::from_secs(self.timeout), listen: None }
    }
}

/// Prints what was found under `peer`; gives whether none of it is at fault.
fn print(peer: &str, found: &[Finding], out: &mut impl Write) -> std::io::Result<bool> {
    writeln!(out, "\n{peer}")?;
    for finding in found {
        ringwire_doctor::write_finding(out, finding)?;
    }
    Ok(found.iter().all(|finding| finding.severity != Severity::Fault))
}

/// Runs the command.
///
/// # Errors
/// The configuration cannot be used; or with `--probe` a PBX or an endpoint cannot be reached or refuses.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = Config::load(&ringwire_config::path(args.config.clone()), Purpose::Run)?;
    let mut out = anstream::stdout();
    write!(out, "{}", ringwire_config::describe(&config))?;
    let mut faults = 0;
    if let Some(journal) = &config.journal {
        let (found, is_setting) =
            ringwire_doctor::judge_journal_file(&ringwire_doctor::check_journal_file(&journal.path));
        let good = print("Journal file", &found, &mut out)?;
        if is_setting {
            return Err(Failure::new(Code::Config, anyhow!("the daemon cannot start with this journal")));
        }
        faults += usize::from(!good);
    }
    if !args.probe {
        return Ok(());
    }
    faults += crate::runtime::block_on(async { Ok(probe(&config, args.limits(), &mut out).await) })??;
    match faults {
        0 => Ok(()),
        1 => Err(Failure::new(Code::Unavailable, anyhow!("1 component has a fault"))),
        several => Err(Failure::new(Code::Unavailable, anyhow!("{several} components have faults"))),
    }
}

/// Probes everything, one after the other so that what is printed can be followed; gives at how many there is a
/// fault.
async fn probe(config: &Config, limits: ProbeLimits, out: &mut impl Write) -> Result<usize, Failure> {
    let mut faults = 0;
    for pbx in &config.pbxs {
        let probe = Box::pin(ringwire_doctor::probe_pbx(pbx, limits)).await;
        let good = print(&format!("PBX {}", pbx.name), &ringwire_doctor::judge_pbx(&probe), out)?;
        faults += usize::from(!good);
    }
    for target in &config.targets {
        let facts = ringwire_doctor::probe_target(target, limits.step_timeout).await;
        let good = print(&format!("Target {}", target.name), &ringwire_doctor::judge_target(&facts), out)?;
        faults += usize::from(!good);
    }
    Ok(faults)
}
