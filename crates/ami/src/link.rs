//! The two tasks of a connection that is up: one reads and does nothing else, one writes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::codec::Decoder;

use crate::queue::Queue;
use crate::reconcile::belongs_to_list;
use crate::{Codec, Frame, Kind, LinkError, Oddities, Output, Owner, Packet, Session, WireError};

/// How much is read at once, in bytes.
const READ: usize = 64 << 10;

/// Makes room for another read. Packets still in use keep their part of the old buffer; room grows with a packet that
/// does not fit, so that it is copied but a few times.
pub(crate) fn reserve(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < READ / 4 {
        buffer.reserve(READ.max(buffer.len()));
    }
}

/// What the tasks and the handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pending: Mutex<Pending>,
}

/// The actions that wait for their response, by number.
#[derive(Debug, Default)]
struct Pending {
    waiting: HashMap<u64, oneshot::Sender<Packet>>,
    last: u64,
    over: bool,
}

impl Shared {
    pub(crate) fn new(queue_limit: usize) -> Self {
        Self { queue: Queue::new(queue_limit), pending: Mutex::default() }
    }

    /// The number of a new action and where its response will come; `None` if the link is over.
    pub(crate) fn expect(&self) -> Option<(u64, oneshot::Receiver<Packet>)> {
        let mut pending = self.pending();
        if pending.over {
            return None;
        }
        pending.last += 1;
        let (sender, receiver) = oneshot::channel();
        let number = pending.last;
        pending.waiting.insert(number, sender);
        Some((number, receiver))
    }

    /// Nobody waits for that response any more.
    pub(crate) fn forget(&self, number: u64) {
        self.pending().waiting.remove(&number);
    }

    /// Hands a response to the one that waits for it.
    fn answer(&self, number: u64, packet: &Packet) {
        let waiting = self.pending().waiting.remove(&number);
        if let Some(waiting) = waiting {
            let _ = waiting.send(packet.clone()); // it may have stopped waiting a moment ago
        }
    }

