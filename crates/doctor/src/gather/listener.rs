//! Receives a PBX's events, with the tracker that the daemon uses.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use ringwire_ami::{DisconnectError, IncomingPackets, Packet};
use ringwire_calls::Tracker;
use ringwire_config::Pbx;
use ringwire_event::{Direction, EventKind};
use ringwire_live::Observations;
use tokio::{sync::Notify, time::sleep};

/// Receives events from a PBX until the connection ends.
#[derive(Debug)]
pub(super) struct EventListener<'a> {
    pbx: &'a Pbx,
    tracker: Tracker,
    pub(super) observations: Observations,
    /// Whether the PBX sent `FullyBooted`.
    pub(super) fully_booted: bool,
    /// The Uniqueids of each complete list of channels.
    pub(super) lists: Vec<BTreeSet<String>>,
    /// The Uniqueids of the list in progress.
    partial_list: BTreeSet<String>,
}

impl<'a> EventListener<'a> {
    /// A listener for `pbx` that has received nothing yet.
    pub(super) fn new(pbx: &'a Pbx) -> Self {
        Self {
            pbx,
            tracker: Tracker::new(pbx.rules.clone()),
            observations: Observations::default(),
            fully_booted: false,
            lists: Vec::new(),
            partial_list: BTreeSet::new(),
        }
    }

    /// Receives events until the connection ends, and notifies `enough` after the first inbound call, and at the end.
    ///
    /// # Errors
    /// The connection ended unexpectedly.
    pub(super) async fn run(
        &mut self,
        incoming: &mut IncomingPackets,
        enough: &Notify,
    ) -> Result<(), DisconnectError> {
        self.tracker.connected(incoming.version(), Some(Timestamp::now()));
        let ended = loop {
            let deadline = self.tracker.next_deadline();
            let wait = async {
                match deadline {
                    Some(deadline) => {
                        let left = deadline.duration_since(Timestamp::now());
                        sleep(Duration::try_from(left).unwrap_or_default()).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => self.tracker.tick(Timestamp::now()),
                packet = incoming.next() => match packet {
                    Some(Ok(packet)) => self.apply_packet(&packet),
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
            }
            self.observations.set_stream_errors(incoming.stream_errors());
            if self.observe_events() {
                enough.notify_one();
            }
        };
        enough.notify_one();
        ended
    }

    fn apply_packet(&mut self, packet: &Packet) {
        let now = Timestamp::now();
        match packet.event_name() {
            Some(b"FullyBooted") => self.fully_booted = true,
            Some(b"CoreShowChannel") => {
                self.partial_list.extend(packet.text("Uniqueid").map(|id| id.into_owned()));
            }
            Some(b"CoreShowChannelsComplete") => self.lists.push(std::mem::take(&mut self.partial_list)),
            _ => {}
        }
        self.observations.packet(packet, now);
        self.tracker.apply(packet, Some(now));
    }

    /// Records the events of the tracker; returns whether one announces a new inbound call.
    fn observe_events(&mut self) -> bool {
        let mut is_inbound = false;
        while let Some(event) = self.tracker.poll_event() {
            self.observations.event(&event, &self.pbx.rules.directory, Timestamp::now());
            let is_new = matches!(event.kind, EventKind::NewCall { .. }) && !event.recovered;
            is_inbound |= is_new && event.direction == Direction::In;
        }
        is_inbound
    }
}
