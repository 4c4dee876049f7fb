//! The router of each listener, and the OpenAPI document that is made with it.
//!
//! What role a route needs is decided here, in one place, for both.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::Role,
    connection::ListenerKind,
    guard,
    openapi::{self, Base},
    page,
    problem::Problem,
    routes::{calls, channels, charts, components, deliveries, events, health, live, session},
    server::ApiServer,
};

/// The routes and the document that describes them. Making them takes a while, and they are the same for each listener.
static ROUTES: LazyLock<(Router<ApiServer>, Bytes)> = LazyLock::new(|| {
    let (router, document) = routes().split_for_parts();
    // It is made of plain data, so it can be written.
    (router, Bytes::from(serde_json::to_vec(&document).unwrap_or_default()))
});

/// The greatest size of a body, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

impl ApiServer {
    /// The routes as clients of `listener` see them.
    pub fn router(&self, listener: ListenerKind) -> Router {
        let (router, _) = &*ROUTES;
        let router = router
            .clone()
            .method_not_allowed_fallback(async |method: Method| {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                Problem::new(status, format!("this does not accept {method}"))
            })
            .fallback(page_or_nothing)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(from_fn_with_state((self.clone(), listener), guard::admit))
            .with_state(self.clone());
        let router = match listener {
            ListenerKind::Socket => router,
            ListenerKind::Network { .. } => router.layer(self.cors()),
        };
        router
            .layer(from_fn_with_state((self.clone(), listener), guard::own_host))
            .layer(from_fn(guard::with_headers))
    }

    /// Which other web pages may call the API. They need a token: browsers do not send them the cookie.
    fn cors(&self) -> CorsLayer {
        let server = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                origin.to_str().is_ok_and(|origin| server.access().allows(&origin.to_ascii_lowercase()))
            }))
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

/// All routes but those of the page, each with the role that it needs.
fn routes() -> OpenApiRouter<ApiServer> {
    let open = health::open().merge(session::open()).routes(routes!(document));
    let viewer = live::viewer()
        .merge(channels::viewer())
        .merge(components::viewer())
        .merge(charts::viewer())
        .merge(events::viewer())
        .merge(health::viewer())
        .merge(session::viewer());
    let agent = calls::agent().merge(deliveries::agent());
    let admin = deliveries::admin().merge(components::admin()).merge(session::admin());
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(open)
        .merge(requires(Role::Viewer, viewer))
        .merge(requires(Role::Agent, agent))
        .merge(requires(Role::Admin, admin))
}

/// Requires `role` for `routes`, and documents that.
fn requires(role: Role, routes: OpenApiRouter<ApiServer>) -> OpenApiRouter<ApiServer> {
    let mut routes = routes.route_layer(from_fn_with_state(role, guard::require));
    openapi::require_role(routes.get_openapi_mut(), role);
    routes
}

/// This document
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "session", responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
async fn document() -> impl IntoResponse {
    let (_, document) = &*ROUTES;
    ([(header::CONTENT_TYPE, "application/json")], document.clone())
}

/// A file of the page, or nothing.
async fn page_or_nothing(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let found = if method.is_safe() { page::file(&uri, &headers) } else { None };
    found.unwrap_or_else(|| {
        Problem::not_found("there is nothing at this path")
            .hint("GET /api/v1/openapi.json lists all paths")
            .into_response()
    })
}
