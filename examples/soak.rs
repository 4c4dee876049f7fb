//! The daemon at hundreds of calls a second for minutes, with a PBX that stalls, cuts the line and restarts.
//!
//! `cargo run --release --example soak -- --rate 500 --minutes 10`
//!
//! The daemon is built and runs as a process of its own, so its memory and processor time are its own. The PBX and the
//! endpoint are in this process. It ends with an error if a call was not told as it must be.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use ringwire_testkit::SimulatorOptions;
use ringwire_testkit::soak::{SoakReport, SoakSample, SoakTest};

/// Try the daemon under load and in trouble
#[derive(Debug, Parser)]
struct Args {
    /// Calls a second
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// How long calls come, in minutes; each has a stall, a cut line and a restart
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How long calls take, compared with recorded ones of about four seconds
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
    /// What chance begins with
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Posts on their way at once
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// The daemon, if not the one of this repository
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let program = match args.daemon {
        Some(program) => program,
        None => build()?,
    };
    let soak = SoakTest {
        program,
        simulator: SimulatorOptions {
            rate: args.rate,
            pace: args.pace,
            seed: args.seed,
            ..SimulatorOptions::default()
        },
        length: Duration::try_from_secs_f64(args.minutes * 60.0).context("--minutes")?,
        period: Duration::from_secs(60),
        // One that the connection survives, and one that it does not: the daemon waits up to 25 seconds.
        stalls: vec![Duration::from_secs(5), Duration::from_secs(27)],
        away: Duration::from_secs(2),
        concurrency: args.concurrency,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    anstream::println!("   time    calls  going on    posts  connections  resident KiB   peak KiB   CPU s");
    let report = runtime.block_on(soak.run(|sample| anstream::println!("{}", line(sample))))?;
    anstream::println!("\n{}", summary(&report));
    if report.is_clean() {
        return Ok(ExitCode::SUCCESS);
    }
    anstream::eprintln!("The daemon ended with {}. It logged:\n{}", report.status, report.log);
    Ok(ExitCode::FAILURE)
}

/// Builds the daemon as this was built, and says where it is.
fn build() -> anyhow::Result<PathBuf> {
    let cargo = env::var_os("CARGO").context("start it by cargo, or say --daemon")?;
    let mut build = Command::new(cargo);
    build.args(["build", "--bin", "ringwire"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    ensure!(build.status()?.success(), "the daemon cannot be built");
    let here = env::current_exe()?;
    let directory =
        here.parent().and_then(|examples| examples.parent()).context("there is no target directory")?;
    Ok(directory.join("ringwire"))
}

fn line(sample: &SoakSample) -> String {
    let SoakSample { at, usage, simulator, active_calls, posts } = sample;
    let usage = usage.unwrap_or_default();
    format!(
        "{:>6.0}s {:>8} {active_calls:>9} {posts:>8} {:>12} {:>13} {:>10} {:>7.1}",
        at.as_secs_f64(),
        simulator.calls,
        simulator.connections,
        usage.resident_kib,
        usage.peak_kib,
        usage.cpu_seconds
    )
}

fn summary(report: &SoakReport) -> String {
    let Some(last) = report.samples.last() else { return report.verdict.to_string() };
    let events = last.simulator.events;
    format!(
        "{}events sent              {events:>9}\nposts                    {:>9}",
        report.verdict, last.posts
    )
}
