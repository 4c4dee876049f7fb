//! What stands between a request and its route: names, limits, roles, and headers that keep browsers safe.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    access::{Fitting, Role, Who},
    connection::{Door, Peer},
    cookie::{self, COOKIE},
    origins, page,
    problem::Problem,
    server::{Counter, within},
};

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said with everything: nothing is loaded from elsewhere, nothing is guessed, framed, or told on.
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

/// Says what browsers are to know with every answer.
pub(crate) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what was sent to another name than ours.
pub(crate) async fn own_host(State(counter): State<Counter>, request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let host = request.headers().get(header::HOST).map(HeaderValue::to_str);
    let host = host.map(Result::unwrap_or_default).or(authority).unwrap_or_default();
    if origins::is_own_host(host, &counter.fitting()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "this is no name of the place where ringwire answers")
        .hint("ask http://127.0.0.1:PORT, or add the page's origin to api.allow_origins")
        .into_response()
}

/// Finds out who asks, and whether that is not too often.
pub(crate) async fn admit(
    State((counter, door)): State<(Counter, Door)>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    let who = match door {
        Door::Socket => Ok(Some(Who::local())),
        Door::Network => known(&counter, request.method(), request.headers(), peer),
    };
    let (role, answered) = match who {
        Err(problem) => ("none", problem.into_response()),
        Ok(who) => {
            let role = who.as_ref().map_or("none", |who| who.role.as_str());
            // The page is some forty files, which browsers ask for one by one; they cost next to nothing.
            let counts = !(request.method().is_safe() && page::has(request.uri()));
            let admitted = if counts { counter.limits().request(who.as_ref(), peer) } else { Ok(()) };
            match admitted {
                Err(problem) => (role, problem.into_response()),
                Ok(()) => {
                    if let Some(who) = who {
                        request.extensions_mut().insert(who);
                    }
                    (role, answer(next, request).await)
                }
            }
        }
    };
    counter.desk().metrics().request(role, answered.status().as_u16());
    answered
}

async fn answer(next: Next, request: Request) -> Response {
    within(PATIENCE, next.run(request)).await.unwrap_or_else(|| {
        let seconds = PATIENCE.as_secs();
        Problem::no_answer(format!("there was no answer within {seconds} s")).into_response()
    })
}

/// Who shows a token, if anybody does.
///
/// A token that is right is always let in: a program that tries again and again with one that is not cannot lock out
/// others at the same address. Guessing is made hopeless by the length of tokens.
fn known(
    counter: &Counter,
    method: &Method,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> Result<Option<Who>, Problem> {
    let fitting = counter.fitting();
    let Some((shown, by_cookie)) = shown(method, headers, &fitting) else { return Ok(None) };
    if let Some(who) = fitting.whose(&shown) {
        return Ok(Some(who.clone()));
    }
    // The cookie of yesterday is nobody's mistake, and must not keep the page from asking for a new one.
    if by_cookie {
        return Ok(None);
    }
    counter.limits().failure(peer)?;
    tracing::debug!(peer = ?peer, "a token was shown that is none");
    Err(Problem::new(StatusCode::UNAUTHORIZED, "this token is not known")
        .hint("tokens are set in the configuration, as [api.token.NAME]"))
}

/// The token that a request shows, and whether as a cookie.
fn shown(method: &Method, headers: &HeaderMap, fitting: &Fitting) -> Option<(Vec<u8>, bool)> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = authorization.as_bytes().split_at_checked(7)?;
        return scheme.eq_ignore_ascii_case(b"bearer ").then(|| (token.trim_ascii().to_vec(), false));
    }
    let token = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    origins::cookie_counts(method, headers, fitting).then(|| (cookie::decode(token), true))
}

/// Lets those through whose role is enough.
pub(crate) async fn need(State(role): State<Role>, request: Request, next: Next) -> Response {
    let problem = match request.extensions().get::<Who>() {
        Some(who) if who.role >= role => return next.run(request).await,
        Some(who) => Problem::new(
            StatusCode::FORBIDDEN,
            format!("this needs the role {}, and {} has {}", role.as_str(), who.name, who.role.as_str()),
        )
        .hint(format!("use a token with role = \"{}\", or the unix socket", role.as_str())),
        None => Problem::new(StatusCode::UNAUTHORIZED, "this needs a token").hint(format!(
            "send \"Authorization: Bearer TOKEN\" with a token of the role {} or more, or sign in at the desk",
            role.as_str()
        )),
    };
    problem.into_response()
}
