//! The events of a recording that is being written.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use ringwire_config::{Config, Purpose};
use ringwire_recording::Recording;
use ringwire_terminal::Failure;

use crate::event_text;
use crate::playback::{self, RecordingReplay, tracker_rules};

/// How often a file is checked for new data.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Prints the events of the recording `file` until it is interrupted or the output is closed.
///
/// # Errors
/// The file or the configuration cannot be used.
pub(super) fn follow(
    file: &Path,
    config: Option<&Path>,
    pbx: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let config = match config {
        Some(path) => Config::load(path, Purpose::Replay)?,
        None => Config::embedded(),
    };
    let rules = tracker_rules(&config, pbx)?;
    let mut out = anstream::stdout();
    loop {
        let mut recording =
            Recording::open(file, Timestamp::UNIX_EPOCH).map_err(playback::recording_failure)?;
        let mut replay = RecordingReplay::new(rules.clone());
        let mut caught_up = false;
        loop {
            while let Some((frame, time)) = recording.next_frame().map_err(playback::recording_failure)? {
                replay.apply_frame(&frame, if caught_up { Some(Timestamp::now()) } else { time });
                print(&mut replay, &mut out, json)?;
            }
            if !caught_up {
                replay.expire_timers(recording.last_time());
                caught_up = true;
            }
            replay.tick(Timestamp::now());
            print(&mut replay, &mut out, json)?;
            out.flush()?;
            std::thread::sleep(POLL_INTERVAL);
            if was_replaced(file, &recording) {
                break;
            }
        }
    }
}

fn print(replay: &mut RecordingReplay, out: &mut impl Write, json: bool) -> io::Result<()> {
    while let Some(event) = replay.poll_event() {
        if json {
            serde_json::to_writer(&mut *out, &event)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", event_text::event_line(&event))?;
        }
    }
    Ok(())
}

fn was_replaced(path: &Path, recording: &Recording) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.len() < recording.position())
}
