//! The task that owns the trackers: packets in, call events out.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use ringwire_ami::{AmiVersion, Packet};
use ringwire_calls::{Directory, Rules, Tracker};
use ringwire_event::{CallEvent, CallId};
use ringwire_live::{Diagnosis, EventEmitter, Observations, PbxEvent, TrackerEvent};
use tokio::{
    sync::{Notify, mpsc},
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use super::{
    clock::Clock,
    messages::{DeliveryMessage, PbxName, Question, TrackerMessage},
    notify, switchboard,
};

/// How often the task shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Everything that makes the task do something.
enum Event {
    Message(TrackerMessage),
    Due,
    Watchdog,
    /// The task shows that it lives.
    Heartbeat,
    Over,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(TrackerMessage::Follow { pbx, .. }) => write!(f, "rules for {pbx}"),
            Self::Message(TrackerMessage::Forget { pbx }) => write!(f, "{pbx} is followed no more"),
            Self::Message(TrackerMessage::Connected { pbx, version }) => {
                write!(f, "{pbx} connected, {version}")
            }
            Self::Message(TrackerMessage::Packets { pbx, packets, .. }) => {
                write!(f, "{} packets from {pbx}", packets.len())
            }
            Self::Message(TrackerMessage::Ask(_)) => f.write_str("a question"),
            Self::Due => f.write_str("something is due"),
            Self::Watchdog => f.write_str("the watchdog wants to hear"),
            Self::Heartbeat => f.write_str("a heartbeat"),
            Self::Over => f.write_str("over"),
        }
    }
}

/// The trackers, by PBX.
pub(crate) struct Follow {
    clock: Clock,
    followed: BTreeMap<PbxName, Followed>,
    events: mpsc::Sender<DeliveryMessage>,
    emitter: EventEmitter,
    /// When the daemon started.
    started_at: Timestamp,
    left: Left,
    /// When rules were given last.
    configured: Option<Timestamp>,
}

/// What an earlier process left to be taken up.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// The events of the calls that were not over, in order.
    pub(crate) living: Vec<CallEvent>,
    /// The ids that were given to calls.
    pub(crate) used: Vec<CallId>,
}

struct Followed {
    tracker: Tracker,
    observations: Observations,
    directory: Directory,
    wish: Arc<Notify>,
    /// How many forged events were seen when the lists were asked for last.
    forged: u64,
    over: bool,
}

impl Followed {
    /// Events that a caller has written into are dropped, so what they told must be asked for.
    fn watch_for_forgeries(&mut self, pbx: &PbxName, emitter: &EventEmitter) {
        let forged = self.tracker.forged();
        if forged > self.forged {
            emitter.emit(PbxEvent::ForgedEventsDropped { pbx, forged });
            self.forged = forged;
            self.wish.notify_one();
        }
    }

    /// Ends all calls: to those who were told of them they would go on for ever. To the tracker it is a new
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

impl Follow {
    /// Trackers that take up what was `left`, and hand their events to `events`.
    pub(crate) fn new(
        clock: Clock,
        events: mpsc::Sender<DeliveryMessage>,
        (emitter, started_at): (EventEmitter, Timestamp),
        left: Left,
    ) -> Self {
        Self { clock, followed: BTreeMap::new(), events, emitter, started_at, left, configured: None }
    }

