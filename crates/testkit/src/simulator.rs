//! A simulated PBX: an Asterisk 22 with calls of its own.

mod channels;
mod clients;
mod options;
mod pbx_state;
mod recorded_call;
mod responses;
mod scenario;
mod selection;
mod session;
mod shared;
mod simulated_call;
mod template;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use clients::ConnectionCommand;
pub use clients::ConnectionCut;
pub use options::SimulatorOptions;
use pbx_state::PbxState;
use session::ClientSession;
use shared::SharedSimulator;
pub use simulated_call::{SentEvents, SimulatedCall};

/// What a simulator has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SimulatorCounts {
    /// The number of calls that have begun.
    pub calls: u64,
    /// The number of events that were queued, counted for each client.
    pub events: u64,
    /// The number of connections that were accepted.
    pub connections: u64,
}

/// A simulated Asterisk 22 on a port of the loopback interface, until it is dropped. Its calls go on whether or not a
/// client is connected.
///
/// Each call follows one of seven recordings: answered and ended by either side, abandoned, busy, or through a queue
/// with agents. It has its own Uniqueids, random durations, and a unique caller number. The simulator implements the
/// manager interface as far as the daemon needs it, and logs what happened in each call and what of it was sent to a
/// client. There are no calls until [`PbxSimulator::resume`].
#[derive(Debug)]
pub struct PbxSimulator {
    address: SocketAddr,
    shared: Arc<SharedSimulator>,
    listener: mpsc::Sender<(ListenerCommand, oneshot::Sender<io::Result<()>>)>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Clone, Copy, Debug)]
enum ListenerCommand {
    Open,
    Close,
}

impl PbxSimulator {
    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start(options: SimulatorOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let pbx = PbxState::new(&options, Instant::now(), Timestamp::now().as_second());
        let shared = Arc::new(SharedSimulator {
            options,
            pbx: Mutex::new(pbx),
            schedule_changed: Notify::new(),
            active_calls: watch::Sender::new(0),
            subscribed: watch::Sender::new(0),
        });
        let (listener_commands, commands) = mpsc::channel(1);
        let accept = tokio::spawn(accept(address, listener, Arc::clone(&shared), commands));
        let schedule = tokio::spawn(run_schedule(Arc::clone(&shared)));
        Ok(Self { address, shared, listener: listener_commands, tasks: [accept, schedule] })
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connected clients that have logged in.
    #[must_use]
    pub fn subscribed(&self) -> watch::Receiver<usize> {
        self.shared.subscribed.subscribe()
    }

    /// The number of active calls.
    #[must_use]
    pub fn active_calls(&self) -> watch::Receiver<usize> {
        self.shared.active_calls.subscribe()
    }

    /// What it has done so far.
    #[must_use]
    pub fn counts(&self) -> SimulatorCounts {
        let pbx = self.shared.lock();
        SimulatorCounts {
            calls: pbx.call_log.len() as u64,
            events: pbx.events,
            connections: pbx.clients.connected(),
        }
    }

    /// All calls so far, in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<SimulatedCall> {
        self.shared.lock().call_log.clone()
    }

    /// Starts generating calls.
    pub fn resume(&self) {
        self.shared.lock().resume(Instant::now());
        self.shared.schedule_changed.notify_one();
    }

    /// Stops generating calls; active calls go on.
    pub fn pause(&self) {
        self.shared.lock().pause();
    }

    /// Stops generating calls, and returns when the last one has ended.
    pub async fn finish(&self) {
        self.pause();
        // It cannot fail, because this holds the sender.
        let _ = self.active_calls().wait_for(|count| *count == 0).await;
    }

    /// Neither reads from connected clients nor writes to them for this time. Events are queued for them meanwhile.
    pub fn stall(&self, length: Duration) {
        self.shared.lock().clients.command(ConnectionCommand::Stall(length));
    }

    /// Ends all connections. Bytes sent before are still delivered.
    pub fn cut(&self, cut: ConnectionCut) {
        self.shared.lock().clients.command(ConnectionCommand::Cut(cut));
    }

    /// Restarts the PBX: ends all connections, drops all calls without events, refuses connections for the time `away`,
    /// and returns when it accepts them again.
    ///
    /// # Errors
    ///
    /// If its port was taken meanwhile.
    pub async fn restart(&self, away: Duration) -> io::Result<()> {
        self.command(ListenerCommand::Close).await?;
        {
            let now = Instant::now();
            let mut pbx = self.shared.lock();
            pbx.clients.command(ConnectionCommand::Cut(ConnectionCut::Immediate));
            let away_seconds = i64::try_from(away.as_secs()).unwrap_or_default();
            pbx.restart(now + away, Timestamp::now().as_second() + away_seconds);
            self.shared.active_calls.send_replace(0);
        }
        sleep(away).await;
        self.shared.schedule_changed.notify_one();
        self.command(ListenerCommand::Open).await
    }

    async fn command(&self, command: ListenerCommand) -> io::Result<()> {
        let gone = || io::Error::other("the simulator is gone");
        let (done, result) = oneshot::channel();
        self.listener.send((command, done)).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Drop for PbxSimulator {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Runs the events of the calls at their times.
async fn run_schedule(shared: Arc<SharedSimulator>) {
    loop {
        let next = {
            let mut pbx = shared.lock();
            pbx.advance(Instant::now());
            let active = pbx.active_call_count();
            shared.active_calls.send_if_modified(|known| std::mem::replace(known, active) != active);
            pbx.next_time()
        };
        let due = async {
            match next {
                Some(next) => sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = shared.schedule_changed.notified() => {}
        }
    }
}

/// Accepts clients while the listener is open.
async fn accept(
    address: SocketAddr,
    listener: TcpListener,
    shared: Arc<SharedSimulator>,
    mut commands: mpsc::Receiver<(ListenerCommand, oneshot::Sender<io::Result<()>>)>,
) {
    let mut listener = Some(listener);
    let mut sessions = JoinSet::new();
    loop {
        let client = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = client => {
                // A connection that fails before it is accepted is ignored.
                if let Ok((stream, _)) = accepted {
                    let session = ClientSession::new(Arc::clone(&shared));
                    sessions.spawn(async move {
                        stream.set_nodelay(true)?;
                        session.run(stream).await
                    });
                }
            }
            command = commands.recv() => {
                let Some((command, done)) = command else { return };
                let result = match command {
                    ListenerCommand::Close => {
                        listener = None;
                        Ok(())
                    }
                    ListenerCommand::Open => TcpListener::bind(address).await.map(|bound| listener = Some(bound)),
                };
                // It fails if the caller stopped waiting.
                let _ = done.send(result);
            }
            // A client that disconnected is not an error of the simulator.
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests;
