//! The two tasks of an established connection: one only reads, the other writes.

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

use crate::codec::Codec;
use crate::error::DisconnectError;
use crate::frame::Frame;
use crate::header::PacketKind;
use crate::packet::Packet;
use crate::queue::PacketQueue;
use crate::read_buffer::reserve_read;
use crate::resync::is_list_item;
use crate::session::{AmiSession, FrameOwner, SessionOutput};
use crate::stream_errors::{CodecError, StreamErrors};

/// The state that the tasks share with the handles.
#[derive(Debug)]
pub(crate) struct SharedState {
    pub(crate) queue: PacketQueue,
    pending: Mutex<PendingActions>,
}

/// The actions that wait for a response, by number.
#[derive(Debug, Default)]
struct PendingActions {
    waiting: HashMap<u64, oneshot::Sender<Packet>>,
    last_number: u64,
    is_closed: bool,
}

impl SharedState {
    pub(crate) fn new(queue_limit: usize) -> Self {
        Self { queue: PacketQueue::new(queue_limit), pending: Mutex::default() }
    }

    /// Registers a new action: its number and the receiver of its response; `None` if the connection has ended.
    pub(crate) fn register_action(&self) -> Option<(u64, oneshot::Receiver<Packet>)> {
        let mut pending = self.lock_pending();
        if pending.is_closed {
            return None;
        }
        pending.last_number += 1;
        let (sender, receiver) = oneshot::channel();
        let number = pending.last_number;
        pending.waiting.insert(number, sender);
        Some((number, receiver))
    }

    /// Removes an action whose response nobody waits for any more.
    pub(crate) fn forget_action(&self, number: u64) {
        self.lock_pending().waiting.remove(&number);
    }

    /// Delivers a response to the task that waits for it.
    fn deliver_response(&self, number: u64, packet: &Packet) {
        let waiting = self.lock_pending().waiting.remove(&number);
        if let Some(waiting) = waiting {
            let _ = waiting.send(packet.clone()); // it may have stopped waiting a moment ago
        }
    }

    fn end(&self, error: Option<DisconnectError>) {
        self.queue.end(error);
        let mut pending = self.lock_pending();
        pending.is_closed = true;
        pending.waiting.clear();
    }

    fn lock_pending(&self) -> MutexGuard<'_, PendingActions> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The signals from the handles to the reading task.
pub(crate) struct ConnectionSignals {
    /// Closes when the last handle is dropped.
    pub(crate) handles_dropped: oneshot::Receiver<Infallible>,
    /// Receives a request to log off.
    pub(crate) logoff: mpsc::Receiver<()>,
}

/// The reading task of a connection that is logged in.
pub(crate) struct ConnectionTask<R> {
    pub(crate) reader: R,
    pub(crate) buffer: BytesMut,
    pub(crate) codec: Codec,
    pub(crate) session: AmiSession,
    /// The prefix of the `ActionID`s of the users' actions.
    pub(crate) id_prefix: String,
    /// The number of packets dropped because they answer none of this connection's actions.
    pub(crate) unsolicited: u64,
    pub(crate) writes: mpsc::Sender<Bytes>,
}

impl<R: AsyncRead + Unpin> ConnectionTask<R> {
    /// Reads until the connection ends or its last handle is dropped.
    pub(crate) async fn run(
        mut self,
        shared: &SharedState,
        mut signals: ConnectionSignals,
        mut writer: JoinHandle<io::Result<()>>,
    ) {
        let error = self.read(shared, &mut signals, &mut writer).await;
        shared.end(error);
        writer.abort();
    }

