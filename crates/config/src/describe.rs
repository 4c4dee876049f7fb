//! What a configuration means, in words.

use std::{fmt::Write as _, time::Duration};

use ringwire_ami::{LoginMethod, TlsOptions, TlsTrust};
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_dialects::{BodyFormat, ToField, ZammadOptions};
use ringwire_event::Direction;
use ringwire_outbox::{PersonalDataPolicy, RetentionPolicy};

use super::{
    api::Api,
    credentials::{Authorization, Credentials},
    journal::Journal,
    resolved::{Config, Endpoint, Options, Pbx},
};
use crate::routes::{OneOf, Route, Routes};

/// What `config` means, for the person who wrote it: a paragraph for each PBX and endpoint, the routes, and what
/// should be looked at. No secret is in it.
pub fn describe(config: &Config) -> String {
    let mut paragraphs: Vec<_> = config.pbxs.iter().map(pbx).collect();
    paragraphs.extend(config.endpoints.iter().map(endpoint));
    if !config.endpoints.is_empty() {
        paragraphs.push(routes(&config.routes));
    }
    paragraphs.extend(config.journal.as_ref().map(journal));
    paragraphs.extend(config.api.as_ref().map(api));
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

fn trusted(tls: &TlsOptions) -> String {
    let by = match &tls.trust {
        TlsTrust::System => "an authority of this system vouches for".to_owned(),
        TlsTrust::CaFile(file) => format!("an authority in {} vouches for", file.display()),
        TlsTrust::Pinned(fingerprint) => return format!("over TLS, if its certificate is {fingerprint},"),
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
                LoginMethod::Md5 => "by MD5 challenge",
                LoginMethod::Plain => "with the secret in plain",
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
    let text = too_late(text, endpoint);
    text.say(format!(
        "Gives up a connection after {:?} and a request after {:?}; at most {} at once.",
        endpoint.connect_timeout, endpoint.timeout, endpoint.concurrency
    ))
}

/// What is not told any more, and what not in full.
fn too_late(text: Paragraph, endpoint: &Endpoint) -> Paragraph {
    let EventLifetimes { new_call, ringing, answer, hold, unhold, transfer, hangup } = endpoint.lifetimes;
    let mut kinds: Vec<(Duration, Vec<&str>)> = Vec::new();
    for (kind, lifetime) in [
        ("newCall", new_call),
        ("ringing", ringing),
        ("answer", answer),
        ("hold", hold),
        ("unhold", unhold),
        ("transfer", transfer),
        ("hangup", hangup),
    ] {
        match kinds.iter_mut().find(|(known, _)| *known == lifetime) {
            Some((_, alike)) => alike.push(kind),
            None => kinds.push((lifetime, vec![kind])),
        }
    }
    let told: Vec<_> = kinds
        .iter()
        .map(|(lifetime, kinds)| format!("{} for {}", list(kinds, "and"), time(*lifetime)))
        .collect();
    let text = text.say(format!("What cannot be delivered is tried again: {}.", told.join("; ")));
    match endpoint.late {
        LatePolicy::All => text.say("Hears everything, however late."),
        LatePolicy::Final { after } => text.say(format!(
            "Of a call that is over, what is later than {} is told in brief: it came in, who took it, how it ended.",
            time(after)
        )),
    }
}

fn journal(journal: &Journal) -> Paragraph {
    let RetentionPolicy { age, size, personal_data: personal } = &journal.retention;
    let text = Paragraph::new("Journal")
        .say(format!("What happens is kept in {}.", journal.path.display()))
        .say(format!(
            "A call is kept for {} after its end, and the oldest go earlier where all take more than {} MiB.",
            time(*age),
            size >> 20
        ));
    match personal {
        None => text.say("Numbers and names are kept with the call."),
        Some((after, PersonalDataPolicy::Erase)) => {
            text.say(format!("Numbers and names are erased {} after the end of the call.", time(*after)))
        }
        Some((after, PersonalDataPolicy::Hash)) => text.say(format!(
            "Numbers and names are replaced by tokens {} after the end of the call.",
            time(*after)
        )),
    }
}

fn api(api: &Api) -> Paragraph {
    let mut text = Paragraph::new("API");
    text = match &api.socket {
        Some(socket) => {
            text.say(format!("Can be asked over the socket {}, by whoever may use that.", socket.display()))
        }
        None => text.say("Has no socket."),
    };
    text = match (&api.listen, api.tokens.as_slice()) {
        (None, _) => text.say("Does not listen on the network."),
        (Some(address), []) => {
            text.say(format!("Listens on {address}, where nobody has a token to be let in with."))
        }
        (Some(address), tokens) => {
            let bearers: Vec<_> =
                tokens.iter().map(|token| format!("{} ({})", token.name, token.role.as_str())).collect();
            text.say(format!("Listens on {address} for those who have a token: {}.", bearers.join(", ")))
                .say(format!("The desk is at http://{address}/."))
        }
    };
    match api.allow_origins.as_slice() {
        [] => text,
        origins => text.say(format!("Web pages of {} may ask, too.", list(origins, "and"))),
    }
}

/// A time in the largest unit that it is a whole number of.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    for (unit, length) in [("day", 24 * 3600), ("hour", 3600), ("minute", 60)] {
        if seconds > 0 && seconds.is_multiple_of(length) {
            let count = seconds / length;
            return format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
        }
    }
    if time == Duration::from_secs(1) {
        "1 second".to_owned()
    } else {
        format!("{} seconds", time.as_secs_f64())
    }
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
        BodyFormat::Json => "JSON objects",
        BodyFormat::Form => "forms",
    };
    let to = match options.to {
        ToField::Dialled => "the number that was dialled",
        ToField::Queue => "the queue of the call, or else the number that was dialled",
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
