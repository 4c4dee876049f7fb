//! An Asterisk with a telephone network behind it.

mod answers;
mod channels;
mod clients;
mod ledger;
mod lifecycle;
mod recorded;
mod selection;
mod session;
mod switchboard;
mod template;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use clients::Order;
pub use ledger::{Entry, Told};
use selection::Selection;
use session::Session;
use switchboard::Switchboard;

/// How an exchange works.
#[derive(Clone)]
pub struct ExchangeOptions {
    /// Who may log in; case does not count.
    pub username: String,
    /// The secret of that user.
    pub secret: String,
    /// The event classes the user may read, as in `read =` of `manager.conf`.
    pub read: String,
    /// How many calls come in a second, on average.
    pub rate: f64,
    /// How long calls take: so many times as long as those that were recorded, on average, which is two seconds of
    /// ringing and two of talk. Single calls take up to four times that.
    pub pace: f64,
    /// What chance begins with: the same calls come again with the same seed.
    pub seed: u64,
    /// How many bytes of events may wait for a client that does not take them; over it, it is cut off, as Asterisk
    /// does it (AMI contract 1.8).
    pub backlog: usize,
}

impl Default for ExchangeOptions {
    fn default() -> Self {
        Self {
            username: "ringwire".into(),
            secret: "swordfish".into(),
            read: "system,call,agent".into(),
            rate: 100.0,
            pace: 1.0,
            seed: 0,
            backlog: 256 << 20,
        }
    }
}

/// Says everything but the secret.
impl fmt::Debug for ExchangeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeOptions")
            .field("username", &self.username)
            .field("read", &self.read)
            .field("rate", &self.rate)
            .field("pace", &self.pace)
            .field("seed", &self.seed)
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// At once; what waits is not said.
    Now,
    /// In the middle of an event that is said next.
    MidEvent,
}

/// What an exchange has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeCounts {
    /// Calls that have begun.
    pub calls: u64,
    /// Events that were said, counted once for each client.
    pub events: u64,
    /// Connections that were made to it.
    pub connections: u64,
}

/// An Asterisk 22 on a port of the loopback interface, with calls that go on whether or not anybody listens, until it
/// is dropped.
///
/// Each call is like one of seven that were recorded: answered and ended by either side, given up, busy, or through a
/// queue with agents. It has Uniqueids of its own, lengths by chance, and a number that no other caller has. The
/// exchange speaks the manager interface as the daemon needs it, and keeps a ledger of what happened and of what of
/// it was sent to a client. At first there are no calls; [`Exchange::resume`] lets them come.
#[derive(Debug)]
pub struct Exchange {
    address: SocketAddr,
    shared: Arc<Shared>,
    door: mpsc::Sender<(Door, oneshot::Sender<io::Result<()>>)>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Open,
    Close,
}

/// What the parts of an exchange share.
struct Shared {
    options: ExchangeOptions,
    board: Mutex<Switchboard>,
    /// The next moment may be another.
    changed: Notify,
    living: watch::Sender<usize>,
    subscribed: watch::Sender<usize>,
}

