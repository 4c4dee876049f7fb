#[cfg(feature = "brokers")]
mod brokers;
mod credentials;
mod dialect;
mod names;
mod tls;
mod tokens;

use std::net::SocketAddr;

use ringwire_config::{Address, Authorization, Config};
use ringwire_event::{AnsweredBy, CallFacts, Cause, Direction, EventKind, Party};
use ringwire_testkit::{Gate, HttpReply as TestReply, Receiver, ReceiverAction};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use ringwire_delivery::DeliveryOutcome;

use super::*;
use crate::reply::retry_after;

const TOKEN: &str = "hunter2";

/// How an event is sent.
#[derive(Clone, Copy, Debug, Default)]
struct SendOptions {
    is_quiet: bool,
    is_unrepeatable: bool,
}

impl Sender {
    /// Sends the first request for `event`.
    async fn send(&self, event: &CallEvent, options: SendOptions) -> SendResult {
        let mut step = self.step(event, options.is_quiet);
        step.repeat = if options.is_unrepeatable { RepeatPolicy::Never } else { RepeatPolicy::AsIs };
        self.send_step(event, &step, &event.id).await
    }

    fn step(&self, event: &CallEvent, is_quiet: bool) -> DeliveryStep {
        let (memory, progress) = (CallMemory::default(), DeliveryProgress::default());
        self.next_step(event, &memory, &progress, is_quiet).unwrap().unwrap()
    }
}

/// A server that sends `reply` to each client and closes the connection; with `None` it sends nothing and keeps it
/// open.
async fn server(reply: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            match reply {
                Some(reply) => drop(stream.write_all(reply.as_bytes()).await),
                None => open.push(stream),
            }
        }
    });
    address
}

fn sender(address: SocketAddr) -> Sender {
    let mut target = target(&format!("http://{address}"));
    target.timeout = Duration::from_millis(200);
    Sender::new(&target).unwrap().unwrap()
}

/// A target at `origin`, with generous timeouts.
fn target(origin: &str) -> Target {
    let mut target = Config::embedded().targets.remove(0);
    let url = format!("{origin}/api/v1/cti/{TOKEN}").into();
    target.address = Some(Address { url, origin: origin.to_owned() });
    target
}

fn hangup() -> CallEvent {
    CallEvent {
        id: "1.0/2".into(),
        kind: EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None },
        call: "1.0".into(),
        seq: 2,
        time: None,
        pbx: "main".into(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".into(),
        from_name: None,
        to: "4930100".into(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }
}

/// The outcome of sending a hangup to a server that replies so.
async fn outcome(reply: Option<&'static str>) -> DeliveryOutcome {
    sender(server(reply).await).send(&hangup(), SendOptions::default()).await.outcome
}

#[track_caller]
fn check_retry(outcome: DeliveryOutcome, expected: &str, wait: Option<u64>) {
    let DeliveryOutcome::Retry { reason, after } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(expected), "{reason}");
    assert!(!reason.contains(TOKEN) && !reason.contains("api"), "{reason}");
    assert_eq!(after, wait.map(Duration::from_secs));
}

#[track_caller]
fn check_unknown(outcome: DeliveryOutcome, expected: &str) {
    let DeliveryOutcome::Unknown { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(expected), "{reason}");
    assert!(!reason.contains(TOKEN) && !reason.contains("api"), "{reason}");
}

#[track_caller]
fn check_misconfigured(outcome: &DeliveryOutcome, expected: &str) {
    let DeliveryOutcome::Misconfigured { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(expected), "{reason}");
    assert!(!reason.contains(TOKEN) && !reason.contains("api"), "{reason}");
}

#[tokio::test]
async fn a_failure_shows_no_secret() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = sender(unused).send(&hangup(), SendOptions::default()).await.outcome;
    check_retry(refused, "cannot connect: Connection refused", None);
    check_unknown(outcome(None).await, "no answer within 200ms");
    check_unknown(outcome(Some("")).await, "the connection broke: ");
    check_unknown(outcome(Some("SSH-2.0-OpenSSH_9.2p1\r\n")).await, "the connection broke: ");
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{";
    check_unknown(outcome(Some(cut)).await, "the connection broke: ");
    let cut = "HTTP/1.1 503 Busy\r\ncontent-length: 5\r\n\r\n{";
    check_retry(outcome(Some(cut)).await, "the connection broke: ", None);
}

#[tokio::test]
async fn the_dialect_judges_the_reply_and_retry_after_delays() {
    assert_eq!(
        outcome(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await,
        DeliveryOutcome::Delivered
    );
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    check_retry(outcome(Some(busy)).await, "429", Some(7));
    let wrong = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(outcome(Some(wrong)).await, DeliveryOutcome::Misconfigured { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let there = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    check_retry(outcome(Some(there)).await, "HTTP 302: it redirects to http://127.0.0.1:1; ", None);
    let moved = "HTTP/1.1 301 Moved Permanently\r\nlocation: https://desk.example.com/api/v1/cti/hunter2\r\n\
                 content-length: 0\r\n\r\n";
    check_misconfigured(&outcome(Some(moved)).await, "the target has moved to https://desk.example.com;");
}

#[tokio::test]
async fn a_reply_is_read_up_to_its_limit() {
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", "x".repeat(100_000));
    let sender = sender(server(Some(endless.leak())).await);
    let request = sender.step(&hangup(), false).request;
    assert_eq!(sender.post(&request, "1.0/2").await.unwrap().body.len(), MAX_REPLY);
}

#[tokio::test]
async fn a_reply_that_never_ends_is_cut_off_by_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        let mut written = stream.write_all(head).await;
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while written.is_ok() {
            tick.tick().await;
            written = stream.write_all(b"x").await;
        }
    });
    let sent = sender(address).send(&hangup(), SendOptions::default()).await;
    assert_eq!(sent.status, Some(200));
    check_unknown(sent.outcome, "no answer within 200ms");
}

