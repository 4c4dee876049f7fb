//! The filters and functions of expressions.
//!
//! A filter on none gives none, but for `default`, `map` and `json`.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use md5::{Digest as _, Md5};
use minijinja::{
    Environment, Error, ErrorKind, State,
    value::{Rest, Value},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

use super::scope::{Absent, USER_MAP, UserMapObject, json_value, to_json, to_text};

/// The texts of our errors begin so; they contain no values.
pub(super) const OUR_ERRORS: &str = "the filter ";

/// The fewest digits of a number that is not an extension.
const SHORTEST_NUMBER: usize = 7;

type Filtered = Result<Value, Error>;

/// Adds all filters, tests and functions.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_test("none", |value: &Value| is_none(value));
    environment.add_test("defined", |value: &Value| !is_none(value));
    environment.add_test("undefined", |value: &Value| is_none(value));
    add_text_filters(environment);
    add_number_filters(environment);
    add_time_filters(environment);
    add_hashes(environment);
    environment.add_filter("default", |value: &Value, default: &Value| {
        let is_empty = is_none(value) || value.as_str() == Some("");
        if is_empty { default.clone() } else { value.clone() }
    });
    environment.add_filter("map", map);
    environment.add_filter("pluck", |list: &Value, field: &str| -> Filtered {
        let items = list.try_iter()?.map(|item| item.get_attr(field));
        Ok(items.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|item| !is_none(item)).collect())
    });
    environment.add_filter("join", |list: &Value, separator: Option<&str>| -> Filtered {
        let items: Vec<String> = list.try_iter()?.filter_map(|item| to_text(&item)).collect();
        Ok(items.join(separator.unwrap_or_default()).into())
    });
    environment
        .add_filter("first", |list: &Value| -> Filtered { Ok(list.try_iter()?.next().unwrap_or_else(none)) });
    environment
        .add_filter("last", |list: &Value| -> Filtered { Ok(list.try_iter()?.last().unwrap_or_else(none)) });
    environment.add_filter("length", |value: &Value| -> Filtered {
        Ok(match value.as_str() {
            Some(text) => text.chars().count().into(),
            None => value.try_iter()?.count().into(),
        })
    });
    environment.add_function("coalesce", |values: Rest<Value>| {
        values
            .iter()
            .find(|value| !is_none(value) && value.as_str() != Some(""))
            .cloned()
            .unwrap_or_else(none)
    });
    environment.add_function("user_id", |state: &State<'_, '_>, user: &Value| user_id(state, user));
    environment.add_function("user_ids", |state: &State<'_, '_>, users: &Value| -> Filtered {
        Ok(users.try_iter()?.map(|user| user_id(state, &user)).filter(|id| !is_none(id)).collect())
    });
}

fn add_text_filters(environment: &mut Environment<'static>) {
    on_text(environment, "lower", |text| text.to_lowercase().into());
    on_text(environment, "upper", |text| text.to_uppercase().into());
    on_text(environment, "trim", |text| text.trim().into());
    on_text(environment, "string", |text| text.into());
    on_text(environment, "base64", |text| STANDARD.encode(text).into());
    on_text(environment, "url", |text| encode(text).into());
    on_text(environment, "xml", |text| {
        let escaped = text.chars().fold(String::new(), |mut escaped, char| {
            match char {
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '&' => escaped.push_str("&amp;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                // XML 1.0 has no way to write it.
                char if char.is_control() && !matches!(char, '\t' | '\r' | '\n') => {}
                char => escaped.push(char),
            }
            escaped
        });
        escaped.into()
    });
    environment.add_filter("replace", |value: &Value, from: &str, to: &str| {
        to_text(value).map_or_else(none, |text| text.replace(from, to).into())
    });
    environment.add_filter("json", |value: &Value| to_json(value).unwrap_or_default().to_string());
}

fn add_number_filters(environment: &mut Environment<'static>) {
    on_text(environment, "digits", |text| only_digits(text).into());
    on_text(environment, "e164", |text| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number = digits.len() >= SHORTEST_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { format!("+{digits}").into() } else { text.into() }
    });
    environment.add_filter("national", |value: &Value, country_code: &str, prefix: Option<&str>| {
        let Some(text) = to_text(value) else { return none() };
        let digits = text.strip_prefix('+').unwrap_or(&text);
        match digits.strip_prefix(country_code.trim_start_matches('+')) {
            Some(rest) if digits.len() >= SHORTEST_NUMBER => {
                format!("{}{rest}", prefix.unwrap_or("0")).into()
            }
            _ => text.into(),
        }
    });
    environment.add_filter("last_digits", |value: &Value, count: usize| {
        let Some(text) = to_text(value) else { return none() };
        let digits = only_digits(&text);
        digits.get(digits.len().saturating_sub(count)..).unwrap_or_default().into()
    });
    environment.add_filter("int", |value: &Value| -> Filtered {
        let Some(text) = to_text(value) else { return Ok(none()) };
        let float = || text.trim().parse::<f64>().ok().map(|float| float.trunc() as i64);
        match text.trim().parse::<i64>().ok().or_else(float) {
            Some(number) => Ok(number.into()),
            None => Err(failure("int needs a number")),
        }
    });
    environment.add_filter("float", |value: &Value| -> Filtered {
        let Some(text) = to_text(value) else { return Ok(none()) };
        text.trim().parse::<f64>().map(Value::from).map_err(|_| failure("float needs a number"))
    });
}

