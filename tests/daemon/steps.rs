//! Events that take several requests, of which later ones need what earlier replies say: the whole daemon, in trouble and
//! killed between any two of them.

use std::{
    fs,
    process::{Child, Stdio},
    time::Duration,
};

use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_outbox::{DeliveryFilter, StoreReader};
use ringwire_testkit::{
    ConnectionScript, FakeAsterisk, Gate, HttpReply, HttpRequest, Receiver, ReceiverAction,
    player::PlaybackPbx,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::support::{LONG, SECRET, kill, play, recording, write};

/// A portal that is told of a call, gives it a card, and is told the rest under the number of the card.
const PORTAL: &str = r#"
name = "portal"

[[on.newCall]]
name = "announce"
url = "announce"
json = { from = "{{ from }}" }

[[on.newCall]]
name = "open"
url = "cards"
json = { from = "{{ from }}" }
capture.card = { json = "/card" }

[[on.answer]]
name = "connect"
url = "cards/{{ captures.card }}/connect"
needs = ["card"]

[[on.answer.reply]]
status = 404
verdict = "unknownCall"

[[on.hangup]]
name = "finish"
url = "cards/{{ captures.card }}/finish"
needs = ["card"]
json = { cause = "{{ cause }}" }
"#;

/// All of its requests, where the card has this number.
const ALL: [&str; 4] = ["announce", "cards", "cards/1/connect", "cards/1/finish"];

/// A portal, and a PBX with one call that was answered; daemons come and go.
struct Bench {
    pbx: FakeAsterisk,
    portal: Receiver,
    home: TempDir,
}

impl Bench {
    /// The portal does the next of `actions` with each request.
    async fn new(file: &str, actions: Vec<ReceiverAction>) -> Self {
        let talking = PlaybackPbx::new(vec![recording("22", "inbound-answered")], play());
        let quiet = PlaybackPbx::new(Vec::new(), play());
        let scripts = [ConnectionScript::well_behaved(talking), ConnectionScript::well_behaved(quiet)];
        let pbx = FakeAsterisk::start(scripts).await.unwrap();
        let portal = Receiver::start(actions).await.unwrap();
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("portal.toml"), file).unwrap();
        let (ami, url) = (pbx.address(), portal.url());
        let config = format!(
            "[journal]\npath = \"journal.db\"\n[api]\nsocket = \"\"\n\
             [pbx.main]\nhost = \"{}\"\nport = {}\nusername = \"ringwire\"\nsecret = \"{SECRET}\"\ngather_ms = 2000\n\
             [target.portal]\ndialect = \"./portal.toml\"\nurl = \"{url}\"\n",
            ami.ip(),
            ami.port()
        );
        write(&home.path().join("ringwire.toml"), &config);
        Self { pbx, portal, home }
    }

    fn start(&self) -> Daemon {
        let child = crate::support::ringwire()
            .args(["run", "--config"])
            .arg(self.home.path().join("ringwire.toml"))
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Daemon(child)
    }

    async fn next(&mut self) -> HttpRequest {
        timeout(LONG, self.portal.next_request()).await.unwrap().unwrap()
    }

    /// What the next `count` requests are for: their paths below the portal's URL.
    async fn paths(&mut self, count: usize) -> Vec<String> {
        let mut paths = Vec::new();
        while paths.len() < count {
            match timeout(LONG, self.portal.next_request()).await {
                Ok(request) => paths.push(path(&request.unwrap())),
                Err(_) => panic!("only these have come: {paths:?}"),
            }
        }
        paths
    }

    fn journal(&self) -> Option<StoreReader> {
        StoreReader::open(&self.home.path().join("journal.db")).ok()
    }

    /// Waits until `is_so` of the states of the deliveries, in order.
    async fn until(&self, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        for _ in 0..LONG.as_millis() / 20 {
            let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
            let listed =
                self.journal().and_then(|journal| journal.deliveries(&filter).ok()).unwrap_or_default();
            let states: Vec<_> = listed.into_iter().map(|delivery| delivery.state).collect();
            if is_so(&states) {
                return states;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("the deliveries never came to that")
    }

    /// Waits until all three events are in the journal.
    async fn until_committed(&self) {
        self.until(|states| states.len() == 3).await;
    }

    async fn until_delivered(&self) {
        self.until(|states| states.len() == 3 && states.iter().all(|state| state == "delivered")).await;
    }

    /// What is remembered of the call.
    fn memory(&self) -> Option<String> {
        let journal = self.journal().unwrap();
        let call = journal.delivery(DeliveryId(1)).unwrap().unwrap().delivery.call;
        journal.delivery_steps(DeliveryId(1), &TargetName::from("portal"), &call).unwrap().memory
    }
}

/// A daemon in a process of its own.
struct Daemon(Child);

impl Daemon {
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn path(request: &HttpRequest) -> String {
    request.path.strip_prefix("/hook/").unwrap_or(&request.path).to_owned()
}

fn ok() -> ReceiverAction {
    card(1)
}

/// Whatever was asked, it is done, and the card has this number.
fn card(number: u32) -> ReceiverAction {
    ReceiverAction::Reply(HttpReply::new(200, format!("{{\"card\":{number}}}")))
}

#[tokio::test]
async fn each_request_has_what_the_replies_before_it_said() {
    let mut bench = Bench::new(PORTAL, vec![ok()]).await;
    let daemon = bench.start();
    let mut requests = Vec::new();
    for _ in ALL {
        requests.push(bench.next().await);
    }
    assert_eq!(requests.iter().map(path).collect::<Vec<_>>(), ALL);
    let last: Value = serde_json::from_slice(&requests[3].body).unwrap();
    assert_eq!(last, serde_json::json!({"cause": "normalClearing"}));
    let keys: Vec<_> = requests.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    let (event, second) = keys[1].rsplit_once('/').unwrap();
    assert_eq!((event, second), (keys[0], "open"), "the requests of one event are not taken for one");
    bench.until_delivered().await;
    // What was remembered goes with the call.
    for _ in 0..LONG.as_millis() / 20 {
        if bench.memory().is_none() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.memory(), None);
    let delivery = bench.journal().unwrap().delivery(DeliveryId(1)).unwrap().unwrap();
    let attempts: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(attempts, ["delivered: announce", "delivered: open"]);
    daemon.kill();
}

#[tokio::test]
async fn a_reply_that_is_lost_repeats_only_its_own_request() {
    for (lost, repeated) in ALL.into_iter().enumerate() {
        let mut actions = vec![ok(); lost];
        actions.extend([ReceiverAction::Close, ok()]);
        let mut bench = Bench::new(PORTAL, actions).await;
        let daemon = bench.start();
        let mut expected = ALL.to_vec();
        expected.insert(lost, repeated);
        assert_eq!(bench.paths(ALL.len() + 1).await, expected);
        bench.until_delivered().await;
        daemon.kill();
    }
}

#[tokio::test]
async fn a_daemon_that_is_killed_goes_on_at_the_request_that_was_on_its_way() {
    // What arrived is written a little later where nothing needs its reply, and repeated if that is lost.
    for (killed, delivered) in [(0, 0), (1, 0), (2, 1), (3, 2)] {
        let mut actions = vec![ok(); killed];
        actions.extend([ReceiverAction::Stall, ok()]);
        let mut bench = Bench::new(PORTAL, actions).await;
        let daemon = bench.start();
        assert_eq!(bench.paths(killed + 1).await, ALL[..=killed]);
        let is_written = |states: &[String]| {
            states.len() == 3 && states.iter().filter(|state| *state == "delivered").count() == delivered
        };
        bench.until(is_written).await;
        daemon.kill();
        let daemon = bench.start();
        assert_eq!(bench.paths(ALL.len() - killed).await, ALL[killed..]);
        bench.until_delivered().await;
        daemon.kill();
        assert!(*bench.pbx.connections().borrow() >= 2);
    }
}

#[tokio::test]
async fn the_card_of_a_repeated_opening_is_the_one_that_counts() {
    let mut bench = Bench::new(PORTAL, vec![ok(), ReceiverAction::Close, card(7)]).await;
    let daemon = bench.start();
    let expected = ["announce", "cards", "cards", "cards/7/connect", "cards/7/finish"];
    assert_eq!(bench.paths(5).await, expected);
    daemon.kill();
}

#[tokio::test]
async fn a_target_that_does_not_know_the_call_is_let_know_of_it_again() {
    let unknown = ReceiverAction::Reply(HttpReply::new(404, "{}"));
    let mut bench = Bench::new(PORTAL, vec![ok(), ok(), unknown, card(2)]).await;
    let daemon = bench.start();
    let expected = ["announce", "cards", "cards/1/connect", "cards", "cards/2/connect", "cards/2/finish"];
    assert_eq!(bench.paths(6).await, expected);
    bench.until_delivered().await;
    daemon.kill();
}

#[tokio::test]
async fn a_setting_that_is_wrong_in_between_holds_the_next_request_until_it_is_corrected() {
    let refused = ReceiverAction::Reply(HttpReply::new(401, "{}"));
    let mut bench = Bench::new(PORTAL, vec![ok(), refused, ok()]).await;
    let daemon = bench.start();
    assert_eq!(bench.paths(2).await, ALL[..2]);
    bench.until_committed().await;
    // A reload tries at once; one that comes before the reply was handled changes nothing.
    let next = loop {
        kill(&daemon.0, "-HUP");
        if let Ok(next) = timeout(Duration::from_secs(2), bench.portal.next_request()).await {
            break next.unwrap();
        }
    };
    assert_eq!(path(&next), "cards", "what had arrived is not sent again");
    assert_eq!(bench.paths(2).await, ALL[2..]);
    bench.until_delivered().await;
    daemon.kill();
}

/// The portal, if a second card for a call would be wrong.
fn once() -> String {
    PORTAL.replace("name = \"open\"\n", "name = \"open\"\nrepeatable = false\n")
}

#[tokio::test]
async fn a_request_that_may_not_be_repeated_is_not_and_nothing_that_needs_its_reply_is_sent() {
    let mut bench = Bench::new(&once(), vec![ok(), ReceiverAction::Close, ok()]).await;
    let daemon = bench.start();
    assert_eq!(bench.paths(2).await, ALL[..2]);
    let states =
        bench.until(|states| states.len() == 3 && states.iter().all(|state| state != "pending")).await;
    assert_eq!(states, ["unknown", "dead", "dead"]);
    let journal = bench.journal().unwrap();
    let reason = journal.delivery(DeliveryId(2)).unwrap().unwrap().delivery.reason.unwrap();
    assert!(reason.contains("the request open, which may not be repeated"), "{reason}");
    // The operator decides: then it is sent again, and what comes after it.
    let ringwire = crate::support::ringwire()
        .args(["deliveries", "retry", "1", "--config"])
        .arg(bench.home.path().join("ringwire.toml"))
        .output()
        .unwrap();
    assert!(ringwire.status.success(), "{ringwire:?}");
    assert_eq!(bench.paths(3).await, ALL[1..]);
    bench.until_delivered().await;
    daemon.kill();
}

#[tokio::test]
async fn a_daemon_that_is_killed_while_such_a_request_is_on_its_way_does_not_repeat_it() {
    let mut bench = Bench::new(&once(), vec![ok(), ReceiverAction::Stall, ok()]).await;
    let daemon = bench.start();
    assert_eq!(bench.paths(2).await, ALL[..2]);
    bench.until_committed().await;
    daemon.kill();
    let daemon = bench.start();
    let states = bench.until(|states| states.iter().all(|state| state != "pending")).await;
    assert_eq!(states[0], "unknown");
    daemon.kill();
}

#[tokio::test]
async fn a_request_that_was_stopped_before_it_may_be_sent_is_sent_by_the_next_daemon() {
    let gate = Gate::new();
    let reply = HttpReply::new(200, "{\"card\":1}");
    let mut bench = Bench::new(&once(), vec![ReceiverAction::ReplyLater(gate.clone(), reply), ok()]).await;
    let mut daemon = bench.start();
    assert_eq!(bench.paths(1).await, ALL[..1]);
    bench.until_committed().await;
    // Twice: it does not wait for what may be repeated.
    kill(&daemon.0, "-TERM");
    kill(&daemon.0, "-TERM");
    daemon.0.wait().unwrap();
    gate.open();
    let daemon = bench.start();
    assert_eq!(bench.paths(4).await, ALL);
    bench.until_delivered().await;
    daemon.kill();
}
