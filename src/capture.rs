//! `ringwire capture`: record the manager interface of a PBX.

mod capture_file;
mod copy;
mod live;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use ringwire_recording::{Anonymiser, AnonymiserSeed, RecordingWriterOptions, SeedError};
use ringwire_terminal::{Code, Failure};

use self::capture_file::CaptureFile;

/// The smallest size of a file: less would mostly hold the lists that each file starts with.
const MIN_FILE_SIZE: u64 = 64 << 10;

const EXAMPLES: &str = "\
Examples:
  ringwire capture -o call.ami                   record until Ctrl-C
  ringwire capture -o call.ami --duration 10m    record for ten minutes
  ringwire capture --anonymise -o call.ami       record for a bug report
  ringwire capture --anonymise --from a.ami -o b.ami
                                                 anonymise a recording
  ringwire capture -o day.ami --rotate 100M      start a new file every 100 MB
  ringwire tail call.ami                         follow a recording meanwhile
  ringwire replay day.ami day.ami.1              print the calls of recordings

All events that the manager user may read are recorded, not only those that `ringwire run` subscribes to. The lists of \
channels and queues are requested first, so that a replay knows the calls in progress; with --rotate they are requested \
again for each file, at most once a minute. Recording ends with Ctrl-C, SIGTERM, --duration or the connection, and does \
not reconnect.

A recording contains the server's greeting and its packets as received; FILE.times beside it contains their times. \
Replies to the login and to pings are left out, as is anything that is not a packet. Files are created readable by \
their owner alone and never overwritten without --force.

--anonymise replaces numbers of six or more digits, all words of names, and any other word that Asterisk does not use, \
because an endpoint may have a person's name. Equal values get equal replacements. Length, leading zeros, country code, \
case and charset are preserved, so that a replay shows the same calls between other people. Internet addresses become \
documentation addresses. Call-IDs, passwords, tokens and digits dialled during a call are removed. Extensions, times, \
causes, channel ids, and the names of applications, events and variables stay: review the file before you share it.";

/// Record the manager interface of a PBX.
///
/// Logs in to a configured PBX and writes everything it sends to a file, with the times, until it is stopped. With
/// --anonymise, numbers and names are replaced; --from anonymises existing recordings.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recording to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Stop after this time: 90, 90s, 10m, 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Start a new file before one exceeds this size: 500k, 100M, 2G
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    rotate: Option<u64>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
    /// Replace numbers and names
    #[arg(long)]
    anonymise: bool,
    /// File with a secret of 16 or more characters that determines the replacements: the same secret gives the same
    /// replacements [default: random, and not kept]
    #[arg(long, value_name = "FILE", requires = "anonymise")]
    seed_file: Option<PathBuf>,
    /// Anonymise these recordings of successive connections to one PBX instead of recording; `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "anonymise", conflicts_with_all = ["config", "pbx", "duration"])]
    from: Vec<PathBuf>,
    /// PBX to record, if the configuration has several
    #[arg(long, value_name = "NAME")]
    pbx: Option<String>,
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The configuration or a file cannot be used, or the PBX cannot be reached or ends the connection.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let anonymiser_seed = args.anonymise.then(|| read_seed(args.seed_file.as_deref())).transpose()?;
    let options = RecordingWriterOptions { replace: args.force, rotate: args.rotate };
    let anonymiser = anonymiser_seed.map(|seed| Anonymiser::new(&seed));
    let mut file = CaptureFile::new(args.output.clone(), options, anonymiser);
    let result = if args.from.is_empty() {
        live::record(args.config.clone(), args.pbx.as_deref(), args.duration, &mut file)
    } else {
        copy::anonymise_recordings(&args.from, &mut file)
    };
    file.print_summary()?;
    result
}

fn read_seed(file: Option<&Path>) -> Result<AnonymiserSeed, Failure> {
    let Some(file) = file else {
        return AnonymiserSeed::random().map_err(|error: SeedError| Failure::new(Code::Software, error));
    };
    let text = fs::read_to_string(file).map_err(|error| {
        let error = anyhow::Error::from(error).context(format!("{}: cannot be read", file.display()));
        Failure::new(Code::NoInput, error).hint("create one: head -c 32 /dev/urandom | base64 > FILE")
    })?;
    let text = text.trim();
    if text.chars().count() < AnonymiserSeed::SHORTEST_TEXT {
        let error = anyhow::anyhow!("{}: the secret is too short", file.display());
        let hint = format!("expected at least {} random characters", AnonymiserSeed::SHORTEST_TEXT);
        return Err(Failure::new(Code::Data, error).hint(hint));
    }
    Ok(AnonymiserSeed::from_text(text))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let friendly =
        |text: &str| text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    match seconds(text).or_else(|| friendly(text)) {
        Some(time) if !time.is_zero() => Ok(time),
        _ => Err("expected a time above 0, such as 90s, 10m or 1h30m".to_owned()),
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let unit: Option<u64> = match unit.to_ascii_lowercase().trim_end_matches('b') {
        "" => Some(1),
        "k" => Some(1_000),
        "m" => Some(1_000_000),
        "g" => Some(1_000_000_000),
        _ => None,
    };
    let size = count.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
    match size {
        Some(size) if size >= MIN_FILE_SIZE => Ok(size),
        Some(_) => Err(format!("expected at least {MIN_FILE_SIZE} bytes")),
        None => Err("expected a number of bytes, such as 500k, 100M or 2G".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2 hours", 7200)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "-5", "-5s", "x", "1y"] {
            parse_duration(text).unwrap_err();
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in
            [("65536", 65_536), ("500k", 500_000), ("100M", 100_000_000), ("2GB", 2_000_000_000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "1x", "-1k", "1", "99999999999999999999", "99999999999999G", "5\u{fc}"] {
            parse_size(text).unwrap_err();
        }
    }
}
