//! An Asterisk that misbehaves.

mod proxy;
mod steps;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::Gate;
use crate::player::{ClientAction, PlaybackPbx};

/// How many actions are kept for a watcher that is behind.
const BACKLOG: usize = 1024;

/// What becomes of one connection.
#[derive(Clone, Debug)]
pub enum Script {
    /// These steps, and then the connection is closed.
    Steps(Vec<Step>),
    /// A well-behaved PBX speaks, and each trouble comes when its time has come, in this order.
    Playback(Arc<PlaybackPbx>, Vec<(When, Trouble)>),
}

impl Script {
    /// Closes at once, as Asterisk does when too many have not logged in.
    #[must_use]
    pub fn close_without_banner() -> Self {
        Self::Steps(Vec::new())
    }

    /// Says who it is, and closes.
    #[must_use]
    pub fn close_after_banner() -> Self {
        Self::Steps(vec![Step::banner()])
    }

    /// Refuses whoever logs in, whatever the secret, and closes.
    #[must_use]
    pub fn refuse_login() -> Self {
        Self::Steps(vec![Step::banner(), Step::Refuse])
    }

    /// Admits whoever logs in, whatever the secret, and does `then`.
    #[must_use]
    pub fn after_login(then: impl IntoIterator<Item = Step>) -> Self {
        Self::Steps([Step::banner(), Step::Admit].into_iter().chain(then).collect())
    }

    /// Lets `pbx` speak, and does nothing to it.
    #[must_use]
    pub fn well_behaved(pbx: PlaybackPbx) -> Self {
        Self::Playback(Arc::new(pbx), Vec::new())
    }

    /// Lets `pbx` speak until it has said `text` for the first time; then `trouble`.
    #[must_use]
    pub fn trouble_after(pbx: PlaybackPbx, text: &str, trouble: Trouble) -> Self {
        Self::Playback(Arc::new(pbx), vec![(When::said(text), trouble)])
    }
}

/// One thing that is done on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Bytes),
    /// Reads actions until one has this name, in any case.
    Await(String),
    /// Answers the action that was read last, with its `ActionID` and these headers behind it.
    Answer {
        /// The kind of response: `Success`, `Error`, `Goodbye`.
        response: String,
        /// What else it says.
        headers: Vec<(String, String)>,
    },
    /// Reads until somebody logs in, by a challenge or in clear, and admits them whatever the secret.
    Admit,
    /// Reads until somebody logs in, and refuses them.
    Refuse,
    /// Reads and drops everything until the client closes.
    Ignore,
    /// Neither reads nor writes until the gate opens.
    Hold(Gate),
    /// Neither reads nor writes any more, and keeps the connection open.
    Stall,
    /// Closes hard: the client sees a reset.
    Reset,
}

impl Step {
    /// The first line of Asterisk 22.
    #[must_use]
    pub fn banner() -> Self {
        Self::send("Asterisk Call Manager/11.0.0\r\n")
    }

    /// Sends `bytes`.
    #[must_use]
    pub fn send(bytes: impl AsRef<[u8]>) -> Self {
        Self::Send(Bytes::copy_from_slice(bytes.as_ref()))
    }
}

/// When a trouble comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// After the PBX has sent so many bytes more.
    Bytes(usize),
    /// As soon as the PBX has said this from here on; what follows it is not yet sent.
    Said(Bytes),
}

impl When {
    /// As soon as the PBX has said `text`.
    #[must_use]
    pub fn said(text: &str) -> Self {
        Self::Said(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// What is done to a connection that went well so far.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It is closed, whatever was being said.
    Close,
    /// It is closed hard: the client sees a reset.
    Reset,
    /// Nothing is read or sent any more, and the connection stays open.
    Stall,
    /// Nothing is read or sent until the gate opens; then it goes on.
    Hold(Gate),
    /// These bytes come in between.
    Inject(Bytes),
    /// The next so many bytes are lost.
    Lose(usize),
    /// From here on every byte comes alone.
    Drip,
}

/// An Asterisk on a port of the loopback interface, until it is dropped.
pub struct FakeAsterisk {
    address: SocketAddr,
    commands: mpsc::Sender<(Command, oneshot::Sender<io::Result<()>>)>,
    connections: watch::Receiver<usize>,
    actions: broadcast::Sender<ClientAction>,
    task: JoinHandle<()>,
}

enum Command {
    Restart(Vec<Script>),
    Down,
    Up,
}

impl FakeAsterisk {
    /// Starts it on a free port. Each connection follows the next of `scripts`, all after the last follow the
    /// last.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start(scripts: impl IntoIterator<Item = Script>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (commands, inbox) = mpsc::channel(1);
        let (count, connections) = watch::channel(0);
        let actions = broadcast::Sender::new(BACKLOG);
        let switch = Switch {
            address,
            listener: Some(listener),
            scripts: scripts.into_iter().collect(),
            used: 0,
            sessions: JoinSet::new(),
            count,
            actions: actions.clone(),
        };
        let task = tokio::spawn(switch.run(inbox));
        Ok(Self { address, commands, connections, actions, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has taken.
    #[must_use]
    pub fn connections(&self) -> watch::Receiver<usize> {
        self.connections.clone()
    }

    /// The actions that scripts of steps read, from here on; a [`PlaybackPbx`] has its own.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<ClientAction> {
        self.actions.subscribe()
    }

    /// Drops all connections, as a restart does; the next ones follow `scripts` from the first. A [`PlaybackPbx`] made
    /// for them has started anew.
    ///
    /// # Errors
    /// Where it is down and its port was taken meanwhile.
    pub async fn restart(&self, scripts: impl IntoIterator<Item = Script>) -> io::Result<()> {
        self.command(Command::Restart(scripts.into_iter().collect())).await?;
        self.command(Command::Up).await
    }

    /// Drops all connections and refuses new ones.
    ///
    /// # Errors
    /// None, unless its task was lost.
    pub async fn down(&self) -> io::Result<()> {
        self.command(Command::Down).await
    }

    /// Takes connections again, on the same port.
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

/// Hands connections to scripts.
struct Switch {
    address: SocketAddr,
    listener: Option<TcpListener>,
    scripts: Vec<Script>,
    used: usize,
    sessions: JoinSet<io::Result<()>>,
    count: watch::Sender<usize>,
    actions: broadcast::Sender<ClientAction>,
}

impl Switch {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Command, oneshot::Sender<io::Result<()>>)>) {
        loop {
            tokio::select! {
                accepted = accept(self.listener.as_ref()) => self.take(accepted),
                command = inbox.recv() => {
                    let Some((command, done)) = command else { return };
                    let result = self.obey(command).await;
                    // Who asked may have given up waiting.
                    let _ = done.send(result);
                }
                Some(_) = self.sessions.join_next() => {}
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Restart(scripts) => {
                (self.scripts, self.used) = (scripts, 0);
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

    fn take(&mut self, stream: TcpStream) {
        let script = self.scripts.get(self.used).or(self.scripts.last()).cloned();
        self.used += 1;
        self.count.send_modify(|count| *count += 1);
        let actions = self.actions.clone();
        self.sessions.spawn(async move {
            stream.set_nodelay(true)?;
            match script {
                Some(Script::Steps(steps)) => steps::follow(stream, steps, &actions).await,
                Some(Script::Playback(pbx, troubles)) => proxy::run(stream, &pbx, troubles).await,
                None => Ok(()),
            }
        });
    }
}

/// The next connection; never, while nothing listens.
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
