//! The command line.

use ringwire_terminal::Failure;

use super::{
    calls, capture, check, deliveries, demo, dialect, doctor, explain, replay, run, sessions, tail, top,
};

const ABOUT: &str = "Report calls on Asterisk to helpdesks and CRMs";

const LONG_ABOUT: &str = "\
Report calls on Asterisk to helpdesks and CRMs.

ringwire connects to the manager interface (AMI) of each PBX, follows every call and sends its events to helpdesks, \
CRMs and other systems: a call comes in, phones ring, an agent answers, the call is held, transferred or ended.";

const EXAMPLES: &str = "\
Examples:
  ringwire demo                             try ringwire without a PBX
  ringwire check --probe                    test configuration and connections
  ringwire run                              run the daemon
  ringwire doctor                           diagnose why calls do not show up
  ringwire calls --since today --missed     today's missed calls
  ringwire tail                             call events as they happen
  ringwire top                              live calls, queues, PBXs, targets
  ringwire deliveries                       undelivered events, with reasons
  ringwire explain main-1795226702.0        why a call was reported this way
  ringwire replay --to zammad call.ami      what Zammad would be sent
  ringwire dialect list                     systems that it speaks to
  ringwire capture --anonymise -o call.ami  record a PBX for a bug report

Exit codes:
  0   success
  64  wrong command line
  65  a file has invalid contents
  66  a file cannot be read
  69  a PBX or a target cannot be reached or refuses
  70  internal error
  74  reading or writing failed
  78  invalid configuration";

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
    Doctor(doctor::Args),
    Calls(calls::Args),
    Tail(tail::Args),
    Top(top::Args),
    Explain(explain::Args),
    Deliveries(deliveries::Args),
    Sessions(sessions::Args),
    Capture(capture::Args),
    Replay(replay::Args),
    Dialect(dialect::Args),
    Demo(demo::Args),
}

impl Cli {
    /// Runs the command that was given.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Run(args) => run::run(args),
            Command::Check(args) => check::run(args),
            Command::Doctor(args) => doctor::run(args),
            Command::Calls(args) => calls::run(args),
            Command::Tail(args) => tail::run(args),
            Command::Top(args) => top::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Deliveries(args) => deliveries::run(args),
            Command::Sessions(args) => sessions::run(args),
            Command::Capture(args) => capture::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Dialect(args) => dialect::run(args),
            Command::Demo(args) => demo::run(args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    /// The widest that a line of an example may be: it is not wrapped on a terminal of 80 columns.
    const WIDEST: usize = 78;

    /// The lines of examples in the help of `ringwire` and of each command.
    fn examples() -> Vec<String> {
        let command = Cli::command();
        let all = std::iter::once(&command).chain(command.get_subcommands());
        let help = all.filter_map(|command| command.get_after_help()).map(ToString::to_string);
        let lines = help.flat_map(|help| help.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.filter(|line| line.starts_with("  ")).collect()
    }

    #[test]
    fn examples_fit_into_80_columns() {
        for line in examples() {
            assert!(line.chars().count() <= WIDEST, "{line}");
        }
    }

    #[test]
    fn examples_are_valid_command_lines() {
        let mut checked = 0;
        for line in examples() {
            let Some((_, command)) = line.split_once("ringwire ") else { continue };
            let (command, _) = command.split_once("  ").unwrap_or((command, ""));
            let (command, _) = command.split_once(['|', '>']).unwrap_or((command, ""));
            // The only argument in quotes.
            let words = command.replace("'0176 123456'", "0176123456");
            let parsed = Cli::try_parse_from(std::iter::once("ringwire").chain(words.split_whitespace()));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            checked += 1;
        }
        assert!(checked > 40, "{checked}");
    }

    #[test]
    fn an_endpoint_is_still_accepted_as_a_target() {
        for words in [
            &["ringwire", "deliveries", "--endpoint", "helpdesk"][..],
            &["ringwire", "deliveries", "retry", "--endpoint", "helpdesk"],
        ] {
            assert!(Cli::try_parse_from(words).is_ok(), "{words:?}");
        }
    }
}
