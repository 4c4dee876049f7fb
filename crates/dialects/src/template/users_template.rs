//! How a dialect file finds the ids of users.

use minijinja::value::Value;

use super::{
    body::PairsTemplate,
    reader::{Item, Table},
    reply_rule::one_of,
    selector::pointer,
    step_template::RequestTemplate,
    vocabulary::NameScope,
};
use crate::user_map::{NextPage, UserListRequest};

const KEYS: [&str; 5] = ["extension", "login", "email", "number", "endpoint"];

/// `[users]` of a file.
#[derive(Debug)]
pub(super) struct UsersTemplate {
    /// The field of a user that the map is asked for.
    pub(super) by: &'static str,
    list: Option<ListTemplate>,
}

#[derive(Debug)]
struct ListTemplate {
    request: RequestTemplate,
    items: String,
    key: String,
    id: String,
    next: Option<NextPage>,
}

impl Default for UsersTemplate {
    fn default() -> Self {
        Self { by: "extension", list: None }
    }
}

impl UsersTemplate {
    /// Reads `[users]`.
    pub(super) fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let by = table.get("by").map_or(Some("extension"), |item| one_of(item, &KEYS));
        let list = table.table("list").map(|table| ListTemplate::read(&table, scope));
        table.finish();
        Some(Self {
            by: by?,
            list: match list {
                Some(list) => Some(list?),
                None => None,
            },
        })
    }

    /// The request for the list with the settings in `scope`; `None` where the file has none.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn build(
        &self,
        scope: &Value,
        headers: &PairsTemplate,
    ) -> Result<Option<UserListRequest>, String> {
        let Some(list) = &self.list else { return Ok(None) };
        Ok(Some(UserListRequest {
            first: list.request.build(scope, headers)?,
            items: list.items.clone(),
            key: list.key.clone(),
            id: list.id.clone(),
            next: list.next.clone(),
        }))
    }
}

impl ListTemplate {
    fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let place = |key: &'static str| {
            let item = table.required(key, &format!("write a JSON pointer, as `{key} = \"/{key}\"`"))?;
            pointer(item, item.text()?)
        };
        let (items, key, id) = (place("items"), place("key"), place("id"));
        let next = table.table("next").map(|table| read_next(&table));
        let request = RequestTemplate::read(table, scope);
        table.finish();
        let next = match next {
            Some(next) => Some(next?),
            None => None,
        };
        Some(Self { request: request?, items: items?, key: key?, id: id?, next })
    }
}

fn read_next(table: &Table<'_>) -> Option<NextPage> {
    let pointer_at = |item: &Item<'_>| pointer(item, item.text()?);
    let parameter = table.text("parameter").map(str::to_owned);
    let (token, link, first) = (table.get("token"), table.get("link"), table.get("first"));
    table.finish();
    match (token, link, parameter) {
        (Some(token), None, Some(parameter)) => {
            Some(NextPage::Token { pointer: pointer_at(token)?, parameter })
        }
        (None, Some(link), None) => Some(NextPage::Link { pointer: pointer_at(link)? }),
        (None, None, Some(parameter)) => {
            let first = first.map_or(Some(1.0), Item::number)?;
            Some(NextPage::Number { parameter, first: first as u32 })
        }
        _ => {
            table.wrong(
                "unclear how the next page is found",
                "write { token = POINTER, parameter = NAME }, { link = POINTER } or { parameter = NAME, first = 1 }",
            );
            None
        }
    }
}
