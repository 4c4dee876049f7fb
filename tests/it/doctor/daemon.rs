//! The daemon that runs.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::bench::Bench;
use super::{Probe, check_broken};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A daemon that says this of itself, to a bench that asks it rather than listening.
async fn daemon(bench: Bench, ready: Value, diagnosis: Value, version: &str) -> Bench {
    let listener = UnixListener::bind(bench.path("ringwire.sock")).unwrap();
    let hello = format!("retry: 1000\n\nevent: hello\ndata: {{\"journal\":1,\"version\":\"{version}\"}}\n\n");
    let served = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (ready, diagnosis, hello) = (ready.clone(), diagnosis.clone(), hello.clone());
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await?);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let (kind, body) = match request.split(' ').nth(1) {
                    Some("/readyz") => ("application/json", ready.to_string()),
                    Some("/api/v1/diagnosis") => ("application/json", diagnosis.to_string()),
                    _ => ("text/event-stream", hello),
                };
                let status =
                    if request.contains("/readyz") && ready["ready"] == false { "503 No" } else { "200 OK" };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await
            });
        }
    });
    bench.keep(served)
}

fn ready() -> Value {
    json!({"ready": true, "components": [{"name": "pbx main", "ok": true, "state": "inSync", "since": "2026-11-21T08:00:00Z"}]})
}

/// What a daemon that was started in the far future has heard.
fn heard(events: &Value, calls: &Value, contexts: &Value) -> Value {
    json!({"started": "2999-01-01T00:00:00Z", "pbxs": [{
        "name": "main", "window": 300, "events": events, "lastEvent": "2026-11-21T09:00:00Z", "calls": calls,
        "internalContexts": contexts, "unknownUsers": [], "streamErrors": {},
    }]})
}

fn well() -> Value {
    heard(
        &json!({"call": 40, "agent": 0, "dialplan": 0, "system": 1, "other": 0}),
        &json!({"in": 3, "out": 1, "internal": 0}),
        &json!([]),
    )
}

#[tokio::test]
async fn a_daemon_that_does_well_is_asked_what_it_heard() {
    let bench = daemon(Bench::sound().await, ready(), well(), VERSION).await;
    let told = bench.doctor(&[]).await;
    assert_eq!(told.code, 0, "{}", told.stdout);
    for line in
        ["ringwire.sock (version", "it is ready", "calls in the last 5 minutes: 3 in, 1 out, 0 internal"]
    {
        assert!(told.stdout.contains(line), "{line} is not in {}", told.stdout);
    }
}

#[tokio::test]
async fn a_daemon_that_takes_calls_from_outside_for_internal() {
    let contexts = json!([{"context": "from-provider", "endpoint": "PJSIP/provider", "calls": 9}]);
    let events = json!({"call": 400, "agent": 0, "dialplan": 0, "system": 1, "other": 0});
    let heard = heard(&events, &json!({"in": 0, "out": 1, "internal": 9}), &contexts);
    let bench = daemon(Bench::sound().await, ready(), heard, VERSION).await;
    let says = ["in the last 5 minutes: 0 in, 1 out, 9 internal", "from-provider by PJSIP/provider (9)"];
    check_broken(&bench, &says, &["inbound_contexts = [\"from-provider\"]"], 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_is_not_ready() {
    let parts = json!({"ready": false, "components": [
        {"name": "pbx main", "ok": false, "state": "refused", "reason": "authentication failed", "hint": "check the secret", "since": "2026-11-21T08:00:00Z"},
    ]});
    let bench = daemon(Bench::sound().await, parts, well(), VERSION).await;
    let says = ["not ready: pbx main does not do well: authentication failed"];
    check_broken(&bench, &says, &["check the secret"], 69, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_cannot_write_its_journal() {
    let parts = json!({"ready": false, "components": [{"name": "journal", "ok": false, "state": "failing",
        "reason": "database or disk is full", "hint": "free space on its disk", "since": "2026-11-21T08:00:00Z"}]});
    let bench = daemon(Bench::sound().await, parts, well(), VERSION).await;
    check_broken(
        &bench,
        &["journal does not do well: database or disk is full"],
        &["free space"],
        74,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn a_daemon_of_an_older_release() {
    let bench = daemon(Bench::sound().await, ready(), well(), "0.0.9").await;
    check_broken(&bench, &["the daemon is version 0.0.9"], &["systemctl restart ringwire"], 0, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_configuration_that_was_changed_since_it_was_read() {
    let mut old = well();
    old["configured"] = json!("2020-01-01T00:00:00Z");
    let bench = daemon(Bench::sound().await, ready(), old, VERSION).await;
    let says = ["the configuration was changed", "has read it at 2020-01-01"];
    check_broken(&bench, &says, &["systemctl reload ringwire"], 0, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_does_not_answer() {
    let bench = Bench::sound().await;
    let listener = UnixListener::bind(bench.path("ringwire.sock")).unwrap();
    let stuck = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    let cure = ["systemctl restart ringwire"];
    check_broken(
        &bench.keep(stuck).hasty(),
        &["takes the connection and does not answer"],
        &cure,
        69,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn another_program_at_the_socket() {
    let bench = Bench::sound().await;
    let listener = UnixListener::bind(bench.path("ringwire.sock")).unwrap();
    let other = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        }
    });
    let cure = ["ss -xlp", "another socket in [api]"];
    check_broken(&bench.keep(other), &["something else than ringwire answers"], &cure, 78, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_daemon_that_has_the_journal_and_no_socket() {
    let mut bench = Bench::sound().await;
    bench.place.open();
    let cure = ["systemctl restart ringwire", "--api"];
    check_broken(&bench, &["a daemon runs, but none answers"], &cure, 69, Probe::Blind).await;
}

#[tokio::test]
async fn a_socket_that_was_left_behind() {
    let bench = Bench::sound().await;
    drop(UnixListener::bind(bench.path("ringwire.sock")).unwrap());
    check_broken(&bench, &["no daemon runs"], &["systemctl start ringwire"], 0, Probe::Blind).await;
}
