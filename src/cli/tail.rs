//! `ringwire tail`: translated events of a recording that grows.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use ringwire_recording::Recording;

use crate::config::{Config, Purpose};
use crate::failure::Failure;
use crate::lines;
use crate::replay::Replay;

/// How often a file that has not grown is looked at again.
const LOOK: Duration = Duration::from_millis(200);

const EXAMPLES: &str = "\
Examples:
  ringwire tail capture.ami              the calls so far, then each event as it comes
  ringwire tail --json capture.ami       one JSON object a line, for machines
  NO_COLOR=1 ringwire tail capture.ami   without colours

Ends on ctrl-c. A file that was cut short or replaced is read again from its start.";

/// Print the translated events of a growing recording.
///
/// One aligned line an event, coloured on a terminal. What is already in the file is told by the recording's own
/// clock, what is added later by the clock of this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A recording that is being written (raw bytes of the manager interface)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Configuration with the rules of the PBX and its users; the defaults otherwise
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The PBX whose rules count, where the configuration has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pbx: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command, until it is interrupted or nobody reads on.
///
/// # Errors
/// The file or the configuration cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = match &args.config {
        Some(path) => Config::load(path, Purpose::Replay)?,
        None => Config::embedded(),
    };
    let rules = super::replay::rules(&config, args.pbx.as_deref())?;
    let mut out = anstream::stdout();
    loop {
        let mut recording = Recording::open(&args.file, Timestamp::UNIX_EPOCH)?;
        let mut replay = Replay::new(rules.clone());
        let mut caught_up = false;
        loop {
            while let Some((frame, time)) = recording.next_frame()? {
                replay.take(&frame, if caught_up { Some(Timestamp::now()) } else { time });
                print(&mut replay, &mut out, args.json)?;
            }
            if !caught_up {
                replay.run_out(recording.last_time());
                caught_up = true;
            }
            replay.tick(Timestamp::now());
            print(&mut replay, &mut out, args.json)?;
            out.flush()?;
            std::thread::sleep(LOOK);
            if was_replaced(&args.file, &recording) {
                break;
            }
        }
    }
}

fn print(replay: &mut Replay, out: &mut impl Write, json: bool) -> io::Result<()> {
    while let Some(event) = replay.poll_event() {
        if json {
            serde_json::to_writer(&mut *out, &event)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", lines::event(&event))?;
        }
    }
    Ok(())
}

fn was_replaced(path: &Path, recording: &Recording) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.len() < recording.position())
}
