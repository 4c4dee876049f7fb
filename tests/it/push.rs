//! `ringwire replay --push`.

use std::fs;
use std::process::Output;

use ringwire_testkit::zammad::{CallLogState, ZammadConfig, ZammadServer};
use ringwire_testkit::{HttpReply, Receiver, ReceiverAction};

use crate::support::{capture, run, stderr, stdout};

/// Pushes recorded calls to the endpoint at `url`.
async fn push(url: String, recordings: &'static [&'static str]) -> Output {
    tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("url"), url).unwrap();
        fs::write(path("secret"), "unused").unwrap();
        let config = "[pbx.main]\nusername = \"ringwire\"\nsecret_file = \"secret\"\n\
                      [target.desk]\ndialect = \"zammad\"\nurl_file = \"url\"\n";
        fs::write(path("ringwire.toml"), config).unwrap();
        let files: Vec<_> =
            recordings.iter().map(|name| capture(name).to_str().unwrap().to_owned()).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        run([&["replay", "--config", &path("ringwire.toml"), "--to", "desk", "--push"][..], &files].concat())
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn posts_are_really_sent_and_shown() {
    let zammad = ZammadServer::start(ZammadConfig::new("token")).await.unwrap();
    let output = push(zammad.url(), &["22/inbound-answered", "22/inbound-busy"]).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 5);
    let log = zammad.call_log();
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|row| row.state == CallLogState::Hangup), "{log:?}");
}

#[tokio::test]
async fn posts_that_are_refused_are_told_of() {
    let receiver = Receiver::start([ReceiverAction::Reply(HttpReply::new(400, "no"))]).await.unwrap();
    // Each post is attempted three times, which takes seconds.
    let output = push(receiver.url(), &["22/inbound-busy"]).await;
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("target desk: 0 posts were delivered, 2 were not"),
        "{}",
        stderr(&output)
    );
}
