//! What is heard of a PBX, and why it may be no call.

use jiff::Timestamp;
use ringwire_config::Pbx;
use ringwire_live::{InternalContext, PbxDiagnosis};
use ringwire_terminal::Code;

use super::{
    files::plural,
    finding::{Findings, Subject},
};

/// What was heard of a PBX, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct CallsFacts {
    /// What was heard; `None` where nobody listened, and why.
    pub(crate) heard: Result<PbxDiagnosis, String>,
    /// Who listened.
    pub(crate) by: By,
    /// How many channels the PBX has now; `None` where it does not say.
    pub(crate) channels: Option<usize>,
    /// When this was looked at.
    pub(crate) now: Timestamp,
}

/// Who listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The daemon.
    Daemon,
    /// This process, for so many seconds.
    Ourselves {
        /// For how long, in seconds.
        seconds: u64,
        /// Whether the list of channels changed meanwhile.
        changed: bool,
    },
}

const READ: &str = "in manager.conf, give the user read = system,call,agent and take out eventfilter lines of its section and \
                    disabledevents of [general]; then run: asterisk -rx 'manager reload', and connect again: systemctl restart \
                    ringwire";

/// Words in the names of contexts from which phones call.
const INSIDE: [&str; 10] =
    ["internal", "phone", "local", "user", "extension", "office", "agent", "staff", "intern", "softphone"];

/// Words in the names of endpoints that are no phones.
const OUTSIDE: [&str; 6] = ["trunk", "provider", "gateway", "carrier", "pstn", "isdn"];

/// What is wrong with what is heard of `pbx`.
pub(crate) fn judge(facts: &CallsFacts, pbx: &Pbx) -> Findings {
    let mut findings = Findings::new(Subject::Calls(pbx.name.clone()));
    let heard = match &facts.heard {
        Ok(heard) => heard,
        Err(why) => {
            findings.unchecked(why.clone());
            return findings;
        }
    };
    let span = span(facts.by, heard);
    if heard.events.call == 0 {
        silence(&mut findings, facts, heard, &span);
    } else {
        let events = &heard.events;
        let last = heard.last_event.map_or_else(String::new, |last| {
            format!("; the last came {} s ago", facts.now.duration_since(last).as_secs().max(0))
        });
        findings.ok(format!(
            "events of class call: {}, agent: {}, dialplan: {}, system: {}, others: {}, {span}{last}",
            events.call, events.agent, events.dialplan, events.system, events.other
        ));
        calls(&mut findings, facts, heard, pbx, &span);
    }
    if !heard.unknown_users.is_empty() {
        unknown(&mut findings, heard, pbx);
    }
    let odd: Vec<_> = heard.stream_errors.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
    if !odd.is_empty() {
        findings.warning(
            format!("parts of what the PBX sent could not be understood, or were forged by callers ({})", odd.join(", ")),
            "raise writetimeout to 5000 in manager.conf [general]; if it goes on, record it for a bug report: ringwire \
             capture --anonymise -o odd.ami",
        );
    }
    findings
}

/// Over which time was listened.
fn span(by: By, heard: &PbxDiagnosis) -> String {
    match by {
        By::Daemon if heard.window.is_multiple_of(60) => format!("in the last {} minutes", heard.window / 60),
        By::Daemon => format!("in the last {} s", heard.window),
        By::Ourselves { seconds, .. } => format!("in {} s of listening", seconds.max(1)),
    }
}

/// There is no event of a call.
fn silence(findings: &mut Findings, facts: &CallsFacts, heard: &PbxDiagnosis, span: &str) {
    let others = heard.events.sum();
    let none = match others {
        0 => "no event at all came".to_owned(),
        _ => format!(
            "no event of a call came, though {} of other classes did",
            plural(usize::try_from(others).unwrap_or(usize::MAX), "event")
        ),
    };
    match (facts.by, facts.channels) {
        (By::Ourselves { changed: true, .. }, _) => findings.fault(
            Code::Unavailable,
            format!("{none} {span}, though channels came and went: read = call is missing, or an eventfilter keeps them back"),
            READ,
        ),
        (By::Daemon, Some(channels @ 1..)) => findings.fault(
            Code::Unavailable,
            format!(
                "{none} {span}, though there {} now: read = call is missing, or an eventfilter keeps them back",
                if channels == 1 { "is 1 channel".to_owned() } else { format!("are {channels} channels") }
            ),
            READ,
        ),
        (By::Daemon, _) => findings.unchecked_until(
            format!("{none} {span}, and no call goes on: there is nothing to judge by"),
            format!("make a test call and run this again; if nothing came even so: {READ}"),
        ),
        (By::Ourselves { .. }, _) => findings.unchecked_until(
            format!("{none} {span}, and no call was made meanwhile: there is nothing to judge by"),
            "make a test call while this listens: ringwire doctor --listen 60".to_owned(),
        ),
    }
}

