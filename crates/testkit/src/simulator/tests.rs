use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

const LOGIN: &str = "Action: Login\r\nActionID: 1\r\nUsername: Ringwire\r\nSecret: swordfish\r\n\r\n";

/// Calls that are over in a moment.
fn options() -> SimulatorOptions {
    SimulatorOptions { rate: 200.0, pace: 0.02, seed: 7, ..SimulatorOptions::default() }
}

struct TestClient {
    stream: TcpStream,
    received: String,
}

impl TestClient {
    async fn connect(simulator: &PbxSimulator) -> Self {
        Self { stream: TcpStream::connect(simulator.address()).await.unwrap(), received: String::new() }
    }

    async fn subscribe(simulator: &PbxSimulator) -> Self {
        let mut client = Self::connect(simulator).await;
        client.request(LOGIN, "Fully Booted\r\n\r\n").await;
        client
    }

    async fn request(&mut self, text: &str, until: &str) -> String {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.read_until(until).await
    }

    /// What is response until and with `until`.
    async fn read_until(&mut self, until: &str) -> String {
        let mut buffer = vec![0; 65536];
        loop {
            if let Some(at) = self.received.find(until) {
                let rest = self.received.split_off(at + until.len());
                return std::mem::replace(&mut self.received, rest);
            }
            let read = timeout(LONG, self.stream.read(&mut buffer)).await.expect(until).unwrap();
            assert!(read > 0, "{until} is not in {:?}", self.received);
            self.received += std::str::from_utf8(&buffer[..read]).unwrap();
        }
    }