#[tokio::test]
async fn a_compressed_reply_is_not_decompressed() {
    // The beginning of a gzip member.
    let packed: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x04\x00";
    let reply = TestReply::new(200, packed).with_header("Content-Encoding", "gzip");
    let mut receiver = Receiver::start([ReceiverAction::Reply(reply)]).await.unwrap();
    let sender = sender(receiver.address());
    let request = sender.step(&hangup(), false).request;
    assert_eq!(sender.post(&request, "1.0/2").await.unwrap().body, packed);
    assert_eq!(
        sender.send(&hangup(), SendOptions::default()).await.reply.unwrap(),
        "(13 bytes of binary data)"
    );
    assert_eq!(receiver.next_request().await.unwrap().header("accept-encoding"), None);
}

#[tokio::test]
async fn an_excerpt_of_a_reply_is_short_and_printable_and_shows_no_secret() {
    let mut target = target("http://127.0.0.1:1");
    target.credentials.authorization = Some(Authorization::Bearer("hunter22".into()));
    let check = async |body: String, expected: &str| {
        let receiver = Receiver::start([ReceiverAction::Reply(TestReply::new(500, body))]).await.unwrap();
        let mut target = target.clone();
        let origin = format!("http://{}", receiver.address());
        target.address = Some(Address { url: format!("{origin}/api/v1/cti/x").into(), origin });
        let sent = Sender::new(&target).unwrap().unwrap().send(&hangup(), SendOptions::default()).await;
        assert_eq!((sent.status, sent.reply.as_deref()), (Some(500), Some(expected)));
        check_retry(sent.outcome, "HTTP 500", None);
    };
    check("Bearer hunter22\r\n\u{1b}[31m".to_owned(), r"Bearer …\r\n\u{1b}[31m").await;
    check("ä ".repeat(1000), &format!("{}…", "ä ".repeat(340))).await;
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = "2026-11-21T02:00:00Z".parse().unwrap();
    let check = |value: &str, expected: Option<u64>| {
        assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value:?}");
    };
    check("120", Some(120));
    check(" 0 ", Some(0));
    check("Sat, 21 Nov 2026 02:00:30 GMT", Some(30));
    check("Sat, 21 Nov 2026 01:00:00 GMT", None);
    check("soon", None);
    check("-1", None);
}

#[tokio::test]
async fn a_request_that_may_not_be_repeated_has_a_fresh_connection_and_more_time() {
    let late = Gate::new();
    let ok = || TestReply::new(200, "{}");
    let actions = [
        ReceiverAction::Reply(ok()),
        ReceiverAction::ReplyLater(late.clone(), ok()),
        ReceiverAction::Reply(ok()),
    ];
    let mut receiver = Receiver::start(actions).await.unwrap();
    let mut target = target(&format!("http://{}", receiver.address()));
    target.timeout = Duration::from_secs(60);
    target.hangup_timeout = Duration::from_millis(200);
    target.connect_timeout = Duration::from_secs(1);
    let sender = Sender::new(&target).unwrap().unwrap();
    let once = SendOptions { is_unrepeatable: true, ..SendOptions::default() };
    assert_eq!(sender.send(&hangup(), SendOptions::default()).await.outcome, DeliveryOutcome::Delivered);
    let unknown = sender.send(&hangup(), once).await.outcome;
    assert_eq!(unknown, DeliveryOutcome::UnknownForGood { reason: "no answer within 200ms".to_owned() });
    late.open();
    assert_eq!(sender.send(&hangup(), SendOptions::default()).await.outcome, DeliveryOutcome::Delivered);
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(receiver.next_request().await.unwrap().connection);
    }
    assert_eq!(connections, [0, 1, 0], "the one that is kept open serves the others");
}

#[tokio::test]
async fn a_kept_connection_that_was_just_closed_is_no_unknown_outcome() {
    // The receiver says nothing of it, and closes each connection once it has replied.
    let address = server(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await;
    let mut target = target(&format!("http://{address}"));
    target.hangup_timeout = Duration::from_secs(60);
    let sender = Sender::new(&target).unwrap().unwrap();
    let once = SendOptions { is_unrepeatable: true, ..SendOptions::default() };
    for _ in 0..20 {
        sender.send(&hangup(), SendOptions::default()).await;
        assert_eq!(sender.send(&hangup(), once).await.outcome, DeliveryOutcome::Delivered);
    }
}

#[tokio::test]
async fn a_quiet_event_is_sent_without_what_disturbs_people() {
    let mut receiver = Receiver::start([ReceiverAction::Reply(TestReply::new(200, "{}"))]).await.unwrap();
    let sender = sender(receiver.address());
    let party = Party { extension: Some("101".into()), ..Party::endpoint("PJSIP/alice") };
    let kind = EventKind::Answer { answered_by: AnsweredBy::User(party) };
    let answer = CallEvent { kind, ..hangup() };
    for (is_quiet, expected) in [(false, true), (true, false)] {
        sender.send(&answer, SendOptions { is_quiet, ..SendOptions::default() }).await;
        let request = receiver.next_request().await.unwrap();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert_eq!(body.contains("answeringNumber"), expected, "{body}");
    }
}