/// What kind of calls there were.
fn calls(findings: &mut Findings, facts: &CallsFacts, heard: &PbxDiagnosis, pbx: &Pbx, span: &str) {
    let calls = &heard.calls;
    let outside: Vec<_> = heard.internal_contexts.iter().filter(|origin| !is_inside(origin, pbx)).collect();
    if calls.sum() == 0 {
        let cure = match facts.by {
            By::Daemon => "make a test call and run this again",
            By::Ourselves { .. } => "make a test call while this listens: ringwire doctor --listen 60",
        };
        findings.unchecked_until(format!("no call began {span}"), cure);
        return;
    }
    let count =
        format!("calls {span}: {} in, {} out, {} internal", calls.inbound, calls.outbound, calls.internal);
    if outside.is_empty() {
        findings.ok(count);
        return;
    }
    let seen: Vec<_> = outside
        .iter()
        .map(|origin| format!("{} by {} ({})", show(&origin.context), origin.endpoint, origin.calls))
        .collect();
    let says = format!(
        "{count}; taken for internal, and not told to anybody, were calls that began in context {}",
        seen.join(", ")
    );
    let cure = line(&outside, heard, pbx);
    if calls.inbound == 0 {
        findings.fault(Code::Config, says, cure);
    } else {
        findings.warning(says, format!("if these came from outside, {cure}"));
    }
}

/// Whether internal calls that began so are what they seem: made from a phone.
fn is_inside(origin: &InternalContext, pbx: &Pbx) -> bool {
    if pbx.rules.directory.find(&origin.endpoint, None).is_some() {
        return true;
    }
    let endpoint = origin.endpoint.to_lowercase();
    if OUTSIDE.iter().any(|word| endpoint.contains(word)) {
        return false;
    }
    let (_, name) = endpoint.split_once('/').unwrap_or_default();
    let is_extension = (2..=6).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    is_extension || is_for_phones(&origin.context)
}

/// Whether a context is one that phones call from, by its name.
fn is_for_phones(context: &str) -> bool {
    let context = context.to_lowercase();
    INSIDE.iter().any(|word| context.contains(word))
}

/// The line that makes calls that begin like these come from outside: by their contexts, unless phones call from the
/// same ones.
fn line(outside: &[&InternalContext], heard: &PbxDiagnosis, pbx: &Pbx) -> String {
    let shared = |context: &str| {
        matches!(context, "" | "default")
            || is_for_phones(context)
            || heard
                .internal_contexts
                .iter()
                .any(|origin| origin.context == context && is_inside(origin, pbx))
    };
    let (trunks, contexts): (Vec<&InternalContext>, Vec<&InternalContext>) =
        outside.iter().copied().partition(|origin| shared(&origin.context));
    let mut lines = Vec::new();
    if !contexts.is_empty() {
        let is_default = pbx.written.inbound_contexts == ringwire_calls::Rules::INBOUND_CONTEXTS;
        // The default list has met nothing here; what was written by hand stays.
        let known: &[String] =
            if is_default && heard.calls.inbound == 0 { &[] } else { &pbx.written.inbound_contexts };
        lines.push(list("inbound_contexts", known, contexts.iter().map(|origin| origin.context.as_str())));
    }
    if !trunks.is_empty() {
        lines.push(list("trunks", &pbx.written.trunks, trunks.iter().map(|origin| origin.endpoint.as_str())));
    }
    let file =
        format!("write below [pbx.{}] in ringwire.toml, then run: systemctl reload ringwire", pbx.name);
    format!("{file}\n{}", lines.join("\n"))
}

/// `key = ["one", "two"]`, each once.
fn list<'a>(key: &str, known: &'a [String], more: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = known.iter().map(String::as_str).collect();
    for word in more {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let words: Vec<_> = words.into_iter().map(quoted).collect();
    format!("{key} = [{}]", words.join(", "))
}

/// As text of TOML: names come from the PBX, and from callers.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn show(context: &str) -> String {
    if context.is_empty() { "(none is told)".to_owned() } else { context.to_owned() }
}

/// Phones rang whose users nobody has named.
fn unknown(findings: &mut Findings, heard: &PbxDiagnosis, pbx: &Pbx) {
    const SHOWN: usize = 8;
    let users = &heard.unknown_users;
    let tables: Vec<_> = users
        .iter()
        .take(SHOWN)
        .map(|user| {
            format!(
                "[[pbx.{}.users]]\nendpoint = {}\nname = \"…\"\nlogin = \"…\"",
                pbx.name,
                quoted(&user.endpoint)
            )
        })
        .collect();
    let more = users.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n… and {more} more") } else { String::new() };
    let names: Vec<_> =
        users.iter().take(SHOWN).map(|user| format!("{} ({})", user.endpoint, user.rung)).collect();
    findings.warning(
        format!(
            "{} rang that the list of users does not know: {}; they go by the name and number they have in Asterisk",
            plural(users.len(), "phone"),
            names.join(", ")
        ),
        format!("write into ringwire.toml, or the same into users_file:\n{}{more}", tables.join("\n")),
    );
}
