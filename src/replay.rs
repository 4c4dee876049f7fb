//! `ringwire replay`: print the call events of recordings.

use std::collections::HashMap;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use ringwire_config::{Config, Purpose, RequestTarget};
use ringwire_daemon::Pusher;
use ringwire_dialects::{CallMemory, plan_requests};
use ringwire_event::CallEvent;
use ringwire_recording::Recording;
use ringwire_terminal::{Code, Failure};

use crate::event_text;
use crate::playback::{self, RecordingReplay, tracker_rules};

/// The size from which a progress bar is shown.
const PROGRESS_BAR_BYTES: u64 = 16 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  ringwire replay call.ami                   print call events, one per line
  ringwire replay --json call.ami | jq .     print them as JSON
  ringwire replay --to zammad --json *.ami   print what Zammad would be sent
  ringwire replay --speed 1 call.ami         replay in real time
  zcat busy-hour.ami.gz | ringwire replay -  read standard input
  ringwire replay --config ringwire.toml --to helpdesk --push call.ami
                                             send it to [target.helpdesk]

A recording contains the bytes that Asterisk's manager interface sent. FILE.times beside it, if it exists, gives the \
clock: one line per received chunk with its byte offset and the seconds since the connection. Timestamp headers in the \
recording (manager.conf: timestampevents = yes) are used too. Without either, nothing that depends on elapsed time \
happens.";

/// Print the call events of recordings.
///
/// Reads recordings of the manager interface and prints the call events, or with --to the requests, that the daemon
/// would have sent. Several files are successive connections to one PBX.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recordings; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print requests to this configured target, dialect or dialect file instead of call events
    #[arg(long, value_name = "NAME|FILE")]
    to: Option<String>,
    /// Print one JSON object per line; for a request exactly the fields sent
    #[arg(long)]
    json: bool,
    /// Replay at a multiple of real time, instead of as fast as possible
    #[arg(long, value_name = "N", value_parser = parse_speed)]
    speed: Option<f64>,
    /// Send the requests to the configured target that --to names, and wait until all are delivered or failed
    #[arg(long, requires_all = ["to", "config"])]
    push: bool,
    /// Configuration file with PBXs, users and targets [default: built-in defaults]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// PBX whose settings apply, if the configuration has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pbx: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// A file, the configuration or the target cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = match &args.config {
        Some(path) => Config::load(path, if args.push { Purpose::Run } else { Purpose::Replay })?,
        None => Config::embedded(),
    };
    let mut printer = EventPrinter {
        target: args.to.as_deref().map(|name| RequestTarget::find(&config, name)).transpose()?,
        memories: HashMap::new(),
        push: None,
        json: args.json,
        out: ReplayOutput::new(),
    };
    if args.push
        && let Some(name) = &args.to
    {
        printer.push = Some(start_pusher(&config, name)?);
    }
    let mut replay = RecordingReplay::new(tracker_rules(&config, args.pbx.as_deref())?);
    let mut start = Timestamp::UNIX_EPOCH;
    for path in &args.files {
        let mut recording = Recording::open(path, start).map_err(playback::recording_failure)?;
        let progress = progress_bar(&recording);
        let errors = match args.speed {
            Some(speed) => replay_at_speed(&mut replay, &mut recording, speed, &mut printer)?,
            None => replay.play(&mut recording, |event, recording| {
                progress.set_position(recording.position());
                printer.print(&event)
            })?,
        };
        progress.finish_and_clear();
        if errors.lost_packets() > 0 {
            tracing::warn!(file = %path.display(), ?errors, "skipped invalid parts of the recording");
        }
        start = recording.last_time().unwrap_or(start);
    }
    printer.finish()
}

