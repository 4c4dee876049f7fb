//! The integration on a port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use super::call_log::CallLogEntry;
use super::config::ZammadConfig;
use super::params::RequestParams;
use super::state::{ZammadReply, ZammadState};

/// The path of the URL before the token.
const PATH_PREFIX: &str = "/api/v1/cti/";

/// The largest body, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// How many requests are kept for a subscriber that is behind.
const REQUEST_BACKLOG: usize = 4096;

/// A received request, and the reply to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedRequest {
    /// The parameters sent.
    pub params: RequestParams,
    /// The `Content-Type` of the request.
    pub content_type: Option<String>,
    /// The `Accept` of the request.
    pub accept: Option<String>,
    /// The HTTP status of the reply.
    pub status: u16,
    /// The body of the reply.
    pub body: String,
    /// The name of the agent who gets a screen pop.
    pub screen_pop: Option<String>,
}

/// The integration on a port of the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct ZammadServer {
    address: SocketAddr,
    inner: Arc<ServerState>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct ServerState {
    state: Mutex<ZammadState>,
    received: broadcast::Sender<ReceivedRequest>,
}

impl ServerState {
    fn state(&self) -> MutexGuard<'_, ZammadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ZammadServer {
    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start(config: ZammadConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (received, _) = broadcast::channel(REQUEST_BACKLOG);
        let inner = Arc::new(ServerState { state: Mutex::new(ZammadState::new(config)), received });
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new().fallback(handle_request).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            drop(axum::serve(listener, app).with_graceful_shutdown(until).await);
        });
        Ok(Self { address, inner, stop: Some(stop), task: Some(task) })
    }

    /// The URL to post to, with the token.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PATH_PREFIX}{}", self.address, self.inner.state().config.token)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests from now on, each after its reply. A receiver that is thousands behind loses the oldest.
    #[must_use]
    pub fn requests(&self) -> broadcast::Receiver<ReceivedRequest> {
        self.inner.received.subscribe()
    }

    /// The caller log, in the order of the newCall requests.
    #[must_use]
    pub fn call_log(&self) -> Vec<CallLogEntry> {
        self.inner.state().call_log().to_vec()
    }

    /// Changes the settings while the server runs.
    pub fn configure(&self, change: impl FnOnce(&mut ZammadConfig)) {
        change(&mut self.inner.state().config);
    }

    /// Stops accepting connections, finishes open requests, and returns when the server has stopped.
    pub async fn stop(mut self) {
        self.request_stop();
        if let Some(task) = self.task.take() {
            // It fails only if the runtime was stopped.
            let _ = task.await;
        }
    }

    fn request_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails if the server has already stopped.
            let _ = stop.send(());
        }
    }
}

impl Drop for ZammadServer {
    fn drop(&mut self) {
        self.request_stop();
    }
}

async fn handle_request(Shared(inner): Shared<Arc<ServerState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (accept, content_type) = (header(ACCEPT), header(CONTENT_TYPE));
    let path = head.uri.path();
    let token = path.strip_prefix(PATH_PREFIX).filter(|token| !token.is_empty() && !token.contains('/'));
    let Some(token) = token.filter(|_| head.method == Method::POST) else {
        let error = json!({ "error": format!("No route matches [{}] {path}", head.method) });
        return render_reply(&exception_reply(404, error), accept.as_deref()).1;
    };
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let query = RequestParams::from_form(head.uri.query().unwrap_or_default().as_bytes());
    let (params, reply) = match parse_params(content_type.as_deref(), &body) {
        Some(params) => {
            let params = params.with_query(query);
            let reply = inner.state().apply(token, &params, Timestamp::now());
            (params, reply)
        }
        None => {
            let status = if wants_json(accept.as_deref()) { 500 } else { 400 };
            (
                RequestParams::default(),
                exception_reply(
                    status,
                    json!({ "error": "Error occurred while parsing request parameters" }),
                ),
            )
        }
    };
    let (text, response) = render_reply(&reply, accept.as_deref());
    let received = ReceivedRequest {
        params,
        content_type,
        accept,
        status: reply.status,
        body: text,
        screen_pop: reply.screen_pop,
    };
    // It fails if nobody subscribed.
    let _ = inner.received.send(received);
    response
}

fn exception_reply(status: u16, body: Value) -> ZammadReply {
    ZammadReply { status, body, is_exception: true, screen_pop: None }
}

/// Parses the parameters in a body; `None` if it is malformed. Zammad reads only JSON and forms.
fn parse_params(content_type: Option<&str>, body: &[u8]) -> Option<RequestParams> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        RequestParams::from_json(body)
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(RequestParams::from_form(body))
    } else {
        Some(RequestParams::default())
    }
}

fn wants_json(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| accept.contains("application/json") || accept.contains("*/*"))
}

/// The body of the reply, and the response: an exception is an HTML page unless the client accepts JSON.
fn render_reply(reply: &ZammadReply, accept: Option<&str>) -> (String, Response) {
    let is_json = !reply.is_exception || wants_json(accept);
    let (kind, text) = if is_json {
        ("application/json; charset=utf-8", reply.body.to_string())
    } else {
        let error = reply.body.get("error").and_then(Value::as_str).unwrap_or_default();
        let error = error.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let page = format!(
            "<!DOCTYPE html>\n<html><body>\n<h1>{}</h1>\n<p>{error}</p>\n</body></html>\n",
            reply.status
        );
        ("text/html; charset=utf-8", page)
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = (status, [(CONTENT_TYPE, kind)], Body::from(text.clone())).into_response();
    (text, response)
}
