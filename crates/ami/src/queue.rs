//! The queue of received packets, limited in bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::DisconnectError;
use crate::packet::Packet;
use crate::stream_errors::StreamErrors;

/// A queue between one reader, which never waits, and one consumer.
///
/// It never drops single packets. If it would exceed its limit, it ends, so that the consumer knows: Asterisk cuts off
/// or garbles slow readers, so the reader may not wait.
#[derive(Debug)]
pub(crate) struct PacketQueue {
    limit: usize,
    state: Mutex<QueueState>,
    changed: Notify,
}

/// How far behind the consumer of the packets is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketBacklog {
    /// The number of packets in the queue.
    pub packets: usize,
    /// The memory that they take, in bytes, roughly: what counts towards
    /// [`AmiOptions::queue_limit`](crate::AmiOptions::queue_limit).
    pub bytes: usize,
    /// The largest value of `bytes` on this connection so far.
    pub peak_bytes: usize,
}

#[derive(Debug, Default)]
struct QueueState {
    packets: Vec<Packet>,
    bytes: usize,
    peak_bytes: usize,
    stream_errors: StreamErrors,
    end: Option<QueueEnd>,
    is_abandoned: bool,
}

/// How the queue ended.
#[derive(Clone, Debug)]
enum QueueEnd {
    /// Without an error, or with one that was returned already.
    Finished,
    /// By an error that is to be returned once.
    Failed(DisconnectError),
}

impl PacketQueue {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), changed: Notify::new() }
    }

    /// Adds the packets of one read and leaves `packets` empty.
    ///
    /// # Errors
    ///
    /// If the queue would exceed its limit. The packets are dropped then, and the connection must end.
    pub(crate) fn push(
        &self,
        packets: &mut Vec<Packet>,
        stream_errors: StreamErrors,
    ) -> Result<(), DisconnectError> {
        let mut state = self.lock();
        state.stream_errors = stream_errors;
        if state.is_abandoned || packets.is_empty() {
            packets.clear();
            return Ok(());
        }
        let bytes = state.bytes.saturating_add(packets.iter().map(memory_size).sum());
        state.peak_bytes = state.peak_bytes.max(bytes);
        if bytes > self.limit {
            packets.clear();
            return Err(DisconnectError::Overrun(self.limit));
        }
        state.bytes = bytes;
        state.packets.append(packets);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Ends the queue, with the error that the consumer gets after the last packet.
    pub(crate) fn end(&self, error: Option<DisconnectError>) {
        self.lock().end.get_or_insert(error.map_or(QueueEnd::Finished, QueueEnd::Failed));
        self.changed.notify_one();
    }

    /// Takes all packets, and waits while there are none. After the last one it returns the error if the queue ended
    /// by one, then `None`.
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn take_all(&self) -> Option<Result<Vec<Packet>, DisconnectError>> {
        loop {
            {
                let mut state = self.lock();
                if !state.packets.is_empty() {
                    state.bytes = 0;
                    return Some(Ok(std::mem::take(&mut state.packets)));
                }
                match state.end.replace(QueueEnd::Finished) {
                    Some(QueueEnd::Finished) => return None,
                    Some(QueueEnd::Failed(error)) => return Some(Err(error)),
                    None => state.end = None,
                }
            }
            self.changed.notified().await;
        }
    }

    /// Drops all packets, now and later: the consumer is gone.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        state.packets = Vec::new();
        state.bytes = 0;
    }

    pub(crate) fn stream_errors(&self) -> StreamErrors {
        self.lock().stream_errors
    }

    pub(crate) fn backlog(&self) -> PacketBacklog {
        let state = self.lock();
        PacketBacklog { packets: state.packets.len(), bytes: state.bytes, peak_bytes: state.peak_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory that a packet takes in the queue, in bytes, roughly.
fn memory_size(packet: &Packet) -> usize {
    packet.bytes().len() + size_of::<Packet>()
}
