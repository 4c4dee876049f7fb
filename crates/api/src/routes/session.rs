//! Who the client is, and signing in and out at the desk.

use axum::{
    Extension, Json,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use ringwire_live::ApiEvent;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Principal, Role},
    connection::{ClientAddress, ListenerKind},
    cookie::SessionCookie,
    extract::JsonBody,
    origins,
    problem::Problem,
    server::ApiServer,
    sessions::SessionInfo,
};

/// The path of signing in and out.
pub(crate) const SIGN_IN: &str = "/api/v1/session";

/// The greatest size of a token that is sent to sign in, in bytes.
const MAX_SIGN_IN: usize = 4 * 1024;

/// The client.
#[derive(Serialize, ToSchema)]
struct ClientInfo {
    /// The name of the token; `local` at the unix socket.
    name: String,
    role: Role,
}

/// The token to sign in with.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    #[schema(value_type = String)]
    token: SecretString,
}

/// How many sessions have ended.
#[derive(Serialize, ToSchema)]
struct EndedSessions {
    ended: usize,
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(me))
}

pub(crate) fn admin() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(list, revoke))
}

pub(crate) fn open() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(sign_in, sign_out)).layer(DefaultBodyLimit::max(MAX_SIGN_IN))
}

/// Who the client is
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, description = "The client", body = ClientInfo)))]
async fn me(Extension(client): Extension<Principal>) -> Json<ClientInfo> {
    Json(ClientInfo { name: client.name.to_string(), role: client.role })
}

/// Sign in: starts a session, and sets the cookie that the desk uses from then on
///
/// Only the daemon's own page, or a program, may do so. The session ends after 30 days, with its token, by signing out, or
/// when an admin ends all.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 204, description = "The cookie is set"), (status = 401, description = "The token is not known")))]
async fn sign_in(
    State(server): State<ApiServer>,
    Extension(listener): Extension<ListenerKind>,
    method: Method,
    headers: HeaderMap,
    Extension(address): Extension<ClientAddress>,
    JsonBody(SignIn { token }): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let access = server.access();
    let origin = headers.get(header::ORIGIN);
    if origin.is_some() && !origins::cookie_counts(&method, &headers, &access) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "only the desk can sign in here"));
    }
    let token = token.expose_secret().trim().as_bytes();
    let Some(client) = access.find(token) else {
        return Err(server.refuse_token(address.0).await);
    };
    let (sessions, cookie) = (server.sessions(), SessionCookie::of(listener));
    let secret = sessions
        .start(client, token, server.now())
        .map_err(|error| Problem::no_answer(format!("no session can be started: {error}")))?;
    // The session that it replaces is of no use to its owner any more.
    cookie.read(&headers).for_each(|old| _ = sessions.end(old));
    server.save_sessions().await;
    server.emitter().emit(ApiEvent::SignedIn { name: &client.name, role: client.role.as_str() });
    let is_https = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    Ok((StatusCode::NO_CONTENT, cookie.set(&secret, is_https)).into_response())
}

/// Sign out: ends the session, and removes the cookie
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "The session has ended")))]
async fn sign_out(
    State(server): State<ApiServer>,
    Extension(listener): Extension<ListenerKind>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let cookie = SessionCookie::of(listener);
    if origins::cookie_counts(&method, &headers, &server.access()) {
        let ended = cookie.read(&headers).filter(|secret| server.sessions().end(secret)).count();
        if ended > 0 {
            server.save_sessions().await;
        }
    }
    (StatusCode::NO_CONTENT, cookie.remove()).into_response()
}

/// Who has signed in at the desk
#[utoipa::path(get, path = "/api/v1/sessions", tag = "session",
    responses((status = 200, description = "The sessions, the oldest first", body = Vec<SessionInfo>)))]
async fn list(State(server): State<ApiServer>) -> Json<Vec<SessionInfo>> {
    Json(server.sessions().list(&server.access(), server.now()))
}

/// Sign everybody out: ends all sessions at the desk
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "session",
    responses((status = 200, description = "They have ended", body = EndedSessions)))]
async fn revoke(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
) -> Json<EndedSessions> {
    let ended = server.sessions().end_all();
    server.save_sessions().await;
    server.emitter().emit(ApiEvent::SessionsRevoked { name: &client.name, ended });
    Json(EndedSessions { ended })
}
