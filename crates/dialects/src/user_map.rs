//! By which ids a target knows the users of the PBX.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::{RequestUrl, TargetRequest};

/// The ids of users at a target, by what the dialect finds them by: as a rule the extension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserMap {
    ids: Arc<BTreeMap<String, Value>>,
    #[serde(skip)]
    has_placeholders: bool,
}

impl UserMap {
    /// A map in which everybody has an id that shows where the real one would stand.
    #[must_use]
    pub fn with_placeholders() -> Self {
        Self { ids: Arc::default(), has_placeholders: true }
    }

    /// The id of the user who is found by `key`.
    #[must_use]
    pub fn id(&self, key: &str) -> Option<Value> {
        let placeholder = || self.has_placeholders.then(|| format!("<id of {key}>").into());
        self.ids.get(key).cloned().or_else(placeholder)
    }

    /// Gives the user who is found by `key` this `id`.
    pub fn set(&mut self, key: String, id: Value) {
        Arc::make_mut(&mut self.ids).insert(key, id);
    }

    /// How many users it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has no users.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl FromIterator<(String, Value)> for UserMap {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(ids: T) -> Self {
        Self { ids: Arc::new(ids.into_iter().collect()), has_placeholders: false }
    }
}

/// How a target's list of users is read, page by page.
#[derive(Clone, Debug, PartialEq)]
pub struct UserListRequest {
    /// The request for the first page. Its `url` may be below the target's own.
    pub first: TargetRequest,
    /// Where the users are in a reply, as a JSON pointer to an array.
    pub items: String,
    /// Where in a user the key is, as a JSON pointer: what the dialect finds users by. Users without it are skipped.
    pub key: String,
    /// Where in a user the id is, as a JSON pointer.
    pub id: String,
    /// How the next page is requested; `None` where there is one page only.
    pub next: Option<NextPage>,
}

/// How the next page of a list is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// The value at `pointer` in the reply is sent as the query parameter `parameter`; the last page has none.
    Token {
        /// A JSON pointer to a number or a text.
        pointer: String,
        /// The name of the query parameter.
        parameter: String,
    },
    /// The value at `pointer` in the reply is the URL of the next page; the last page has none.
    Link {
        /// A JSON pointer to a text.
        pointer: String,
    },
    /// The query parameter `parameter` counts pages from `first`; the last page has no users.
    Number {
        /// The name of the query parameter.
        parameter: String,
        /// The number of the first page, which the first request already has.
        first: u32,
    },
}

impl UserListRequest {
    /// The users on the page `body`, by key.
    ///
    /// # Errors
    /// It is not JSON, or has no array of users; the text says which.
    pub fn users_on(&self, body: &[u8]) -> Result<Vec<(String, Value)>, String> {
        let page = parse(body)?;
        let Some(items) = page.pointer(&self.items).and_then(Value::as_array) else {
            return Err(format!("the list of users has no array at {:?}", self.items));
        };
        let user = |item: &Value| {
            let key = match item.pointer(&self.key)? {
                Value::String(text) if !text.is_empty() => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            let id = item.pointer(&self.id).filter(|id| !id.is_null())?;
            Some((key, id.clone()))
        };
        Ok(items.iter().filter_map(user).collect())
    }

    /// The request for the page after `body`, which was number `pages` counted from 1; `None` where it was the last.
    #[must_use]
    pub fn next_request(&self, body: &[u8], pages: u32) -> Option<TargetRequest> {
        let page = parse(body).ok()?;
        let mut request = self.first.clone();
        let mut set = |parameter: &str, value: String| {
            request.query.retain(|(name, _)| name != parameter);
            request.query.push((parameter.to_owned(), value));
        };
        match self.next.as_ref()? {
            NextPage::Token { pointer, parameter } => match page.pointer(pointer)? {
                Value::String(text) if !text.is_empty() => set(parameter, text.clone()),
                Value::Number(number) => set(parameter, number.to_string()),
                _ => return None,
            },
            NextPage::Link { pointer } => {
                let url = page.pointer(pointer)?.as_str().filter(|url| !url.is_empty())?;
                request.url = RequestUrl::Absolute(url.to_owned());
                request.query.clear();
            }
            NextPage::Number { parameter, first } => {
                let is_empty = page.pointer(&self.items).and_then(Value::as_array).is_none_or(Vec::is_empty);
                if is_empty {
                    return None;
                }
                set(parameter, first.saturating_add(pages).to_string());
            }
        }
        Some(request)
    }
}

fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|_| "the list of users is not JSON".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(next: NextPage) -> UserListRequest {
        let first = TargetRequest {
            method: "GET".to_owned(),
            query: vec![("active".to_owned(), "1".to_owned())],
            ..TargetRequest::default()
        };
        UserListRequest {
            first,
            items: "/result".to_owned(),
            key: "/phone".to_owned(),
            id: "/id".to_owned(),
            next: Some(next),
        }
    }

    fn query(request: &TargetRequest) -> String {
        request.full_url("https://crm.example")
    }

    #[test]
    fn users_without_key_or_id_are_skipped() {
        let list = list(NextPage::Link { pointer: "/next".to_owned() });
        let page = br#"{"result":[{"id":7,"phone":"101"},{"id":8,"phone":""},{"phone":"103"},{"id":"x","phone":104}]}"#;
        let users = list.users_on(page).unwrap();
        assert_eq!(users, [("101".to_owned(), 7.into()), ("104".to_owned(), "x".into())]);
        assert_eq!(list.users_on(b"{}").unwrap_err(), "the list of users has no array at \"/result\"");
        assert_eq!(list.users_on(b"<html>").unwrap_err(), "the list of users is not JSON");
    }

    #[test]
    fn the_next_page_is_asked_for_until_the_last() {
        let by_token = list(NextPage::Token { pointer: "/next".to_owned(), parameter: "start".to_owned() });
        let next = by_token.next_request(br#"{"result":[],"next":50}"#, 1).unwrap();
        assert_eq!(query(&next), "https://crm.example?active=1&start=50");
        assert_eq!(by_token.next_request(br#"{"result":[]}"#, 2), None);
        let by_link = list(NextPage::Link { pointer: "/links/next".to_owned() });
        let next = by_link.next_request(br#"{"links":{"next":"https://crm.example/u?page=2"}}"#, 1).unwrap();
        assert_eq!(query(&next), "https://crm.example/u?page=2");
        assert_eq!(by_link.next_request(br#"{"links":{"next":null}}"#, 1), None);
        let by_number = list(NextPage::Number { parameter: "page".to_owned(), first: 1 });
        let next = by_number.next_request(br#"{"result":[{"id":1}]}"#, 1).unwrap();
        assert_eq!(query(&next), "https://crm.example?active=1&page=2");
        assert_eq!(by_number.next_request(br#"{"result":[]}"#, 2), None);
    }
}
