//! The process of the tested daemon.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::simulator::SimulatorOptions;

/// How long the daemon may take to end after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Clock ticks per second in `/proc`, which is fixed in Linux's interface.
const TICKS_PER_SECOND: f64 = 100.0;

/// The resources that a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// The resident memory, in KiB (`VmRSS`).
    pub resident_kib: u64,
    /// The peak of the resident memory, in KiB (`VmHWM`).
    pub peak_kib: u64,
    /// The processor time, in seconds.
    pub cpu_seconds: f64,
}

/// A running daemon, which is killed when this is dropped.
#[derive(Debug)]
pub(super) struct DaemonProcess {
    child: Child,
    directory: TempDir,
}

impl DaemonProcess {
    /// Starts `program` with this PBX and this Zammad.
    pub(super) fn start(
        program: &Path,
        pbx: SocketAddr,
        login: &SimulatorOptions,
        url: &str,
        concurrency: usize,
    ) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("ringwire.toml");
        let SimulatorOptions { username, secret, read, .. } = login;
        let (host, port) = (pbx.ip(), pbx.port());
        let config = format!(
            "[log]\nlevel = \"info\"\n\n\
             [pbx.soak]\nhost = \"{host}\"\nport = {port}\nusername = \"{username}\"\nsecret = \"{secret}\"\n\
             events = \"{read}\"\n\n\
             [target.zammad]\ndialect = \"zammad\"\nurl = \"{url}\"\nconcurrency = {concurrency}\n"
        );
        // It contains secrets, and the daemon requires that nobody else can read it.
        let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
        options.open(&file)?.write_all(config.as_bytes())?;
        let log = File::create(directory.path().join("log"))?;
        let child = Command::new(program)
            .args(["run", "--config"])
            .arg(&file)
            .env("STATE_DIRECTORY", directory.path())
            .env_remove("RUST_LOG")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, directory })
    }

    /// The resources that it uses; `None` if they cannot be read.
    pub(super) fn usage(&self) -> Option<ProcessUsage> {
        let process = Path::new("/proc").join(self.child.id()?.to_string());
        let status = fs::read_to_string(process.join("status")).ok()?;
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        parse_usage(&status, &stat)
    }

    /// Sends SIGTERM, and waits until the process has ended.
    pub(super) async fn stop(&mut self) -> io::Result<ExitStatus> {
        let gone = || io::Error::other("the daemon has ended by itself");
        let id = self.child.id().ok_or_else(gone)?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        match timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the daemon does not end")),
        }
    }

    /// Its log so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

/// Parses `/proc/PID/status` and `/proc/PID/stat`.
fn parse_usage(status: &str, stat: &str) -> Option<ProcessUsage> {
    let size = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    // The name of the program, in parentheses, may contain anything.
    let mut after_name = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || after_name.next()?.parse::<u32>().ok().map(f64::from);
    let cpu_seconds = (ticks()? + ticks()?) / TICKS_PER_SECOND;
    Some(ProcessUsage { resident_kib: size("VmRSS")?, peak_kib: size("VmHWM")?, cpu_seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_parsed_from_proc() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   5000 kB\nVmRSS:\t   4000 kB\n";
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(
            parse_usage(status, stat),
            Some(ProcessUsage { resident_kib: 4000, peak_kib: 5000, cpu_seconds: 3.0 })
        );
        assert_eq!(parse_usage("", stat), None);
        assert_eq!(parse_usage(status, "12 (a) S 1"), None);
    }
}
