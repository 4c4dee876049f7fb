//! `ringwire check`: what a configuration means, and whether everything in it can be reached.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use ringwire_config::{Config, Purpose};
use ringwire_doctor::{Finding, Limits, Severity};
use ringwire_terminal::{Code, Failure};

const EXAMPLES: &str = "\
Examples:
  ringwire check                          is the configuration right, and what does it mean?
  ringwire check --probe                  and can everything in it be reached?
  ringwire check --config new.toml        before it replaces the old one

--probe changes nothing: it logs in to each PBX and out again, asks for the lists of channels and queues that the
daemon asks for, and sends each endpoint one request that it refuses by design.

Of the privileges in manager.conf, `read = call,agent` cannot be seen from outside before there is a call: without
them everything here looks right and no call appears. `ringwire doctor` listens, and asks the daemon what it has heard.

Whether the journal can be written is seen for the user who asks: run it as the daemon's user.

Exit codes: 0 all is well; 69 something cannot be reached or refuses (--probe); 78 the configuration is wrong.";

/// Say in words what the configuration means, and with --probe whether everything in it can be reached.
///
/// The configuration is read by the same code as by `ringwire run`: what is accepted here starts there. Secrets are
/// read but never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Configuration [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Log in to each PBX, name its version and the privileges that are missing, and reach each endpoint
    #[arg(long)]
    probe: bool,
    /// With --probe, how long each step may take
    #[arg(long, value_name = "SECONDS", default_value_t = ringwire_doctor::STEP.as_secs(), value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

impl Args {
    fn limits(&self) -> Limits {
        Limits { step: Duration::from_secs(self.timeout), listen: None }
    }
}

/// Prints what was found under `peer`; gives whether none of it is at fault.
fn print(peer: &str, found: &[Finding], out: &mut impl Write) -> std::io::Result<bool> {
    writeln!(out, "\n{peer}")?;
    for finding in found {
        ringwire_doctor::line(out, finding)?;
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
        let (found, is_setting) = ringwire_doctor::judge_place(&ringwire_doctor::place_of(&journal.path));
        let good = print("The journal's place", &found, &mut out)?;
        if is_setting {
            return Err(Failure::new(Code::Config, anyhow!("the daemon does not start with this journal")));
        }
        faults += usize::from(!good);
    }
    if !args.probe {
        return Ok(());
    }
    faults += super::run::block_on(async { Ok(probe(&config, args.limits(), &mut out).await) })??;
    match faults {
        0 => Ok(()),
        1 => Err(Failure::new(Code::Unavailable, anyhow!("something is wrong at 1 of them"))),
        several => Err(Failure::new(Code::Unavailable, anyhow!("something is wrong at {several} of them"))),
    }
}

/// Probes everything, one after the other so that what is printed can be followed; gives at how many there is a
/// fault.
async fn probe(config: &Config, limits: Limits, out: &mut impl Write) -> Result<usize, Failure> {
    let mut faults = 0;
    for pbx in &config.pbxs {
        let visit = Box::pin(ringwire_doctor::visit(pbx, limits)).await;
        let good = print(&format!("PBX {}", pbx.name), &ringwire_doctor::judge_pbx(&visit), out)?;
        faults += usize::from(!good);
    }
    for endpoint in &config.endpoints {
        let facts = ringwire_doctor::look_at(endpoint, limits.step).await;
        let good =
            print(&format!("Endpoint {}", endpoint.name), &ringwire_doctor::judge_endpoint(&facts), out)?;
        faults += usize::from(!good);
    }
    Ok(faults)
}