    /// Follows what is said to `inbox` until nobody is left to say anything.
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
            tracing::trace!(%event, "follow");
            match event {
                Event::Message(message) => self.take(message),
                Event::Due => {
                    let now = self.clock.now();
                    self.followed.values_mut().for_each(|followed| followed.tracker.tick(now));
                }
                Event::Watchdog => notify::alive(),
                Event::Heartbeat => self.emitter.emit(TrackerEvent::Heartbeat),
                Event::Over => return,
            }
            if self.hand_on().await.is_err() {
                return;
            }
        }
    }

    async fn next(
        &self,
        inbox: &mut mpsc::Receiver<TrackerMessage>,
        watchdog: Option<&mut Interval>,
        heartbeat: &mut Interval,
    ) -> Event {
        let deadline = self.followed.values().filter_map(|followed| followed.tracker.next_deadline()).min();
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
            _ = alive => Event::Watchdog,
            _ = heartbeat.tick() => Event::Heartbeat,
            () = due => Event::Due,
            message = inbox.recv() => message.map_or(Event::Over, Event::Message),
        }
    }

    fn take(&mut self, message: TrackerMessage) {
        let now = self.clock.now();
        match message {
            TrackerMessage::Follow { pbx, rules, wish } => {
                self.configured = Some(now);
                self.follow(pbx, *rules, wish);
            }
            TrackerMessage::Forget { pbx } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    followed.end_all(now);
                }
            }
            TrackerMessage::Connected { pbx, version } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    followed.tracker.connected(version, Some(now));
                }
            }
            TrackerMessage::Packets { pbx, packets, stream_errors } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    for packet in &packets {
                        followed.observations.packet(packet, now);
                        followed.tracker.apply(packet, Some(now));
                    }
                    followed.observations.set_stream_errors(stream_errors);
                    followed.watch_for_forgeries(&pbx, &self.emitter);
                    let channels = followed.tracker.live_channels();
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
            TrackerMessage::Ask(question) => self.answer(question, now),
        }
    }

    fn follow(&mut self, pbx: PbxName, rules: Rules, wish: Arc<Notify>) {
        match self.followed.get_mut(&pbx) {
            Some(followed) => {
                followed.directory = rules.directory.clone();
                followed.tracker.set_rules(rules);
                followed.wish = wish;
                followed.over = false;
            }
            None => {
                let directory = rules.directory.clone();
                let mut tracker = Tracker::new(rules);
                tracker.explain(true);
                tracker.resume(&self.left.living, &self.left.used);
                self.left.living.retain(|event| event.pbx != *pbx);
                let observations = Default::default();
                let (forged, over) = (0, false);
                let followed = Followed { tracker, observations, directory, wish, forged, over };
                self.followed.insert(pbx, followed);
            }
        }
    }

    /// Answers; who asked may have gone.
    fn answer(&self, question: Question, now: Timestamp) {
        match question {
            Question::Channels(answer) => {
                let of =
                    |(pbx, followed): (&PbxName, &Followed)| switchboard::channels(pbx, &followed.tracker);
                let _ = answer.send(self.followed.iter().flat_map(of).collect());
            }
            Question::Diagnosis(answer) => {
                let of = |(pbx, followed): (&PbxName, &Followed)| followed.observations.window(pbx, now);
                let pbxs = self.followed.iter().map(of).collect();
                let diagnosis = Diagnosis { started: self.started_at, configured: self.configured, pbxs };
                let _ = answer.send(serde_json::to_value(diagnosis).unwrap_or_default());
            }
            Question::Explanation(call, answer) => {
                let found = self.followed.values().find_map(|followed| followed.tracker.explanation(&call));
                let _ = answer.send(found);
            }
        }
    }

    /// Hands on what the trackers have to say.
    async fn hand_on(&mut self) -> Result<(), mpsc::error::SendError<DeliveryMessage>> {
        for (pbx, followed) in &mut self.followed {
            while let Some(event) = followed.tracker.poll_event() {
                followed.observations.event(&event, &followed.directory, self.clock.now());
                self.emitter.emit(TrackerEvent::EventPublished {
                    pbx,
                    event: &event.id,
                    kind: event.kind.name(),
                    from: &event.from,
                    to: &event.to,
                });
                self.events.send(DeliveryMessage::Event(Arc::new(event))).await?;
            }
            while let Some(explanation) = followed.tracker.poll_explanation() {
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
        self.followed.retain(|_, followed| !followed.over);
        Ok(())
    }
}

/// Whether every channel of the PBX is known with this packet.
fn ends_list(packet: &Packet) -> bool {
    packet.event_name().is_some_and(|event| matches!(event, b"CoreShowChannelsComplete" | b"StatusComplete"))
}
