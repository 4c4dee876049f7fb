//! Explains a configuration in plain words.

mod dialects;
mod paragraph;

use std::{fmt::Write as _, time::Duration};

use ringwire_ami::{LoginMethod, TlsOptions, TlsTrust};
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_event::Direction;
use ringwire_outbox::{PersonalDataPolicy, RetentionPolicy};

use self::paragraph::{Paragraph, list};
use super::{
    api::Api,
    credentials::{Authorization, Credentials},
    journal::Journal,
    resolved::{Config, Options, Pbx, Target},
};
use crate::routes::{OneOf, Route, Routes};

/// Explains `config` to the person who wrote it: a paragraph for each PBX and target, the routes, and the warnings. It
/// contains no secret.
pub fn describe(config: &Config) -> String {
    let mut paragraphs: Vec<_> = config.pbxs.iter().map(pbx).collect();
    paragraphs.extend(config.targets.iter().map(target));
    if !config.targets.is_empty() {
        paragraphs.push(routes(&config.routes));
    }
    paragraphs.extend(config.journal.as_ref().map(journal));
    paragraphs.extend(config.api.as_ref().map(api));
    paragraphs.push(Paragraph::new("Log").line(format!(
        "Level {} and above, format {}.",
        config.log.level.as_str(),
        config.log.format.as_str()
    )));
    if !config.warnings.is_empty() {
        let paragraph = Paragraph::new("Warnings");
        paragraphs.push(
            config.warnings.iter().fold(paragraph, |paragraph, warning| paragraph.line(warning.to_string())),
        );
    }
    paragraphs.iter().map(|paragraph| paragraph.0.as_str()).collect::<Vec<_>>().join("\n")
}

fn tls(tls: &TlsOptions) -> String {
    let trust = match &tls.trust {
        TlsTrust::System => "certificate verified against the CAs of this system".to_owned(),
        TlsTrust::CaFile(file) => format!("certificate verified against the CA in {}", file.display()),
        TlsTrust::Pinned(fingerprint) => format!("certificate pinned to {fingerprint}"),
    };
    match &tls.server_name {
        Some(name) => format!("over TLS ({trust}, for the name {name:?})"),
        None => format!("over TLS ({trust})"),
    }
}

fn pbx(pbx: &Pbx) -> Paragraph {
    let written = &pbx.written;
    let mut text = Paragraph::new(&format!("PBX {}", pbx.name));
    text = match &pbx.login {
        Some(login) => {
            let method = match login.method {
                LoginMethod::Md5 => "with an MD5 challenge",
                LoginMethod::Plain => "with the secret in clear text",
            };
            text.line(format!(
                "Connects to {} {} and logs in as {:?} {method}.",
                authority(&pbx.host, pbx.port),
                pbx.tls.as_ref().map_or_else(|| "without TLS".to_owned(), tls),
                login.username
            ))
            .line(format!(
                "Subscribes to the event classes {}.",
                list(&login.events.split(',').collect::<Vec<_>>(), "and")
            ))
        }
        None => text.line("Is not connected to."),
    };
    text = match (written.inbound_contexts.as_slice(), written.trunks.as_slice()) {
        ([], []) => text.line("No call is inbound: neither contexts nor trunks are configured."),
        (contexts, []) => {
            text.line(format!("A call is inbound if it starts in context {}.", list(contexts, "or")))
        }
        ([], trunks) => text.line(format!("A call is inbound if it starts on trunk {}.", list(trunks, "or"))),
        (contexts, trunks) => text
            .line(format!("A call is inbound if it starts in context {},", list(contexts, "or")))
            .line(format!("or on trunk {}.", list(trunks, "or"))),
    };
    text = text.line(match &written.country {
        Some(country) => format!("Numbers are read as in {country} and reported as E.164 digits."),
        None => {
            "No country is set, so national numbers are reported as they are. Set country to get E.164 digits."
                .to_owned()
        }
    });
    if !written.strip.is_empty() {
        text = text.line(format!(
            "The prefix {} is removed from dialled outside numbers.",
            list(&written.strip, "or")
        ));
    }
    text = text.line(match pbx.rules.directory.len() {
        0 => "No users are configured: phones are reported by their name and number in Asterisk.".to_owned(),
        1 => "1 user is configured.".to_owned(),
        users => format!("{users} users are configured."),
    });
    let gather = pbx.rules.gather.as_millis();
    text = text.line(format!("Ringing phones are collected for {gather} ms before a call is announced."));
    if pbx.rules.prefix_ids {
        text = text.line(format!("Call IDs start with {}-.", pbx.name));
    }
    text
}

