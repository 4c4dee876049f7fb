//! The names that expressions can use.

use super::mistake::{meant, suggest};

/// The names of the events, as in the public JSON.
pub(super) const EVENT_NAMES: [&str; 19] = [
    "newCall",
    "ringing",
    "ringingStopped",
    "answer",
    "hold",
    "unhold",
    "transfer",
    "forwarded",
    "queueEntered",
    "queueLeft",
    "parked",
    "unparked",
    "conferenceJoined",
    "conferenceLeft",
    "recordingStarted",
    "recordingStopped",
    "voicemailLeft",
    "dtmf",
    "hangup",
];

/// The fields of events that are texts, numbers or booleans, as in the public JSON.
const PLAIN_FIELDS: [&str; 40] = [
    "id",
    "event",
    "call",
    "seq",
    "time",
    "pbx",
    "recovered",
    "direction",
    "from",
    "fromName",
    "to",
    "queue",
    "trunk",
    "account",
    "tenant",
    "cause",
    "kind",
    "transferTarget",
    "reason",
    "forwardedTo",
    "position",
    "parkingLot",
    "space",
    "timeoutSeconds",
    "conference",
    "file",
    "mailbox",
    "newMessages",
    "oldMessages",
    "digit",
    "startedAt",
    "answeredAt",
    "ringSeconds",
    "waitSeconds",
    "talkSeconds",
    "holdSeconds",
    "hungUpBy",
    "absorbedCall",
    "absorbedBy",
    "recording",
];

/// The fields of events that are users, or whoever answered.
const PARTY_FIELDS: [&str; 2] = ["answeredBy", "user"];

/// The fields of events that are legs.
const LEG_FIELDS: [&str; 2] = ["callerLeg", "leg"];

/// The fields of a user.
pub(super) const PARTY_KEYS: [&str; 7] =
    ["kind", "endpoint", "extension", "name", "login", "email", "number"];

/// The fields of a leg.
pub(super) const LEG_KEYS: [&str; 2] = ["channel", "uniqueid"];

/// What is known beside the fields of an event.
const OTHERS: [&str; 7] = ["callEvent", "users", "variables", "settings", "captures", "quiet", "null"];

/// The functions.
pub(super) const FUNCTIONS: [&str; 3] = ["user_id", "user_ids", "coalesce"];

/// The filters.
pub(super) const FILTERS: [&str; 31] = [
    "base64",
    "default",
    "digits",
    "duration",
    "e164",
    "first",
    "float",
    "format_time",
    "hmac_sha256",
    "int",
    "iso_time",
    "join",
    "json",
    "last",
    "last_digits",
    "length",
    "lower",
    "map",
    "md5",
    "national",
    "pluck",
    "replace",
    "sha256",
    "string",
    "trim",
    "unix",
    "unix_ms",
    "upper",
    "url",
    "uuid5",
    "xml",
];

/// The tests behind `is`.
pub(super) const TESTS: [&str; 3] = ["none", "defined", "undefined"];

/// Which names an expression can use, by where it stands.
#[derive(Clone, Debug)]
pub(super) struct NameScope<'a> {
    /// The settings that the file declares.
    pub(super) settings: &'a [String],
    /// The captures that the file declares.
    pub(super) captures: &'a [String],
    /// Captures that are known where it stands; `None` where it may ask which are.
    pub(super) known_captures: Option<Vec<String>>,
    pub(super) place: Place,
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a request for an event; `has_user` where each user has one.
    Request { has_user: bool },
    /// Where only settings are known.
    Settings,
    /// In the answer to a request that is listened for.
    Listen,
}