    fn end(&self, error: Option<LinkError>) {
        self.queue.end(error);
        let mut pending = self.pending();
        pending.over = true;
        pending.waiting.clear();
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the handles ask of the reading task.
pub(crate) struct Wishes {
    /// Ends when the last handle is gone.
    pub(crate) wanted: oneshot::Receiver<Infallible>,
    /// Says farewell.
    pub(crate) logoff: mpsc::Receiver<()>,
}

/// A connection that is logged in.
pub(crate) struct Link<R> {
    pub(crate) reader: R,
    pub(crate) buffer: BytesMut,
    pub(crate) codec: Codec,
    pub(crate) session: Session,
    /// What the ids of the callers' actions begin with.
    pub(crate) ids: String,
    /// Packets dropped because they answer what nobody here has asked.
    pub(crate) unasked: u64,
    pub(crate) writes: mpsc::Sender<Bytes>,
}

impl<R: AsyncRead + Unpin> Link<R> {
    /// Reads until the connection ends or nobody wants it any more.
    pub(crate) async fn run(
        mut self,
        shared: &Shared,
        mut wishes: Wishes,
        mut writer: JoinHandle<io::Result<()>>,
    ) {
        let error = self.read(shared, &mut wishes, &mut writer).await;
        shared.end(error);
        writer.abort();
    }

    async fn read(
        &mut self,
        shared: &Shared,
        wishes: &mut Wishes,
        writer: &mut JoinHandle<io::Result<()>>,
    ) -> Option<LinkError> {
        let mut packets = Vec::new();
        let mut timer = pin!(sleep_until(self.deadline()));
        let mut settled = false;
        loop {
            self.frames(shared, &mut packets, Codec::decode);
            if let Err(overrun) = shared.queue.push(&mut packets, self.oddities()) {
                return Some(overrun);
            }
            while let Some(output) = self.session.poll() {
                match output {
                    // A full queue means that the server takes nothing: the ping's deadline will tell.
                    Output::Write(bytes) => drop(self.writes.try_send(bytes)),
                    Output::Lost(error) => return Some(error),
                    Output::LoggedOff => return None,
                    Output::LoggedIn(_) | Output::LoginFailed(_) => {}
                }
            }
            reserve(&mut self.buffer);
            tokio::select! {
                // Bytes that wait come before the deadline for them: the whole host may have been asleep.
                biased;
                _ = &mut wishes.wanted => return None,
                Some(()) = wishes.logoff.recv() => {
                    self.session.logoff(Instant::now().into_std());
                    timer.as_mut().reset(self.deadline());
                }
                read = self.reader.read_buf(&mut self.buffer) => match read {
                    Ok(0) => {
                        self.frames(shared, &mut packets, Codec::decode_eof);
                        self.session.closed();
                    }
                    Ok(_) => settled = false,
                    Err(error) => {
                        self.frames(shared, &mut packets, Codec::decode_now);
                        match error.kind() {
                            // TLS that ends without saying so: the end may be anybody's, so nothing unfinished is believed.
                            io::ErrorKind::UnexpectedEof => self.session.closed(),
                            _ => self.session.broken(&error.into()),
                        }
                    }
                },
                () = &mut timer => {
                    self.session.tick(Instant::now().into_std());
                    timer.as_mut().reset(self.deadline());
                }
                written = &mut *writer => {
                    let error = written.unwrap_or(Ok(())).err();
                    self.session.broken(&error.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()).into());
                }
                // Nothing else is there: what waited to be judged by what follows waits no longer.
                () = ready(()), if !settled => {
                    self.frames(shared, &mut packets, Codec::decode_now);
                    settled = true;
                }
            }
        }
    }

    /// Takes all frames that are in the buffer.
    fn frames(
        &mut self,
        shared: &Shared,
        packets: &mut Vec<Packet>,
        next: fn(&mut Codec, &mut BytesMut) -> Result<Option<Frame>, WireError>,
    ) {
        let now = Instant::now().into_std();
        loop {
            match next(&mut self.codec, &mut self.buffer) {
                Ok(Some(frame)) => {
                    if let (Owner::Caller, Frame::Packet(packet)) = (self.session.frame(&frame, now), frame) {
                        self.hand_on(shared, packets, packet);
                    }
                }
                Ok(None) => return,
                Err(error) => return self.session.broken(&error),
            }
        }
    }

    /// Hands a packet on, unless it answers what was not asked: a caller can write into an event that a list of
    /// channels ends here, but cannot know the ids of this connection.
    fn hand_on(&mut self, shared: &Shared, packets: &mut Vec<Packet>, packet: Packet) {
        let asked = match packet.kind() {
            Kind::Response(_) => match self.own_id(&packet).and_then(|number| number.parse().ok()) {
                Some(number) => {
                    shared.answer(number, &packet);
                    true
                }
                None => false,
            },
            Kind::Event(name) => !belongs_to_list(name) || self.own_id(&packet).is_some(),
        };
        match asked {
            true => packets.push(packet),
            false => self.unasked += 1,
        }
    }

    /// What follows in the `ActionID` of a packet if it is one of the callers'.
    fn own_id<'a>(&self, packet: &'a Packet) -> Option<&'a str> {
        str::from_utf8(packet.get("ActionID")?).ok()?.strip_prefix(&self.ids)
    }

    fn oddities(&self) -> Oddities {
        let mut oddities = *self.codec.oddities();
        oddities.forged += self.unasked;
        oddities
    }

    /// When the session is due; the reader has nothing to wait for once it is over.
    fn deadline(&self) -> Instant {
        self.session.deadline().map_or_else(Instant::now, Instant::from_std)
    }
}

/// Writes what is queued until nobody can queue anything any more.
pub(crate) async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut queue: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(bytes) = queue.recv().await {
        writer.write_all(&bytes).await?;
        if queue.is_empty() {
            writer.flush().await?;
        }
    }
    writer.shutdown().await
}
