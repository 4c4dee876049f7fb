//! The translated events of a recording that grows.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use ringwire_config::{Config, Purpose};
use ringwire_recording::Recording;
use ringwire_terminal::Failure;

use super::Args;
use crate::lines;
use crate::playback::{self, Replay};
use crate::replay::rules;

/// How often a file that has not grown is looked at again.
const LOOK: Duration = Duration::from_millis(200);

/// Follows the recording in `file`, until it is interrupted or nobody reads on.
///
/// # Errors
/// The file or the configuration cannot be used.
pub(super) fn follow(file: &Path, args: &Args) -> Result<(), Failure> {
    let config = match &args.config {
        Some(path) => Config::load(path, Purpose::Replay)?,
        None => Config::embedded(),
    };
    let rules = rules(&config, args.pbx.as_deref())?;
    let mut out = anstream::stdout();
    loop {
        let mut recording = Recording::open(file, Timestamp::UNIX_EPOCH).map_err(playback::unreadable)?;
        let mut replay = Replay::new(rules.clone());
        let mut caught_up = false;
        loop {
            while let Some((frame, time)) = recording.next_frame().map_err(playback::unreadable)? {
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
            if was_replaced(file, &recording) {
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
