//! The daemon that is tried, as a process of its own.

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

use crate::ExchangeOptions;

/// How long the daemon may take to end when it is told to.
const FAREWELL: Duration = Duration::from_secs(30);

/// How many clock ticks `/proc` counts in a second: a part of Linux's interface, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// The memory it holds, in KiB (`VmRSS`).
    pub resident: u64,
    /// The most it has held (`VmHWM`).
    pub peak: u64,
    /// For how long it has kept a processor busy, in seconds.
    pub cpu: f64,
}

/// A running daemon. It is ended with the value.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    directory: TempDir,
}

impl Daemon {
    /// Starts `program` between this PBX and this endpoint.
    pub(super) fn start(
        program: &Path,
        pbx: SocketAddr,
        login: &ExchangeOptions,
        url: &str,
        concurrency: usize,
    ) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("ringwire.toml");
        let ExchangeOptions { username, secret, read, .. } = login;
        let (host, port) = (pbx.ip(), pbx.port());
        let config = format!(
            "[log]\nlevel = \"info\"\n\n\
             [pbx.soak]\nhost = \"{host}\"\nport = {port}\nusername = \"{username}\"\nsecret = \"{secret}\"\n\
             events = \"{read}\"\n\n\
             [endpoint.zammad]\ndialect = \"zammad\"\nurl = \"{url}\"\nconcurrency = {concurrency}\n"
        );
        // It holds secrets, and the daemon insists that nobody else can read them.
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

    /// What it uses; `None` where that cannot be seen.
    pub(super) fn usage(&self) -> Option<Usage> {
        let process = Path::new("/proc").join(self.child.id()?.to_string());
        let status = fs::read_to_string(process.join("status")).ok()?;
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        usage(&status, &stat)
    }

    /// Tells it to end, and waits until it has.
    pub(super) async fn stop(&mut self) -> io::Result<ExitStatus> {
        let gone = || io::Error::other("the daemon has ended by itself");
        let id = self.child.id().ok_or_else(gone)?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        match timeout(FAREWELL, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the daemon does not end")),
        }
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

/// What `/proc/PID/status` and `/proc/PID/stat` say.
fn usage(status: &str, stat: &str) -> Option<Usage> {
    let size = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    // The name of the program, in brackets, may hold anything.
    let mut after_name = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || after_name.next()?.parse::<u32>().ok().map(f64::from);
    let cpu = (ticks()? + ticks()?) / TICKS;
    Some(Usage { resident: size("VmRSS")?, peak: size("VmHWM")?, cpu })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_proc() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   5000 kB\nVmRSS:\t   4000 kB\n";
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(usage(status, stat), Some(Usage { resident: 4000, peak: 5000, cpu: 3.0 }));
        assert_eq!(usage("", stat), None);
        assert_eq!(usage(status, "12 (a) S 1"), None);
    }
}
