//! The command line.

use ringwire_terminal::Failure;

use super::{calls, capture, check, deliveries, demo, doctor, explain, replay, run, tail, top};

const ABOUT: &str = "Joins an Asterisk PBX to the systems people work in";

const LONG_ABOUT: &str = "\
Joins an Asterisk PBX to the systems people work in.

ringwire holds the manager connection (AMI) of each PBX, follows every call, and tells helpdesks, CRMs and call-centre
desks what happens to it: a call came in, these phones ring, this agent took it, it ended and why.";

const EXAMPLES: &str = "\
Examples:
  ringwire demo                            see it work; no PBX needed
  ringwire check --probe                   is the configuration right, and can everything be reached?
  ringwire run                             the daemon
  ringwire doctor                          why does no call appear?
  ringwire calls --since today --missed    who called in vain today
  ringwire tail                            what happens, as it happens, and who was told
  ringwire top                             what is going on, on the whole screen
  ringwire deliveries                      what is not delivered yet, or was given up, and why
  ringwire explain main-1795226702.0       why a call was told as it was, and to whom
  ringwire replay --to zammad call.ami     what would have been posted for a recorded call
  ringwire capture --anonymise -o call.ami a recording for a bug report, without numbers and names

Exit codes: 0 done; 64 wrong command line; 65 a file is not what it should be; 66 a file cannot be read;
69 a PBX or an endpoint cannot be reached or refuses; 74 reading or writing failed; 78 the configuration is wrong.";

/// The command line.
#[derive(Debug, clap::Parser)]
#[command(name = "ringwire", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Run(run::Args),
    Check(check::Args),
    Calls(calls::Args),
    Deliveries(deliveries::Args),
    Explain(explain::Args),
    Replay(replay::Args),
    Tail(tail::Args),
    Top(top::Args),
    Capture(capture::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Run(args) => run::run(args),
            Command::Check(args) => check::run(args),
            Command::Calls(args) => calls::run(args),
            Command::Deliveries(args) => deliveries::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Tail(args) => tail::run(args),
            Command::Top(args) => top::run(args),
            Command::Capture(args) => capture::run(args),
            Command::Doctor(args) => doctor::run(args),
            Command::Demo(args) => demo::run(args),
        }
    }
}
