//! A double of the local API, which can be told to behave badly. It speaks raw HTTP, so that it can stop in the midst
//! of a frame.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A socket, and what asks at it.
pub(crate) struct Double {
    dir: TempDir,
    asked: mpsc::Receiver<Asked>,
}

/// Somebody who asks.
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    /// The place after which it wants to hear.
    pub(crate) last: Option<i64>,
    stream: UnixStream,
}

impl Double {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (ask, asked) = mpsc::channel();
        let double = Self { dir, asked };
        double.listen(ask);
        double
    }

    /// The socket.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("api.sock")
    }

    /// The next who asks.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).unwrap()
    }

    /// The socket is gone for a while, as while a daemon is started again.
    pub(crate) fn vanish(&mut self) {
        fs::remove_file(self.path()).unwrap();
        thread::sleep(Duration::from_millis(30));
        let (ask, asked) = mpsc::channel();
        self.asked = asked;
        self.listen(ask);
    }

    fn listen(&self, ask: mpsc::Sender<Asked>) {
        let listener = UnixListener::bind(self.path()).unwrap();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let Some(asked) = Asked::read(stream) else { continue };
                if ask.send(asked).is_err() {
                    break;
                }
            }
        });
    }
}

impl Asked {
    fn read(stream: UnixStream) -> Option<Self> {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let mut last = None;
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("last-event-id") {
                last = value.trim().parse().ok();
            }
        }
        Some(Self { path, last, stream })
    }

    /// Answers with a stream of events that begins at the end of the journal.
    pub(crate) fn stream(mut self, journal: i64) -> Stream {
        self.stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut stream = Stream(self.stream);
        let hello = json!({ "cursor": journal, "version": "0.1.0" });
        stream.raw(&format!(": here\n\nretry: 20\nevent: hello\ndata: {hello}\n\n"));
        stream
    }

    /// Answers once.
    pub(crate) fn answer(mut self, status: &str, kind: &str, body: &str) {
        let head = format!("content-type: {kind}\r\ncontent-length: {}\r\nconnection: close", body.len());
        write!(self.stream, "HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}").unwrap();
    }
}

/// A stream of events; the connection ends with it.
pub(crate) struct Stream(UnixStream);

impl Stream {
    /// Sends text. Nobody need be there to hear it.
    pub(crate) fn raw(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes());
    }

    /// Sends an event.
    pub(crate) fn call(&mut self, event: &Value) {
        self.raw(&call(event));
    }

    /// Sends what became of a delivery.
    pub(crate) fn delivery(&mut self, id: i64, state: &str, failures: u32) {
        let change = json!({ "id": id, "target": "zammad", "state": state, "failures": failures });
        self.raw(&format!("event: delivery\ndata: {change}\n\n"));
    }
}

/// The frame of an event.
pub(crate) fn call(event: &Value) -> String {
    let id = event["cursor"].as_i64().map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: call\n{id}data: {event}\n\n")
}

/// The event at a place of the journal: one of a call of three. It is owed to one endpoint.
pub(crate) fn event(place: i64, state: &str) -> Value {
    let (call, seq) = ((place - 1) / 3, (place - 1) % 3 + 1);
    let mut event = json!({
        "id": format!("1795226702.{call}/{seq}"),
        "call": format!("1795226702.{call}"),
        "seq": seq,
        "time": format!("2026-11-21T02:05:{:02}.000Z", seq * 7),
        "pbx": "main",
        "direction": "in",
        "from": "491761234567",
        "to": "4930100",
        "cursor": place,
        "recordedAt": "2026-11-21T02:05:02.603Z",
        "deliveries": [{ "id": place, "target": "zammad", "state": state }],
    });
    let more = match seq {
        1 => json!({ "event": "newCall", "users": [{ "endpoint": "PJSIP/alice", "name": "Alice" }] }),
        2 => json!({ "event": "ringing", "user": { "endpoint": "PJSIP/alice", "name": "Alice" } }),
        _ => json!({ "event": "hangup", "cause": "cancel" }),
    };
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}
