//! A receiver that notes when each request had arrived.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::Key;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Default)]
struct Arrived {
    all: usize,
    timed: HashMap<Key, Instant>,
    /// How far each call has come, and how many posts came before what they follow.
    stages: HashMap<String, u8>,
    out_of_order: usize,
    first: Option<Instant>,
}

pub(crate) struct Receiver {
    address: SocketAddr,
    listener: Option<TcpListener>,
    arrived: Arc<(Mutex<Arrived>, Condvar)>,
}

#[allow(dead_code, reason = "several benchmarks share it")]
impl Receiver {
    pub(crate) fn start() -> Self {
        let mut receiver = Self::closed();
        receiver.open();
        receiver
    }

    /// One that has an address, and answers nobody.
    pub(crate) fn closed() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, listener: Some(listener), arrived: Arc::default() }
    }

    /// Takes and answers from here on.
    pub(crate) fn open(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        let arrived = Arc::clone(&self.arrived);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let arrived = Arc::clone(&arrived);
                thread::spawn(move || take(stream, &arrived));
            }
        });
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v1/cti/token", self.address)
    }

    /// Waits until so many requests have arrived; gives when.
    pub(crate) fn wait(&self, requests: usize) -> HashMap<Key, Instant> {
        self.wait_quietly(requests);
        std::mem::take(&mut self.arrived.0.lock().unwrap().timed)
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn wait_quietly(&self, requests: usize) {
        let (arrived, changed) = &*self.arrived;
        let waited =
            changed.wait_timeout_while(arrived.lock().unwrap(), PATIENCE, |arrived| arrived.all < requests);
        let (guard, late) = waited.unwrap();
        assert!(!late.timed_out(), "only {} of {requests} requests have arrived", guard.all);
    }

    /// When the first request had arrived.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.arrived.0.lock().unwrap().first
    }

    /// How many posts came before one that they follow.
    pub(crate) fn out_of_order(&self) -> usize {
        self.arrived.0.lock().unwrap().out_of_order
    }
}

fn take(mut stream: TcpStream, arrived: &(Mutex<Arrived>, Condvar)) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        while let Some(length) = whole(&buffer) {
            let now = Instant::now();
            note(&buffer[..length], now, arrived);
            buffer.drain(..length);
            if stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
                )
                .is_err()
            {
                return;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(read) => buffer.extend_from_slice(&piece[..read]),
        }
    }
}

/// How long the first request is, if it is there whole.
fn whole(buffer: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buffer[..end]).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    (buffer.len() >= end + length).then_some(end + length)
}

fn note(request: &[u8], now: Instant, arrived: &(Mutex<Arrived>, Condvar)) {
    let body = memchr::memmem::find(request, b"\r\n\r\n").unwrap() + 4;
    let post: serde_json::Value = serde_json::from_slice(&request[body..]).unwrap();
    let call = post["callId"].as_str().unwrap().to_owned();
    let (stage, timed) = match post["event"].as_str() {
        Some("newCall") => (1, None),
        Some("answer") => (2, Some("answer")),
        _ => (3, Some("hangup")),
    };
    let mut guard = arrived.0.lock().unwrap();
    guard.all += 1;
    guard.first.get_or_insert(now);
    let before = guard.stages.insert(call.clone(), stage).unwrap_or(0);
    guard.out_of_order += usize::from(before > stage);
    if let Some(event) = timed {
        guard.timed.insert((call, event), now);
    }
    arrived.1.notify_all();
}
