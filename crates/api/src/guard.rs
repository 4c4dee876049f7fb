//! What every request passes before its route: host names, limits, roles, and headers that protect browsers.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    access::{AccessTable, Principal, Role},
    client_address::client_address,
    connection::{ClientAddress, ListenerKind, PeerAddress},
    cookie::SessionCookie,
    origins, page,
    places::Place,
    problem::Problem,
    routes::{health, session},
    server::{ApiServer, with_timeout},
};

/// How long an answer may take to start.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The headers of every answer: nothing is loaded from elsewhere, guessed, framed or leaked.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

/// Adds the headers that protect browsers.
pub(crate) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses requests that are meant for another server, by their Host or by an absolute URI, that name several hosts, or
/// that want to see themselves (RFC 9110, section 9.3.8: TRACE would show headers to scripts that may not read them).
pub(crate) async fn own_host(
    State((server, listener)): State<(ApiServer, ListenerKind)>,
    request: Request,
    next: Next,
) -> Response {
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        let detail = format!("ringwire does not accept {}", request.method());
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        // Servers differ in which one counts (RFC 9112, section 3.2).
        return Problem::bad_request("the request has several Host headers").into_response();
    }
    let is_own = |host: &str| origins::is_own_host(host, &server.access());
    let named = first.map(|host| host.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let is_ours = match listener {
        // Whoever is there may write any name.
        ListenerKind::Socket => true,
        ListenerKind::Network { .. } => {
            (named.is_some() || authority.is_some()) && named.into_iter().chain(authority).all(is_own)
        }
    };
    if is_ours {
        return next.run(request).await;
    }
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "ringwire does not answer to this host name")
        .hint("use http://127.0.0.1:PORT, or add the origin of the page to api.allow_origins")
        .into_response()
}

/// Finds out who the client is, and limits how often it may ask.
pub(crate) async fn admit(
    State((server, listener)): State<(ApiServer, ListenerKind)>,
    mut request: Request,
    next: Next,
) -> Response {
    let access = server.access();
    let peer = request.extensions().get::<PeerAddress>().and_then(|peer| peer.0);
    let address = peer.map(|peer| client_address(peer, request.headers(), &access));
    request.extensions_mut().insert(ClientAddress(address));
    request.extensions_mut().insert(listener);
    let client = match listener {
        ListenerKind::Socket => Ok(Some(Principal::local())),
        ListenerKind::Network { .. } => known(&server, listener, &request, &access),
    };
    let (role, response) = match client {
        Err(UnknownToken) => ("none", server.refuse_token(address).await.into_response()),
        Ok(client) => {
            let role = client.as_ref().map_or("none", |client| client.role.as_str());
            let admitted = match limited_path(&request) {
                Some(path) => server.limits().request(client.as_ref(), address, path),
                None => Ok(()),
            };
            match admitted {
                Err(problem) => (role, problem.into_response()),
                Ok(()) => {
                    if let Some(client) = client {
                        if let Some(place) = request.extensions().get::<Place>() {
                            place.keep();
                        }
                        request.extensions_mut().insert(client);
                    }
                    (role, answer(next, request).await)
                }
            }
        }
    };
    server.live().metrics().count_request(role, response.status().as_u16());
    response
}

/// The path of a request whose number is limited.
///
/// The files of the page, which browsers request one by one, and health checks cost no more than a refusal; signing in is
/// limited by the unknown tokens.
fn limited_path(request: &Request) -> Option<&str> {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let is_page = request.method().is_safe() && page::has(request.uri());
    let is_open = is_page || matches!(path, health::LIVEZ | health::READYZ | session::SIGN_IN);
    (!is_open).then_some(path)
}

async fn answer(next: Next, request: Request) -> Response {
    with_timeout(TIMEOUT, next.run(request)).await.unwrap_or_else(|| {
        let seconds = TIMEOUT.as_secs();
        Problem::no_answer(format!("no answer within {seconds} s")).into_response()
    })
}

/// A request has a token that nobody knows.
struct UnknownToken;

/// The client, if the request has a token or a session.
fn known(
    server: &ApiServer,
    listener: ListenerKind,
    request: &Request,
    access: &AccessTable,
) -> Result<Option<Principal>, UnknownToken> {
    let headers = request.headers();
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        // An old cookie is nobody's mistake, and must not keep the page from signing in again.
        let counts = origins::cookie_counts(request.method(), headers, access);
        return Ok(counts.then(|| signed_in(server, listener, headers, access)).flatten());
    };
    let Some(token) = bearer(authorization.as_bytes()) else { return Ok(None) };
    access.find(token).cloned().map(Some).ok_or(UnknownToken)
}

/// The client whose session the cookie names.
fn signed_in(
    server: &ApiServer,
    listener: ListenerKind,
    headers: &HeaderMap,
    access: &AccessTable,
) -> Option<Principal> {
    let now = server.now();
    SessionCookie::of(listener).read(headers).find_map(|secret| server.sessions().find(secret, access, now))
}

/// The token of the header `Authorization`.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = authorization.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Refuses clients whose role is not `role` or a greater one.
pub(crate) async fn require(State(role): State<Role>, request: Request, next: Next) -> Response {
    let problem = match request.extensions().get::<Principal>() {
        Some(client) if client.role >= role => return next.run(request).await,
        Some(client) => Problem::new(
            StatusCode::FORBIDDEN,
            format!("the role {} is needed; {} has {}", role.as_str(), client.name, client.role.as_str()),
        )
        .hint(format!("use a token with role = \"{}\", or the unix socket", role.as_str())),
        None => Problem::new(StatusCode::UNAUTHORIZED, "a token is needed").hint(format!(
            "send \"Authorization: Bearer TOKEN\" with a token of the role {} or more, or sign in at the desk",
            role.as_str()
        )),
    };
    problem.into_response()
}
