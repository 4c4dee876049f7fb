//! Serving: the router as it is seen through each door, and connections.
//!
//! `axum::serve` sets no limit to how long a client takes to say what it wants, or to take what it asked for, so
//! connections are served here, with hyper.

use std::{convert::Infallible, net::IpAddr, pin::pin, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    serve::Listener,
};
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
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{
    Counter, document,
    guard::{self, Peer},
    problem::Problem,
};
use crate::page;

/// How large the body of a request may be, in bytes.
const LARGEST: usize = 64 * 1024;

/// How many connections a door has; whoever comes then waits.
const CONNECTIONS: usize = 768;

/// How long a client may take to say what it wants.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);

/// How long a client may take nothing of what it is sent.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// How long answers that have begun may take when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// By which way one comes to the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The unix socket: whoever may open it may ask for everything.
    Socket,
    /// The network: one needs a token.
    Network,
}

/// Ends when no more is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Stop(pub(super) CancellationToken);

impl Counter {
    /// The routes, as they are seen through `door`.
    pub fn router(&self, door: Door) -> Router {
        let (router, _) = document::routes().split_for_parts();
        let router = router
            .method_not_allowed_fallback(async |method: Method| {
                let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
                Problem::new(status, format!("{method} is not what this is for"))
            })
            .fallback(elsewhere)
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(from_fn_with_state((self.clone(), door), guard::admit))
            .with_state(self.clone());
        let router = match door {
            Door::Socket => router,
            Door::Network => {
                router.layer(self.cors()).layer(from_fn_with_state(self.clone(), guard::own_host))
            }
        };
        router.layer(from_fn(guard::with_headers))
    }

    /// Which pages of other places may ask. They need a token: the cookie is not sent for them.
    fn cors(&self) -> CorsLayer {
        let counter = self.clone();
        let allowed = move |origin: &HeaderValue, _: &Parts| {
            origin.to_str().is_ok_and(|origin| counter.0.keys.fitting().allows(&origin.to_ascii_lowercase()))
        };
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(allowed))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("last-event-id"),
            ])
            .expose_headers([header::RETRY_AFTER])
            .max_age(Duration::from_secs(600))
    }

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

/// What is no route: a file of the page, or nothing.
async fn elsewhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let found = if method.is_safe() { page::file(&uri, &headers) } else { None };
    found.unwrap_or_else(|| {
        Problem::not_found("there is nothing here")
            .hint("GET /api/v1/openapi.json says what there is")
            .into_response()
    })
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
