//! What the daemon logs once, however often it happens.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use ringwire_testkit::{HttpReply, Receiver, ReceiverAction, player::PlaybackServer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::support::{LONG, config, file, kill, play, recording, write};

/// A daemon in a process of its own, whose log can be read.
struct LoggingDaemon {
    directory: TempDir,
    process: Child,
}

impl LoggingDaemon {
    fn start(config: &str) -> Self {
        let directory = TempDir::new().unwrap();
        write(&file(&directory), config);
        let log = File::create(directory.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_ringwire"))
            .args(["run", "--config"])
            .arg(file(&directory))
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { directory, process }
    }

    /// The lines of the log that have `text`, once there are any.
    async fn lines_with(&self, text: &str) -> Vec<String> {
        let log = self.directory.path().join("log");
        let found = async {
            loop {
                let found = lines_with(&log, text);
                if !found.is_empty() {
                    return found;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, found).await.unwrap_or_else(|_| panic!("{text} is not in the log"))
    }

    /// Stops it, and gives the lines of the log that have `text`.
    async fn stop(mut self, text: &str) -> Vec<String> {
        kill(&self.process, "-TERM");
        let ended = tokio::task::spawn_blocking(move || {
            self.process.wait().unwrap();
            self
        });
        let stopped = timeout(LONG, ended).await.unwrap().unwrap();
        lines_with(&stopped.directory.path().join("log"), text)
    }
}

impl Drop for LoggingDaemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines_with(log: &Path, text: &str) -> Vec<String> {
    let log = fs::read_to_string(log).unwrap();
    log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_a_target_asks_in_vain_is_a_warning_once_a_directive() {
    let names = ["inbound-answered", "inbound-busy", "queue-answered", "outbound-answered"];
    let recordings = names.map(|name| recording("22", name)).to_vec();
    let pbx = PlaybackServer::start(recordings, play()).await.unwrap();
    let reject = HttpReply::new(200, r#"{"action":"reject","reason":"busy","caller_id":"4930100"}"#);
    let mut zammad = Receiver::start([ReceiverAction::Reply(reject)]).await.unwrap();
    let daemon = LoggingDaemon::start(&config(&[("main", pbx.address())], &zammad.url()));
    for _ in 0..11 {
        timeout(LONG, zammad.next_request()).await.unwrap().unwrap();
    }
    let lines = daemon.stop("directive").await;
    let with = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(with("WARN target asks to act on a call, which is not supported"), 1, "{lines:#?}");
    assert_eq!(with("INFO directive not acted on"), 3, "{lines:#?}");
}

#[tokio::test]
async fn unknown_tokens_are_a_warning_a_minute() {
    let pbx = PlaybackServer::start(Vec::new(), play()).await.unwrap();
    let api = "[api]\nlisten = \"127.0.0.1:0\"\n[api.token.desk]\nsecret = \"3f9d1c7ab2e84560f1d7c9aa\"\nrole = \"viewer\"\n";
    let config = config(&[("main", pbx.address())], "http://127.0.0.1:9/hook") + api;
    let daemon = LoggingDaemon::start(&config);
    let listening = daemon.lines_with("API listening address=").await.remove(0);
    let address = listening.split("address=").nth(1).unwrap().split(' ').next().unwrap().trim_matches('"');
    let ask = async || {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /api/v1/me HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer wrong-0123456789abcdef\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    };
    tokio::join!(ask(), ask(), ask());
    let lines = daemon.stop("unknown tokens shown").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
}
