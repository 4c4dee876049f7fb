//! Who the client is, and signing in and out at the desk.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use ringwire_live::ApiEvent;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Principal, Role},
    connection::ClientAddress,
    cookie::{self, COOKIE},
    extract::JsonBody,
    origins,
    problem::Problem,
    server::ApiServer,
};

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

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(me))
}

pub(crate) fn open() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(sign_in, sign_out))
}

/// Who the client is
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, description = "The client", body = ClientInfo)))]
async fn me(Extension(client): Extension<Principal>) -> Json<ClientInfo> {
    Json(ClientInfo { name: client.name.to_string(), role: client.role })
}

/// Sign in: sets the cookie that the desk uses from then on
///
/// Only the daemon's own page, or a program, may do so.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 204, description = "The cookie is set"), (status = 401, description = "The token is not known")))]
async fn sign_in(
    State(server): State<ApiServer>,
    method: Method,
    headers: HeaderMap,
    peer: Option<Extension<ClientAddress>>,
    JsonBody(SignIn { token }): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let access = server.access();
    if headers.contains_key(header::ORIGIN) && !origins::cookie_counts(&method, &headers, &access) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "only the desk can sign in here"));
    }
    let token = token.expose_secret().trim();
    if let Some(client) = access.find(token.as_bytes()) {
        server.emitter().emit(ApiEvent::SignedIn { name: &client.name, role: client.role.as_str() });
        return set_cookie(&format!("{COOKIE}={}; Max-Age=31536000", cookie::encode(token)));
    }
    server.limits().failure(peer.and_then(|Extension(peer)| peer.0))?;
    Err(Problem::new(StatusCode::UNAUTHORIZED, "this token is unknown")
        .hint("tokens are set in the configuration, as [api.token.NAME]"))
}

/// Sign out: removes the cookie
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "The cookie is removed")))]
async fn sign_out() -> Result<Response, Problem> {
    set_cookie(&format!("{COOKIE}=; Max-Age=0"))
}

fn set_cookie(cookie: &str) -> Result<Response, Problem> {
    // Not `Secure`: the daemon speaks plain HTTP on the loopback interface, and some browsers would not send it.
    let cookie = HeaderValue::from_str(&format!("{cookie}; Path=/; HttpOnly; SameSite=Strict"))
        .map_err(|_| Problem::bad_request("this token cannot be kept in a cookie"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
