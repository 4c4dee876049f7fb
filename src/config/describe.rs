//! What a configuration means, in words.

use std::fmt::Write as _;

use ringwire_ami::{Method, Tls, Trust};
use ringwire_cti::{Format, To, ZammadOptions};
use ringwire_event::Direction;

use super::{Authorization, Config, Credentials, Endpoint, Options, Pbx};
use crate::routes::{OneOf, Route, Routes};

/// What `config` means, for the person who wrote it: a paragraph for each PBX and endpoint, the routes, and what
/// should be looked at. No secret is in it.
pub(crate) fn describe(config: &Config) -> String {
    let mut paragraphs: Vec<_> = config.pbxs.iter().map(pbx).collect();
    paragraphs.extend(config.endpoints.iter().map(endpoint));
    if !config.endpoints.is_empty() {
        paragraphs.push(routes(&config.routes));
    }
    paragraphs.push(Paragraph::new("Log").say(format!(
        "{} and above, as {}.",
        config.log.level.as_str(),
        config.log.format.as_str()
    )));
    if !config.warnings.is_empty() {
        let paragraph = Paragraph::new("Worth a look");
        paragraphs.push(
            config.warnings.iter().fold(paragraph, |paragraph, warning| paragraph.say(warning.to_string())),
        );
    }
    paragraphs.iter().map(|paragraph| paragraph.0.as_str()).collect::<Vec<_>>().join("\n")
}

fn trusted(tls: &Tls) -> String {
    let by = match &tls.trust {
        Trust::System => "an authority of this system vouches for".to_owned(),
        Trust::CaFile(file) => format!("an authority in {} vouches for", file.display()),
        Trust::Pinned(fingerprint) => return format!("over TLS, if its certificate is {fingerprint},"),
    };
    match &tls.server_name {
        Some(name) => format!("over TLS, if {by} its being {name:?},"),
        None => format!("over TLS, if {by} it,"),
    }
}

fn pbx(pbx: &Pbx) -> Paragraph {
    let written = &pbx.written;
    let mut text = Paragraph::new(&format!("PBX {}", pbx.name));
    text = match &pbx.login {
        Some(login) => {
            let how = match login.method {
                Method::Md5 => "by MD5 challenge",
                Method::Plain => "with the secret in plain",
            };
            text.say(format!(
                "Connects to {} {} as {:?}, {how}.",
                authority(&pbx.host, pbx.port),
                pbx.tls.as_ref().map_or_else(|| "without TLS".to_owned(), trusted),
                login.username
            ))
            .say(format!(
                "Asks for events of the classes {}.",
                list(&login.events.split(',').collect::<Vec<_>>(), "and")
            ))
        }
        None => text.say("Is not connected to."),
    };
    text = match (written.inbound_contexts.as_slice(), written.trunks.as_slice()) {
        ([], []) => text.say("No call counts as coming from outside."),
        (contexts, []) => {
            text.say(format!("A call comes from outside if it begins in context {}.", list(contexts, "or")))
        }
        ([], trunks) => {
            text.say(format!("A call comes from outside if it begins on trunk {}.", list(trunks, "or")))
        }
        (contexts, trunks) => text
            .say(format!("A call comes from outside if it begins in context {},", list(contexts, "or")))
            .say(format!("or on trunk {}.", list(trunks, "or"))),
    };
    text = text.say(match &written.country {
        Some(country) => format!("Numbers are written as in {country} and told as E.164 digits."),
        None => {
            "No country is set, so national numbers are told as they are: set country to have E.164 digits."
                .to_owned()
        }
    });
    if !written.strip.is_empty() {
        text = text
            .say(format!("Before outside numbers, {} is dialled to get a line.", list(&written.strip, "or")));
    }
    text = text.say(match pbx.rules.directory.len() {
        0 => "No users are named: each phone goes by the name and the number it has in Asterisk.".to_owned(),
        1 => "1 user is named.".to_owned(),
        users => format!("{users} users are named."),
    });
    let gather = pbx.rules.gather.as_millis();
    text = text.say(format!("A round of ringing is collected for {gather} ms before a call is announced."));
    if pbx.rules.prefix_ids {
        text = text.say(format!("The ids of its calls begin with {}-.", pbx.name));
    }
    text
}

fn endpoint(endpoint: &Endpoint) -> Paragraph {
    let text = Paragraph::new(&format!("Endpoint {}", endpoint.name));
    let text = text.say(match &endpoint.address {
        Some(address) => {
            format!(
                "Speaks {} to {}; the rest of the URL is a secret.",
                endpoint.dialect.name(),
                address.origin
            )
        }
        None => format!("Speaks {}; no URL is set, so nothing is sent.", endpoint.dialect.name()),
    });
    let text = match &endpoint.options {
        Options::Zammad(options) => zammad(text, options),
    };
    let text = security(text, endpoint);
    let text = match endpoint.authorities.len() {
        0 => text,
        1 => text.say("Trusts 1 certificate beside those of the system."),
        several => text.say(format!("Trusts {several} certificates beside those of the system.")),
    };
    text.say(format!(
        "Gives up a connection after {:?} and a request after {:?}; at most {} at once.",
        endpoint.connect_timeout, endpoint.timeout, endpoint.concurrency
    ))
}

