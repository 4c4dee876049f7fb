//! The clients, and what waits to be sent to each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::Cut;
use super::ledger::What;
use super::lifecycle::{Lifecycle, Moment};
use super::template::Filling;

/// What a connection is told to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// Neither read nor write for so long.
    Stall(Duration),
    /// End.
    Cut(Cut),
}

/// Where in what is sent a client has heard something of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// So many bytes must have been sent.
    pub(super) end: usize,
    /// The number of the call.
    pub(super) call: u64,
    /// What it has heard then.
    pub(super) what: What,
}

/// Bytes to be sent, with what they tell, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

impl Chunk {
    /// What was added last tells this.
    pub(super) fn mark(&mut self, call: u64, what: What) {
        self.marks.push(Mark { end: self.bytes.len(), call, what });
    }

    /// Leaves off the second half of the last event.
    pub(super) fn cut_last_event(&mut self) {
        let events = self.bytes.strip_suffix(b"\r\n\r\n").unwrap_or(&self.bytes);
        let start = events.windows(4).rposition(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4);
        let cut = usize::midpoint(start, events.len());
        self.bytes.truncate(cut);
        self.marks.retain(|mark| mark.end <= cut);
    }
}

/// For each event of each kind of call, whether it is told.
type Chosen = Vec<Vec<Vec<bool>>>;

#[derive(Debug)]
struct Client {
    orders: mpsc::UnboundedSender<Order>,
    ready: Arc<Notify>,
    /// Nothing before the login.
    chosen: Option<Chosen>,
    waits: Chunk,
    overrun: bool,
}

/// All clients.
#[derive(Debug)]
pub(super) struct Clients {
    clients: BTreeMap<u64, Client>,
    limit: usize,
    connected: u64,
}

impl Clients {
    /// Nobody; so many bytes of events may wait for each.
    pub(super) fn new(limit: usize) -> Self {
        Self { clients: BTreeMap::new(), limit, connected: 0 }
    }

    /// One more, who is woken by `ready` and told what to do by `orders`; gives its number.
    pub(super) fn join(&mut self, orders: mpsc::UnboundedSender<Order>, ready: Arc<Notify>) -> u64 {
        self.connected += 1;
        let client = Client { orders, ready, chosen: None, waits: Chunk::default(), overrun: false };
        self.clients.insert(self.connected, client);
        self.connected
    }

    /// One less.
    pub(super) fn leave(&mut self, id: u64) {
        self.clients.remove(&id);
    }

    /// A client hears this from here on.
    pub(super) fn choose(&mut self, id: u64, chosen: Chosen) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.chosen = Some(chosen);
        }
    }

    /// What waits for a client; `None` if it has fallen too far behind, which ends its connection.
    pub(super) fn take(&mut self, id: u64) -> Option<Chunk> {
        let client = self.clients.get_mut(&id)?;
        (!client.overrun).then(|| std::mem::take(&mut client.waits))
    }

    /// Tells all of them to do this.
    pub(super) fn order(&self, order: Order) {
        for client in self.clients.values() {
            // One that has ended needs no telling.
            let _ = client.orders.send(order);
        }
    }

    /// How many have logged in.
    pub(super) fn subscribed(&self) -> usize {
        self.clients.values().filter(|client| client.chosen.is_some()).count()
    }

    /// How many have connected so far.
    pub(super) fn connected(&self) -> u64 {
        self.connected
    }

    /// Says what happens to a call in this moment of its kind of life to whoever wants to hear it. Gives how many
    /// events that were.
    pub(super) fn say(
        &mut self,
        lifecycle: (usize, &Lifecycle),
        moment: (usize, &Moment),
        filling: &Filling,
        tells: Option<What>,
    ) -> u64 {
        let mut events = 0;
        for client in self.clients.values_mut() {
            let chosen = client.chosen.as_ref().and_then(|chosen| chosen.get(lifecycle.0)?.get(moment.0));
            let Some(chosen) = chosen else { continue };
            for (said, _) in moment.1.events.iter().zip(chosen).filter(|(_, told)| **told) {
                said.text.fill(filling, &mut client.waits.bytes);
                events += 1;
            }
            if let Some(what) = tells {
                client.waits.mark(filling.call, what);
            }
            if client.waits.bytes.len() > self.limit {
                client.overrun = true;
                client.waits = Chunk::default();
                client.chosen = None;
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
    fn a_cut_goes_through_the_last_event_and_what_it_would_have_told() {
        let mut chunk = Chunk::default();
        chunk.bytes.extend_from_slice(b"Event: A\r\n\r\n");
        chunk.mark(1, What::Begun);
        chunk.bytes.extend_from_slice(b"Event: BC\r\n\r\n");
        chunk.mark(2, What::Begun);
        chunk.cut_last_event();
        assert_eq!(chunk.bytes, b"Event: A\r\n\r\nEven");
        assert_eq!(chunk.marks, [Mark { end: 12, call: 1, what: What::Begun }]);
        let mut one = Chunk { bytes: b"Event: A\r\n\r\n".to_vec(), marks: Vec::new() };
        one.cut_last_event();
        assert_eq!(one.bytes, b"Even");
    }
}