fn target(target: &Target) -> Paragraph {
    let text = Paragraph::new(&format!("Target {}", target.name));
    let text = text.line(match &target.address {
        Some(address) => {
            format!(
                "Uses the dialect {} at {}; the rest of the URL is secret.",
                target.dialect.name(),
                address.origin
            )
        }
        None if matches!(target.options, Options::Template(_)) => {
            format!("Uses the dialect {}.", target.dialect.name())
        }
        None => format!("Uses the dialect {}; no URL is set, so nothing is sent.", target.dialect.name()),
    });
    let text = match &target.options {
        Options::Zammad(options) => dialects::zammad(text, options),
        Options::Template(options) => dialects::template(text, target, options),
    };
    let text = security(text, target);
    let text = match target.authorities.len() {
        0 => text,
        1 => text.line("Trusts 1 CA certificate in addition to those of the system."),
        several => text.line(format!("Trusts {several} CA certificates in addition to those of the system.")),
    };
    let text = retries(text, target);
    let text = match target.variables.as_slice() {
        [] => text,
        names => text.line(format!(
            "Its events carry the channel variables {}: the manager user needs read = dialplan.",
            list(names, "and")
        )),
    };
    let text = match target.dtmf {
        false => text,
        true => text.line("It is sent the keys that are pressed: the manager user needs read = dtmf."),
    };
    text.line(format!(
        "Connections time out after {:?}, requests after {:?}; at most {} requests run at once.",
        target.connect_timeout, target.timeout, target.concurrency
    ))
    .line(format!(
        "{} waits {} for its reply; without one it is not repeated, but listed as unknown.",
        match &target.options {
            Options::Zammad(_) => "The hangup of a missed call",
            Options::Template(_) => "A request that may not be repeated",
        },
        time(target.hangup_timeout)
    ))
}

/// For how long deliveries are retried, and what becomes of late events.
fn retries(text: Paragraph, target: &Target) -> Paragraph {
    let EventLifetimes { new_call, ringing, answer, hold, unhold, transfer, hangup } = target.lifetimes;
    // As the delivery machine has it: each lives at least as long as what comes before it.
    let answer = answer.max(new_call);
    let hangup = hangup.max(answer);
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
    let retried: Vec<_> = kinds
        .iter()
        .map(|(lifetime, kinds)| format!("{} for {}", list(kinds, "and"), time(*lifetime)))
        .collect();
    let text = text
        .line(format!("While it is down, events wait for it: {}.", retried.join("; ")))
        .line("An event that it keeps failing while it is up is attempted 10 times within 2 days.");
    match target.late {
        LatePolicy::All => text.line("Late events are sent in full."),
        LatePolicy::Final { after } => text.line(format!(
            "Once a call has ended, events that are more than {} late are condensed: that it came in, who answered, how it ended.",
            time(after)
        )),
    }
}

fn journal(journal: &Journal) -> Paragraph {
    let RetentionPolicy { age, size, personal_data: personal } = &journal.retention;
    let text = Paragraph::new("Journal")
        .line(format!("Events are stored in {}.", journal.path.display()))
        .line(format!(
            "A call is kept for {} after it ends; the oldest calls are removed earlier if the journal exceeds {} MiB.",
            time(*age),
            size >> 20
        ));
    match personal {
        None => text.line("Numbers and names are kept as long as the call."),
        Some((after, PersonalDataPolicy::Erase)) => {
            text.line(format!("Numbers and names are erased {} after the call ends.", time(*after)))
        }
        Some((after, PersonalDataPolicy::Hash)) => text
            .line(format!("Numbers and names are replaced by tokens {} after the call ends.", time(*after)))
            .line("Whoever has the journal can find out by trying which number a token is: its key is there, too."),
    }
}

