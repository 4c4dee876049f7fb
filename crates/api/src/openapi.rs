//! The OpenAPI document without its routes, and what it says of the role that a route needs.

use ringwire_event::AgentEvent;
use ringwire_live::DeliveryProgress;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{access::Role, problem::Problem, routes::events};

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "ringwire",
        description = "The calls of the PBX, now and in the past, and their deliveries to targets.\n\n\
            Clients of the unix socket have the role admin. Over the network a token is needed, and each route says \
            which role: a viewer sees what is going on now; an agent also sees the past; an admin also sees what \
            targets replied, and gives commands.\n\n\
            Times are RFC 3339 in UTC. Errors are `application/problem+json`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "now", description = "What is going on now"),
        (name = "history", description = "The past"),
        (name = "deliveries", description = "Deliveries to targets"),
        (name = "health", description = "The state of the daemon and its components"),
        (name = "session", description = "Who the client is"),
    ),
    components(schemas(AgentEvent, DeliveryProgress, events::StreamHello, Problem)),
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
            "ringwire-PORT",
            "Set by `POST /api/v1/session`, for the daemon's own page; over https it is `__Host-ringwire-PORT`",
        );
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Documents that all routes of `document` need `role`, and what is answered without it.
pub(crate) fn require_role(document: &mut Document, role: Role) {
    let paths = &mut document.paths.paths;
    for operation in paths.values_mut().flat_map(operations) {
        // Since OpenAPI 3.1 the needed roles may be where OAuth has scopes.
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
        answers.insert("401".to_owned(), problem("A token is needed, or this one is unknown").into());
        answers.insert("403".to_owned(), problem(&format!("The role {} is needed", role.as_str())).into());
        answers.insert("429".to_owned(), problem("Too many requests").into());
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch]
        .into_iter()
        .filter_map(Option::as_mut)
}
