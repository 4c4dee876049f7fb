//! The daemon that is measured, and what the system knows about it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon with its journal in a directory of its own.
pub(crate) struct Daemon {
    child: Child,
    home: PathBuf,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// The bytes that it had the system write.
    pub(crate) written: u64,
    /// Its processor time.
    pub(crate) cpu: Duration,
}

/// Writes the configuration of a daemon in `home`; `journal` is added to the section of the journal.
pub(crate) fn configure(home: &Path, pbx: SocketAddr, url: &str, journal: &str) {
    let text = format!(
        "[journal]\npath = \"journal.db\"\n{journal}\n\
         [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"ringwire\"\nsecret = \"swordfish\"\n\
         events = \"system,call,agent\"\n\
         [target.zammad]\ndialect = \"zammad\"\nurl = \"{url}\"\nconcurrency = 64\n",
        pbx.port()
    );
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(home.join("ringwire.toml")).unwrap().write_all(text.as_bytes()).unwrap();
}

impl Daemon {
    /// Starts `program` with the configuration in `home`.
    pub(crate) fn start(program: &Path, home: &Path) -> Self {
        let child = Command::new(program)
            .args(["run", "--config"])
            .arg(home.join("ringwire.toml"))
            .env_remove("RUST_LOG")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(home.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, home: home.to_owned() }
    }

    /// Waits until its log has a line with `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(self.home.join("log")).unwrap();
            if log.lines().any(|line| line.contains(text)) {
                return;
            }
            assert!(Instant::now() < until, "{text} is not in the log:\n{log}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let io = fs::read_to_string(process.join("io")).unwrap();
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
        let stat = fs::read_to_string(process.join("stat")).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Usage { written: line.parse().unwrap(), cpu: Duration::from_millis(ticks * 10) }
    }

    /// The size of the journal's file, and of the log beside it.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        let size = |name: &str| fs::metadata(self.home.join(name)).map_or(0, |file| file.len());
        (size("journal.db"), size("journal.db-wal"))
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}
