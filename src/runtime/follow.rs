//! The task that owns the trackers: packets in, call events out.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use ringwire_ami::{Packet, Version};
use ringwire_calls::{Rules, Stories, Tracker};
use ringwire_desk::Desk;
use ringwire_event::{CallEvent, CallId};
use tokio::{
    sync::{Notify, mpsc},
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use super::{PbxName, board::Board, clock::Clock, dispatch, notify, stories};

/// What the trackers are told.
#[derive(Debug)]
pub(crate) enum Message {
    /// A PBX is followed from here on, or by other rules.
    Follow {
        /// Which PBX.
        pbx: PbxName,
        /// How its calls are understood.
        rules: Box<Rules>,
        /// How to ask for its lists.
        wish: Arc<Notify>,
    },
    /// A PBX is followed no more: all its calls end here.
    Forget {
        /// Which PBX.
        pbx: PbxName,
    },
    /// A connection begins.
    Connected {
        /// To which PBX.
        pbx: PbxName,
        /// What it speaks.
        version: Version,
    },
    /// What a PBX said.
    Packets {
        /// Which PBX.
        pbx: PbxName,
        /// The packets, in order.
        packets: Vec<Packet>,
    },
}

/// Everything that makes the task do something.
enum Event {
    Message(Message),
    Due,
    Watchdog,
    Over,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(Message::Follow { pbx, .. }) => write!(f, "rules for {pbx}"),
            Self::Message(Message::Forget { pbx }) => write!(f, "{pbx} is followed no more"),
            Self::Message(Message::Connected { pbx, version }) => write!(f, "{pbx} connected, {version}"),
            Self::Message(Message::Packets { pbx, packets }) => {
                write!(f, "{} packets from {pbx}", packets.len())
            }
            Self::Due => f.write_str("something is due"),
            Self::Watchdog => f.write_str("the watchdog wants to hear"),
            Self::Over => f.write_str("over"),
        }
    }
}

/// The trackers, by PBX.
pub(crate) struct Follow {
    clock: Clock,
    followed: BTreeMap<PbxName, Followed>,
    events: mpsc::Sender<dispatch::Message>,
    desk: Desk,
    board: Board,
    left: Left,
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
    stories: Stories,
    wish: Arc<Notify>,
    /// How many forged events were seen when the lists were asked for last.
    forged: u64,
    over: bool,
}

impl Followed {
    /// Events that a caller has written into are dropped, so what they told must be asked for.
    fn watch_for_forgeries(&mut self, pbx: &PbxName) {
        let forged = self.tracker.forged();
        if forged > self.forged {
            tracing::warn!(%pbx, forged, "dropped events with forged headers; the lists are asked for again");
            self.forged = forged;
            self.wish.notify_one();
        }
    }

    /// Ends all calls: to those who were told of them they would go on for ever. To the tracker it is a new
    /// connection to a PBX without a single channel.
    fn end_all(&mut self, now: Timestamp) {
        const NO_CHANNELS: &[u8] =
            b"Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n";
        self.tracker.connected(Version::NEWEST, Some(now));
        if let Some(list) = Packet::new(Bytes::from_static(NO_CHANNELS), Version::NEWEST) {
            self.tracker.apply(&list, Some(now));
        }
        self.over = true;
    }
}

impl Follow {
    /// Trackers that take up what was `left`, and hand their events to `events`.
    pub(crate) fn new(
        clock: Clock,
        events: mpsc::Sender<dispatch::Message>,
        (desk, board): (Desk, Board),
        left: Left,
    ) -> Self {
        Self { clock, followed: BTreeMap::new(), events, desk, board, left }
    }

    /// Follows what is said to `inbox` until nobody is left to say anything.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut watchdog = notify::watchdog().map(|every| {
            let mut watchdog = interval(every);
            watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
            watchdog
        });
        loop {
            let event = self.next(&mut inbox, watchdog.as_mut()).await;
            tracing::trace!(%event, "follow");
            match event {
                Event::Message(message) => self.take(message),
                Event::Due => {
                    let now = self.clock.now();
                    self.followed.values_mut().for_each(|followed| followed.tracker.tick(now));
                }
                Event::Watchdog => notify::alive(),
                Event::Over => return,
            }
            if self.hand_on().await.is_err() {
                return;
            }
        }
    }

    async fn next(&self, inbox: &mut mpsc::Receiver<Message>, watchdog: Option<&mut Interval>) -> Event {
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
            () = due => Event::Due,
            message = inbox.recv() => message.map_or(Event::Over, Event::Message),
        }
    }

    fn take(&mut self, message: Message) {
        let now = self.clock.now();
        match message {
            Message::Follow { pbx, rules, wish } => match self.followed.get_mut(&pbx) {
                Some(followed) => {
                    followed.tracker.set_rules(*rules);
                    followed.wish = wish;
                    followed.over = false;
                }
                None => {
                    let mut tracker = Tracker::new(*rules);
                    tracker.explain(true);
                    tracker.resume(&self.left.living, &self.left.used);
                    self.left.living.retain(|event| event.pbx != *pbx);
                    let stories = Stories::default();
                    self.followed.insert(pbx, Followed { tracker, stories, wish, forged: 0, over: false });
                }
            },
            Message::Forget { pbx } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    followed.end_all(now);
                }
            }
            Message::Connected { pbx, version } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    followed.tracker.connected(version, Some(now));
                }
            }
            Message::Packets { pbx, packets } => {
                if let Some(followed) = self.followed.get_mut(&pbx) {
                    packets.iter().for_each(|packet| followed.tracker.apply(packet, Some(now)));
                    followed.watch_for_forgeries(&pbx);
                    self.desk.heard(&pbx, packets.len(), followed.tracker.live_channels(), now);
                    if packets.iter().any(ends_list) {
                        self.board.pbx_is_reconciled(&pbx);
                    }
                }
            }
        }
    }

    /// Hands on what the trackers have to say.
    async fn hand_on(&mut self) -> Result<(), mpsc::error::SendError<dispatch::Message>> {
        for (pbx, followed) in &mut self.followed {
            while let Some(event) = followed.tracker.poll_event() {
                tracing::debug!(%pbx, event = event.id, what = event.what.name(), from = event.from, to = event.to, "call");
                self.events.send(dispatch::Message::Event(Arc::new(event))).await?;
            }
            for story in stories::collect(pbx, &mut followed.tracker, &mut followed.stories) {
                self.events.send(dispatch::Message::Story(story)).await?;
            }
        }
        self.followed.retain(|_, followed| !followed.over);
        Ok(())
    }
}

/// Whether every channel of the PBX is known with this packet.
fn ends_list(packet: &Packet) -> bool {
    packet.event().is_some_and(|event| matches!(event, b"CoreShowChannelsComplete" | b"StatusComplete"))
}
