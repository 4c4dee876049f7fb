//! Brokers of the system, each on a free port with a directory of its own, killed when they are dropped.

use std::{
    io::ErrorKind,
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

mod mosquitto;
mod nats;
mod rabbit;

pub(crate) use self::{mosquitto::Mosquitto, nats::Nats, rabbit::Rabbit};

/// A broker that can be killed and started again.
pub(crate) trait Broker: Sized {
    /// Starts it; `None` where it is not installed, with a word about it.
    async fn start() -> Option<Self>;

    /// Its URL.
    fn url(&self) -> String;

    /// Has it keep what is published to `destination`.
    async fn prepare(&mut self, destination: &str);

    /// Kills it.
    async fn kill(&mut self);

    /// Starts it again, with what it had.
    async fn restart(&mut self);

    /// The ids of the messages that it has for `destination`, in their order.
    async fn ids(&mut self, destination: &str) -> Vec<String>;
}

/// A process that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) directory: TempDir,
    pub(crate) port: u16,
}

impl Process {
    /// Starts what `command` makes of a directory and a port, and waits until it listens; `None` where the program is not
    /// installed. A port that somebody else takes first is given up for another.
    pub(crate) async fn start(name: &str, command: impl Fn(&TempDir, u16) -> Command) -> Option<Self> {
        loop {
            let directory = TempDir::new().unwrap();
            let port = free_port();
            let child = spawn(name, &mut command(&directory, port))?;
            let mut process = Self { child, directory, port };
            if process.listens().await {
                return Some(process);
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts it again, as often as something else has its port.
    pub(crate) async fn restart(&mut self, mut command: Command) {
        loop {
            self.child = spawn("it", &mut command).unwrap();
            if self.listens().await {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until it listens; `false` if it ends instead.
    async fn listens(&mut self) -> bool {
        let (port, child) = (self.port, &mut self.child);
        let mut has_ended = false;
        until(super::LONG, async || {
            has_ended = child.try_wait().unwrap().is_some();
            has_ended || TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        !has_ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills a process and all that it has started.
fn end(child: &mut Child) {
    // They may have ended by themselves.
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .stderr(Stdio::null())
        .status();
    let _ = child.wait();
}

fn spawn(name: &str, command: &mut Command) -> Option<Child> {
    let spawned =
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match spawned {
        Ok(child) => Some(child),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: {name} is not installed");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `is_done`.
pub(crate) async fn until(longest: Duration, mut is_done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_done().await {
        assert!(begun.elapsed() < longest, "it did not happen in time");
        sleep(Duration::from_millis(50)).await;
    }
}
