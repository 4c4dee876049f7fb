//! Who one is, and signing in and out at the desk.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Counter, Role,
    access::Who,
    asked::Body,
    guard::{COOKIE, Peer},
    origins,
    problem::Problem,
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

pub(super) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(me))
}

pub(super) fn open() -> OpenApiRouter<Counter> {
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
    let fitting = counter.0.keys.fitting();
    if headers.contains_key(header::ORIGIN) && !origins::cookie_counts(&method, &headers, &fitting) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "another page than the desk cannot sign in here"));
    }
    let token = token.expose_secret().trim();
    if let Some(who) = fitting.whose(token.as_bytes()) {
        tracing::info!(name = %who.name, role = who.role.as_str(), "signed in at the desk");
        return cookie(&format!("{COOKIE}={}; Max-Age=31536000", encoded(token)));
    }
    counter.0.limits.failure(peer.and_then(|Extension(peer)| peer.0))?;
    Err(Problem::new(StatusCode::UNAUTHORIZED, "this token is not known")
        .hint("tokens are set in the configuration, as [api.token.NAME]"))
}

/// Sign out: takes the cookie away
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "The cookie is gone")))]
async fn sign_out() -> Result<Response, Problem> {
    cookie(&format!("{COOKIE}=; Max-Age=0"))
}

fn cookie(cookie: &str) -> Result<Response, Problem> {
    // Not `Secure`: the daemon speaks plain HTTP on the loopback interface, and some browsers would not send it.
    let cookie = HeaderValue::from_str(&format!("{cookie}; Path=/; HttpOnly; SameSite=Strict"))
        .map_err(|_| Problem::bad_request("this token cannot be kept in a cookie"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// What cannot stand in a cookie (RFC 6265, section 4.1.1), and the sign that stands in for it.
const UNFIT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// A token as it can stand in a cookie: as it is, if it is made as tokens should be.
fn encoded(token: &str) -> String {
    utf8_percent_encode(token, UNFIT).to_string()
}

/// The token that a cookie carries.
pub(super) fn decoded(cookie: &str) -> Vec<u8> {
    percent_decode_str(cookie).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_token_fits_into_a_cookie_and_back() {
        for (token, cookie) in [
            ("0123456789abcdef", "0123456789abcdef"),
            ("a+b/c==_-.~", "a+b/c==_-.~"),
            ("100%; \u{e4}", "100%25%3B%20%C3%A4"),
            ("", ""),
        ] {
            assert_eq!(encoded(token), cookie);
            assert_eq!(decoded(cookie), token.as_bytes());
        }
    }
}
