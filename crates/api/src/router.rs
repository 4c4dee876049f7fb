//! The router as it is seen through each door, and the OpenAPI document that is made with it.
//!
//! What role a route needs is decided here, in one place, for both.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::Role,
    connection::Door,
    guard,
    openapi::{self, Base},
    page,
    problem::Problem,
    routes::{calls, channels, charts, components, deliveries, events, health, live, session},
    server::Counter,
};

/// How large the body of a request may be, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024;

impl Counter {
    /// The routes, as they are seen through `door`.
    pub fn router(&self, door: Door) -> Router {
        let (router, _) = routes().split_for_parts();
        let router = router
            .method_not_allowed_fallback(async |method: Method| {
                let status = StatusCode::METHOD_NOT_ALLOWED;
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
            origin.to_str().is_ok_and(|origin| counter.fitting().allows(&origin.to_ascii_lowercase()))
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
}

/// All routes but those of the page, each behind what it needs.
fn routes() -> OpenApiRouter<Counter> {
    let open = health::open().merge(session::open()).routes(routes!(document));
    let viewer = live::viewer()
        .merge(channels::viewer())
        .merge(components::viewer())
        .merge(charts::viewer())
        .merge(events::viewer())
        .merge(health::viewer())
        .merge(session::viewer());
    let agent = calls::agent().merge(deliveries::agent());
    let admin = deliveries::admin().merge(components::admin());
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(open)
        .merge(behind(Role::Viewer, viewer))
        .merge(behind(Role::Agent, agent))
        .merge(behind(Role::Admin, admin))
}

/// Lets only those in whose role is enough, and says so in the document.
fn behind(role: Role, routes: OpenApiRouter<Counter>) -> OpenApiRouter<Counter> {
    let mut routes = routes.route_layer(from_fn_with_state(role, guard::need));
    openapi::require_role(routes.get_openapi_mut(), role);
    routes
}

/// This document
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "session", responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
async fn document() -> impl IntoResponse {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let document = routes().into_openapi();
        // It is made of plain data, so it can be written.
        Bytes::from(serde_json::to_vec(&document).unwrap_or_default())
    });
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
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
