//! Connections.
//!
//! `axum::serve` limits neither how long a client takes to send a request nor how long it takes to read the answer, so
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
    connection::{ClientAddress, ListenerKind, Stop},
    router::MAX_BODY,
    server::ApiServer,
};

/// How many connections a listener has at once. Further clients wait.
const CONNECTIONS: usize = 768;

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
        serve(listener, |_| None, self.router(ListenerKind::Socket), stop)
    }

    /// Serves the network until `stop`. Then streams end, and answers that have started are finished.
    pub fn serve_tcp(
        &self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let port = listener.local_addr().map_or(0, |address| address.port());
        serve(listener, |peer| Some(peer.ip()), self.router(ListenerKind::Network { port }), stop)
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
                connections.spawn(connection(io, ClientAddress(ip(&peer)), router.clone(), stop.clone()));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection. An error concerns only the client, which sees it.
async fn connection<I>(io: I, peer: ClientAddress, router: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut io = TimeoutStream::new(io);
    io.set_write_timeout(Some(WRITE_TIMEOUT));
    let stopping = Stop(stop.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(stopping.clone());
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
        () = stop.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(SHUTDOWN_TIMEOUT, served).await;
}

async fn call(router: &mut Router, request: Request) -> Response {
    use tower::Service as _;
    router.call(request).await.unwrap_or_else(|never| match never {})
}