    async fn read(
        &mut self,
        shared: &SharedState,
        signals: &mut ConnectionSignals,
        writer: &mut JoinHandle<io::Result<()>>,
    ) -> Option<DisconnectError> {
        let mut packets = Vec::new();
        let mut timer = pin!(sleep_until(self.deadline()));
        let mut is_drained = false;
        loop {
            self.read_frames(shared, &mut packets, Codec::decode);
            if let Err(overrun) = shared.queue.push(&mut packets, self.stream_errors()) {
                return Some(overrun);
            }
            while let Some(output) = self.session.poll_output() {
                match output {
                    // A full queue means that the server reads nothing; the ping's deadline detects that.
                    SessionOutput::Write(bytes) => drop(self.writes.try_send(bytes)),
                    SessionOutput::Disconnected(error) => return Some(error),
                    SessionOutput::LoggedOff => return None,
                    SessionOutput::LoggedIn(_) | SessionOutput::LoginFailed(_) => {}
                }
            }
            reserve_read(&mut self.buffer);
            tokio::select! {
                // Received bytes come before their deadline: the whole host may have been suspended.
                biased;
                _ = &mut signals.handles_dropped => return None,
                Some(()) = signals.logoff.recv() => {
                    self.session.logoff(Instant::now().into_std());
                    timer.as_mut().reset(self.deadline());
                }
                read = self.reader.read_buf(&mut self.buffer) => match read {
                    Ok(0) => {
                        self.read_frames(shared, &mut packets, Codec::decode_eof);
                        self.session.handle_close();
                    }
                    Ok(_) => is_drained = false,
                    Err(error) => {
                        self.read_frames(shared, &mut packets, Codec::decode_now);
                        match error.kind() {
                            // TLS without a close_notify: anybody may have ended it, so an unfinished packet is not
                            // trusted.
                            io::ErrorKind::UnexpectedEof => self.session.handle_close(),
                            _ => self.session.handle_error(&error.into()),
                        }
                    }
                },
                () = &mut timer => {
                    self.session.tick(Instant::now().into_std());
                    timer.as_mut().reset(self.deadline());
                }
                written = &mut *writer => {
                    let error = written.unwrap_or(Ok(())).err();
                    self.session.handle_error(&error.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()).into());
                }
                // Nothing more was received: packets that waited for what follows them wait no longer.
                () = ready(()), if !is_drained => {
                    self.read_frames(shared, &mut packets, Codec::decode_now);
                    is_drained = true;
                }
            }
        }
    }

    /// Decodes all frames in the buffer.
    fn read_frames(
        &mut self,
        shared: &SharedState,
        packets: &mut Vec<Packet>,
        next: fn(&mut Codec, &mut BytesMut) -> Result<Option<Frame>, CodecError>,
    ) {
        let now = Instant::now().into_std();
        loop {
            match next(&mut self.codec, &mut self.buffer) {
                Ok(Some(frame)) => {
                    if let (FrameOwner::User, Frame::Packet(packet)) =
                        (self.session.handle_frame(&frame, now), frame)
                    {
                        self.deliver(shared, packets, packet);
                    }
                }
                Ok(None) => return,
                Err(error) => return self.session.handle_error(&error),
            }
        }
    }

    /// Delivers a packet, unless it answers none of this connection's actions: a caller can forge the end of a list of
    /// channels inside an event, but cannot know the ids of this connection.
    fn deliver(&mut self, shared: &SharedState, packets: &mut Vec<Packet>, packet: Packet) {
        let is_solicited = match packet.kind() {
            PacketKind::Response(_) => {
                match self.action_number(&packet).and_then(|number| number.parse().ok()) {
                    Some(number) => {
                        shared.deliver_response(number, &packet);
                        true
                    }
                    None => false,
                }
            }
            PacketKind::Event(name) => !is_list_item(name) || self.action_number(&packet).is_some(),
        };
        match is_solicited {
            true => packets.push(packet),
            false => self.unsolicited += 1,
        }
    }

    /// The part of a packet's `ActionID` after the prefix, if it belongs to an action of this connection.
    fn action_number<'a>(&self, packet: &'a Packet) -> Option<&'a str> {
        str::from_utf8(packet.get("ActionID")?).ok()?.strip_prefix(&self.id_prefix)
    }

    fn stream_errors(&self) -> StreamErrors {
        let mut errors = *self.codec.stream_errors();
        errors.forged += self.unsolicited;
        errors
    }

    /// The session's deadline, or now if the session is over, so that the reader does not wait.
    fn deadline(&self) -> Instant {
        self.session.deadline().map_or_else(Instant::now, Instant::from_std)
    }
}

/// Writes queued bytes until all senders of the queue are dropped.
pub(crate) async fn write_queued<W: AsyncWrite + Unpin>(
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
