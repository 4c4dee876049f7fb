//! Those who listen: each holds a stream of events and sees that it hears every one once.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    task::JoinSet,
};

/// How long the last events may take to reach everybody.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listeners of both kinds, in a thread of their own.
pub(crate) struct Listeners {
    thread: Option<JoinHandle<()>>,
    ready: Arc<AtomicUsize>,
    received: Arc<Vec<AtomicU64>>,
}

impl Listeners {
    /// Starts so many who ask over the socket, and so many who ask over the network; returns when all listen.
    pub(crate) fn start(of_each: usize, socket: PathBuf, address: SocketAddr, token: &str) -> Self {
        let ready = Arc::new(AtomicUsize::new(0));
        let received: Arc<Vec<_>> = Arc::new((0..of_each * 2).map(|_| AtomicU64::new(0)).collect());
        if of_each == 0 {
            return Self { thread: None, ready, received };
        }
        let authorization = format!("authorization: Bearer {token}\r\n");
        let (are_ready, hear) = (Arc::clone(&ready), Arc::clone(&received));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut all = JoinSet::new();
                for place in 0..of_each * 2 {
                    let (ready, received) = (Arc::clone(&are_ready), Arc::clone(&hear));
                    let (socket, authorization) = (socket.clone(), authorization.clone());
                    all.spawn(async move {
                        if place % 2 == 0 {
                            let stream = UnixStream::connect(socket).await.unwrap();
                            listen(stream, "/events?deliveries=true", "", &ready, &received[place]).await;
                        } else {
                            let stream = TcpStream::connect(address).await.unwrap();
                            listen(stream, "/events", &authorization, &ready, &received[place]).await;
                        }
                    });
                }
                all.join_all().await;
            });
        });
        let until = Instant::now() + PATIENCE;
        while ready.load(Ordering::Relaxed) < of_each * 2 {
            assert!(Instant::now() < until, "not all can listen");
            thread::sleep(Duration::from_millis(20));
        }
        Self { thread: Some(thread), ready, received }
    }

    /// Waits until everybody has heard so many events; gives how many were heard in all.
    pub(crate) fn finish(self, events: usize) -> u64 {
        let until = Instant::now() + PATIENCE;
        let received = || self.received.iter().map(|received| received.load(Ordering::Relaxed));
        while received().any(|received| received < events as u64) {
            assert!(
                Instant::now() < until,
                "somebody has received {:?} of {events} events",
                received().min()
            );
            thread::sleep(Duration::from_millis(20));
        }
        assert!(received().all(|received| received == events as u64), "somebody has received an event twice");
        // The threads end with their streams when the daemon does.
        drop(self.thread);
        assert_eq!(self.ready.load(Ordering::Relaxed), self.received.len());
        received().sum()
    }
}

async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    path: &str,
    headers: &str,
    ready: &AtomicUsize,
    received: &AtomicU64,
) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut buffer, mut last) = (Vec::new(), 0_i64);
    loop {
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        while let Some(end) = memchr::memchr(b'\n', &buffer) {
            let line = &buffer[..end];
            if let Some(place) = line.strip_prefix(b"id: ") {
                let place: i64 = std::str::from_utf8(place).unwrap().trim().parse().unwrap();
                assert!(place >= last, "{place} after {last}");
                last = place;
            } else if line.starts_with(b"event: call") {
                received.fetch_add(1, Ordering::Relaxed);
            } else if line.starts_with(b"event: hello") {
                ready.fetch_add(1, Ordering::Relaxed);
            }
            buffer.drain(..=end);
        }
    }
}
