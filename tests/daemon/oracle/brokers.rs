//! A broker that is killed and started again while events go to it: nothing is lost, and nothing is there twice.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use ringwire_outbox::{DeliveryFilter, StoreReader, StoredDeliveryState};
use ringwire_testkit::{PbxSimulator, SimulatorOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::{Endpoint, PATIENCE, config, start, until_nothing_is_pending};

fn server(store: &Path, port: u16) -> Option<Child> {
    Command::new("nats-server")
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(store)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// What the server replies to a request of JetStream; asked until it does.
async fn ask(port: u16, subject: &str, body: &str) -> String {
    let text =
        format!("CONNECT {{\"verbose\":false}}\r\nSUB me 1\r\nPUB {subject} me {}\r\n{body}\r\n", body.len());
    let asking = async {
        loop {
            let mut received = String::new();
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await
                && stream.write_all(text.as_bytes()).await.is_ok()
            {
                let mut bytes = vec![0; 64 << 10];
                while let Ok(Ok(count @ 1..)) = timeout(Duration::from_secs(1), stream.read(&mut bytes)).await
                {
                    received += &String::from_utf8_lossy(&bytes[..count]);
                    if received.contains("\"type\"") && received.ends_with("}\r\n") {
                        return received;
                    }
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap()
}

/// How many deliveries to the broker are in one of these states.
fn count(journal: &Path, states: &[StoredDeliveryState]) -> usize {
    let filter = DeliveryFilter {
        target: Some("bus".to_owned()),
        states: states.to_vec(),
        limit: usize::MAX,
        ..DeliveryFilter::default()
    };
    StoreReader::open(journal)
        .ok()
        .and_then(|reader| reader.deliveries(&filter).ok())
        .map_or(0, |listed| listed.len())
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_has_every_event_once_although_its_broker_is_killed() {
    use StoredDeliveryState::{Delivered, Pending, Retry};
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("store");
    let Some(mut broker) = server(&store, port) else {
        println!("skipped: nats-server is not installed");
        return;
    };
    let stream = r#"{"name":"calls","subjects":["ringwire.>"],"storage":"file"}"#;
    ask(port, "$JS.API.STREAM.CREATE.calls", stream).await;
    let options = SimulatorOptions { rate: 40.0, pace: 0.4, seed: 5, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let endpoint = Endpoint::start(5).await;
    endpoint.behave();
    let journal = home.path().join("journal.db");
    let config = config(home.path(), &journal, &simulator, &options, &endpoint);
    let target = format!("[target.bus]\ndialect = \"webhook\"\nurl = \"nats://127.0.0.1:{port}\"\n");
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &target).unwrap();
    let path = home.path().join("log");
    let mut daemon = start(&config, &std::fs::File::create(&path).unwrap());
    simulator.resume();
    for round in 1..=2 {
        until("events arrive", || count(&journal, &[Delivered]) >= 100 * round).await;
        broker.kill().unwrap();
        broker.wait().unwrap();
        until("events wait", || count(&journal, &[Pending, Retry]) >= 20).await;
        broker = server(&store, port).unwrap();
    }
    simulator.finish().await;
    until_nothing_is_pending(&journal, &path).await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let delivered = count(&journal, &[Delivered]);
    let everything =
        DeliveryFilter { target: Some("bus".to_owned()), limit: usize::MAX, ..DeliveryFilter::default() };
    assert_eq!(StoreReader::open(&journal).unwrap().deliveries(&everything).unwrap().len(), delivered);
    let info = ask(port, "$JS.API.STREAM.INFO.calls", "").await;
    assert!(info.contains(&format!("\"messages\":{delivered},")), "{delivered} were delivered: {info}");
    broker.kill().unwrap();
    broker.wait().unwrap();
}
