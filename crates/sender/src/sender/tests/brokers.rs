//! Brokers as targets: real ones where they are installed (Debian: `apt-get install nats-server mosquitto
//! rabbitmq-server`), and pretended ones
//! that break off.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use ringwire_config::BrokerTarget;
use ringwire_dialects::{DestinationTemplate, RequestBody, RequestUrl};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    dialect::{OneRequest, target_of},
    *,
};

/// Longer than a broker takes to start, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A broker in a process of its own.
struct Process {
    child: Child,
    port: u16,
    /// What it keeps, as long as it runs.
    _home: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a program is installed; where not, this says so.
fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn spawn(program: &str, args: &[String]) -> Child {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until something listens on `port`.
async fn until_up(port: u16) {
    let up = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, up).await.unwrap();
}

fn nats_args(home: &Path, port: u16, more: &[&str]) -> Vec<String> {
    let store = home.display().to_string();
    let args = ["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd", &store].map(str::to_owned);
    args.into_iter().chain(more.iter().map(|arg| (*arg).to_owned())).collect()
}

/// A server of NATS with JetStream.
async fn nats(more: &[&str]) -> Process {
    let (home, port) = (tempfile::tempdir().unwrap(), free_port().await);
    let child = spawn("nats-server", &nats_args(home.path(), port, more)).await;
    until_up(port).await;
    Process { child, port, _home: home }
}

/// A sender of one message under `topic` to the broker at `url`.
fn sender_to(url: &str, topic: &str, change: impl FnOnce(&mut Target)) -> Sender {
    let request = TargetRequest {
        url: RequestUrl::Below(topic.to_owned()),
        headers: vec![("ce-type".to_owned(), "newCall".to_owned())],
        body: RequestBody::Json(serde_json::json!({"from": "49"})),
        ..TargetRequest::default()
    };
    let mut target = target_of(OneRequest { request, ..OneRequest::default() }, "http://unused");
    target.address = Some(Address { url: url.into(), origin: url.to_owned() });
    target.timeout = Duration::from_secs(10);
    let template = DestinationTemplate::parse("unused").unwrap().into();
    target.broker = Some(BrokerTarget { destination: String::new(), template, exchange: String::new() });
    change(&mut target);
    Sender::new(&target).unwrap().unwrap()
}

async fn publish(sender: &Sender) -> SendResult {
    sender.send(&hangup(), SendOptions::default()).await
}

fn mosquitto_config(home: &Path, port: u16, more: &str) -> std::path::PathBuf {
    let file = home.join("mosquitto.conf");
    fs::write(&file, format!("listener {port} 127.0.0.1\n{more}\n")).unwrap();
    file
}

/// A broker of MQTT with these settings.
async fn mosquitto(settings: impl FnOnce(&Path) -> String) -> Process {
    let (home, port) = (tempfile::tempdir().unwrap(), free_port().await);
    let config = mosquitto_config(home.path(), port, &settings(home.path()));
    let child = spawn("mosquitto", &["-c".to_owned(), config.display().to_string()]).await;
    until_up(port).await;
    Process { child, port, _home: home }
}

/// A certificate for this machine, and its key, in files of `home`.
fn certificate(home: &Path) -> rcgen::CertifiedKey<rcgen::KeyPair> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(home.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(home.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made
}

#[tokio::test]
async fn brokers_are_reached_over_tls_if_their_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let made = certificate(folder.path());
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let mut brokers = Vec::new();
    if is_installed("mosquitto") {
        let settings = format!("allow_anonymous true\ncertfile {cert}\nkeyfile {key}");
        let broker = mosquitto(|_| settings).await;
        brokers.push((format!("mqtts://localhost:{}", broker.port), broker));
    }
    if is_installed("nats-server") {
        let server = nats(&["--tls", "--tlscert", &cert, "--tlskey", &key]).await;
        brokers.push((format!("tls://localhost:{}", server.port), server));
    }
    for (url, _broker) in brokers {
        let trusting =
            sender_to(&url, "calls", |target| target.authorities_der = vec![made.cert.der().clone()]);
        trusting.probe().await.unwrap();
        let failure = sender_to(&url, "calls", |_| {}).probe().await.unwrap_err();
        assert!(failure.is_permanent && failure.reason.contains("certificate"), "{failure:?}");
    }
}

/// What a server of NATS sends first.
const NATS: &[u8] = b"INFO {\"server_id\":\"x\",\"max_payload\":65536,\"headers\":true,\"version\":\"2.10.0\",\"proto\":1}\r\n";

/// A server that sends each of `parts` once it has received something, and then closes the connection.
async fn pretender(greeting: &'static [u8], parts: &'static [&'static [u8]]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(greeting).await;
            for part in parts {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(part).await;
            }
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    port
}

#[tokio::test]
async fn a_confirmation_that_is_lost_leaves_the_outcome_unknown() {
    let nats = pretender(NATS, &[b"PONG\r\n"]).await;
    let mqtt = pretender(b"", &[b"\x20\x03\x00\x00\x00"]).await;
    let urls = [("nats", nats), ("mqtt", mqtt)];
    for url in urls.map(|(scheme, port)| format!("{scheme}://127.0.0.1:{port}")) {
        let sender = sender_to(&url, "calls", |target| target.timeout = Duration::from_secs(1));
        let outcome = publish(&sender).await.outcome;
        assert!(matches!(outcome, DeliveryOutcome::Unknown { .. }), "{url}: {outcome:?}");
        let once = SendOptions { is_unrepeatable: true, ..SendOptions::default() };
        let outcome = sender.send(&hangup(), once).await.outcome;
        assert!(matches!(outcome, DeliveryOutcome::UnknownForGood { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_is_no_broker_is_said() {
    let web: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let nats = pretender(web, &[]).await;
    let mqtt = pretender(b"", &[b"HTTP/1.1 400"]).await;
    let outcome = publish(&sender_to(&format!("nats://127.0.0.1:{nats}"), "calls", |_| {})).await.outcome;
    assert!(!matches!(outcome, DeliveryOutcome::Delivered), "{outcome:?}");
    let outcome = publish(&sender_to(&format!("mqtt://127.0.0.1:{mqtt}"), "calls", |_| {})).await.outcome;
    assert!(!matches!(outcome, DeliveryOutcome::Delivered), "{outcome:?}");
    let mut barred = target_of(OneRequest::default(), "http://unused");
    let url = "nats://169.254.169.254";
    barred.address = Some(Address { url: url.into(), origin: url.to_owned() });
    assert!(Sender::new(&barred).unwrap_err().contains("169.254.169.254 is a link-local address"));
}
