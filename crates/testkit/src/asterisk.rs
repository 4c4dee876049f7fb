//! An Asterisk that misbehaves.

mod proxy;
mod script;
mod steps;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use ringwire_demo::player::ClientAction;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use script::{ConnectionFault, ConnectionScript, FaultTrigger, ScriptStep};

/// How many actions are kept for a subscriber that is behind.
const ACTION_BACKLOG: usize = 1024;

/// A misbehaving Asterisk on a port of the loopback interface, until it is dropped.
pub struct FakeAsterisk {
    address: SocketAddr,
    commands: mpsc::Sender<(Command, oneshot::Sender<io::Result<()>>)>,
    connections: watch::Receiver<usize>,
    actions: broadcast::Sender<ClientAction>,
    task: JoinHandle<()>,
}

enum Command {
    Restart(Vec<ConnectionScript>),
    Down,
    Up,
}

impl FakeAsterisk {
    /// Starts it on a free port. Each connection follows the next of `scripts`; after the last one, all follow the
    /// last.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start(scripts: impl IntoIterator<Item = ConnectionScript>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (commands, inbox) = mpsc::channel(1);
        let (count, connections) = watch::channel(0);
        let actions = broadcast::Sender::new(ACTION_BACKLOG);
        let switch = ConnectionDispatcher {
            address,
            listener: Some(listener),
            scripts: scripts.into_iter().collect(),
            next_script: 0,
            sessions: JoinSet::new(),
            count,
            actions: actions.clone(),
        };
        let task = tokio::spawn(switch.run(inbox));
        Ok(Self { address, commands, connections, actions, task })
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of accepted connections.
    #[must_use]
    pub fn connections(&self) -> watch::Receiver<usize> {
        self.connections.clone()
    }

    /// The actions that scripts of steps read, from here on; a [`PlaybackPbx`](ringwire_demo::player::PlaybackPbx) has its own.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<ClientAction> {
        self.actions.subscribe()
    }

    /// Drops all connections, as a restart does; the next ones follow `scripts` from the first. A [`PlaybackPbx`](ringwire_demo::player::PlaybackPbx) made
    /// for them has started anew.
    ///
    /// # Errors
    /// Where it is down and its port was taken meanwhile.
    pub async fn restart(&self, scripts: impl IntoIterator<Item = ConnectionScript>) -> io::Result<()> {
        self.command(Command::Restart(scripts.into_iter().collect())).await?;
        self.command(Command::Up).await
    }

    /// Drops all connections and refuses new ones.
    ///
    /// # Errors
    /// If its task has ended.
    pub async fn down(&self) -> io::Result<()> {
        self.command(Command::Down).await
    }

    /// Accepts connections again, on the same port.
    ///
    /// # Errors
    /// Where the port was taken meanwhile.
    pub async fn up(&self) -> io::Result<()> {
        self.command(Command::Up).await
    }

    async fn command(&self, command: Command) -> io::Result<()> {
        let lost = || io::Error::other("the fake Asterisk is gone");
        let (done, result) = oneshot::channel();
        self.commands.send((command, done)).await.map_err(|_| lost())?;
        result.await.map_err(|_| lost())?
    }
}

impl fmt::Debug for FakeAsterisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAsterisk").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for FakeAsterisk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs the scripts of the connections.
struct ConnectionDispatcher {
    address: SocketAddr,
    listener: Option<TcpListener>,
    scripts: Vec<ConnectionScript>,
    next_script: usize,
    sessions: JoinSet<io::Result<()>>,
    count: watch::Sender<usize>,
    actions: broadcast::Sender<ClientAction>,
}

impl ConnectionDispatcher {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Command, oneshot::Sender<io::Result<()>>)>) {
        loop {
            tokio::select! {
                accepted = accept(self.listener.as_ref()) => self.start_script(accepted),
                command = inbox.recv() => {
                    let Some((command, done)) = command else { return };
                    let result = self.execute(command).await;
                    // It fails if the caller stopped waiting.
                    let _ = done.send(result);
                }
                Some(_) = self.sessions.join_next() => {}
            }
        }
    }

    async fn execute(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Restart(scripts) => {
                (self.scripts, self.next_script) = (scripts, 0);
                self.sessions.shutdown().await;
            }
            Command::Down => {
                self.listener = None;
                self.sessions.shutdown().await;
            }
            Command::Up if self.listener.is_none() => {
                self.listener = Some(TcpListener::bind(self.address).await?);
            }
            Command::Up => {}
        }
        Ok(())
    }

    fn start_script(&mut self, stream: TcpStream) {
        let script = self.scripts.get(self.next_script).or(self.scripts.last()).cloned();
        self.next_script += 1;
        self.count.send_modify(|count| *count += 1);
        let actions = self.actions.clone();
        self.sessions.spawn(async move {
            stream.set_nodelay(true)?;
            match script {
                Some(ConnectionScript::Steps(steps)) => steps::run_steps(stream, steps, &actions).await,
                Some(ConnectionScript::Playback(pbx, faults)) => {
                    proxy::run_with_faults(stream, &pbx, faults).await
                }
                None => Ok(()),
            }
        });
    }
}

/// Accepts the next connection; waits forever without a listener.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => loop {
            if let Ok((stream, _)) = listener.accept().await {
                return stream;
            }
        },
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
