//! Serving: the router as it is seen through each door, and connections.
//!
//! `axum::serve` sets no limit to how long a client takes to say what it wants, or to take what it asked for, so
//! connections are served here, with hyper.

use std::{convert::Infallible, net::IpAddr, pin::pin, time::Duration};

use axum::{Router, extract::Request, response::Response, serve::Listener};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    task::JoinSet,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::{Door, Peer, Stop},
    router::LARGEST,
    server::Counter,
};

/// How many connections a door has; whoever comes then waits.
const CONNECTIONS: usize = 768;

/// How long a client may take to say what it wants.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);

/// How long a client may take nothing of what it is sent.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// How long answers that have begun may take when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Counter {
    /// Serves those who come to the unix socket until `stop`; then streams end, and answers that have begun are finished.
    pub fn serve_unix(
        &self,
        listener: UnixListener,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        serve(listener, |_| None, self.router(Door::Socket), stop)
    }

    /// Serves those who come over the network until `stop`; then streams end, and answers that have begun are finished.
    pub fn serve_tcp(
        &self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        serve(listener, |peer| Some(peer.ip()), self.router(Door::Network), stop)
    }
}

async fn serve<L: Listener>(
    mut listener: L,
    ip: fn(&L::Addr) -> Option<IpAddr>,
    router: Router,
    stop: CancellationToken,
) where
    L::Io: AsyncRead + AsyncWrite,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (io, peer) = listener.accept(), if connections.len() < CONNECTIONS => {
                connections.spawn(connection(io, Peer(ip(&peer)), router.clone(), stop.clone()));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection. That it ends badly is the client's affair.
async fn connection<I>(io: I, peer: Peer, router: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut io = TimeoutStream::new(io);
    io.set_write_timeout(Some(TAKEN_WITHIN));
    let ending = Stop(stop.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(ending.clone());
        let mut router = router.clone();
        async move { Ok::<_, Infallible>(call(&mut router, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(LARGEST)
        .serve_connection(TokioIo::new(Box::pin(io)), service);
    let mut served = pin!(served);
    tokio::select! {
        _ = &mut served => return,
        () = stop.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(LAST_WORDS, served).await;
}

async fn call(router: &mut Router, request: Request) -> Response {
    use tower::Service as _;
    router.call(request).await.unwrap_or_else(|never| match never {})
}