    async fn read_to_end(mut self) -> String {
        let mut rest = Vec::new();
        timeout(LONG, self.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
        self.received + std::str::from_utf8(&rest).unwrap()
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("\r\n{name}: ");
    text.split(&start).nth(1).unwrap().split("\r\n").next().unwrap()
}

async fn wait_for_clients(simulator: &PbxSimulator, subscribed: usize) {
    timeout(LONG, simulator.subscribed().wait_for(|now| *now == subscribed)).await.unwrap().unwrap();
}

#[tokio::test]
async fn only_the_user_logs_in_by_secret_or_challenge() {
    let simulator = PbxSimulator::start(options()).await.unwrap();
    let mut client = TestClient::connect(&simulator).await;
    let banner = client.request("Action: Ping\r\nActionID: 0\r\n\r\n", "\r\n\r\n").await;
    assert_eq!(
        banner,
        "Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nActionID: 0\r\nMessage: Permission denied\r\n\r\n"
    );
    let challenge = client.request("Action: Challenge\r\nAuthType: MD5\r\n\r\n", "\r\n\r\n").await;
    let digest = Md5::digest(format!("{}swordfish", field(&challenge, "Challenge")));
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let login = format!("Action: Login\r\nAuthType: MD5\r\nUsername: ringwire\r\nKey: {key}\r\n\r\n");
    let response = client.request(&login, "Fully Booted\r\n\r\n").await;
    assert!(
        response.starts_with("Response: Success\r\nMessage: Authentication accepted\r\n\r\n"),
        "{response}"
    );
    let response = client.request("Action: Ping\r\n\r\nAction: X\r\n\r\n", "available commands.").await;
    assert!(response.contains("Ping: Pong"), "{response}");

    let mut stranger = TestClient::connect(&simulator).await;
    stranger.stream.write_all(LOGIN.replace("swordfish", "x").as_bytes()).await.unwrap();
    assert!(stranger.read_to_end().await.ends_with("Message: Authentication failed\r\n\r\n"));
    wait_for_clients(&simulator, 1).await;
}

#[tokio::test]
async fn a_connected_client_receives_every_call_completely() {
    let simulator = PbxSimulator::start(options()).await.unwrap();
    let mut client = TestClient::subscribe(&simulator).await;
    simulator.resume();
    client.read_until("Event: Hangup\r\n").await;
    timeout(LONG, simulator.finish()).await.unwrap();
    let response = client.request("Action: Logoff\r\n\r\n", "Thanks for all the fish.").await;
    let calls = simulator.calls();
    assert!(!calls.is_empty());
    drop((client, response));
    wait_for_clients(&simulator, 0).await;
    for call in simulator.calls() {
        assert!(call.sent.begun && call.ended.is_some() && !call.lost, "{call:?}");
        assert_eq!(call.answered.is_some(), call.kind.contains("answered") || call.kind.contains("hangs"));
    }
}

#[tokio::test]
async fn the_lists_contain_the_active_calls() {
    // Calls that go on for as long as the test does.
    let simulator = PbxSimulator::start(SimulatorOptions { pace: 1000.0, ..options() }).await.unwrap();
    simulator.resume();
    timeout(LONG, simulator.active_calls().wait_for(|count| *count >= 40)).await.unwrap().unwrap();
    simulator.pause();
    let mut client = TestClient::subscribe(&simulator).await;
    let status = client.request("Action: CoreStatus\r\n\r\n", "CoreCurrentCalls").await;
    assert!(field(&status, "CoreStartupDate").starts_with("20"), "{status}");
    let ask = |name: &str| format!("Action: {name}\r\nActionID: 9\r\n\r\n");
    let end = |name: &str| format!("Event: {name}Complete\r\nEventList: Complete\r\n");
    let core = client.request(&ask("CoreShowChannels"), &end("CoreShowChannels")).await;
    let total = client.read_until("ActionID: 9\r\n\r\n").await;
    let items = core.matches("Event: CoreShowChannel\r\n").count();
    assert_eq!(total, format!("ListItems: {items}\r\nActionID: 9\r\n\r\n"));
    let status = client.request(&ask("Status"), &end("Status")).await;
    assert_eq!(status.matches("Event: Status\r\nPrivilege: Call\r\n").count(), items);
    let queue = client.request(&ask("QueueStatus"), &end("QueueStatus")).await;
    let waiting = queue.matches("Event: QueueEntry").count();
    assert_eq!(field(&queue, "Calls"), waiting.to_string());
    assert!(waiting > 0 && queue.contains(&format!("Position: {waiting}\r\n")));
    for call in simulator.calls() {
        assert!(core.contains(&format!("\r\nUniqueid: {}\r\n", call.uniqueid)), "{call:?}");
        assert!(core.contains(&format!("\r\nCallerIDNum: {}\r\n", call.number)), "{call:?}");
        assert!(call.sent.listed && call.must_be_reported() && !call.sent.begun, "{call:?}");
    }
}

#[tokio::test]
async fn events_are_selected_by_mask_and_filter() {
    let simulator = PbxSimulator::start(options()).await.unwrap();
    let mut client = TestClient::connect(&simulator).await;
    let login = LOGIN.replace("\r\n\r\n", "\r\nEvents: call\r\n\r\n");
    client.request(&login, "Authentication accepted\r\n\r\n").await;
    client.request("Action: Filter\r\nOperation: Add\r\nFilter: !^Event: New\r\n\r\n", "Filter Added").await;
    simulator.resume();
    let response = client.read_until("Event: Hangup\r\n").await;
    assert!(response.contains("Event: DialBegin"));
    for absent in ["Event: New", "Event: QueueMemberStatus", "Event: VarSet", "FullyBooted"] {
        assert!(!response.contains(absent), "{absent}");
    }
    client.request("Action: Events\r\nEventMask: off\r\n\r\n", "Events: Off").await;
}

#[tokio::test]
async fn a_stall_loses_nothing_and_a_cut_truncates_an_event() {
    let simulator = PbxSimulator::start(options()).await.unwrap();
    let mut client = TestClient::subscribe(&simulator).await;
    simulator.stall(Duration::from_millis(100));
    simulator.resume();
    timeout(LONG, simulator.active_calls().wait_for(|count| *count > 0)).await.unwrap().unwrap();
    client.read_until("Event: Hangup\r\n").await;
    simulator.cut(ConnectionCut::MidEvent);
    let response = client.read_to_end().await;
    assert!(!response.ends_with("\r\n\r\n"), "{response}");
    wait_for_clients(&simulator, 0).await;
    let calls = simulator.calls();
    assert!(calls[0].sent.begun && calls[0].begun < calls[1].begun, "{calls:?}");
}

#[tokio::test]
async fn a_restart_ends_all_calls_and_connections_and_new_calls_begin() {
    let simulator = PbxSimulator::start(SimulatorOptions { pace: 1000.0, ..options() }).await.unwrap();
    let mut client = TestClient::subscribe(&simulator).await;
    simulator.resume();
    client.read_until("Event: DialBegin").await;
    let restarting = simulator.restart(Duration::from_millis(50));
    let (restarted, _) = tokio::join!(restarting, client.read_to_end());
    restarted.unwrap();
    let mut client = TestClient::subscribe(&simulator).await;
    let response = client.read_until("Event: DialBegin").await;
    let calls = simulator.calls();
    let (first, last) = (&calls[0], &calls[calls.len() - 1]);
    assert!(first.lost && !last.lost && first.epoch < last.epoch, "{first:?} {last:?}");
    assert!(response.contains(&format!("Uniqueid: pbx1-{}.", last.epoch)), "{response}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_disconnected() {
    let simulator = PbxSimulator::start(SimulatorOptions { backlog: 10_000, ..options() }).await.unwrap();
    let client = TestClient::subscribe(&simulator).await;
    simulator.stall(Duration::from_millis(200));
    simulator.resume();
    wait_for_clients(&simulator, 0).await;
    client.read_to_end().await;
}
