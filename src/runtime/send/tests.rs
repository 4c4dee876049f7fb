use std::net::SocketAddr;

use ringwire_event::{Cause, Direction, What};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::config::{Address, Config};

const TOKEN: &str = "hunter2";

/// What a system says to whoever connects before it closes the connection; `None` where it says nothing and keeps
/// it open.
async fn system(says: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            match says {
                Some(says) => drop(stream.write_all(says.as_bytes()).await),
                None => kept.push(stream),
            }
        }
    });
    address
}

fn sender(address: SocketAddr) -> Sender {
    let mut endpoint = Config::embedded().endpoints.remove(0);
    let url = format!("http://{address}/api/v1/cti/{TOKEN}").into();
    endpoint.address = Some(Address { url, origin: format!("http://{address}") });
    endpoint.timeout = Duration::from_millis(200);
    Sender::new(&endpoint).unwrap().unwrap()
}

fn hangup() -> CallEvent {
    CallEvent {
        id: "1.0/2".into(),
        what: What::Hangup { cause: Cause::NormalClearing, taker: None },
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
    }
}

/// What comes of telling a system that says so of a hangup.
async fn told(says: Option<&'static str>) -> Outcome {
    sender(system(says).await).send(&hangup()).await.outcome
}

#[track_caller]
fn check_retry(outcome: Outcome, expected: &str, wait: Option<u64>) {
    let Outcome::Retry { reason, after } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(expected), "{reason}");
    assert!(!reason.contains(TOKEN) && !reason.contains("api"), "{reason}");
    assert_eq!(after, wait.map(Duration::from_secs));
}

#[tokio::test]
async fn what_is_said_of_a_failure_tells_no_secret() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = sender(nobody).send(&hangup()).await.outcome;
    check_retry(refused, "cannot connect: Connection refused", None);
    check_retry(told(None).await, "no answer within 200ms", None);
    check_retry(told(Some("")).await, "the connection broke: ", None);
    check_retry(told(Some("SSH-2.0-OpenSSH_9.2p1\r\n")).await, "the connection broke: ", None);
    check_retry(
        told(Some("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{")).await,
        "the connection broke: ",
        None,
    );
}

#[tokio::test]
async fn a_reply_means_what_the_dialect_says_and_waits_as_long_as_it_asks() {
    assert_eq!(told(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await, Outcome::Delivered);
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    check_retry(told(Some(busy)).await, "429", Some(7));
    let wrong = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(told(Some(wrong)).await, Outcome::Misconfigured { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let there = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let Outcome::Dead { reason } = told(Some(there)).await else { panic!() };
    assert!(reason.starts_with("HTTP 302: it redirects to 127.0.0.1; redirects are not followed"), "{reason}");
}

#[tokio::test]
async fn a_reply_is_read_up_to_its_limit() {
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", "x".repeat(100_000));
    let sender = sender(system(Some(endless.leak())).await);
    let request = sender.dialect.request(&hangup()).unwrap();
    assert_eq!(sender.post(&request).await.unwrap().body.len(), LONGEST_REPLY);
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
