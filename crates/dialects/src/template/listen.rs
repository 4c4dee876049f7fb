//! What a dialect file listens for: requests of the target that ask for an action.
//!
//! They are read and checked; no action exists yet.

use super::{
    body::{BodyTemplate, PairsTemplate},
    expression::Template,
    reader::{Item, Table},
    reply_rule::one_of,
    selector::pattern,
    vocabulary::NameScope,
};

/// The actions that a request can ask for.
const ACTIONS: [&str; 7] = ["originate", "hangup", "hold", "unhold", "transfer", "dtmf", "answer"];

const METHODS: [&str; 3] = ["GET", "POST", "PUT"];

const PARTS: [&str; 4] = ["query", "form", "json", "header"];

/// One request that is listened for.
#[derive(Debug)]
pub struct ListenRule {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path below that of the target's listener, with a slash at the beginning.
    pub path: String,
    /// The action that it asks for.
    pub action: &'static str,
}

impl ListenRule {
    /// Reads one `[[listen]]`.
    pub(super) fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let path = table.required("path", "write `path = \"/call\"`").and_then(|item| {
            let path = item.text()?;
            if !path.starts_with('/') {
                item.wrong(format!("{path:?} is no path"), format!("write \"/{path}\""));
            }
            Some(path.to_owned())
        });
        let method = table.get("method").map_or(Some("POST"), |item| one_of(item, &METHODS));
        let action = table.required("action", "write `action = \"originate\"`, or another");
        let action = action.and_then(|item| one_of(item, &ACTIONS));
        let matches = table.get("match").and_then(Item::table);
        for item in matches.iter().flat_map(|table| table.entries()) {
            check_part(item, item.key);
            let _ = pattern(item);
        }
        match table.table("token") {
            Some(token) => read_token(&token, scope),
            None => table.wrong(
                "nobody has to show a token",
                "write `token = { query = \"token\", equals = \"{{ settings.token }}\" }`",
            ),
        }
        let with = table
            .get("with")
            .map_or_else(|| Some(PairsTemplate::default()), |item| PairsTemplate::read(item, scope));
        if let Some(answer) = table.table("answer") {
            if let Some(status) = answer.get("status")
                && !status.number().is_some_and(|status| (200.0..600.0).contains(&status))
            {
                status.wrong("not an HTTP status", "write 200, or another");
            }
            let _ = BodyTemplate::read(&answer, scope);
            answer.finish();
        }
        table.finish();
        with?;
        Some(Self { method: method?, path: path?, action: action? })
    }
}

/// `PART.NAME`, such as `form.event`.
fn check_part(item: &Item<'_>, text: &str) {
    let is_known = text.split_once('.').is_some_and(|(part, name)| PARTS.contains(&part) && !name.is_empty());
    if !is_known {
        let cure =
            "write PART.NAME, where PART is query, form, json or header, as `\"form.event\" = \"CALL\"`";
        item.mistakes.add(item.key_at, &item.path, format!("{text:?} is no part of a request"), cure);
    }
}

fn read_token(table: &Table<'_>, scope: &NameScope<'_>) {
    let places = [table.get("query"), table.get("form"), table.get("json"), table.get("header")];
    if places.into_iter().flatten().count() != 1 {
        table.wrong(
            "unclear where the token stands",
            "write one of query, form, json and header with its name",
        );
    }
    if let Some(item) = table.required("equals", "write `equals = \"{{ settings.token }}\"`") {
        let _ = Template::read(item, scope);
    }
    table.finish();
}
