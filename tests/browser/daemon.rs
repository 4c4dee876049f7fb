//! A daemon with a desk.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::{SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::PATIENCE;

/// What opens the desk.
const TOKEN: &str = "mFqT8bXw2LrZ5kPdJ7vNc4HyGt9sQe3u";

/// A daemon that ends with the test.
pub(crate) struct Daemon {
    home: TempDir,
    address: SocketAddr,
    child: Child,
}

impl Daemon {
    /// Starts a daemon that follows the PBX at `pbx`, and has no endpoint.
    pub(crate) fn start(pbx: SocketAddr, username: &str, secret: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let text = format!(
            "[journal]\npath = \"journal.db\"\n\
             [api]\nsocket = \"ringwire.sock\"\nlisten = \"{address}\"\n[api.token.test]\nrole = \"admin\"\nsecret = \"{TOKEN}\"\n\
             [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"{username}\"\nsecret = \"{secret}\"\n",
            pbx.port()
        );
        let mut file = OpenOptions::new();
        let mut file =
            file.write(true).create_new(true).mode(0o600).open(home.path().join("ringwire.toml")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let child = spawn(&home);
        Self { home, address, child }
    }

    /// Where the desk is, for somebody who may do everything.
    pub(crate) fn desk(&self) -> String {
        format!("http://{}/#token={TOKEN}", self.address)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.home.path().join("journal.db")
    }

    /// Waits until somebody answers.
    pub(crate) async fn answers(&self) {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            assert!(
                begun.elapsed() < PATIENCE,
                "{}",
                fs::read_to_string(self.home.path().join("log")).unwrap()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills it, and begins anew after `away`.
    pub(crate) async fn restart(&mut self, away: Duration) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        tokio::time::sleep(away).await;
        self.child = spawn(&self.home);
        self.answers().await;
    }

    /// How long it has computed.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(home: &TempDir) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(home.path().join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(home.path().join("ringwire.toml"))
        .env_remove("RUST_LOG")
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap()
}
