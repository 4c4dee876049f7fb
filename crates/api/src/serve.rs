//! Connections.
//!
//! `axum::serve` limits neither how long a client takes to send a request nor how long it takes to read the answer, so
//! connections are served here, with hyper.

use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::Request, response::Response, serve::Listener};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    task::JoinSet,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::{ListenerKind, PeerAddress, Stop},
    places::{Place, Places},
    router::MAX_BODY,
    server::ApiServer,
};

/// How many connections a listener has at once. Beyond, one whose client is not known is closed for a new one; where all
/// are known, further clients wait.
const CONNECTIONS: usize = 768;

/// How many open files are left to what comes before API clients: PBXs, targets, and the journal with its readers.
const RESERVED_FILES: u64 = 48;

/// How long a client may take to send the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a client may read nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long answers that have started may take when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

impl ApiServer {
    /// Serves the unix socket until `stop`. Then streams end, and answers that have started are finished.
    pub fn serve_unix(
        &self,
        listener: UnixListener,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        serve(listener, |_| None, self.router(ListenerKind::Socket), connection_limit(), stop)
    }

    /// Serves the network until `stop`. Then streams end, and answers that have started are finished.
    pub fn serve_tcp(
        &self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let port = listener.local_addr().map_or(0, |address| address.port());
        serve(
            listener,
            |peer| Some(peer.ip()),
            self.router(ListenerKind::Network { port }),
            connection_limit(),
            stop,
        )
    }
}

/// How many connections each of the two listeners may have in this process.
fn connection_limit() -> usize {
    connections_within(getrlimit(Resource::Nofile).current)
}

/// The same, if the process may have `files` open files; `None` is any number.
fn connections_within(files: Option<u64>) -> usize {
    let Some(files) = files else { return CONNECTIONS };
    let each = files.saturating_sub(RESERVED_FILES) / 2;
    usize::try_from(each).unwrap_or(CONNECTIONS).clamp(1, CONNECTIONS)
}

async fn serve<L: Listener>(
    mut listener: L,
    ip: fn(&L::Addr) -> Option<IpAddr>,
    router: Router,
    limit: usize,
    stop: CancellationToken,
) where
    L::Io: AsyncRead + AsyncWrite,
{
    let mut connections = JoinSet::new();
    let places = Arc::new(Places::default());
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (io, peer) = listener.accept(), if connections.len() < limit || places.has_unknown() => {
                if connections.len() >= limit {
                    places.make_room();
                }
                let (place, peer) = (places.take(), PeerAddress(ip(&peer)));
                connections.spawn(connection(io, (peer, place), router.clone(), stop.clone()));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection. An error concerns only the client, which sees it.
async fn connection<I>(io: I, (peer, place): (PeerAddress, Place), router: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut io = TimeoutStream::new(io);
    io.set_write_timeout(Some(WRITE_TIMEOUT));
    let (stopping, taken) = (Stop(stop.clone()), place.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(stopping.clone());
        request.extensions_mut().insert(taken.clone());
        let mut router = router.clone();
        async move { Ok::<_, Infallible>(call(&mut router, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BODY)
        .serve_connection(TokioIo::new(Box::pin(io)), service);
    let mut served = pin!(served);
    tokio::select! {
        _ = &mut served => return,
        () = place.closed() => return,
        () = stop.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(SHUTDOWN_TIMEOUT, served).await;
}

async fn call(router: &mut Router, request: Request) -> Response {
    use tower::Service as _;
    router.call(request).await.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests {
    use axum::{Extension, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    #[test]
    fn what_comes_before_api_clients_has_its_open_files() {
        for (files, connections) in
            [(None, 768), (Some(65_536), 768), (Some(1024), 488), (Some(64), 8), (Some(48), 1), (Some(0), 1)]
        {
            assert_eq!(connections_within(files), connections, "{files:?}");
        }
    }

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn request(stream: &mut TcpStream, path: &str) -> String {
        let text = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("here") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
            answer.push(char::from(byte));
        }
        answer
    }

    #[tokio::test]
    async fn half_open_requests_cannot_take_all_places() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let known = async |Extension(place): Extension<Place>| {
            place.keep();
            "I am here"
        };
        let router = Router::new().route("/livez", get("it is here")).route("/known", get(known));
        let serving = tokio::spawn(serve(listener, |peer| Some(peer.ip()), router, 4, stop.clone()));
        // One shows who it is, and keeps its place.
        let mut agent = TcpStream::connect(address).await.unwrap();
        request(&mut agent, "/known").await;
        let mut half_open = Vec::new();
        for _ in 0..20 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"POST /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
            half_open.push(stream);
        }
        let mut check = TcpStream::connect(address).await.unwrap();
        assert!(request(&mut check, "/livez").await.starts_with("HTTP/1.1 200"));
        assert!(request(&mut agent, "/livez").await.starts_with("HTTP/1.1 200"));
        let mut ended = Vec::new();
        // It was the oldest, so it gave way.
        let first = half_open.first_mut().unwrap();
        let _ = timeout(PATIENCE, first.read_to_end(&mut ended)).await.unwrap();
        assert!(ended.is_empty());
        stop.cancel();
        timeout(PATIENCE, serving).await.unwrap().unwrap();
    }
}