impl NameScope<'_> {
    /// Checks `name`, such as `settings.token`.
    ///
    /// # Errors
    /// It is not known here: what is wrong, and the cure.
    pub(super) fn check(&self, name: &str) -> Result<(), (String, String)> {
        let mut parts = name.split('.');
        let root = parts.next().unwrap_or_default();
        let member = parts.next();
        if FUNCTIONS.contains(&root) && member.is_none() {
            return Ok(());
        }
        match (root, self.place) {
            ("settings", _) => {
                self.check_member(root, member, self.settings, "declare it with [settings.NAME]")
            }
            ("request", Place::Listen) => self.check_request(member),
            (_, Place::Settings | Place::Listen) => {
                let known = if self.place == Place::Listen { "settings or request" } else { "settings" };
                Err((
                    format!("{root:?} is not known here"),
                    format!("only {known} can be used in this place"),
                ))
            }
            ("captures", Place::Request { .. }) => self.check_capture(member),
            (_, Place::Request { .. }) => check_event_name(name, root, member),
        }
    }

    fn check_member(
        &self,
        root: &str,
        member: Option<&str>,
        known: &[String],
        declare: &str,
    ) -> Result<(), (String, String)> {
        let Some(member) = member else {
            return Err((format!("{root:?} stands alone"), format!("write `{root}.NAME`")));
        };
        if known.iter().any(|known| known == member) {
            return Ok(());
        }
        let cure = match meant(member, known.iter().map(String::as_str)) {
            Some(meant) => format!("write `{root}.{meant}`, or {declare}"),
            None => declare.to_owned(),
        };
        Err((format!("unknown {} {member:?}", root.trim_end_matches('s')), cure))
    }

    fn check_capture(&self, member: Option<&str>) -> Result<(), (String, String)> {
        self.check_member(
            "captures",
            member,
            self.captures,
            "capture it from a reply with `capture = { NAME = … }`",
        )?;
        let member = member.unwrap_or_default();
        match &self.known_captures {
            Some(known) if !known.iter().any(|known| known == member) => Err((
                format!("the capture {member:?} may not be known here"),
                format!("add `needs = [{member:?}]`, or make it `optional = true` where it is captured"),
            )),
            _ => Ok(()),
        }
    }

    fn check_request(&self, member: Option<&str>) -> Result<(), (String, String)> {
        const PARTS: [&str; 4] = ["query", "form", "json", "path"];
        match member {
            Some(member) if PARTS.contains(&member) => Ok(()),
            member => Err((
                format!("unknown part {:?} of a request", member.unwrap_or_default()),
                suggest(member.unwrap_or_default(), PARTS),
            )),
        }
    }
}

fn check_event_name(name: &str, root: &str, member: Option<&str>) -> Result<(), (String, String)> {
    let unknown = |keys: &[&'static str]| {
        let member = member.unwrap_or_default();
        Err((format!("unknown field {name:?}"), suggest(member, keys.iter().copied())))
    };
    let is_known = |keys: &[&str]| member.is_none_or(|member| keys.contains(&member));
    if PARTY_FIELDS.contains(&root) {
        return if is_known(&PARTY_KEYS) { Ok(()) } else { unknown(&PARTY_KEYS) };
    }
    if LEG_FIELDS.contains(&root) {
        return if is_known(&LEG_KEYS) { Ok(()) } else { unknown(&LEG_KEYS) };
    }
    match (root, member) {
        ("variables" | "callEvent", _) => Ok(()),
        (root, None) if PLAIN_FIELDS.contains(&root) || OTHERS.contains(&root) => Ok(()),
        (root, Some(_)) if PLAIN_FIELDS.contains(&root) || OTHERS.contains(&root) => {
            Err((format!("{root:?} has no fields"), format!("write `{root}`")))
        }
        _ => {
            let known =
                PLAIN_FIELDS.iter().chain(&PARTY_FIELDS).chain(&LEG_FIELDS).chain(&OTHERS).chain(&FUNCTIONS);
            let cure = match meant(root, known.copied()) {
                Some(meant) => format!("write `{meant}`"),
                None => "docs/template-dialects.md lists the names".to_owned(),
            };
            Err((format!("unknown name {root:?}"), cure))
        }
    }
}

/// Whether `name` is a field of some event: where it is absent, it is none.
pub(super) fn is_event_field(name: &str) -> bool {
    PLAIN_FIELDS.contains(&name) || name == "variables"
}

/// The fields of the object called `name`; `None` where it is none.
pub(super) fn object_keys(name: &str) -> Option<&'static [&'static str]> {
    if PARTY_FIELDS.contains(&name) {
        Some(&PARTY_KEYS)
    } else if LEG_FIELDS.contains(&name) {
        Some(&LEG_KEYS)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_events_is_known() {
        let schemas = [
            serde_json::to_value(<ringwire_event::CallEvent as utoipa::PartialSchema>::schema()),
            serde_json::to_value(<ringwire_event::EventKind as utoipa::PartialSchema>::schema()),
            serde_json::to_value(<ringwire_event::CallFacts as utoipa::PartialSchema>::schema()),
        ];
        let mut fields = Vec::new();
        for schema in schemas {
            collect(&schema.unwrap(), &mut fields);
        }
        assert!(fields.len() > 30, "{fields:?}");
        let is_known =
            |field: &&String| is_event_field(field) || object_keys(field).is_some() || *field == "users";
        // The description of a field may have its Rust name.
        let in_json = |field: &String| {
            let mut words = field.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
        };
        let fields: Vec<_> = fields.iter().map(in_json).collect();
        let unknown: Vec<_> = fields.iter().filter(|field| !is_known(field)).collect();
        assert!(unknown.is_empty(), "add to this file: {unknown:?}");
    }

    /// The names of the properties that `schema` describes.
    fn collect(schema: &serde_json::Value, fields: &mut Vec<String>) {
        match schema {
            serde_json::Value::Object(object) => {
                let properties = object.get("properties").and_then(serde_json::Value::as_object);
                fields.extend(properties.into_iter().flat_map(|properties| properties.keys().cloned()));
                object.values().for_each(|value| collect(value, fields));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
            _ => {}
        }
    }
}
