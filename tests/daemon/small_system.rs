//! The daemon on a system that has hardly anything installed: here, no CA certificates.

use std::process::{Command, Output, Stdio};

use ringwire_testkit::{HttpReply, Receiver, ReceiverAction, player::PlaybackServer};
use tempfile::TempDir;
use tokio::time::timeout;

use super::support::{LONG, config, file, kill, play, recording, write};

/// A daemon that finds no authorities on its system.
fn daemon(directory: &TempDir, config: &str) -> Command {
    write(&file(directory), config);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwire"));
    command
        .args(["run", "--config"])
        .arg(file(directory))
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", "/dev/null")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

#[tokio::test]
async fn a_target_without_tls_needs_no_authorities() {
    let directory = TempDir::new().unwrap();
    let pbx = PlaybackServer::start(vec![recording("22", "inbound-answered")], play()).await.unwrap();
    let ok = ReceiverAction::Reply(HttpReply::new(200, "{}"));
    let mut zammad = Receiver::start([ok]).await.unwrap();
    let config = config(&[("main", pbx.address())], &zammad.url());
    let mut process = daemon(&directory, &config).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..3 {
        timeout(LONG, zammad.next_request()).await.unwrap().unwrap();
    }
    kill(&process, "-TERM");
    assert!(tokio::task::spawn_blocking(move || process.wait().unwrap()).await.unwrap().success());
}

#[tokio::test]
async fn a_target_with_tls_is_refused_with_what_to_install() {
    let directory = TempDir::new().unwrap();
    let pbx = PlaybackServer::start(Vec::new(), play()).await.unwrap();
    let config = config(&[("main", pbx.address())], "https://127.0.0.1:9/api/v1/cti/0123456789");
    let mut command = daemon(&directory, &config);
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("target zammad: this system has no CA certificates: install them"), "{text}");
}