fn add_time_filters(environment: &mut Environment<'static>) {
    environment.add_filter("unix", |value: &Value| -> Filtered {
        Ok(time(value)?.map_or_else(none, |time| time.as_second().into()))
    });
    environment.add_filter("unix_ms", |value: &Value| -> Filtered {
        Ok(time(value)?.map_or_else(none, |time| time.as_millisecond().into()))
    });
    environment.add_filter("iso_time", |value: &Value, zone: Option<&str>| -> Filtered {
        format_time(value, "%Y-%m-%dT%H:%M:%S%:z", zone)
    });
    environment.add_filter("format_time", |value: &Value, format: &str, zone: Option<&str>| -> Filtered {
        format_time(value, format, zone)
    });
    environment.add_filter("duration", |value: &Value| -> Filtered {
        if is_none(value) {
            return Ok(none());
        }
        let seconds = value.as_i64().ok_or_else(|| failure("duration needs seconds"))?;
        Ok(format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60).into())
    });
}

fn add_hashes(environment: &mut Environment<'static>) {
    on_text(environment, "md5", |text| hex(&Md5::digest(text)).into());
    on_text(environment, "sha256", |text| {
        hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()).into()
    });
    environment.add_filter("uuid5", |value: &Value, namespace: Option<&str>| {
        to_text(value).map_or_else(none, |name| uuid5(namespace.unwrap_or("ringwire"), &name).into())
    });
    environment.add_filter("hmac_sha256", |value: &Value, key: &Value, encoding: Option<&str>| -> Filtered {
        let (Some(text), Some(key)) = (to_text(value), to_text(key)) else { return Ok(none()) };
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes());
        match encoding {
            None | Some("hex") => Ok(hex(tag.as_ref()).into()),
            Some("base64") => Ok(STANDARD.encode(tag.as_ref()).into()),
            Some(_) => Err(failure("hmac_sha256 writes \"hex\" or \"base64\"")),
        }
    });
}

/// Adds a filter over texts; a number is one, too.
fn on_text(environment: &mut Environment<'static>, name: &'static str, filter: fn(&str) -> Value) {
    environment.add_filter(name, move |value: &Value| match value.as_str() {
        Some(text) => filter(text),
        None => to_text(value).map_or_else(none, |text| filter(&text)),
    });
}

fn map(value: &Value, table: &Value, default: Option<Value>) -> Filtered {
    let key = if is_none(value) { None } else { to_text(value) };
    let found =
        key.and_then(|key| table.get_item(&Value::from(key)).ok()).filter(|found| !found.is_undefined());
    match found.or(default) {
        Some(found) => Ok(found),
        None => Err(failure("map has no entry for this value, and no default")),
    }
}

fn user_id(state: &State<'_, '_>, user: &Value) -> Value {
    let users = state.lookup(USER_MAP);
    let Some(users) = users.as_ref().and_then(Value::downcast_object_ref::<UserMapObject>) else {
        return none();
    };
    let key = user.get_attr(users.by).ok().and_then(|key| to_text(&key));
    key.and_then(|key| users.map.id(&key)).map_or_else(none, |id| json_value(&id))
}

fn format_time(value: &Value, format: &str, zone: Option<&str>) -> Filtered {
    let zone = match zone {
        None | Some("UTC") => TimeZone::UTC,
        Some(zone) => TimeZone::get(zone).map_err(|_| failure("format_time does not know the time zone"))?,
    };
    let Some(time) = time(value)? else { return Ok(none()) };
    let text = jiff::fmt::strtime::format(format, &time.to_zoned(zone));
    text.map(Value::from).map_err(|_| failure("format_time does not understand the format"))
}

fn time(value: &Value) -> Result<Option<Timestamp>, Error> {
    if is_none(value) {
        return Ok(None);
    }
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| failure("for times needs a time, such as `time` or `answeredAt`"))
}

/// A name-based UUID (RFC 9562, section 5.5); a namespace that is no UUID is hashed to one.
fn uuid5(namespace: &str, name: &str) -> String {
    let bare = namespace.replace('-', "");
    let bytes = |hex: &str| -> Option<Vec<u8>> {
        (0..16).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect()
    };
    let namespace = match bytes(&bare).filter(|_| bare.len() == 32) {
        Some(bytes) => bytes,
        None => Md5::digest(namespace).to_vec(),
    };
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[&namespace, name.as_bytes()].concat());
    let mut id = hex(hash.as_ref().get(..16).unwrap_or_default());
    id.replace_range(12..13, "5");
    let variant =
        u8::from_str_radix(id.get(16..17).unwrap_or_default(), 16).unwrap_or_default() & 0b11 | 0b1000;
    id.replace_range(16..17, &format!("{variant:x}"));
    for at in [20, 16, 12, 8] {
        id.insert(at, '-');
    }
    id
}

/// Text in which everything but letters, digits and `-_.~` is percent-encoded.
pub(super) fn encode(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &KEPT).to_string()
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn is_none(value: &Value) -> bool {
    value.is_none() || value.is_undefined() || value.downcast_object_ref::<Absent>().is_some()
}

fn none() -> Value {
    Value::from(())
}

fn failure(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{OUR_ERRORS}{what}"))
}
