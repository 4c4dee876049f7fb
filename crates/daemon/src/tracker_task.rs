//! The task that owns the trackers: packets in, call events out.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use ringwire_ami::{AmiVersion, Packet};
use ringwire_calls::{AgentTracker, Rules, Tracker};
use ringwire_directory::Directory;
use ringwire_event::{CallEvent, CallId};
use ringwire_live::{Diagnosis, EventEmitter, Observations, PbxEvent, TrackerEvent};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use super::{
    api_queries,
    clock::Clock,
    messages::{DeliveryMessage, LinkRequests, PbxName, TrackerMessage, TrackerQuery},
    notify,
};

/// How often the task shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What wakes the task up.
enum Wakeup {
    Message(TrackerMessage),
    Due,
    Watchdog,
    /// The task shows that it lives.
    Heartbeat,
    Over,
}

impl fmt::Display for Wakeup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(TrackerMessage::AddPbx { pbx, .. }) => write!(f, "rules for {pbx}"),
            Self::Message(TrackerMessage::RemovePbx { pbx }) => write!(f, "{pbx} removed"),
            Self::Message(TrackerMessage::Connected { pbx, version }) => {
                write!(f, "{pbx} connected, {version}")
            }
            Self::Message(TrackerMessage::Packets { pbx, packets, .. }) => {
                write!(f, "{} packets from {pbx}", packets.len())
            }
            Self::Message(TrackerMessage::Query(_)) => f.write_str("a query"),
            Self::Due => f.write_str("a deadline"),
            Self::Watchdog => f.write_str("the watchdog is due"),
            Self::Heartbeat => f.write_str("a heartbeat"),
            Self::Over => f.write_str("the end"),
        }
    }
}

/// The trackers, by PBX.
pub(crate) struct TrackerTask {
    clock: Clock,
    pbxs: BTreeMap<PbxName, TrackedPbx>,
    events: mpsc::Sender<DeliveryMessage>,
    emitter: EventEmitter,
    /// When the daemon started.
    started_at: Timestamp,
    start_mark: String,
    recovered: RecoveredCalls,
    /// When rules were set last.
    configured: Option<Timestamp>,
}

/// The calls of an earlier process, which are resumed.
#[derive(Debug, Default)]
pub(crate) struct RecoveredCalls {
    /// The events of the calls in progress, in order.
    pub(crate) live_events: Vec<CallEvent>,
    /// The ids of recent calls, which are not given again.
    pub(crate) recent_ids: Vec<CallId>,
}

struct TrackedPbx {
    tracker: Tracker,
    agents: AgentTracker,
    observations: Observations,
    directory: Directory,
    link: Arc<LinkRequests>,
    /// How many forged events there were at the last resync request.
    forged: u64,
    over: bool,
}

impl TrackedPbx {
    /// Events that a caller has injected data into are dropped, so what they reported must be requested again.
    fn watch_for_forgeries(&mut self, pbx: &PbxName, emitter: &EventEmitter) {
        let forged = self.tracker.forged();
        if forged > self.forged {
            emitter.emit(PbxEvent::ForgedEventsDropped { pbx, forged });
            self.forged = forged;
            self.link.resync.notify_one();
        }
    }

    /// A PBX that has more than can be followed is disconnected; the list of the next connection tells what is left.
    fn watch_limits(&mut self, pbx: &PbxName, emitter: &EventEmitter) {
        if let Some(limit) = self.tracker.take_exceeded() {
            emitter.emit(PbxEvent::LimitExceeded { pbx, limit: &limit.to_string() });
            self.link.too_much.send_replace(Some(limit));
        }
    }

    /// Ends all calls: for the targets they would go on for ever otherwise. To the tracker it is a new
    /// connection to a PBX without a single channel.
    fn end_all(&mut self, now: Timestamp) {
        const NO_CHANNELS: &[u8] =
            b"Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n";
        self.tracker.connected(AmiVersion::NEWEST, Some(now));
        if let Some(list) = Packet::new(Bytes::from_static(NO_CHANNELS), AmiVersion::NEWEST) {
            self.tracker.apply(&list, Some(now));
        }
        self.over = true;
    }
}