/// How the endpoint knows who sends, and what is sent where. The secrets themselves are not told.
fn security(mut text: Paragraph, endpoint: &Endpoint) -> Paragraph {
    let Credentials { authorization, header, headers, certificate, signing } = &endpoint.credentials;
    let proofs = [
        authorization.as_ref().map(|authorization| match authorization {
            Authorization::Bearer(_) => "a bearer token".to_owned(),
            Authorization::Basic { user, .. } => format!("the password of user {user:?}"),
        }),
        header.as_ref().map(|(name, _)| format!("a secret in the header {name}")),
        certificate.as_ref().map(|_| "a client certificate".to_owned()),
    ];
    let proofs: Vec<_> = proofs.into_iter().flatten().collect();
    if !proofs.is_empty() {
        text = text.say(format!("Proves itself by {}.", list(&proofs, "and")));
    }
    text = match signing.len() {
        0 => text,
        1 => text.say("Signs what it sends by Standard Webhooks."),
        _ => text.say("Signs what it sends by Standard Webhooks, with the previous secret too."),
    };
    if !headers.is_empty() {
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        text = text.say(format!("Sends along {}.", list(&headers, "and")));
    }
    if endpoint.https_only {
        text = text.say("Sends nothing but over https.");
    }
    let allowed: Vec<_> = endpoint.reach.allowed().collect();
    if !allowed.is_empty() {
        text =
            text.say(format!("May be sent to {}, whatever kind of address that is.", list(&allowed, "and")));
    }
    text
}

fn zammad(text: Paragraph, options: &ZammadOptions) -> Paragraph {
    let format = match options.format {
        Format::Json => "JSON objects",
        Format::Form => "forms",
    };
    let to = match options.to {
        To::Dialled => "the number that was dialled",
        To::Queue => "the queue of the call, or else the number that was dialled",
    };
    let mut text = text.say(format!("Posts newCall, answer and hangup as {format}; \"to\" is {to}."));
    if !options.trunks.is_empty() {
        text = text.say(format!("Hears of outside calls on trunk {} only.", list(&options.trunks, "or")));
    }
    if !options.dids.is_empty() {
        text = text.say(format!("Hears of inbound calls to {} only.", list(&options.dids, "or")));
    }
    text.say(if options.internal {
        "Hears of internal calls too, as inbound."
    } else {
        "Does not hear of internal calls."
    })
}

fn routes(routes: &Routes) -> Paragraph {
    let mut text = Paragraph::new("Routes");
    for route in routes.routes() {
        let endpoints: Vec<_> = route.endpoints.iter().filter_map(|&index| routes.endpoint(index)).collect();
        text = text.say(format!("{} to {}.", conditions(route), list(&endpoints, "and")));
    }
    let unrouted: Vec<_> = routes.unrouted().collect();
    if unrouted.is_empty() {
        text
    } else {
        text.say(format!("Every call goes to {}.", list(&unrouted, "and")))
    }
}

fn conditions(route: &Route) -> String {
    let mut said = String::from(match route.direction.as_deref() {
        Some([Direction::In]) => "Inbound calls",
        Some([Direction::Out]) => "Outbound calls",
        Some([Direction::Internal]) => "Internal calls",
        _ => "Calls",
    });
    if let Some([first, second, ..]) = route.direction.as_deref() {
        let _ = write!(said, " with direction {} or {}", first.as_str(), second.as_str());
    }
    let conditions: [(&str, Option<&OneOf>); 6] = [
        ("of PBX", route.pbx.as_ref()),
        ("in queue", route.queue.as_ref()),
        ("dialled to", route.did.as_ref()),
        ("with account code", route.account.as_ref()),
        ("of tenant", route.tenant.as_ref()),
        ("in which user is seen:", route.user.as_ref()),
    ];
    for (how, patterns) in conditions {
        if let Some(patterns) = patterns {
            let _ = write!(said, " {how} {}", list(patterns.texts(), "or"));
        }
    }
    said + " go"
}

/// A heading and lines below it.
struct Paragraph(String);

impl Paragraph {
    fn new(heading: &str) -> Self {
        Self(format!("{heading}\n"))
    }

    fn say(mut self, line: impl AsRef<str>) -> Self {
        let _ = writeln!(self.0, "  {}", line.as_ref());
        self
    }
}

/// `a, b or c`.
fn list(words: &[impl AsRef<str>], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [before @ .., end] => {
            let before: Vec<_> = before.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", before.join(", "), end.as_ref())
        }
    }
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
