//! Following what a PBX says, with the tracker of the daemon.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use ringwire_ami::{DisconnectError, IncomingPackets, Packet};
use ringwire_calls::Tracker;
use ringwire_config::Pbx;
use ringwire_event::{Direction, EventKind};
use ringwire_live::Observations;
use tokio::{sync::Notify, time::sleep};

/// Hears all that a PBX says until the connection ends.
#[derive(Debug)]
pub(super) struct Listener<'a> {
    pbx: &'a Pbx,
    tracker: Tracker,
    pub(super) observations: Observations,
    /// Whether it said that it is booted.
    pub(super) booted: bool,
    /// The Uniqueids in each list of channels that it gave.
    pub(super) lists: Vec<BTreeSet<String>>,
    /// Those of the list that is coming in.
    list: BTreeSet<String>,
}

impl<'a> Listener<'a> {
    /// Follows `pbx`, which said nothing so far.
    pub(super) fn new(pbx: &'a Pbx) -> Self {
        Self {
            pbx,
            tracker: Tracker::new(pbx.rules.clone()),
            observations: Observations::default(),
            booted: false,
            lists: Vec::new(),
            list: BTreeSet::new(),
        }
    }

    /// Takes what comes until the connection ends, and tells when `enough` was heard: a call from outside, or nothing
    /// any more.
    ///
    /// # Errors
    /// Why the connection ended, if nobody wished for it.
    pub(super) async fn run(
        &mut self,
        incoming: &mut IncomingPackets,
        enough: &Notify,
    ) -> Result<(), DisconnectError> {
        self.tracker.connected(incoming.version(), Some(Timestamp::now()));
        let ended = loop {
            let deadline = self.tracker.next_deadline();
            let due = async {
                match deadline {
                    Some(deadline) => {
                        let left = deadline.duration_since(Timestamp::now());
                        sleep(Duration::try_from(left).unwrap_or_default()).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => self.tracker.tick(Timestamp::now()),
                packet = incoming.next() => match packet {
                    Some(Ok(packet)) => self.take(&packet),
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
            }
            self.observations.set_stream_errors(incoming.stream_errors());
            if self.hear() {
                enough.notify_one();
            }
        };
        enough.notify_one();
        ended
    }

    fn take(&mut self, packet: &Packet) {
        let now = Timestamp::now();
        match packet.event_name() {
            Some(b"FullyBooted") => self.booted = true,
            Some(b"CoreShowChannel") => self.list.extend(packet.text("Uniqueid").map(|id| id.into_owned())),
            Some(b"CoreShowChannelsComplete") => self.lists.push(std::mem::take(&mut self.list)),
            _ => {}
        }
        self.observations.packet(packet, now);
        self.tracker.apply(packet, Some(now));
    }

    /// Notes what the tracker has concluded; says whether a call came from outside.
    fn hear(&mut self) -> bool {
        let mut outside = false;
        while let Some(event) = self.tracker.poll_event() {
            self.observations.event(&event, &self.pbx.rules.directory, Timestamp::now());
            let is_new = matches!(event.kind, EventKind::NewCall { .. }) && !event.recovered;
            outside |= is_new && event.direction == Direction::In;
        }
        outside
    }
}
