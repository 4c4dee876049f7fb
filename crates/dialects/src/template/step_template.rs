//! One request of a dialect file.

use minijinja::value::Value;
use ringwire_delivery::RepeatPolicy;
use serde_json::Value as Json;

use super::{
    body::{BodyTemplate, PairsTemplate},
    expression::{Expression, Template},
    functions::encode,
    reader::{Item, Table},
    reply_rule::{ReplyRule, one_of},
    selector::{ReplyBody, Selector, pointer},
    vocabulary::{NameScope, Place},
};
use crate::{
    reply::TargetReply,
    request::{RequestBody, RequestUrl, TargetRequest},
};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// One request of a dialect file.
#[derive(Debug)]
pub(super) struct StepTemplate {
    /// Its name, which no other request of the file has.
    pub(super) name: String,
    /// Where the file has it.
    pub(super) at: usize,
    when: Option<Expression>,
    /// Whether each user of the event has one.
    pub(super) is_for_each_user: bool,
    request: RequestTemplate,
    /// The captures without which it is not sent.
    pub(super) needs: Vec<String>,
    /// What is captured from its reply.
    pub(super) captures: Vec<CaptureTemplate>,
    pub(super) repeat: RepeatPolicy,
    /// What replies to it mean, before the rules of the file.
    pub(super) replies: Vec<ReplyRule>,
}

/// What is captured from a reply.
#[derive(Debug)]
pub(super) struct CaptureTemplate {
    pub(super) name: String,
    source: CaptureSource,
    /// Whether the reply may lack it.
    pub(super) is_optional: bool,
}

/// Where something is captured from.
#[derive(Debug)]
enum CaptureSource {
    Reply(Selector),
    /// The body that was sent, at a JSON pointer: the events that follow need not have it.
    Sent(String),
}

/// A request without what surrounds it.
#[derive(Debug)]
pub(super) struct RequestTemplate {
    method: &'static str,
    url: Option<Template>,
    query: PairsTemplate,
    headers: PairsTemplate,
    body: BodyTemplate,
}

impl StepTemplate {
    /// Reads one `[[on.EVENT]]`, whose name is `name` unless it says another. `captures` are those of the file that need
    /// not be demanded.
    pub(super) fn read(
        table: &Table<'_>,
        name: String,
        scope: &NameScope<'_>,
        optional: &[String],
    ) -> Option<Self> {
        let name = table.text("name").map_or(name, str::to_owned);
        if name.is_empty() || name.contains(['@', '/']) {
            table.wrong(format!("invalid name {name:?}"), "a name has neither @ nor /");
        }
        let is_for_each_user = table.get("each").and_then(|item| one_of(item, &["users"])).is_some();
        let needs = table.get("needs").map(Item::one_or_list).unwrap_or_default();
        let needs: Vec<_> = needs.iter().filter_map(|item| check_need(item, scope)).collect();
        let place = Place::Request { has_user: is_for_each_user };
        let in_when = NameScope { known_captures: None, place, ..scope.clone() };
        let when = table.get("when").map(|item| expression(item, &in_when));
        let known = [needs.as_slice(), optional].concat();
        let in_request = NameScope { known_captures: Some(known), place, ..scope.clone() };
        let captures: Vec<_> = table.table("capture").map(|table| read_captures(&table)).unwrap_or_default();
        let repeat = table.get("repeatable").map(read_repeat);
        let replies = table.tables("reply");
        let replies: Vec<_> = replies.iter().map(ReplyRule::read).collect();
        let request = RequestTemplate::read(table, &in_request);
        table.finish();
        Some(Self {
            name,
            at: table.at,
            when: when.transpose_sound()?,
            is_for_each_user,
            request: request?,
            needs,
            captures: captures.into_iter().collect::<Option<_>>()?,
            repeat: repeat.map_or(Some(RepeatPolicy::AsIs), |repeat| repeat)?,
            replies: replies.into_iter().collect::<Option<_>>()?,
        })
    }

    /// Whether it is sent for what `scope` has.
    ///
    /// # Errors
    /// The condition has no value.
    pub(super) fn is_wanted(&self, scope: &Value) -> Result<bool, String> {
        self.when.as_ref().map_or(Ok(true), |when| Ok(when.eval(scope)?.is_true()))
    }

    /// Whether it goes to the target's own URL, or below it.
    pub(super) fn is_below_target(&self) -> bool {
        let text = self.request.url.as_ref().map(Template::leading_text);
        // What begins with a value may be a URL of its own.
        text.is_none_or(|text| !text.is_empty() && !text.starts_with("http"))
    }

    /// Whether it is sent for every event.
    pub(super) fn is_unconditional(&self) -> bool {
        self.when.is_none() && !self.is_for_each_user
    }

    /// The request for what `scope` has, with the `headers` of the file.
    ///
    /// # Errors
    /// An expression has no value, or a header cannot have its value.
    pub(super) fn build(&self, scope: &Value, headers: &PairsTemplate) -> Result<TargetRequest, String> {
        self.request.build(scope, headers)
    }
}

impl CaptureTemplate {
    /// What it captures from `reply` to `request`.
    pub(super) fn find(
        &self,
        request: &TargetRequest,
        reply: &TargetReply<'_>,
        body: &ReplyBody,
    ) -> Option<Json> {
        match &self.source {
            CaptureSource::Reply(selector) => selector.find(reply, body),
            CaptureSource::Sent(pointer) => match &request.body {
                RequestBody::Json(json) => json.pointer(pointer).cloned(),
                other => Json::from(other.fields()).pointer(pointer).cloned(),
            },
        }
    }

    /// What the reply must have.
    pub(super) fn describe(&self) -> String {
        match &self.source {
            CaptureSource::Reply(selector) => selector.describe(),
            CaptureSource::Sent(pointer) => format!("{pointer} in the request"),
        }
    }
}