impl TrackerTask {
    /// Trackers that resume the `recovered` calls, and send their events to `events`.
    pub(crate) fn new(
        clock: Clock,
        events: mpsc::Sender<DeliveryMessage>,
        (emitter, started_at): (EventEmitter, Timestamp),
        recovered: RecoveredCalls,
    ) -> Self {
        let start_mark = start_mark(started_at);
        Self {
            clock,
            pbxs: BTreeMap::new(),
            events,
            emitter,
            started_at,
            start_mark,
            recovered,
            configured: None,
        }
    }

    /// Handles the messages of `inbox` until it is closed.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<TrackerMessage>) {
        let mut watchdog = notify::watchdog().map(|every| {
            let mut watchdog = interval(every);
            watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
            watchdog
        });
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = self.next(&mut inbox, watchdog.as_mut(), &mut heartbeat).await;
            tracing::trace!(%event, "tracker task woken");
            match event {
                Wakeup::Message(message) => self.on_message(message),
                Wakeup::Due => {
                    let now = self.clock.now();
                    self.pbxs.values_mut().for_each(|tracked| tracked.tracker.tick(now));
                }
                Wakeup::Watchdog => notify::alive(),
                Wakeup::Heartbeat => self.emitter.emit(TrackerEvent::Heartbeat),
                Wakeup::Over => return,
            }
            if self.publish().await.is_err() {
                return;
            }
        }
    }

    async fn next(
        &self,
        inbox: &mut mpsc::Receiver<TrackerMessage>,
        watchdog: Option<&mut Interval>,
        heartbeat: &mut Interval,
    ) -> Wakeup {
        let deadline = self.pbxs.values().filter_map(|tracked| tracked.tracker.next_deadline()).min();
        let due = async {
            match deadline {
                Some(deadline) => sleep(self.clock.until(deadline)).await,
                None => std::future::pending().await,
            }
        };
        let alive = async {
            match watchdog {
                Some(watchdog) => watchdog.tick().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased; // a busy PBX must not silence the watchdog or put off what is due
            _ = alive => Wakeup::Watchdog,
            _ = heartbeat.tick() => Wakeup::Heartbeat,
            () = due => Wakeup::Due,
            message = inbox.recv() => message.map_or(Wakeup::Over, Wakeup::Message),
        }
    }

    fn on_message(&mut self, message: TrackerMessage) {
        let now = self.clock.now();
        match message {
            TrackerMessage::AddPbx { pbx, rules, link } => {
                self.configured = Some(now);
                self.add_pbx(pbx, *rules, link);
            }
            TrackerMessage::RemovePbx { pbx } => {
                if let Some(tracked) = self.pbxs.get_mut(&pbx) {
                    tracked.end_all(now);
                }
            }
            TrackerMessage::Connected { pbx, version } => {
                if let Some(tracked) = self.pbxs.get_mut(&pbx) {
                    tracked.tracker.connected(version, Some(now));
                }
            }
            TrackerMessage::Packets { pbx, packets, stream_errors } => {
                if let Some(tracked) = self.pbxs.get_mut(&pbx) {
                    for packet in &packets {
                        tracked.observations.packet(packet, now);
                        tracked.tracker.apply(packet, Some(now));
                        tracked.agents.apply(packet, Some(now));
                    }
                    tracked.observations.set_stream_errors(stream_errors);
                    tracked.watch_for_forgeries(&pbx, &self.emitter);
                    tracked.watch_limits(&pbx, &self.emitter);
                    let channels = tracked.tracker.live_channels();
                    let packets_received = packets.len();
                    self.emitter.emit(PbxEvent::PacketsReceived {
                        pbx: &pbx,
                        packets: packets_received,
                        channels,
                    });
                    if packets.iter().any(ends_list) {
                        self.emitter.emit(PbxEvent::InSync { pbx: &pbx });
                    }
                }
            }
            TrackerMessage::Query(query) => self.answer(query, now),
        }
    }

    fn add_pbx(&mut self, pbx: PbxName, rules: Rules, link: Arc<LinkRequests>) {
        match self.pbxs.get_mut(&pbx) {
            Some(tracked) => {
                tracked.directory = rules.directory.clone();
                tracked.agents.set_rules(rules.clone());
                tracked.tracker.set_rules(rules);
                tracked.link = link;
                tracked.over = false;
            }
            None => {
                let directory = rules.directory.clone();
                let agents = AgentTracker::new(rules.clone(), Some(&self.start_mark));
                let mut tracker = Tracker::new(rules);
                tracker.explain(true);
                tracker.set_start_mark(&self.start_mark);
                tracker.resume(&self.recovered.live_events, &self.recovered.recent_ids);
                self.recovered.live_events.retain(|event| event.pbx != *pbx);
                let observations = Default::default();
                let (forged, over) = (0, false);
                let tracked = TrackedPbx { tracker, agents, observations, directory, link, forged, over };
                self.pbxs.insert(pbx, tracked);
            }
        }
    }

    /// Answers a query. The receiver may be gone.
    fn answer(&self, query: TrackerQuery, now: Timestamp) {
        match query {
            TrackerQuery::Channels(answer) => {
                let of =
                    |(pbx, tracked): (&PbxName, &TrackedPbx)| api_queries::channels(pbx, &tracked.tracker);
                let _ = answer.send(self.pbxs.iter().flat_map(of).collect());
            }
            TrackerQuery::Diagnosis(answer) => {
                let of = |(pbx, tracked): (&PbxName, &TrackedPbx)| tracked.observations.window(pbx, now);
                let pbxs = self.pbxs.iter().map(of).collect();
                let diagnosis = Diagnosis { started: self.started_at, configured: self.configured, pbxs };
                let _ = answer.send(serde_json::to_value(diagnosis).unwrap_or_default());
            }
            TrackerQuery::Explanation(call, answer) => {
                let found = self.pbxs.values().find_map(|tracked| tracked.tracker.explanation(&call));
                let _ = answer.send(found);
            }
        }
    }

    /// Publishes the events and explanations of the trackers.
    async fn publish(&mut self) -> Result<(), mpsc::error::SendError<DeliveryMessage>> {
        for (pbx, tracked) in &mut self.pbxs {
            while let Some(event) = tracked.agents.poll_event() {
                self.emitter.publish_agent(&event);
            }
            while let Some(event) = tracked.tracker.poll_event() {
                tracked.observations.event(&event, &tracked.directory, self.clock.now());
                self.emitter.emit(TrackerEvent::EventPublished {
                    pbx,
                    event: &event.id,
                    kind: event.kind.name(),
                    from: &event.from,
                    to: &event.to,
                });
                self.events.send(DeliveryMessage::Event(Arc::new(event))).await?;
            }
            while let Some(explanation) = tracked.tracker.poll_explanation() {
                if explanation.call.is_some() {
                    self.events.send(DeliveryMessage::Explanation(explanation)).await?;
                } else if !explanation.is_auxiliary_only() {
                    // It is not in the journal: why it was not reported is in the log.
                    let (uniqueid, reason) = (&*explanation.uniqueid, explanation.last_text());
                    let reason = reason.as_deref();
                    self.emitter.emit(TrackerEvent::CallNotReported { pbx, uniqueid, reason });
                }
            }
        }
        self.pbxs.retain(|_, tracked| !tracked.over);
        Ok(())
    }
}

/// Stands for a start of the daemon in ids: its milliseconds since 1970 to the base 36. Two daemons cannot start at once
/// with one journal.
fn start_mark(started_at: Timestamp) -> String {
    let mut left = started_at.as_millisecond().unsigned_abs();
    let mut digits = Vec::new();
    while left > 0 || digits.is_empty() {
        digits.extend(u32::try_from(left % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        left /= 36;
    }
    digits.into_iter().rev().collect()
}

/// Whether this packet ends a list of all channels.
fn ends_list(packet: &Packet) -> bool {
    packet.event_name().is_some_and(|event| matches!(event, b"CoreShowChannelsComplete" | b"StatusComplete"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_a_mark_of_its_own() {
        let mark = |millisecond| start_mark(Timestamp::from_millisecond(millisecond).unwrap());
        assert_eq!(
            [0, 35, 36, 1_795_226_702_000, 1_795_226_702_001].map(mark),
            ["0", "z", "10", "mwprmkkw", "mwprmkkx"]
        );
    }
}
