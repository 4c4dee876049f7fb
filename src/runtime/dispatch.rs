//! The task that owns the outbox: call events in, requests to endpoints out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use ringwire_cti::Directive;
use ringwire_event::CallEvent;
use ringwire_outbox::{
    Counts, Delivery, DeliveryId, EndpointName, Health, Limits, Notice, Outbox, Outcome, Schedule,
};
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    notify::Board,
    send::{Sender, Sent},
};
use crate::routes::{Router, Routes};

/// How long the requests on their way may take to end when the daemon does.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How often events that were given up are said: each would be a line in a moment when there are many.
const SAY_GIVEN_UP_EVERY: Duration = Duration::from_secs(60);

/// What the outbox is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something happened to a call.
    Event(Arc<CallEvent>),
    /// Other endpoints and routes hold from here on.
    Configure {
        /// Which calls go to which endpoints.
        routes: Routes,
        /// The endpoints, as the routes number them.
        endpoints: Vec<Recipient>,
    },
}

/// An endpoint that can be sent to.
#[derive(Debug)]
pub(crate) struct Recipient {
    /// Its name.
    pub(crate) name: EndpointName,
    /// How many requests may be on their way at once.
    pub(crate) concurrency: usize,
    /// How to send to it.
    pub(crate) sender: Sender,
}

/// Everything that makes the task do something.
enum Event {
    Message(Option<Message>),
    Sent(Result<(Id, (Delivery, Sent)), JoinError>),
    Due,
    /// The time to drain is over, or nobody wants to wait for it.
    Cut,
}

/// The outbox, and who it sends to.
pub(crate) struct Dispatch {
    clock: Clock,
    board: Board,
    router: Router,
    /// In the order in which the routes number them.
    recipients: Vec<EndpointName>,
    senders: BTreeMap<EndpointName, Sender>,
    outbox: Outbox,
    requests: JoinSet<(Delivery, Sent)>,
    /// Which request is on its way for what.
    under_way: HashMap<Id, DeliveryId>,
    given_up: GivenUp,
    drain: Duration,
}

/// What was given up and not yet said.
#[derive(Default)]
struct GivenUp {
    events: usize,
    calls: usize,
    said: Option<Instant>,
}

impl Dispatch {
    /// An empty outbox without endpoints.
    pub(crate) fn new(clock: Clock, board: Board, seed: u64) -> Self {
        Self {
            clock,
            board,
            router: Router::new(Routes::default()),
            recipients: Vec::new(),
            senders: BTreeMap::new(),
            outbox: Outbox::new(Limits::default(), Schedule::default(), seed),
            requests: JoinSet::new(),
            under_way: HashMap::new(),
            given_up: GivenUp::default(),
            drain: DRAIN,
        }
    }

    /// The same, with as long as `drain` to deliver what is left when nothing more will come.
    pub(crate) fn draining_for(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// Takes events and sends them until nobody is left to say anything, and then until all that is due has
    /// arrived, the time to drain is over, or `hurry` is cancelled. Gives what became of everything.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        hurry: CancellationToken,
    ) -> Counts {
        let mut cut_at = None;
        loop {
            self.send_due();
            self.say_notices();
            if let Some(cut_at) = cut_at
                && self.is_drained(cut_at)
            {
                break;
            }
            match self.next(&mut inbox, cut_at, &hurry).await {
                Event::Message(Some(message)) => self.take(message),
                Event::Message(None) => cut_at = Some(Instant::now() + self.drain),
                Event::Sent(sent) => self.settle(sent),
                Event::Due => {}
                Event::Cut => break,
            }
        }
        self.say_cut();
        self.outbox.counts()
    }

