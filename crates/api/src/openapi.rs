//! The OpenAPI document without its routes, and what it says of the role that a route needs.

use ringwire_live::Settled;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{access::Role, cookie, problem::Problem, routes::events};

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
pub(crate) struct Base;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of the configuration: `[api.token.NAME]`"));
        let cookie = ApiKeyValue::with_description(
            cookie::COOKIE,
            "Set by `POST /api/v1/session`, for the daemon's own page",
        );
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Says in `document` that all of its routes need `role`, and what is answered without it.
pub(crate) fn require_role(document: &mut Document, role: Role) {
    let paths = &mut document.paths.paths;
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
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch]
        .into_iter()
        .filter_map(Option::as_mut)
}
