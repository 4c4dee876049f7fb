//! Real connections: how they begin, how long they may take, and how they end.

use std::time::Duration;

use ringwire_event::CallEvent;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, PATIENCE, VIEWER, new_call};

struct Served {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn serve(bench: &Bench) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let serving = tokio::spawn(bench.server.serve_tcp(listener, stop.clone()));
    Served { address, stop, serving }
}

fn asking(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {VIEWER}\r\n\r\n")
}

async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), wanted: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(wanted) {
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(read > 0, "it ended with {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    text
}

#[tokio::test]
async fn streams_end_when_the_daemon_stops() {
    let bench = Bench::new();
    let Served { address, stop, serving } = serve(&bench).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(asking("/events").as_bytes()).await.unwrap();
    let text = read_until(&mut stream, "event: hello").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let idle = TcpStream::connect(address).await.unwrap();
    bench.commit(new_call("a"), &[]);
    read_until(&mut stream, "\"a/1\"").await;
    stop.cancel();
    timeout(PATIENCE, serving).await.unwrap().unwrap();
    // The body ends as it should: the listener knows that it was not cut off.
    read_until(&mut stream, "0\r\n\r\n").await;
    drop(idle);
}

#[tokio::test]
async fn the_socket_needs_no_token() {
    let bench = Bench::new();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("api.sock");
    let stop = CancellationToken::new();
    let listener = UnixListener::bind(&path).unwrap();
    let serving = tokio::spawn(bench.server.serve_unix(listener, stop.clone()));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /api/v1/me HTTP/1.1\r\nHost: ringwire\r\n\r\n").await.unwrap();
    read_until(&mut stream, "{\"name\":\"local\",\"role\":\"admin\"}").await;
    stop.cancel();
    timeout(PATIENCE, serving).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_not_waited_for() {
    let bench = Bench::new();
    let served = serve(&bench).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").await.unwrap();
    let asked = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    let waited = asked.elapsed().as_secs();
    assert!((19..30).contains(&waited), "{waited} s");
    served.stop.cancel();
    served.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_cut_off() {
    let bench = Bench::new();
    let served = serve(&bench).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    stream.write_all(asking("/events?last_event_id=0").as_bytes()).await.unwrap();
    let large = "x".repeat(100_000);
    for seq in 1..=100 {
        bench.commit(CallEvent { seq, id: format!("a/{seq}"), to: large.clone(), ..new_call("a") }, &[]);
    }
    let open = async || {
        let metrics = bench.get("/metrics", VIEWER).await;
        String::from_utf8_lossy(&metrics.body).contains("\nringwire_api_streams 1\n")
    };
    let asked = Instant::now();
    while !open().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(asked.elapsed() < PATIENCE, "the stream never opened");
    }
    while open().await {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(asked.elapsed() < Duration::from_secs(120), "it is held for ever");
    }
    assert!(asked.elapsed() >= Duration::from_secs(29), "{:?}", asked.elapsed());
    served.stop.cancel();
    served.serving.await.unwrap();
}
