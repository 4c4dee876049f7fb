//! `ringwire dialect`: the dialects that are files.

use std::io::Write;

use ringwire_terminal::Failure;

const EXAMPLES: &str = "\
Examples:
  ringwire dialect list                        list the dialects
  ringwire dialect show bitrix24               print the file of one
  ringwire dialect new > my-system.toml        write one to start from
  ringwire dialect test ./my-system.toml       check it, run its examples
  ringwire replay --to ./my-system.toml x.ami  print its requests for calls

A dialect file says what a system is sent and what its replies mean. Configure it with `dialect = \"NAME\"` or \
`dialect = \"./FILE.toml\"` in [target.NAME]; docs/template-dialects.md describes it.";

/// List, show, write and test dialects.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the dialects
    List,
    /// Print the file of a dialect
    Show {
        /// Name of the dialect
        name: String,
    },
    /// Print a dialect file to start from
    New,
    /// Check dialect files and run their examples
    Test {
        /// Names or paths [default: all that are shipped]
        #[arg(value_name = "NAME|FILE")]
        what: Vec<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// There is no such dialect, or its file is wrong.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match &args.command {
        Command::List => ringwire_config::list_dialects(&mut out)?,
        Command::Show { name } => ringwire_config::print_dialect(Some(name), &mut out)?,
        Command::New => ringwire_config::print_dialect(None, &mut out)?,
        Command::Test { what } => ringwire_config::test_dialects(what, &mut out)?,
    }
    Ok(out.flush()?)
}
