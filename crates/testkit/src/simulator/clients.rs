//! The connected clients, and the events queued for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::scenario::{CallMoment, CallScenario};
use super::simulated_call::SentEvent;
use super::template::CallValues;

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionCut {
    /// At once; queued events are not sent.
    Immediate,
    /// In the middle of the next event.
    MidEvent,
}

/// A command to a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum ConnectionCommand {
    /// Neither read nor write for this time.
    Stall(Duration),
    /// End the connection.
    Cut(ConnectionCut),
}

/// The position in the sent bytes at which a client has received an event of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SentMark {
    /// The number of bytes that must have been sent.
    pub(super) end: usize,
    /// The number of the call.
    pub(super) call: u64,
    /// What the client has received then.
    pub(super) event: SentEvent,
}

/// Bytes to send, and the events in them, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct OutgoingChunk {
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<SentMark>,
}

impl OutgoingChunk {
    /// Marks the end of the bytes as the end of this event.
    pub(super) fn mark(&mut self, call: u64, event: SentEvent) {
        self.marks.push(SentMark { end: self.bytes.len(), call, event });
    }

    /// Removes the second half of the last event.
    pub(super) fn truncate_last_event(&mut self) {
        let events = self.bytes.strip_suffix(b"\r\n\r\n").unwrap_or(&self.bytes);
        let start = events.windows(4).rposition(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4);
        let cut = usize::midpoint(start, events.len());
        self.bytes.truncate(cut);
        self.marks.retain(|mark| mark.end <= cut);
    }
}

/// For each event of each moment of each scenario, whether it is sent.
type EventSubscription = Vec<Vec<Vec<bool>>>;

#[derive(Debug)]
struct Client {
    commands: mpsc::UnboundedSender<ConnectionCommand>,
    ready: Arc<Notify>,
    /// `None` before the login.
    subscription: Option<EventSubscription>,
    queue: OutgoingChunk,
    is_overrun: bool,
}

/// All connected clients.
#[derive(Debug)]
pub(super) struct ConnectedClients {
    clients: BTreeMap<u64, Client>,
    limit: usize,
    connected: u64,
}

impl ConnectedClients {
    /// No clients; at most `limit` bytes of events are queued for each.
    pub(super) fn new(limit: usize) -> Self {
        Self { clients: BTreeMap::new(), limit, connected: 0 }
    }

    /// Adds a client, which is notified by `ready` and receives `commands`, and returns its number.
    pub(super) fn add(
        &mut self,
        commands: mpsc::UnboundedSender<ConnectionCommand>,
        ready: Arc<Notify>,
    ) -> u64 {
        self.connected += 1;
        let client = Client {
            commands,
            ready,
            subscription: None,
            queue: OutgoingChunk::default(),
            is_overrun: false,
        };
        self.clients.insert(self.connected, client);
        self.connected
    }

    /// Removes a client.
    pub(super) fn remove(&mut self, id: u64) {
        self.clients.remove(&id);
    }

    /// Sets the events that a client receives from now on.
    pub(super) fn subscribe(&mut self, id: u64, subscription: EventSubscription) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.subscription = Some(subscription);
        }
    }

    /// Takes the events queued for a client; `None` if there were too many, which ends its connection.
    pub(super) fn take(&mut self, id: u64) -> Option<OutgoingChunk> {
        let client = self.clients.get_mut(&id)?;
        (!client.is_overrun).then(|| std::mem::take(&mut client.queue))
    }

    /// Sends a command to all connections.
    pub(super) fn command(&self, command: ConnectionCommand) {
        for client in self.clients.values() {
            // It fails if the connection has ended.
            let _ = client.commands.send(command);
        }
    }

    /// How many clients have logged in.
    pub(super) fn subscribed(&self) -> usize {
        self.clients.values().filter(|client| client.subscription.is_some()).count()
    }

    /// How many clients have connected so far.
    pub(super) fn connected(&self) -> u64 {
        self.connected
    }

    /// Queues the events of a moment of a call for all clients that subscribed to them, and returns how many events
    /// that were.
    pub(super) fn queue_moment(
        &mut self,
        scenario: (usize, &CallScenario),
        moment: (usize, &CallMoment),
        values: &CallValues,
        sent_event: Option<SentEvent>,
    ) -> u64 {
        let mut events = 0;
        for client in self.clients.values_mut() {
            let subscription = client.subscription.as_ref();
            let selected = subscription.and_then(|scenarios| scenarios.get(scenario.0)?.get(moment.0));
            let Some(selected) = selected else { continue };
            for (event, _) in moment.1.events.iter().zip(selected).filter(|(_, is_sent)| **is_sent) {
                event.text.render(values, &mut client.queue.bytes);
                events += 1;
            }
            if let Some(event) = sent_event {
                client.queue.mark(values.call, event);
            }
            if client.queue.bytes.len() > self.limit {
                client.is_overrun = true;
                client.queue = OutgoingChunk::default();
                client.subscription = None;
            }
            client.ready.notify_one();
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncating_the_last_event_removes_its_mark() {
        let mut chunk = OutgoingChunk::default();
        chunk.bytes.extend_from_slice(b"Event: A\r\n\r\n");
        chunk.mark(1, SentEvent::Begun);
        chunk.bytes.extend_from_slice(b"Event: BC\r\n\r\n");
        chunk.mark(2, SentEvent::Begun);
        chunk.truncate_last_event();
        assert_eq!(chunk.bytes, b"Event: A\r\n\r\nEven");
        assert_eq!(chunk.marks, [SentMark { end: 12, call: 1, event: SentEvent::Begun }]);
        let mut one = OutgoingChunk { bytes: b"Event: A\r\n\r\n".to_vec(), marks: Vec::new() };
        one.truncate_last_event();
        assert_eq!(one.bytes, b"Even");
    }
}
