//! `ringwire check`: what a configuration means, and whether everything in it can be reached.

mod endpoint;
mod journal;
mod pbx;

use std::io::Write;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;

use crate::config::{self, Config, Purpose};
use crate::failure::{Code, Failure};
use crate::lines::plain;

const EXAMPLES: &str = "\
Examples:
  ringwire check                          is the configuration right, and what does it mean?
  ringwire check --probe                  and can everything in it be reached?
  ringwire check --config new.toml        before it replaces the old one

--probe changes nothing: it logs in to each PBX and out again, asks for the lists of channels and queues that the
daemon asks for, and sends each endpoint one request that it refuses by design.

Of the privileges in manager.conf, `read = call,agent` cannot be seen from outside before there is a call: without
them everything here looks right and no call appears.

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
}

/// What was found at one peer.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    good: bool,
    what: String,
    hint: Option<String>,
}

impl Findings {
    fn good(&mut self, what: impl Into<String>) {
        self.0.push(Finding { good: true, what: what.into(), hint: None });
    }

    fn bad(&mut self, what: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint: &String| !hint.is_empty());
        self.0.push(Finding { good: false, what: what.into(), hint });
    }

    /// Prints them under `peer`; gives whether all were good.
    fn print(&self, peer: &str, out: &mut impl Write) -> std::io::Result<bool> {
        writeln!(out, "\n{peer}")?;
        for Finding { good, what, hint } in &self.0 {
            let (word, colour) = if *good { ("ok", AnsiColor::Green) } else { ("fault", AnsiColor::Red) };
            let style: Style = colour.on_default().bold();
            writeln!(out, "  {style}{word:<5}{style:#}  {}", plain(what))?;
            if let Some(hint) = hint {
                writeln!(out, "         {hint}")?;
            }
        }
        Ok(self.0.iter().all(|finding| finding.good))
    }
}

/// Runs the command.
///
/// # Errors
/// The configuration cannot be used; or with `--probe` a PBX or an endpoint cannot be reached or refuses.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = Config::load(&config::path(args.config.clone()), Purpose::Run)?;
    let mut out = anstream::stdout();
    write!(out, "{}", config::describe(&config))?;
    let journal = config.journal.as_ref().map(|journal| journal::look(&journal.path));
    let mut faults = 0;
    if let Some(look) = journal {
        let good = look.findings.print("The journal's place", &mut out)?;
        if look.is_setting {
            return Err(Failure::new(Code::Config, anyhow!("the daemon does not start with this journal")));
        }
        faults += usize::from(!good);
    }
    if !args.probe {
        return Ok(());
    }
    faults += super::run::block_on(async { Ok(probe(&config, &mut out).await) })??;
    match faults {
        0 => Ok(()),
        1 => Err(Failure::new(Code::Unavailable, anyhow!("something is wrong at 1 of them"))),
        several => Err(Failure::new(Code::Unavailable, anyhow!("something is wrong at {several} of them"))),
    }
}

/// Probes everything, one after the other so that what is printed can be followed; gives at how many there is a
/// fault.
async fn probe(config: &Config, out: &mut impl Write) -> Result<usize, Failure> {
    let mut faults = 0;
    for pbx in &config.pbxs {
        let good = pbx::probe(pbx).await.print(&format!("PBX {}", pbx.name), out)?;
        faults += usize::from(!good);
    }
    for endpoint in &config.endpoints {
        let good = endpoint::probe(endpoint).await.print(&format!("Endpoint {}", endpoint.name), out)?;
        faults += usize::from(!good);
    }
    Ok(faults)
}
