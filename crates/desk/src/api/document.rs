//! The OpenAPI document, and the routes it is made with.

use std::sync::LazyLock;

use axum::{http::header, middleware::from_fn_with_state, response::IntoResponse};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Counter, Role, calls, channels, charts, deliveries, events, guard, health, live, parts, problem::Problem,
    session,
};
use crate::Settled;

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "ringwire",
        description = "What is going on at the PBX, what was, and what became of it.\n\n\
            Over the unix socket everything may be asked for. Over the network a token is needed, and each route says \
            which role: a viewer sees what is going on now, an agent also what was, an admin also what endpoints \
            replied, and may give orders. Each role may what the one before may.\n\n\
            Times are RFC 3339 in UTC. Whatever goes wrong is told as `application/problem+json`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "now", description = "What is going on"),
        (name = "history", description = "What was"),
        (name = "deliveries", description = "What is owed to endpoints"),
        (name = "health", description = "How the daemon and its parts do"),
        (name = "session", description = "Who one is"),
    ),
    components(schemas(Settled, events::Hello, Problem)),
    modifiers(&Schemes)
)]
struct Base;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of the configuration: `[api.token.NAME]`"));
        let cookie = ApiKeyValue::with_description(
            guard::COOKIE,
            "Set by `POST /api/v1/session`, for the daemon's own page",
        );
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// All routes but those of the page, each behind what it needs.
pub(super) fn routes() -> OpenApiRouter<Counter> {
    let open = health::open().merge(session::open()).routes(routes!(document));
    let viewer = live::viewer()
        .merge(channels::viewer())
        .merge(parts::viewer())
        .merge(charts::viewer())
        .merge(events::viewer())
        .merge(health::viewer())
        .merge(session::viewer());
    let agent = calls::agent().merge(deliveries::agent());
    let admin = deliveries::admin().merge(parts::admin());
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(open)
        .merge(behind(Role::Viewer, viewer))
        .merge(behind(Role::Agent, agent))
        .merge(behind(Role::Admin, admin))
}

/// Lets only those in whose role is enough, and says so in the document.
fn behind(role: Role, routes: OpenApiRouter<Counter>) -> OpenApiRouter<Counter> {
    let mut routes = routes.route_layer(from_fn_with_state(role, guard::need));
    let paths = &mut routes.get_openapi_mut().paths.paths;
    for operation in paths.values_mut().flat_map(operations) {
        // Since OpenAPI 3.1 the roles that are needed may stand where scopes do for OAuth.
        let needs = |scheme: &str| SecurityRequirement::new(scheme, [role.as_str()]);
        operation.security = Some(vec![needs("token"), needs("cookie")]);
        let problem = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build()
        };
        let answers = &mut operation.responses.responses;
        answers.insert("401".to_owned(), problem("A token is needed, or this one is not known").into());
        answers.insert("403".to_owned(), problem(&format!("The role {} is needed", role.as_str())).into());
        answers.insert("429".to_owned(), problem("These are too many requests").into());
    }
    routes
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch]
        .into_iter()
        .filter_map(Option::as_mut)
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
