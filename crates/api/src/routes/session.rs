//! Who one is, and signing in and out at the desk.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Role, Who},
    connection::Peer,
    cookie::{self, COOKIE},
    extract::Body,
    origins,
    problem::Problem,
    server::Counter,
};

/// Somebody who was let in.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The name of the token; `local` at the unix socket.
    name: String,
    role: Role,
}

/// What one signs in with.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    #[schema(value_type = String)]
    token: SecretString,
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(me))
}

pub(crate) fn open() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(sign_in, sign_out))
}

/// Who one is
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, description = "Who one is", body = Me)))]
async fn me(Extension(who): Extension<Who>) -> Json<Me> {
    Json(Me { name: who.name.to_string(), role: who.role })
}

/// Sign in: sets the cookie by which the desk is known from then on
///
/// Only the daemon's own page, or a program, may do so.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 204, description = "The cookie is set"), (status = 401, description = "The token is not known")))]
async fn sign_in(
    State(counter): State<Counter>,
    method: Method,
    headers: HeaderMap,
    peer: Option<Extension<Peer>>,
    Body(SignIn { token }): Body<SignIn>,
) -> Result<Response, Problem> {
    let fitting = counter.fitting();
    if headers.contains_key(header::ORIGIN) && !origins::cookie_counts(&method, &headers, &fitting) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "another page than the desk cannot sign in here"));
    }
    let token = token.expose_secret().trim();
    if let Some(who) = fitting.whose(token.as_bytes()) {
        tracing::info!(name = %who.name, role = who.role.as_str(), "signed in at the desk");
        return set_cookie(&format!("{COOKIE}={}; Max-Age=31536000", cookie::encode(token)));
    }
    counter.limits().failure(peer.and_then(|Extension(peer)| peer.0))?;
    Err(Problem::new(StatusCode::UNAUTHORIZED, "this token is not known")
        .hint("tokens are set in the configuration, as [api.token.NAME]"))
}

/// Sign out: takes the cookie away
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "The cookie is gone")))]
async fn sign_out() -> Result<Response, Problem> {
    set_cookie(&format!("{COOKIE}=; Max-Age=0"))
}

fn set_cookie(cookie: &str) -> Result<Response, Problem> {
    // Not `Secure`: the daemon speaks plain HTTP on the loopback interface, and some browsers would not send it.
    let cookie = HeaderValue::from_str(&format!("{cookie}; Path=/; HttpOnly; SameSite=Strict"))
        .map_err(|_| Problem::bad_request("this token cannot be kept in a cookie"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
