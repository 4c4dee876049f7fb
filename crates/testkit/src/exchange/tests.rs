use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

const LOGIN: &str = "Action: Login\r\nActionID: 1\r\nUsername: Ringwire\r\nSecret: swordfish\r\n\r\n";

/// Calls that are over in a moment.
fn options() -> ExchangeOptions {
    ExchangeOptions { rate: 200.0, pace: 0.02, seed: 7, ..ExchangeOptions::default() }
}

struct Client {
    stream: TcpStream,
    heard: String,
}

impl Client {
    async fn connect(exchange: &Exchange) -> Self {
        Self { stream: TcpStream::connect(exchange.address()).await.unwrap(), heard: String::new() }
    }

    async fn subscribe(exchange: &Exchange) -> Self {
        let mut client = Self::connect(exchange).await;
        client.ask(LOGIN, "Fully Booted\r\n\r\n").await;
        client
    }

    async fn ask(&mut self, text: &str, until: &str) -> String {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.hear(until).await
    }

    /// What is said until and with `until`.
    async fn hear(&mut self, until: &str) -> String {
        let mut buffer = vec![0; 65536];
        loop {
            if let Some(at) = self.heard.find(until) {
                let rest = self.heard.split_off(at + until.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            let read = timeout(LONG, self.stream.read(&mut buffer)).await.expect(until).unwrap();
            assert!(read > 0, "{until} is not in {:?}", self.heard);
            self.heard += std::str::from_utf8(&buffer[..read]).unwrap();
        }
    }

    async fn hear_all(mut self) -> String {
        let mut rest = Vec::new();
        timeout(LONG, self.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
        self.heard + std::str::from_utf8(&rest).unwrap()
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("\r\n{name}: ");
    text.split(&start).nth(1).unwrap().split("\r\n").next().unwrap()
}

async fn settled(exchange: &Exchange, subscribed: usize) {
    timeout(LONG, exchange.subscribed().wait_for(|now| *now == subscribed)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_logs_in_by_secret_or_challenge_and_nobody_else_does() {
    let exchange = Exchange::start(options()).await.unwrap();
    let mut client = Client::connect(&exchange).await;
    let banner = client.ask("Action: Ping\r\nActionID: 0\r\n\r\n", "\r\n\r\n").await;
    assert_eq!(
        banner,
        "Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nActionID: 0\r\nMessage: Permission denied\r\n\r\n"
    );
    let challenge = client.ask("Action: Challenge\r\nAuthType: MD5\r\n\r\n", "\r\n\r\n").await;
    let digest = Md5::digest(format!("{}swordfish", field(&challenge, "Challenge")));
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let login = format!("Action: Login\r\nAuthType: MD5\r\nUsername: ringwire\r\nKey: {key}\r\n\r\n");
    let said = client.ask(&login, "Fully Booted\r\n\r\n").await;
    assert!(said.starts_with("Response: Success\r\nMessage: Authentication accepted\r\n\r\n"), "{said}");
    let said = client.ask("Action: Ping\r\n\r\nAction: X\r\n\r\n", "available commands.").await;
    assert!(said.contains("Ping: Pong"), "{said}");

    let mut stranger = Client::connect(&exchange).await;
    stranger.stream.write_all(LOGIN.replace("swordfish", "x").as_bytes()).await.unwrap();
    assert!(stranger.hear_all().await.ends_with("Message: Authentication failed\r\n\r\n"));
    settled(&exchange, 1).await;
}

#[tokio::test]
async fn whoever_listens_hears_every_call_from_beginning_to_end() {
    let exchange = Exchange::start(options()).await.unwrap();
    let mut client = Client::subscribe(&exchange).await;
    exchange.resume();
    client.hear("Event: Hangup\r\n").await;
    timeout(LONG, exchange.finish()).await.unwrap();
    let said = client.ask("Action: Logoff\r\n\r\n", "Thanks for all the fish.").await;
    let ledger = exchange.ledger();
    assert!(!ledger.is_empty());
    drop((client, said));
    settled(&exchange, 0).await;
    for call in exchange.ledger() {
        assert!(call.told.begun && call.ended.is_some() && !call.lost, "{call:?}");
        assert_eq!(call.answered.is_some(), call.kind.contains("answered") || call.kind.contains("hangs"));
    }
}

#[tokio::test]
async fn the_lists_have_what_goes_on_now() {
    // Calls that go on for as long as the test does.
    let exchange = Exchange::start(ExchangeOptions { pace: 1000.0, ..options() }).await.unwrap();
    exchange.resume();
    timeout(LONG, exchange.living().wait_for(|living| *living >= 40)).await.unwrap().unwrap();
    exchange.pause();
    let mut client = Client::subscribe(&exchange).await;
    let status = client.ask("Action: CoreStatus\r\n\r\n", "CoreCurrentCalls").await;
    assert!(field(&status, "CoreStartupDate").starts_with("20"), "{status}");
    let ask = |name: &str| format!("Action: {name}\r\nActionID: 9\r\n\r\n");
    let end = |name: &str| format!("Event: {name}Complete\r\nEventList: Complete\r\n");
    let core = client.ask(&ask("CoreShowChannels"), &end("CoreShowChannels")).await;
    let total = client.hear("ActionID: 9\r\n\r\n").await;
    let items = core.matches("Event: CoreShowChannel\r\n").count();
    assert_eq!(total, format!("ListItems: {items}\r\nActionID: 9\r\n\r\n"));
    let status = client.ask(&ask("Status"), &end("Status")).await;
    assert_eq!(status.matches("Event: Status\r\nPrivilege: Call\r\n").count(), items);
    let queue = client.ask(&ask("QueueStatus"), &end("QueueStatus")).await;
    let waiting = queue.matches("Event: QueueEntry").count();
    assert_eq!(field(&queue, "Calls"), waiting.to_string());
    assert!(waiting > 0 && queue.contains(&format!("Position: {waiting}\r\n")));
    for call in exchange.ledger() {
        assert!(core.contains(&format!("\r\nUniqueid: {}\r\n", call.uniqueid)), "{call:?}");
        assert!(core.contains(&format!("\r\nCallerIDNum: {}\r\n", call.number)), "{call:?}");
        assert!(call.told.listed && call.must_be_known() && !call.told.begun, "{call:?}");
    }
}

#[tokio::test]
async fn events_are_chosen_by_mask_and_filter() {
    let exchange = Exchange::start(options()).await.unwrap();
    let mut client = Client::connect(&exchange).await;
    let login = LOGIN.replace("\r\n\r\n", "\r\nEvents: call\r\n\r\n");
    client.ask(&login, "Authentication accepted\r\n\r\n").await;
    client.ask("Action: Filter\r\nOperation: Add\r\nFilter: !^Event: New\r\n\r\n", "Filter Added").await;
    exchange.resume();
    let said = client.hear("Event: Hangup\r\n").await;
    assert!(said.contains("Event: DialBegin"));
    for absent in ["Event: New", "Event: QueueMemberStatus", "Event: VarSet", "FullyBooted"] {
        assert!(!said.contains(absent), "{absent}");
    }
    client.ask("Action: Events\r\nEventMask: off\r\n\r\n", "Events: Off").await;
}

#[tokio::test]
async fn a_stall_loses_nothing_and_a_cut_goes_through_an_event() {
    let exchange = Exchange::start(options()).await.unwrap();
    let mut client = Client::subscribe(&exchange).await;
    exchange.stall(Duration::from_millis(100));
    exchange.resume();
    timeout(LONG, exchange.living().wait_for(|living| *living > 0)).await.unwrap().unwrap();
    client.hear("Event: Hangup\r\n").await;
    exchange.cut(Cut::MidEvent);
    let said = client.hear_all().await;
    assert!(!said.ends_with("\r\n\r\n"), "{said}");
    settled(&exchange, 0).await;
    let ledger = exchange.ledger();
    assert!(ledger[0].told.begun && ledger[0].begun < ledger[1].begun, "{ledger:?}");
}

#[tokio::test]
async fn a_restart_ends_everything_and_calls_come_anew() {
    let exchange = Exchange::start(ExchangeOptions { pace: 1000.0, ..options() }).await.unwrap();
    let mut client = Client::subscribe(&exchange).await;
    exchange.resume();
    client.hear("Event: DialBegin").await;
    let restarting = exchange.restart(Duration::from_millis(50));
    let (restarted, _) = tokio::join!(restarting, client.hear_all());
    restarted.unwrap();
    let mut client = Client::subscribe(&exchange).await;
    let said = client.hear("Event: DialBegin").await;
    let ledger = exchange.ledger();
    let (first, last) = (&ledger[0], &ledger[ledger.len() - 1]);
    assert!(first.lost && !last.lost && first.epoch < last.epoch, "{first:?} {last:?}");
    assert!(said.contains(&format!("Uniqueid: pbx1-{}.", last.epoch)), "{said}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let exchange = Exchange::start(ExchangeOptions { backlog: 10_000, ..options() }).await.unwrap();
    let client = Client::subscribe(&exchange).await;
    exchange.stall(Duration::from_millis(200));
    exchange.resume();
    settled(&exchange, 0).await;
    client.hear_all().await;
}
