//! Brokers as targets: real ones where they are installed (Debian: `apt-get install nats-server mosquitto
//! rabbitmq-server`), and pretended ones
//! that break off.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use ringwire_dialects::{RequestBody, RequestUrl};
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
    home: TempDir,
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
    Process { child, port, home }
}

/// What the server of NATS replies to a request.
async fn ask_nats(port: u16, subject: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let text =
        format!("CONNECT {{\"verbose\":false}}\r\nSUB me 1\r\nPUB {subject} me {}\r\n{body}\r\n", body.len());
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut received = String::new();
    let reading = async {
        while !received.contains("\"type\"") || !received.ends_with("\r\n") {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "{received}");
            received += &String::from_utf8_lossy(&bytes[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    received
}

async fn add_stream(port: u16) {
    let config = r#"{"name":"calls","subjects":["ringwire.>"],"storage":"file"}"#;
    let reply = ask_nats(port, "$JS.API.STREAM.CREATE.calls", config).await;
    assert!(!reply.contains("\"error\""), "{reply}");
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
    (target.timeout, target.connect_timeout) = (PATIENCE, PATIENCE);
    change(&mut target);
    Sender::new(&target).unwrap().unwrap()
}

async fn publish(sender: &Sender) -> SendResult {
    sender.send(&hangup(), SendOptions::default()).await
}

#[tokio::test]
async fn a_stream_of_nats_confirms_each_event_and_keeps_it_once_also_over_a_restart() {
    if !is_installed("nats-server") {
        return;
    }
    let mut server = nats(&[]).await;
    add_stream(server.port).await;
    let url = format!("nats://127.0.0.1:{}", server.port);
    let sender = sender_to(&url, "ringwire.calls", |_| {});
    sender.probe().await.unwrap();
    let first = publish(&sender).await;
    assert_eq!(first.outcome, DeliveryOutcome::Delivered);
    assert_eq!(first.reply.as_deref(), Some("stream calls has it as number 1"));
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let down = publish(&sender).await.outcome;
    // The connection was open when the server ended; the next one cannot be made.
    assert!(matches!(down, DeliveryOutcome::Unknown { .. }), "{down:?}");
    check_retry(publish(&sender).await.outcome, "cannot connect: ", None);
    server.child = spawn("nats-server", &nats_args(server.home.path(), server.port, &[])).await;
    until_up(server.port).await;
    // Its streams come back a moment later than its port.
    let again = async {
        loop {
            let again = publish(&sender).await;
            if again.outcome == DeliveryOutcome::Delivered {
                break again;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let again = tokio::time::timeout(PATIENCE, again).await.unwrap();
    assert_eq!(again.reply.as_deref(), Some("stream calls has it as number 1, a duplicate"));
    let stored = ask_nats(server.port, "$JS.API.STREAM.MSG.GET.calls", r#"{"seq":1}"#).await;
    let field = |name: &str| {
        let (_, rest) = stored.split_once(&format!("\"{name}\":\"")).unwrap();
        let encoded = rest.split('"').next().unwrap();
        use base64::Engine as _;
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap()
    };
    assert_eq!(field("data"), r#"{"from":"49"}"#);
    let headers = field("hdrs");
    for header in ["Nats-Msg-Id: 1.0/2", "Content-Type: application/json", "ce-type: newCall"] {
        assert!(headers.contains(header), "{headers}");
    }
}

#[tokio::test]
async fn what_nats_refuses_is_said_with_what_to_do() {
    if !is_installed("nats-server") {
        return;
    }
    let server = nats(&["--user", "ringwire", "--pass", "hunter22"]).await;
    let url = format!("nats://127.0.0.1:{}", server.port);
    let refused = sender_to(&url, "ringwire.calls", |_| {});
    check_misconfigured(&publish(&refused).await.outcome, "Authorization Violation: correct the credentials");
    let login = |target: &mut Target| {
        let (user, password) = ("ringwire".to_owned(), "hunter22".into());
        target.credentials.authorization = Some(Authorization::Basic { user, password });
    };
    let unknown = sender_to(&url, "elsewhere.calls", login);
    check_misconfigured(
        &publish(&unknown).await.outcome,
        "no stream of JetStream takes the subject elsewhere.calls: add it to one",
    );
    let wrong = sender_to(&url, "ringwire..calls", login);
    check_misconfigured(&publish(&wrong).await.outcome, "is not a subject");
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
    Process { child, port, home }
}

/// A client that is sent everything that is published.
async fn subscriber(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01s").await.unwrap();
    stream.write_all(b"\x82\x07\x00\x01\x00\x00\x01#\x00").await.unwrap();
    // The confirmation of the subscription.
    received(&mut stream, b"\x90").await;
    stream
}

/// What comes until `last` has come.
async fn received(stream: &mut TcpStream, last: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    let reading = async {
        while !received.windows(last.len()).any(|window| window == last) {
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0, "{received:?}");
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    received
}

#[tokio::test]
async fn a_broker_of_mqtt_confirms_each_event_with_its_properties() {
    if !is_installed("mosquitto") {
        return;
    }
    let mut broker = mosquitto(|_| "allow_anonymous true".to_owned()).await;
    let url = format!("mqtt://127.0.0.1:{}/office", broker.port);
    let sender = sender_to(&url, "calls/new", |_| {});
    sender.probe().await.unwrap();
    let alone = publish(&sender).await;
    assert_eq!(alone.outcome, DeliveryOutcome::Delivered);
    assert_eq!(alone.reply.as_deref(), Some("the broker has it; nobody subscribes to its topic"));
    let mut subscriber = subscriber(broker.port).await;
    assert_eq!(publish(&sender).await.reply.as_deref(), Some("the broker has it"));
    let message = String::from_utf8_lossy(&received(&mut subscriber, br#"{"from":"49"}"#).await).into_owned();
    for part in ["office/calls/new", "application/json", "ce-type", "newCall", "idempotency-key", "1.0/2"] {
        assert!(message.contains(part), "{part} is not in {message:?}");
    }
    broker.child.kill().unwrap();
    broker.child.wait().unwrap();
    assert!(matches!(publish(&sender).await.outcome, DeliveryOutcome::Unknown { .. }));
    check_retry(publish(&sender).await.outcome, "cannot connect: ", None);
    let config = broker.home.path().join("mosquitto.conf").display().to_string();
    broker.child = spawn("mosquitto", &["-c".to_owned(), config]).await;
    until_up(broker.port).await;
    assert_eq!(publish(&sender).await.outcome, DeliveryOutcome::Delivered);
    let wrong = sender_to(&url, "calls/#", |_| {});
    check_misconfigured(&publish(&wrong).await.outcome, "is not a topic that can be published to");
}

/// What `rabbitmqctl` says, of the broker whose files are in `home`, once it can say something.
async fn rabbitmqctl(home: &Path, port: u16, args: &[&str]) -> String {
    let asking = async {
        loop {
            let output = rabbit("rabbitmqctl", home, port).args(args).output().unwrap();
            if output.status.success() {
                return String::from_utf8_lossy(&output.stdout).into_owned();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap()
}

/// A broker of AMQP with all its processes.
struct Rabbit {
    child: Child,
    /// Whether somebody else had Erlang's directory of nodes before, which outlives the broker.
    had_directory: bool,
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
        if !self.had_directory {
            let _ = Command::new("epmd").arg("-kill").stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// A program of RabbitMQ with everything it writes in `home`.
fn rabbit(program: &str, home: &Path, port: u16) -> Command {
    // The scripts in /usr/sbin insist on a user of their own.
    let mut command = Command::new(Path::new("/usr/lib/rabbitmq/bin").join(program));
    command
        .env("HOME", home)
        .env("RABBITMQ_NODENAME", format!("ringwire{port}@localhost"))
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", (port - 1).to_string())
        .env("RABBITMQ_MNESIA_BASE", home.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", home.join("log"))
        .env("RABBITMQ_PID_FILE", home.join("pid"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", home.join("plugins"))
        .env("RABBITMQ_CONFIG_FILE", home.join("none"))
        // Nothing of it listens beyond this machine.
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .stdin(Stdio::null());
    command
}

#[tokio::test]
async fn a_queue_of_amqp_confirms_each_event_and_what_no_queue_takes_is_held() {
    if !Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() {
        println!("skipped: rabbitmq-server is not installed");
        return;
    }
    let (home, port) = (tempfile::tempdir().unwrap(), free_port().await);
    let had_directory = TcpStream::connect("127.0.0.1:4369").await.is_ok();
    let mut server = rabbit("rabbitmq-server", home.path(), port);
    let child = server.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _server = Rabbit { child, had_directory };
    until_up(port).await;
    let url = format!("amqp://127.0.0.1:{port}");
    let nowhere = publish(&sender_to(&url, "calls", |_| {})).await;
    check_misconfigured(&nowhere.outcome, "no queue takes the routing key \"calls\" of the exchange \"\"");
    let declare = r#"rabbit_amqqueue:declare({resource, <<"/">>, queue, <<"calls">>}, true, false, [], none, <<"test">>)."#;
    rabbitmqctl(home.path(), port, &["eval", declare]).await;
    let sender = sender_to(&url, "calls", |_| {});
    sender.probe().await.unwrap();
    let sent = publish(&sender).await;
    assert_eq!(
        (sent.outcome, sent.reply.as_deref()),
        (DeliveryOutcome::Delivered, Some("the broker has it"))
    );
    let queues = rabbitmqctl(home.path(), port, &["-q", "list_queues", "name", "messages_persistent"]).await;
    assert!(queues.lines().any(|line| line.split_whitespace().eq(["calls", "1"])), "{queues}");
    let wrong = sender_to(&format!("{url}?exchange=none"), "calls", |_| {});
    check_misconfigured(&publish(&wrong).await.outcome, "NOT_FOUND - no exchange 'none'");
    let login = |target: &mut Target| {
        let (user, password) = ("ringwire".to_owned(), "hunter22".into());
        target.credentials.authorization = Some(Authorization::Basic { user, password });
    };
    check_misconfigured(&publish(&sender_to(&url, "calls", login)).await.outcome, "ACCESS_REFUSED");
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
        assert!(failure.is_permanent && failure.reason.contains("no TLS with localhost"), "{failure:?}");
    }
}

/// What a broker of AMQP sends until it has let a client in.
const AMQP: &[&[u8]] = &[
    b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0a\xce",
    b"\x01\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x1e\x00\x00\x00\x00\x00\x00\x00\x00\xce\
      \x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x29\xce\
      \x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x0b\xce\
      \x01\x00\x01\x00\x00\x00\x04\x00\x55\x00\x0b\xce",
];

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
    let nats = pretender(b"INFO {}\r\n", &[b"PONG\r\n"]).await;
    let mqtt = pretender(b"", &[b"\x20\x03\x00\x00\x00"]).await;
    let amqp = pretender(b"", AMQP).await;
    let urls = [("nats", nats), ("mqtt", mqtt), ("amqp", amqp)];
    for url in urls.map(|(scheme, port)| format!("{scheme}://127.0.0.1:{port}")) {
        let sender = sender_to(&url, "calls", |_| {});
        check_unknown(publish(&sender).await.outcome, "the connection broke: ");
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
    let soon = |target: &mut Target| target.connect_timeout = Duration::from_millis(200);
    let outcome = publish(&sender_to(&format!("nats://127.0.0.1:{nats}"), "calls", |_| {})).await.outcome;
    check_misconfigured(&outcome, "what answers is not a NATS server");
    let outcome = publish(&sender_to(&format!("mqtt://127.0.0.1:{mqtt}"), "calls", soon)).await.outcome;
    assert!(!matches!(outcome, DeliveryOutcome::Delivered), "{outcome:?}");
    let mut barred = target_of(OneRequest::default(), "http://unused");
    let url = "nats://169.254.169.254";
    barred.address = Some(Address { url: url.into(), origin: url.to_owned() });
    assert!(Sender::new(&barred).unwrap_err().contains("169.254.169.254 is a link-local address"));
}
