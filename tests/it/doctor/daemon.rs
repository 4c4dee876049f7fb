//! The running daemon.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::bench::Bench;
use super::{Probe, check_broken};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A daemon with these answers, for a bench that queries it instead of listening.
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

/// The diagnosis of a daemon that was started in the far future.
fn diagnosis(events: &Value, calls: &Value, contexts: &Value) -> Value {
    json!({"started": "2999-01-01T00:00:00Z", "pbxs": [{
        "name": "main", "window": 300, "events": events, "lastEvent": "2026-11-21T09:00:00Z", "calls": calls,
        "internalContexts": contexts, "unknownUsers": [], "streamErrors": {},
    }]})
}

fn healthy_diagnosis() -> Value {
    diagnosis(
        &json!({"call": 40, "agent": 0, "dialplan": 0, "system": 1, "other": 0}),
        &json!({"in": 3, "out": 1, "internal": 0}),
        &json!([]),
    )
}

#[tokio::test]
async fn a_healthy_daemon_reports_its_events() {
    let bench = daemon(Bench::healthy().await, ready(), healthy_diagnosis(), VERSION).await;
    let output = bench.doctor(&[]).await;
    assert_eq!(output.code, 0, "{}", output.stdout);
    for line in [
        "ringwire.sock (version",
        "the daemon is ready",
        "calls in the last 5 minutes: 3 in, 1 out, 0 internal",
    ] {
        assert!(output.stdout.contains(line), "{line} is not in {}", output.stdout);
    }
}

#[tokio::test]
async fn a_daemon_that_counts_inbound_calls_as_internal() {
    let contexts = json!([{"context": "from-provider", "endpoint": "PJSIP/provider", "calls": 9}]);
    let events = json!({"call": 400, "agent": 0, "dialplan": 0, "system": 1, "other": 0});
    let diagnosis = diagnosis(&events, &json!({"in": 0, "out": 1, "internal": 9}), &contexts);
    let bench = daemon(Bench::healthy().await, ready(), diagnosis, VERSION).await;
    let text = ["in the last 5 minutes: 0 in, 1 out, 9 internal", "PJSIP/provider in from-provider (9)"];
    check_broken(&bench, &text, &["inbound_contexts = [\"from-provider\"]"], 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_is_not_ready() {
    let components = json!({"ready": false, "components": [
        {"name": "pbx main", "ok": false, "state": "refused", "reason": "authentication failed", "hint": "check the secret", "since": "2026-11-21T08:00:00Z"},
    ]});
    let bench = daemon(Bench::healthy().await, components, healthy_diagnosis(), VERSION).await;
    let text = ["not ready: pbx main is not OK: authentication failed"];
    check_broken(&bench, &text, &["check the secret"], 69, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_cannot_write_its_journal() {
    let components = json!({"ready": false, "components": [{"name": "journal", "ok": false, "state": "failing",
        "reason": "database or disk is full", "hint": "free space on its disk", "since": "2026-11-21T08:00:00Z"}]});
    let bench = daemon(Bench::healthy().await, components, healthy_diagnosis(), VERSION).await;
    check_broken(&bench, &["journal is not OK: database or disk is full"], &["free space"], 74, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_daemon_of_an_older_release() {
    let bench = daemon(Bench::healthy().await, ready(), healthy_diagnosis(), "0.0.9").await;
    check_broken(&bench, &["the daemon is version 0.0.9"], &["systemctl restart ringwire"], 0, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_configuration_that_was_changed_since_the_daemon_read_it() {
    let mut old = healthy_diagnosis();
    old["configured"] = json!("2020-01-01T00:00:00Z");
    let bench = daemon(Bench::healthy().await, ready(), old, VERSION).await;
    let text = ["the configuration was changed", "the daemon read it at 2020-01-01"];
    check_broken(&bench, &text, &["systemctl reload ringwire"], 0, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_that_does_not_answer() {
    let bench = Bench::healthy().await;
    let listener = UnixListener::bind(bench.path("ringwire.sock")).unwrap();
    let stuck = tokio::spawn(async move {
        let mut accepted = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            accepted.push(stream);
        }
    });
    let hint = ["systemctl restart ringwire"];
    check_broken(
        &bench.keep(stuck).hasty(),
        &["accepts the connection but does not answer"],
        &hint,
        69,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn another_program_at_the_socket() {
    let bench = Bench::healthy().await;
    let listener = UnixListener::bind(bench.path("ringwire.sock")).unwrap();
    let other = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        }
    });
    let hint = ["ss -xlp", "another socket in [api]"];
    check_broken(&bench.keep(other), &["another program answers"], &hint, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_daemon_with_a_journal_but_no_socket() {
    let mut bench = Bench::healthy().await;
    bench.place.open();
    let hint = ["systemctl restart ringwire", "--api"];
    check_broken(&bench, &["a daemon runs, but does not answer"], &hint, 69, Probe::Blind).await;
}

#[tokio::test]
async fn a_stale_socket() {
    let bench = Bench::healthy().await;
    drop(UnixListener::bind(bench.path("ringwire.sock")).unwrap());
    check_broken(&bench, &["the daemon is not running"], &["systemctl start ringwire"], 0, Probe::Blind)
        .await;
}