fn api(api: &Api) -> Paragraph {
    let mut text = Paragraph::new("API");
    text = match &api.socket {
        Some(socket) => {
            text.line(format!("Listens on the socket {} for its owner and group.", socket.display()))
        }
        None => text.line("Does not open a socket."),
    };
    text = match (&api.listen, api.tokens.as_slice()) {
        (None, _) => text.line("Does not listen on a port."),
        (Some(address), []) => {
            text.line(format!("Listens on {address}, but no token is configured, so nobody can log in."))
        }
        (Some(address), tokens) => {
            let bearers: Vec<_> =
                tokens.iter().map(|token| format!("{} ({})", token.name, token.role.as_str())).collect();
            text.line(format!("Listens on {address} for these tokens: {}.", bearers.join(", ")))
                .line(format!("The desk is at http://{address}/."))
        }
    };
    text = match api.allow_origins.as_slice() {
        [] => text,
        origins => text.line(format!("Web pages of {} may use the API, too.", list(origins, "and"))),
    };
    match api.trusted_proxies.as_slice() {
        [] => text,
        proxies => {
            let proxies: Vec<_> = proxies.iter().map(ToString::to_string).collect();
            text.line(format!("Takes the word of {} for the address of a client.", list(&proxies, "and")))
        }
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

/// How requests are authenticated and protected. No secret is shown.
fn security(mut text: Paragraph, target: &Target) -> Paragraph {
    let Credentials { authorization, header, headers, certificate, signing, others: _ } = &target.credentials;
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
        text = text.line(format!("Authenticates with {}.", list(&proofs, "and")));
    }
    text = match signing.len() {
        0 => text,
        1 => text.line("Signs requests (Standard Webhooks)."),
        _ => text.line("Signs requests with the current and the previous secret (Standard Webhooks)."),
    };
    if !headers.is_empty() {
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        text = text.line(format!("Adds the headers {}.", list(&headers, "and")));
    }
    if target.https_only {
        text = text.line("Requires https.");
    }
    let allowed: Vec<_> = target.reach.allowed().collect();
    if !allowed.is_empty() {
        text = text
            .line(format!("Allows the addresses {}, which are blocked otherwise.", list(&allowed, "and")));
    }
    text
}

fn routes(routes: &Routes) -> Paragraph {
    let mut text = Paragraph::new("Routes");
    for route in routes.routes() {
        let targets: Vec<_> = route.targets.iter().filter_map(|&index| routes.target(index)).collect();
        text = text.line(format!("{} to {}.", conditions(route), list(&targets, "and")));
    }
    let unrouted: Vec<_> = routes.unrouted().collect();
    if unrouted.is_empty() {
        text
    } else {
        text.line(format!("Every call goes to {}.", list(&unrouted, "and")))
    }
}

fn conditions(route: &Route) -> String {
    let mut text = String::from(match route.direction.as_deref() {
        Some([Direction::In]) => "Inbound calls",
        Some([Direction::Out]) => "Outbound calls",
        Some([Direction::Internal]) => "Internal calls",
        _ => "Calls",
    });
    if let Some([first, second, ..]) = route.direction.as_deref() {
        let _ = write!(text, " with direction {} or {}", first.as_str(), second.as_str());
    }
    let conditions: [(&str, Option<&OneOf>); 6] = [
        ("of PBX", route.pbx.as_ref()),
        ("in queue", route.queue.as_ref()),
        ("dialled to", route.did.as_ref()),
        ("with account code", route.account.as_ref()),
        ("of tenant", route.tenant.as_ref()),
        ("involving user", route.user.as_ref()),
    ];
    for (how, patterns) in conditions {
        if let Some(patterns) = patterns {
            let _ = write!(text, " {how} {}", list(patterns.texts(), "or"));
        }
    }
    text + " go"
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