impl RequestTemplate {
    /// Reads `method`, `url`, `query`, `headers` and the body.
    pub(super) fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let method = table.get("method").map(|item| one_of(item, &METHODS));
        let url = table.get("url").map(|item| Template::read(item, scope));
        let query = table.get("query").map(|item| PairsTemplate::read(item, scope));
        let headers = table.get("headers").map(|item| read_headers(item, scope));
        let body = BodyTemplate::read(table, scope);
        Some(Self {
            method: method.unwrap_or(Some("POST"))?,
            url: url.transpose_sound()?,
            query: query.unwrap_or_else(|| Some(PairsTemplate::default()))?,
            headers: headers.unwrap_or_else(|| Some(PairsTemplate::default()))?,
            body: body?,
        })
    }

    /// The request for the values in `scope`.
    ///
    /// # Errors
    /// An expression has no value, or a header cannot have its value.
    pub(super) fn build(&self, scope: &Value, common: &PairsTemplate) -> Result<TargetRequest, String> {
        let mut headers = self.headers.build(scope)?;
        for (name, value) in common.build(scope)? {
            if !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(&name)) {
                headers.push((name, value));
            }
        }
        if let Some((name, _)) = headers.iter().find(|(_, value)| value.contains(['\r', '\n', '\0'])) {
            return Err(format!("the value of the header {name} has a line end"));
        }
        Ok(TargetRequest {
            method: self.method.to_owned(),
            url: self.url.as_ref().map_or(Ok(RequestUrl::Own), |url| build_url(url, scope))?,
            query: self.query.build(scope)?,
            headers,
            body: self.body.build(scope)?,
        })
    }
}

/// Reads a table of headers.
pub(super) fn read_headers(item: &Item<'_>, scope: &NameScope<'_>) -> Option<PairsTemplate> {
    let headers = PairsTemplate::read(item, scope)?;
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    if let Some(name) = headers.names().find(|name| name.is_empty() || !name.chars().all(is_token)) {
        item.wrong(
            format!("invalid name of a header {name:?}"),
            "a header is named with letters, digits and -",
        );
        return None;
    }
    Some(headers)
}

/// The URL: a value at its beginning may be a URL itself, everything else is encoded. An empty one is the target's own.
fn build_url(url: &Template, scope: &Value) -> Result<RequestUrl, String> {
    let joined = url.join(scope, |text, is_first| if is_first { text.to_owned() } else { encode(text) })?;
    if joined.is_empty() {
        return Ok(RequestUrl::Own);
    }
    if joined.starts_with("https://") || joined.starts_with("http://") {
        return Ok(RequestUrl::Absolute(joined));
    }
    // What began with a value is no URL: it is a part of the path.
    let joined = match url.leading_text() {
        "" => url.join(scope, |text, _| encode(text))?,
        _ => joined,
    };
    Ok(RequestUrl::Below(joined.trim_start_matches('/').to_owned()))
}

/// Reads a condition.
pub(super) fn expression(item: &Item<'_>, scope: &NameScope<'_>) -> Option<Expression> {
    let text = item.text()?;
    if text.contains("{{") || text.contains("{%") {
        item.wrong(
            "braces around a condition",
            "write the expression alone, as `when = \"direction == 'in'\"`",
        );
        return None;
    }
    match Expression::parse(text, scope) {
        Ok(expression) => Some(expression),
        Err(mistakes) => {
            for mistake in mistakes {
                item.wrong_at(mistake.at, mistake.what, mistake.cure);
            }
            None
        }
    }
}

fn check_need(item: &Item<'_>, scope: &NameScope<'_>) -> Option<String> {
    let need = item.text()?;
    if scope.captures.iter().any(|capture| capture == need) {
        return Some(need.to_owned());
    }
    let cure = match super::mistake::meant(need, scope.captures.iter().map(String::as_str)) {
        Some(meant) => format!("write {meant:?}"),
        None => format!("capture it from the reply to another request: `capture = {{ {need} = … }}`"),
    };
    item.wrong(format!("no reply yields the capture {need:?}"), cure);
    None
}

fn read_captures(table: &Table<'_>) -> Vec<Option<CaptureTemplate>> {
    let capture = |item: &Item<'_>| {
        let table = item.table()?;
        let sent = table.get("sent").map(|item| pointer(item, item.text()?));
        let selector = Selector::read(&table);
        let is_optional = table.boolean("optional").unwrap_or_default();
        table.finish();
        if !table.entries().iter().any(|entry| entry.key != "optional") {
            item.wrong("nothing is captured", "write where it is, as `{ json = \"/result/id\" }`");
        }
        let source = match sent {
            Some(sent) => CaptureSource::Sent(sent?),
            None => CaptureSource::Reply(selector?),
        };
        Some(CaptureTemplate { name: item.key.to_owned(), source, is_optional })
    };
    table.entries().iter().map(capture).collect()
}

fn read_repeat(item: &Item<'_>) -> Option<RepeatPolicy> {
    if item.value.is_bool() {
        return Some(if item.boolean()? { RepeatPolicy::AsIs } else { RepeatPolicy::Never });
    }
    if item.value.as_str() == Some("quietly") {
        return Some(RepeatPolicy::Quietly);
    }
    item.wrong("unknown value of repeatable", "write true, false or \"quietly\"");
    None
}

/// What may be absent, but not wrong.
trait TransposeSound<T> {
    /// `Some` if there is nothing or something sound.
    fn transpose_sound(self) -> Option<Option<T>>;
}

impl<T> TransposeSound<T> for Option<Option<T>> {
    fn transpose_sound(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(Some(sound)) => Some(Some(sound)),
        }
    }
}
