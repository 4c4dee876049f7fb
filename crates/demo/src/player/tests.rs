//! Tests of the PBX over a socket.

mod actions;
mod playing;

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::*;

/// How long anything may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(10);

fn options() -> PlaybackOptions {
    PlaybackOptions {
        speed: PlaybackSpeed::Unlimited,
        pause: Duration::ZERO,
        refusal_delay: Duration::from_millis(1),
        ..PlaybackOptions::new("bridge", "hunter2")
    }
}

/// A recording of the repository: its bytes and times.
fn capture(name: &str) -> (Vec<u8>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures").join(name);
    let read = |suffix: &str| std::fs::read(format!("{}{suffix}", path.display())).unwrap();
    (read(".ami"), String::from_utf8(read(".ami.times")).unwrap())
}

fn recording(name: &str) -> PlaybackRecording {
    let (ami, times) = capture(name);
    PlaybackRecording::parse(&ami, Some(&times))
}

async fn pbx(recordings: Vec<PlaybackRecording>, options: PlaybackOptions) -> PlaybackServer {
    PlaybackServer::start(recordings, options).await.unwrap()
}

/// A client that reads a message at a time.
struct TestClient {
    input: BufReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
    banner: String,
}

impl TestClient {
    async fn connect(pbx: &PlaybackServer) -> Self {
        let (input, output) = TcpStream::connect(pbx.address()).await.unwrap().into_split();
        let mut client = Self { input: BufReader::new(input), output, banner: String::new() };
        client.banner = client.line().await.unwrap();
        client
    }

    async fn log_in(pbx: &PlaybackServer, events: &str) -> Self {
        let mut client = Self::connect(pbx).await;
        let login =
            format!("Action: Login\nActionID: 1\nUsername: Bridge\nSecret: hunter2\nEvents: {events}");
        client.check(&login, "Response: Success\nActionID: 1\nMessage: Authentication accepted").await;
        client
    }

    async fn send(&mut self, action: &str) {
        let action = format!("{}\r\n\r\n", action.replace('\n', "\r\n"));
        self.output.write_all(action.as_bytes()).await.unwrap();
    }

    /// The next line without its end; `None` at the end of the connection.
    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = timeout(PATIENCE, self.input.read_until(b'\n', &mut line)).await.unwrap();
        (read.unwrap() > 0).then(|| {
            let line = String::from_utf8(line).unwrap();
            line.strip_suffix("\r\n").unwrap().to_owned()
        })
    }

    /// The next message, its lines joined.
    async fn message(&mut self) -> Option<String> {
        let mut lines = Vec::new();
        loop {
            match self.line().await {
                Some(line) if line.is_empty() => return Some(lines.join("\n")),
                Some(line) => lines.push(line),
                None => {
                    assert!(lines.is_empty(), "the connection ended within a message");
                    return None;
                }
            }
        }
    }

    /// The next message that is no event to everyone.
    async fn answer(&mut self) -> String {
        loop {
            let message = self.message().await.unwrap();
            if !message.contains(",all\n") {
                return message;
            }
        }
    }

    /// Sends `action`, and holds its answer against `expected`.
    #[track_caller]
    fn check(&mut self, action: &str, expected: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            self.send(action).await;
            assert_eq!(self.answer().await, expected, "at {caller}");
        }
    }

    /// Sends `action`, and gives its answer with all items of the list it begins.
    async fn list(&mut self, action: &str) -> Vec<String> {
        self.send(action).await;
        let mut list = vec![self.answer().await];
        while !list.last().unwrap().lines().next().unwrap().ends_with("Complete") {
            list.push(self.answer().await);
        }
        list
    }

    async fn ended(&mut self) -> bool {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.input.read_to_end(&mut rest)).await.unwrap().unwrap();
        rest.is_empty()
    }
}

/// The value of `header` in `message`.
fn value<'a>(message: &'a str, header: &str) -> Option<&'a str> {
    message.lines().find_map(|line| line.strip_prefix(header)?.strip_prefix(": "))
}