/// Replays a recording at a multiple of real time.
fn replay_at_speed(
    replay: &mut RecordingReplay,
    recording: &mut Recording,
    speed: f64,
    printer: &mut EventPrinter,
) -> Result<ringwire_ami::StreamErrors, Failure> {
    let mut clock = ReplayClock { started: None, speed };
    loop {
        let Some((frame, time)) = playback::next_frame(recording)? else { break };
        while let Some(due) = replay.next_deadline().filter(|due| time.is_some_and(|time| *due < time)) {
            clock.wait_until(due);
            replay.tick(due);
            printer.print_pending(replay)?;
        }
        if let Some(time) = time {
            clock.wait_until(time);
        }
        replay.apply_frame(&frame, time);
        printer.print_pending(replay)?;
    }
    replay.expire_timers(recording.last_time());
    printer.print_pending(replay)?;
    Ok(*recording.stream_errors())
}

struct ReplayClock {
    started: Option<(Instant, Timestamp)>,
    speed: f64,
}

impl ReplayClock {
    fn wait_until(&mut self, time: Timestamp) {
        let (real, recorded) = *self.started.get_or_insert_with(|| (Instant::now(), time));
        let passed = time.duration_since(recorded).max(SignedDuration::ZERO).as_secs_f64() / self.speed;
        let due = Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX);
        std::thread::sleep(due.saturating_sub(real.elapsed()));
    }
}

/// Prints events, or the requests for them, and sends the requests if there is a pusher.
struct EventPrinter {
    target: Option<RequestTarget>,
    /// What the replies to the requests of each call would bring.
    memories: HashMap<String, CallMemory>,
    push: Option<Pusher>,
    json: bool,
    out: ReplayOutput,
}

impl EventPrinter {
    fn print_pending(&mut self, replay: &mut RecordingReplay) -> Result<(), Failure> {
        while let Some(event) = replay.poll_event() {
            self.print(&event)?;
        }
        Ok(self.out.flush()?)
    }

    fn print(&mut self, event: &CallEvent) -> Result<(), Failure> {
        let Some(target) = &self.target else {
            if self.json {
                self.out.json(event)?;
            } else {
                self.out.line(&event_text::event_line(event))?;
            }
            return Ok(());
        };
        if !target.dialect.wants(event) {
            return Ok(());
        }
        let memory = self.memories.entry(event.call.clone()).or_default();
        let steps = plan_requests(&*target.dialect, event, memory)
            .map_err(|error| Failure::new(Code::Data, anyhow::anyhow!("{}: {error}", target.name)))?;
        for step in steps {
            let fields = step.request.shown();
            if self.json {
                self.out.json(&fields)?;
            } else {
                self.out.line(&event_text::request_line(event.time, &target.name, &fields))?;
            }
        }
        if let Some(push) = &self.push {
            push.push(event.clone());
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.out.flush()?;
        self.push.map_or(Ok(()), Pusher::finish)
    }
}

/// Buffered standard output, with colours on a terminal.
struct ReplayOutput {
    writer: BufWriter<Box<dyn Write>>,
}

impl ReplayOutput {
    fn new() -> Self {
        Self { writer: BufWriter::with_capacity(64 * 1024, Box::new(anstream::stdout())) }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.writer, "{line}")?;
        self.writer.flush()
    }

    fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.writer, value)?;
        self.writer.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn start_pusher(config: &Config, name: &str) -> Result<Pusher, Failure> {
    match config.targets.iter().find(|endpoint| endpoint.name == name) {
        Some(endpoint) => Pusher::start(endpoint),
        None => {
            Err(Failure::new(Code::Usage, anyhow::anyhow!("--to {name}: not a target of the configuration"))
                .hint("only a configured target has a URL"))
        }
    }
}

fn progress_bar(recording: &Recording) -> ProgressBar {
    let length = recording.length().filter(|length| *length >= PROGRESS_BAR_BYTES);
    let Some(length) = length.filter(|_| io::stderr().is_terminal() && !io::stdout().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub(super) fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("expected a number above 0".to_owned()),
    }
}
