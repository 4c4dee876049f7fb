//! The endpoint on a port.

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

use super::{Answer, Params, Row, ZammadConfig, ZammadState};

/// What the address of every endpoint has before the token.
const PREFIX: &str = "/api/v1/cti/";

/// How long a body may be, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// How many requests are kept for a watcher that is behind.
const BACKLOG: usize = 4096;

/// A request that came to the endpoint, and what it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The parameters sent.
    pub params: Params,
    /// The `Content-Type` of the request.
    pub content_type: Option<String>,
    /// What the request accepts.
    pub accept: Option<String>,
    /// The HTTP status of the reply.
    pub status: u16,
    /// The body of the reply.
    pub body: String,
    /// The name of the agent whose screen is brought up.
    pub screen: Option<String>,
}

/// The endpoint, on a port of the loopback interface until it is dropped.
#[derive(Debug)]
pub struct ZammadServer {
    address: SocketAddr,
    inner: Arc<Inner>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<ZammadState>,
    received: broadcast::Sender<Received>,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, ZammadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ZammadServer {
    /// Starts the endpoint on a free port.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start(config: ZammadConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (received, _) = broadcast::channel(BACKLOG);
        let inner = Arc::new(Inner { state: Mutex::new(ZammadState::new(config)), received });
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            drop(axum::serve(listener, app).with_graceful_shutdown(until).await);
        });
        Ok(Self { address, inner, stop: Some(stop), task: Some(task) })
    }

    /// The address to post to; the token is in it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PREFIX}{}", self.address, self.inner.state().config.token)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests from here on, each as soon as it is answered. Who falls thousands behind loses the oldest.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Received> {
        self.inner.received.subscribe()
    }

    /// The caller log, in the order in which the calls came.
    #[must_use]
    pub fn log(&self) -> Vec<Row> {
        self.inner.state().rows().to_vec()
    }

    /// Changes the settings, as an administrator would while calls go on.
    pub fn configure(&self, change: impl FnOnce(&mut ZammadConfig)) {
        change(&mut self.inner.state().config);
    }

    /// Takes no more connections, finishes the requests that are being answered, and is gone when this returns.
    pub async fn stop(mut self) {
        self.tell_to_stop();
        if let Some(task) = self.task.take() {
            // It can only have been cancelled along with the runtime.
            let _ = task.await;
        }
    }

    fn tell_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have stopped by itself.
            let _ = stop.send(());
        }
    }
}

impl Drop for ZammadServer {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

async fn take(Shared(inner): Shared<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (accept, content_type) = (header(ACCEPT), header(CONTENT_TYPE));
    let path = head.uri.path();
    let token = path.strip_prefix(PREFIX).filter(|token| !token.is_empty() && !token.contains('/'));
    let Some(token) = token.filter(|_| head.method == Method::POST) else {
        let error = json!({ "error": format!("No route matches [{}] {path}", head.method) });
        return reply(&error_answer(404, error), accept.as_deref()).1;
    };
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let query = Params::from_form(head.uri.query().unwrap_or_default().as_bytes());
    let (params, answer) = match parameters(content_type.as_deref(), &body) {
        Some(params) => {
            let params = params.or(query);
            let answer = inner.state().apply(token, &params, Timestamp::now());
            (params, answer)
        }
        None => {
            let status = if wants_json(accept.as_deref()) { 500 } else { 400 };
            (
                Params::default(),
                error_answer(status, json!({ "error": "Error occurred while parsing request parameters" })),
            )
        }
    };
    let (text, response) = reply(&answer, accept.as_deref());
    let received =
        Received { params, content_type, accept, status: answer.status, body: text, screen: answer.screen };
    // Nobody need watch.
    let _ = inner.received.send(received);
    response
}

fn error_answer(status: u16, body: Value) -> Answer {
    Answer { status, body, raised: true, screen: None }
}

/// The parameters in a body; `None` where it is malformed. Zammad reads JSON and forms, nothing else.
fn parameters(content_type: Option<&str>, body: &[u8]) -> Option<Params> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Params::from_json(body)
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(Params::from_form(body))
    } else {
        Some(Params::default())
    }
}

fn wants_json(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| accept.contains("application/json") || accept.contains("*/*"))
}

/// The body of the reply and the reply: an exception is a page for who does not ask for JSON.
fn reply(answer: &Answer, accept: Option<&str>) -> (String, Response) {
    let json = !answer.raised || wants_json(accept);
    let (kind, text) = if json {
        ("application/json; charset=utf-8", answer.body.to_string())
    } else {
        let error = answer.body.get("error").and_then(Value::as_str).unwrap_or_default();
        let error = error.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let page = format!(
            "<!DOCTYPE html>\n<html><body>\n<h1>{}</h1>\n<p>{error}</p>\n</body></html>\n",
            answer.status
        );
        ("text/html; charset=utf-8", page)
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = (status, [(CONTENT_TYPE, kind)], Body::from(text.clone())).into_response();
    (text, response)
}
