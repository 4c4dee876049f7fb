//! A portal that cannot be relied on, which a dialect file describes: it gives each call a card, and is told the rest under
//! the number of the card.

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use ringwire_event::{CallEvent, EventKind};
use ringwire_outbox::{DeliveryFilter, StoreReader};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use super::endpoint::{Chance, request};

const DIALECT: &str = r#"
name = "portal"

[[on.newCall]]
name = "register"
url = "calls"
json = { call = "{{ call }}" }
capture.card = { json = "/card" }

[[on.newCall]]
name = "show"
url = "calls/{{ captures.card }}/show"
needs = ["card"]
json = { call = "{{ call }}" }

[[on.answer]]
name = "answer"
url = "calls/{{ captures.card }}/answer"
needs = ["card"]
json = { call = "{{ call }}" }

[[on.hangup]]
name = "finish"
url = "calls/{{ captures.card }}/finish"
needs = ["card"]
json = { call = "{{ call }}" }

[[reply]]
status = 404
verdict = "unknownCall"
"#;

/// One request that arrived whole, and was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Taken {
    call: String,
    what: &'static str,
}

#[derive(Debug, Default)]
struct Cards {
    next: u64,
    /// The call of each card that was not forgotten.
    calls: BTreeMap<u64, String>,
    /// All cards that were given to a call, forgotten ones too.
    given: BTreeMap<u64, String>,
    taken: Vec<Taken>,
    /// Requests under a card that was never given to their call.
    strange: Vec<String>,
    forgotten: usize,
}

struct Shared {
    chance: Mutex<Option<Chance>>,
    cards: Mutex<Cards>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Taken,
    Late,
    Unanswered,
    Stalled,
    GatewayTimeout,
    /// It is taken and answered, and the card is forgotten.
    Forgotten,
    Busy,
    Reset,
}

/// The portal.
pub(super) struct Portal {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Portal {
    pub(super) async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let chance = Mutex::new(Some(Chance::new(seed ^ 0xbeef)));
        let shared = Arc::new(Shared { chance, cards: Mutex::default() });
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&of_task);
                // A client that is killed breaks its lines: that concerns nobody here.
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        Self { address, shared, task }
    }

    /// Adds the portal as a target to the configuration in `file`.
    pub(super) fn add_to(&self, file: &Path) {
        fs::write(file.with_file_name("portal.toml"), DIALECT).unwrap();
        let target = format!(
            "[target.portal]\ndialect = \"./portal.toml\"\nurl = \"http://{}/hook\"\nconcurrency = 16\ntimeout = 1.0\n",
            self.address
        );
        let config = fs::read_to_string(file).unwrap();
        fs::write(file, config + &target).unwrap();
    }

    /// From now on everything is taken and answered.
    pub(super) fn behave(&self) {
        *self.shared.chance.lock().unwrap() = None;
    }

    /// Holds what was taken against what the journal has; gives what there was.
    pub(super) fn check(&self, journal: &StoreReader) -> String {
        let cards = self.shared.cards.lock().unwrap();
        assert_eq!(cards.strange, [""; 0], "nothing comes under a card that its call was never given");
        let filter = DeliveryFilter {
            target: Some("portal".to_owned()),
            limit: usize::MAX,
            ..DeliveryFilter::default()
        };
        let undelivered: Vec<_> = journal
            .deliveries(&filter)
            .unwrap()
            .into_iter()
            .filter(|delivery| delivery.state != "delivered")
            .collect();
        assert!(undelivered.is_empty(), "{undelivered:#?}");
        let mut of_calls: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        for taken in &cards.taken {
            of_calls.entry(&taken.call).or_default().push(taken.what);
        }
        let events: Vec<CallEvent> =
            journal.events_after(0, usize::MAX).unwrap().into_iter().map(|(_, event)| event).collect();
        let mut calls: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        for event in &events {
            let requests: &[&str] = match event.kind {
                EventKind::NewCall { .. } => &["register", "show"],
                EventKind::Answer { .. } => &["answer"],
                EventKind::Hangup { .. } => &["finish"],
                _ => continue,
            };
            calls.entry(&event.call).or_default().extend(requests);
        }
        for (call, expected) in &calls {
            let taken = of_calls.get(call).map(Vec::as_slice).unwrap_or_default();
            let mut first: Vec<&str> = Vec::new();
            for what in taken {
                if !first.contains(what) {
                    first.push(what);
                }
            }
            let mut once = expected.clone();
            once.dedup();
            assert_eq!(first, once, "{call}: {taken:?}");
            assert_eq!(taken.last(), Some(&"finish"), "{call}: {taken:?}");
        }
        let (taken, given, forgotten) = (cards.taken.len(), cards.given.len(), cards.forgotten);
        format!("{} calls, {taken} requests taken, {given} cards given, {forgotten} forgotten", calls.len())
    }
}

impl Shared {
    fn fate(&self) -> Fate {
        let mut chance = self.chance.lock().unwrap();
        match chance.as_mut().map(|chance| chance.below(100)) {
            Some(0..5) => Fate::Late,
            Some(5..10) => Fate::Unanswered,
            Some(10..12) => Fate::Stalled,
            Some(12..18) => Fate::Busy,
            Some(18..20) => Fate::GatewayTimeout,
            Some(20..24) => Fate::Reset,
            Some(24..26) => Fate::Forgotten,
            _ => Fate::Taken,
        }
    }

    /// Takes a request; gives the card, or nothing where there is no such card.
    fn take(&self, path: &str, call: &str) -> Option<u64> {
        let mut cards = self.cards.lock().unwrap();
        let (card, what) = match path.split('/').collect::<Vec<_>>()[..] {
            ["", "hook", "calls"] => {
                cards.next += 1;
                let card = cards.next;
                cards.calls.insert(card, call.to_owned());
                cards.given.insert(card, call.to_owned());
                (Some(card), "register")
            }
            ["", "hook", "calls", card, what] => {
                let card: Option<u64> = card.parse().ok();
                if card.and_then(|card| cards.given.get(&card)).is_none_or(|of| of != call) {
                    cards.strange.push(format!("{path} for {call}"));
                }
                let what = ["show", "answer", "finish"].into_iter().find(|known| *known == what).unwrap();
                (card.filter(|card| cards.calls.contains_key(card)), what)
            }
            _ => panic!("{path}"),
        };
        if card.is_some() {
            cards.taken.push(Taken { call: call.to_owned(), what });
        }
        card
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some((head, body)) = request(&mut stream, &mut buffer).await? else { return Ok(()) };
        let fate = shared.fate();
        let mut reply = ("503 Service Unavailable", "{}".to_owned());
        if !matches!(fate, Fate::Busy | Fate::Reset) {
            let path = head.split(' ').nth(1).unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            reply = match shared.take(path, body["call"].as_str().unwrap()) {
                Some(card) => {
                    if fate == Fate::Forgotten {
                        let mut cards = shared.cards.lock().unwrap();
                        cards.calls.remove(&card);
                        cards.forgotten += 1;
                    }
                    ("200 OK", format!("{{\"card\":{card}}}"))
                }
                None => ("404 Not Found", "{}".to_owned()),
            };
        }
        match fate {
            Fate::Reset | Fate::Unanswered => {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            Fate::Stalled => sleep(Duration::from_secs(5)).await,
            Fate::Late => sleep(Duration::from_millis(400)).await,
            Fate::GatewayTimeout => reply = ("504 Gateway Time-out", "{}".to_owned()),
            Fate::Taken | Fate::Forgotten | Fate::Busy => {}
        }
        let (status, body) = reply;
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(reply.as_bytes()).await?;
    }
}
