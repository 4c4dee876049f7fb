//! What replies mean, as the file says it.

use super::{
    mistake::suggest,
    reader::{Item, Table},
    selector::{ReplyBody, Selector},
    vocabulary::EVENT_NAMES,
};
use crate::{
    by_status::describe_reply,
    reply::{Directive, ReplyVerdict, TargetReply},
    request::value_text,
};

/// Longer words of a reply are not passed on.
const LONGEST_WORD: usize = 64;

pub(super) const VERDICTS: [&str; 9] = [
    "delivered",
    "alreadyExists",
    "retry",
    "unknown",
    "unknownCall",
    "refused",
    "dead",
    "misconfigured",
    "gone",
];

const ACTIONS: [&str; 3] = ["reject", "showNumber", "route"];

/// One rule: which replies it is for, and what they mean.
#[derive(Clone, Debug)]
pub(super) struct ReplyRule {
    matcher: ReplyMatcher,
    verdict: &'static str,
    advice: Option<String>,
}

/// Which replies are meant.
#[derive(Clone, Debug)]
struct ReplyMatcher {
    /// The names of events; empty for all.
    events: Vec<String>,
    /// Ranges of statuses; empty for all.
    statuses: Vec<(u16, u16)>,
    selector: Option<Selector>,
}

/// A rule by which a reply asks something of the PBX.
#[derive(Clone, Debug)]
pub(super) struct DirectiveRule {
    matcher: ReplyMatcher,
    action: &'static str,
    value: Option<DirectiveValue>,
}

#[derive(Clone, Debug)]
enum DirectiveValue {
    Text(String),
    Found(Selector),
}

impl ReplyRule {
    /// Reads one `[[reply]]`.
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let matcher = ReplyMatcher::read(table);
        let verdict = one_of(
            table.required("verdict", "write what such a reply means, as `verdict = \"retry\"`")?,
            &VERDICTS,
        );
        let advice = table.text("advice").map(str::to_owned);
        table.finish();
        Some(Self { matcher, verdict: verdict?, advice })
    }

    /// What `reply` means, if this rule is for it.
    pub(super) fn judge(
        &self,
        event: &str,
        reply: &TargetReply<'_>,
        body: &ReplyBody,
    ) -> Option<ReplyVerdict> {
        self.matcher.find(event, reply, body)?;
        let reason = match &self.advice {
            Some(advice) => format!("{}; {advice}", describe_reply(reply)),
            None => describe_reply(reply),
        };
        Some(match self.verdict {
            "delivered" => ReplyVerdict::Delivered(Vec::new()),
            "alreadyExists" => ReplyVerdict::AlreadyExists,
            "unknown" => ReplyVerdict::Unknown { reason },
            "unknownCall" => ReplyVerdict::UnknownCall { reason },
            "refused" => ReplyVerdict::Refused { reason },
            "dead" => ReplyVerdict::Dead { reason },
            "misconfigured" => ReplyVerdict::Misconfigured { reason },
            "gone" => ReplyVerdict::Gone { reason },
            _ => ReplyVerdict::Retry { reason },
        })
    }
}

impl DirectiveRule {
    /// Reads one `[[directive]]`.
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let matcher = ReplyMatcher::read(table);
        let action = one_of(table.required("action", "write `action = \"reject\"`, or another")?, &ACTIONS);
        let value = table.get("value").and_then(DirectiveValue::read);
        table.finish();
        let action = action?;
        if value.is_none() && action != "reject" {
            table.wrong(
                format!("{action} needs a value"),
                "write where the number is, as `value = { json = \"/number\" }`",
            );
        }
        Some(Self { matcher, action, value })
    }

    /// What `reply` asks of the PBX by this rule.
    pub(super) fn directive(
        &self,
        event: &str,
        reply: &TargetReply<'_>,
        body: &ReplyBody,
    ) -> Option<Directive> {
        self.matcher.find(event, reply, body)?;
        let value = match &self.value {
            Some(DirectiveValue::Text(text)) => Some(text.clone()),
            Some(DirectiveValue::Found(selector)) => {
                selector.find(reply, body).map(|value| value_text(&value))
            }
            None => None,
        };
        let is_word = |text: &String| {
            (1..=LONGEST_WORD).contains(&text.len())
                && text.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_' | b'*' | b'#')
                })
        };
        let value = value.filter(is_word);
        match self.action {
            "reject" => Some(Directive::Reject { reason: value.unwrap_or_else(|| "busy".to_owned()) }),
            "showNumber" => {
                let number = value?.trim_start_matches('+').to_owned();
                Some(Directive::ShowNumber { number })
            }
            _ => Some(Directive::Route { to: value? }),
        }
    }
}

impl DirectiveValue {
    fn read(item: &Item<'_>) -> Option<Self> {
        if let Some(text) = item.value.as_str() {
            return Some(Self::Text(text.to_owned()));
        }
        let table = item.table()?;
        let selector = Selector::read(&table);
        table.finish();
        selector.map(Self::Found)
    }
}

impl ReplyMatcher {
    fn read(table: &Table<'_>) -> Self {
        let events = table.get("on").map(Item::one_or_list).unwrap_or_default();
        let events = events.iter().filter_map(|item| one_of(item, &EVENT_NAMES)).map(str::to_owned).collect();
        let statuses = table.get("status").map(Item::one_or_list).unwrap_or_default();
        let statuses = statuses.iter().filter_map(statuses_of).collect();
        Self { events, statuses, selector: Selector::read(table) }
    }

    /// What is found in a reply that is meant; `None` where it is not meant.
    fn find(&self, event: &str, reply: &TargetReply<'_>, body: &ReplyBody) -> Option<()> {
        let is_event = self.events.is_empty() || self.events.iter().any(|name| name == event);
        let in_range = |(first, last): &(u16, u16)| (*first..=*last).contains(&reply.status);
        let is_status = self.statuses.is_empty() || self.statuses.iter().any(in_range);
        let is_found = || self.selector.as_ref().is_none_or(|selector| selector.find(reply, body).is_some());
        (is_event && is_status && is_found()).then_some(())
    }
}

/// A status, as 404, `"4xx"` or `"400-499"`.
fn statuses_of(item: &Item<'_>) -> Option<(u16, u16)> {
    let text = match item.value.as_str() {
        Some(text) => text.to_owned(),
        None => item.number()?.to_string(),
    };
    let range = match (text.strip_suffix("xx"), text.split_once('-')) {
        (Some(hundreds), _) => {
            hundreds.parse().ok().map(|hundreds: u16| (hundreds * 100, hundreds * 100 + 99))
        }
        (None, Some((first, last))) => first.trim().parse().ok().zip(last.trim().parse().ok()),
        (None, None) => text.parse().ok().map(|status| (status, status)),
    };
    let range = range.filter(|(first, last)| first <= last && (100..600).contains(first) && *last < 600);
    if range.is_none() {
        item.wrong(format!("{text} is not an HTTP status"), "write 404, \"4xx\" or \"400-499\"");
    }
    range
}

/// The word at `item`, which must be one of `known`.
pub(super) fn one_of(item: &Item<'_>, known: &'static [&'static str]) -> Option<&'static str> {
    let word = item.text()?;
    let found = known.iter().copied().find(|known| *known == word);
    if found.is_none() {
        item.wrong(format!("unknown {} {word:?}", item.key), suggest(word, known.iter().copied()));
    }
    found
}