    async fn next(
        &mut self,
        inbox: &mut mpsc::Receiver<Message>,
        cut_at: Option<Instant>,
        hurry: &CancellationToken,
    ) -> Event {
        let next_due = self.outbox.next_due().map(|due| self.clock.until(due));
        let due = async {
            match next_due {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let cut = async {
            match cut_at {
                Some(cut_at) => sleep_until(cut_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(sent) = self.requests.join_next_with_id() => Event::Sent(sent),
            message = inbox.recv(), if cut_at.is_none() => Event::Message(message),
            () = due => Event::Due,
            () = cut => Event::Cut,
            () = hurry.cancelled(), if cut_at.is_some() => Event::Cut,
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.commit(&event),
            Message::Configure { routes, endpoints } => self.configure(routes, endpoints),
        }
    }

    fn commit(&mut self, event: &Arc<CallEvent>) {
        let now = self.clock.now();
        let mut committed = false;
        for (event_to_tell, indices) in self.router.route(event) {
            let wants = |name: &&EndpointName| {
                self.senders.get(name.as_str()).is_some_and(|sender| sender.wants(&event_to_tell))
            };
            let told: Vec<_> = indices
                .iter()
                .filter_map(|index| self.recipients.get(*index))
                .filter(wants)
                .cloned()
                .collect();
            self.outbox.commit(&event_to_tell, &told, now);
            committed |= event_to_tell.id == event.id;
        }
        if !committed {
            // Nobody hears of it, but with it a call may be over.
            self.outbox.commit(event, &[], now);
        }
    }

    fn configure(&mut self, routes: Routes, endpoints: Vec<Recipient>) {
        let now = self.clock.now();
        self.router.set_routes(routes);
        self.recipients = endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
        let mut senders = BTreeMap::new();
        for Recipient { name, concurrency, sender } in endpoints {
            self.outbox.set_endpoint(&name, concurrency, now);
            self.board.set(name.as_str(), "well");
            senders.insert(name, sender);
        }
        let before = std::mem::replace(&mut self.senders, senders);
        for name in before.into_keys().filter(|name| !self.recipients.contains(name)) {
            let lost = self.outbox.remove_endpoint(&name);
            self.board.remove(name.as_str());
            tracing::info!(endpoint = %name, events = lost, "no longer configured; what waited for it is given up");
        }
    }

    fn send_due(&mut self) {
        while let Some(delivery) = self.outbox.take(self.clock.now()) {
            let Some(sender) = self.senders.get(&delivery.endpoint).cloned() else {
                let reason = "the endpoint is not configured".to_owned();
                self.outbox.settle(delivery.id, Outcome::Dead { reason }, self.clock.now());
                continue;
            };
            let id = delivery.id;
            let request = self.requests.spawn(async move {
                let sent = sender.send(&delivery.event).await;
                (delivery, sent)
            });
            self.under_way.insert(request.id(), id);
        }
    }

    fn settle(&mut self, sent: Result<(Id, (Delivery, Sent)), JoinError>) {
        let now = self.clock.now();
        match sent {
            Ok((task, (delivery, Sent { outcome, directives, .. }))) => {
                self.under_way.remove(&task);
                say(&delivery, &outcome);
                directives.iter().for_each(|directive| obey(&delivery, directive));
                self.outbox.settle(delivery.id, outcome, now);
            }
            Err(error) => {
                tracing::error!(%error, "a request failed by a fault of our own; it is tried again");
                if let Some(id) = self.under_way.remove(&error.id()) {
                    let reason = "a fault of our own".to_owned();
                    self.outbox.settle(id, Outcome::Retry { reason, after: None }, now);
                }
            }
        }
    }

    fn say_notices(&mut self) {
        while let Some(notice) = self.outbox.poll_notice() {
            match notice {
                Notice::Health { endpoint, health, waiting } => self.say_health(&endpoint, health, waiting),
                Notice::Dead { endpoint, event, reason } => {
                    tracing::error!(%endpoint, event = event.id, what = event.what.name(), reason, "given up: it will not be delivered");
                }
                Notice::GivenUp { endpoint, call, events } => {
                    tracing::debug!(%endpoint, call, events, "given up: too much waits");
                    self.given_up.events += events;
                    self.given_up.calls += 1;
                }
            }
        }
        if self.given_up.said.is_none_or(|said| said.elapsed() >= SAY_GIVEN_UP_EVERY) {
            self.say_given_up();
        }
    }

    fn say_given_up(&mut self) {
        let GivenUp { events, calls, .. } = self.given_up;
        if events > 0 {
            tracing::error!(
                events,
                calls,
                "too much waits for delivery: the events that waited longest were given up"
            );
            self.given_up = GivenUp { said: Some(Instant::now()), ..GivenUp::default() };
        }
    }

    fn say_health(&self, endpoint: &EndpointName, health: Health, waiting: usize) {
        let state = match health {
            Health::Well => {
                tracing::info!(%endpoint, waiting, "takes events again");
                "well".to_owned()
            }
            Health::Failing { reason } => {
                tracing::warn!(%endpoint, reason, waiting, "takes no events; they are kept and tried again");
                format!("failing: {reason}")
            }
            Health::Held { reason } => {
                tracing::error!(%endpoint, reason, waiting, "refuses all events; they are kept, and one is tried each minute");
                format!("held: {reason}")
            }
        };
        self.board.set(endpoint.as_str(), state);
    }

    /// Whether nothing is on its way, and nothing will be before `cut_at`.
    fn is_drained(&self, cut_at: Instant) -> bool {
        let left = cut_at.saturating_duration_since(Instant::now());
        self.requests.is_empty() && self.outbox.next_due().is_none_or(|due| self.clock.until(due) > left)
    }

    fn say_cut(&mut self) {
        self.say_given_up();
        for (endpoint, counts, _) in self.outbox.endpoints() {
            let (waiting, in_flight) = (counts.waiting, counts.in_flight);
            if waiting + in_flight > 0 {
                tracing::warn!(%endpoint, waiting, in_flight, "ended before everything was delivered; it is lost");
            }
        }
    }
}

fn say(delivery: &Delivery, outcome: &Outcome) {
    let Delivery { endpoint, event, failures, again, .. } = delivery;
    tracing::debug!(%endpoint, event = event.id, what = event.what.name(), failures, again, ?outcome, "sent");
}

/// What an endpoint wants of the PBX. Nothing carries it there yet, which is said and not hidden.
fn obey(delivery: &Delivery, directive: &Directive) {
    let Delivery { endpoint, event, .. } = delivery;
    let call = &event.call;
    match directive {
        Directive::Reject { reason } => {
            tracing::info!(%endpoint, call, reason, "wants the caller turned away; not acted on yet");
        }
        Directive::ShowNumber { number } => {
            tracing::debug!(number, "the number to show");
            tracing::info!(%endpoint, call, "wants another number shown; not acted on yet");
        }
    }
}
