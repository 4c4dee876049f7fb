//! Explains what a target is sent, by its dialect.

use ringwire_dialects::{AgentKey, AuthScheme, BodyFormat, ToField, ZammadOptions};

use super::paragraph::{Paragraph, list};
use crate::resolved::{Target, TemplateOptions};

/// What Zammad is sent.
pub(super) fn zammad(text: Paragraph, options: &ZammadOptions) -> Paragraph {
    let format = match options.format {
        BodyFormat::Json => "JSON",
        BodyFormat::Form => "form data",
    };
    let to = match options.to {
        ToField::Dialled => "the dialled number",
        ToField::Queue => "the queue of the call, or else the dialled number",
    };
    let queue = if options.send_queue { "" } else { "; \"queue\" is not sent" };
    let agent = match options.find_agent_by {
        AgentKey::Extension => "extension, which must be the agent's Phone field",
        AgentKey::Number => "number in the list of users, or else by the extension",
        AgentKey::Login => "login in the list of users, or else by the extension",
    };
    let filtered = match (options.to, options.send_queue) {
        (ToField::Dialled, true) => {
            "With a caller log filter, calls in a queue notify agents by the dialled number and are listed by the queue's \
             name; other calls do both by the number."
        }
        (ToField::Dialled, false) => {
            "With a caller log filter, calls notify agents and are listed by the dialled number, also those in a queue."
        }
        (ToField::Queue, _) => {
            "With a caller log filter, calls in a queue notify agents and are listed by the queue's name; other calls do \
             both by the dialled number."
        }
    };
    let mut text = text
        .line(format!("Posts newCall, answer and hangup as {format}; \"to\" is {to}{queue}."))
        .line(format!("Zammad finds the agent who answers by the {agent}."))
        .line(filtered);
    if !options.trunks.is_empty() {
        text = text.line(format!("External calls are sent only for trunk {}.", list(&options.trunks, "or")));
    }
    if !options.dids.is_empty() {
        text = text.line(format!("Inbound calls are sent only for number {}.", list(&options.dids, "or")));
    }
    text.line(if options.internal {
        "Internal calls are sent as inbound calls."
    } else {
        "Internal calls are not sent."
    })
}

/// What a system is sent that a file describes.
pub(super) fn template(text: Paragraph, target: &Target, options: &TemplateOptions) -> Paragraph {
    let mut text = match &options.file {
        Some(file) => text.line(format!("The dialect is described by {}.", file.display())),
        None => text,
    };
    let shown = |(name, value): &(String, Option<String>)| match value {
        Some(value) => format!("{name} = {value:?}"),
        None => format!("{name} (secret)"),
    };
    let settings: Vec<_> = options.settings.iter().map(shown).collect();
    if !settings.is_empty() {
        text = text.line(format!("Settings: {}.", settings.join(", ")));
    }
    let dialect = &target.dialect;
    if let Some(auth) = dialect.auth() {
        text = text.line(format!("Authenticates with {}, as the dialect says.", describe_auth(auth)));
    }
    if let Some(rate) = dialect.rate() {
        text = text.line(format!(
            "Sends at most {} requests a second, and {} at once after a pause.",
            rate.per_second, rate.burst
        ));
    }
    if dialect.user_list().is_some() {
        text = text.line("Reads the ids of users from the target, and again every 15 minutes.");
    }
    if dialect.needs_memory() {
        text = text.line("Keeps what replies say of a call with the call, in the journal.");
    }
    text
}

fn describe_auth(auth: &AuthScheme) -> String {
    match auth {
        AuthScheme::Basic { user, .. } => format!("the password of user {user:?}"),
        AuthScheme::Bearer { .. } => "a bearer token".to_owned(),
        AuthScheme::Header { name, .. } => format!("a secret in the header {name}"),
        AuthScheme::Query { name, .. } => format!("a secret in the query parameter {name}"),
        AuthScheme::OAuth2 { .. } => "access tokens of OAuth 2, renewed with a refresh token".to_owned(),
        AuthScheme::Hmac { header, .. } => format!("a signature in the header {header}"),
        AuthScheme::StandardWebhooks { .. } => "signatures (Standard Webhooks)".to_owned(),
    }
}