impl Exchange {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start(options: ExchangeOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let board = Switchboard::new(&options, Instant::now(), Timestamp::now().as_second());
        let shared = Arc::new(Shared {
            options,
            board: Mutex::new(board),
            changed: Notify::new(),
            living: watch::Sender::new(0),
            subscribed: watch::Sender::new(0),
        });
        let (door, commands) = mpsc::channel(1);
        let accept = tokio::spawn(accept(address, listener, Arc::clone(&shared), commands));
        let pace = tokio::spawn(pace(Arc::clone(&shared)));
        Ok(Self { address, shared, door, tasks: [accept, pace] })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many clients have logged in and are connected.
    #[must_use]
    pub fn subscribed(&self) -> watch::Receiver<usize> {
        self.shared.subscribed.subscribe()
    }

    /// How many calls go on.
    #[must_use]
    pub fn living(&self) -> watch::Receiver<usize> {
        self.shared.living.subscribe()
    }

    /// What it has done so far.
    #[must_use]
    pub fn counts(&self) -> ExchangeCounts {
        let board = self.shared.lock();
        ExchangeCounts {
            calls: board.ledger.len() as u64,
            events: board.events,
            connections: board.clients.connected(),
        }
    }

    /// All calls there were so far, in the order in which they began.
    #[must_use]
    pub fn ledger(&self) -> Vec<Entry> {
        self.shared.lock().ledger.clone()
    }

    /// New calls come from now on.
    pub fn resume(&self) {
        self.shared.lock().resume(Instant::now());
        self.shared.changed.notify_one();
    }

    /// No new calls come; those that go on do so.
    pub fn pause(&self) {
        self.shared.lock().pause();
    }

    /// No new calls come. Returns when the last has ended.
    pub async fn finish(&self) {
        self.pause();
        // It cannot be lost, for this has it.
        let _ = self.living().wait_for(|living| *living == 0).await;
    }

    /// Neither reads from those who are connected nor writes to them for so long. What happens meanwhile waits for
    /// them.
    pub fn stall(&self, length: Duration) {
        self.shared.lock().clients.order(Order::Stall(length));
    }

    /// Ends all connections. What was sent before arrives.
    pub fn cut(&self, cut: Cut) {
        self.shared.lock().clients.order(Order::Cut(cut));
    }

    /// Ends all connections and calls, the latter without a word; nobody can connect and nobody calls for as long as
    /// `away`; then it starts anew. Returns when it has.
    ///
    /// # Errors
    /// Where its port was taken meanwhile.
    pub async fn restart(&self, away: Duration) -> io::Result<()> {
        self.command(Door::Close).await?;
        {
            let now = Instant::now();
            let mut board = self.shared.lock();
            board.clients.order(Order::Cut(Cut::Now));
            let away_seconds = i64::try_from(away.as_secs()).unwrap_or_default();
            board.restart(now + away, Timestamp::now().as_second() + away_seconds);
            self.shared.living.send_replace(0);
        }
        sleep(away).await;
        self.shared.changed.notify_one();
        self.command(Door::Open).await
    }

    async fn command(&self, command: Door) -> io::Result<()> {
        let gone = || io::Error::other("the exchange is gone");
        let (done, result) = oneshot::channel();
        self.door.send((command, done)).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Switchboard> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client hears what it selects from here on.
    fn choose(&self, id: u64, selection: &Selection) {
        let mut board = self.lock();
        let chosen = selection.choose(&board.lifecycles);
        board.clients.choose(id, chosen);
        self.subscribed.send_replace(board.clients.subscribed());
    }

    /// A client is gone.
    fn leave(&self, id: u64) {
        let mut board = self.lock();
        board.clients.leave(id);
        self.subscribed.send_replace(board.clients.subscribed());
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Lets time pass for the calls.
async fn pace(shared: Arc<Shared>) {
    loop {
        let next = {
            let mut board = shared.lock();
            board.advance(Instant::now());
            let living = board.living();
            shared.living.send_if_modified(|known| std::mem::replace(known, living) != living);
            board.next()
        };
        let due = async {
            match next {
                Some(next) => sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = shared.changed.notified() => {}
        }
    }
}

/// Takes clients while the door is open.
async fn accept(
    address: SocketAddr,
    listener: TcpListener,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<(Door, oneshot::Sender<io::Result<()>>)>,
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
                // What fails before there is a connection concerns nobody here.
                if let Ok((stream, _)) = accepted {
                    let session = Session::new(Arc::clone(&shared));
                    sessions.spawn(async move {
                        stream.set_nodelay(true)?;
                        session.run(stream).await
                    });
                }
            }
            command = commands.recv() => {
                let Some((command, done)) = command else { return };
                let result = match command {
                    Door::Close => {
                        listener = None;
                        Ok(())
                    }
                    Door::Open => TcpListener::bind(address).await.map(|bound| listener = Some(bound)),
                };
                // Who asked may have given up waiting.
                let _ = done.send(result);
            }
            // A client that went away is no error of the exchange.
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests;
