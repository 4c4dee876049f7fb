//! Searching calls for a text.

use ringwire_event::{AnsweredBy, Party};

use super::super::records::CallRecord;

/// A text to search for in everything that is known about a call.
pub(super) struct CallSearch {
    text: String,
    /// Its digits without leading zeros if it can be a number, which may be written with blanks, with a prefix, or without
    /// the country.
    digits: Option<String>,
}

impl CallSearch {
    pub(super) fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let number = text.chars().all(|c| c.is_ascii_digit() || "+-/(). ".contains(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').to_owned();
        Self { text, digits: (number && !digits.is_empty()).then_some(digits) }
    }

    pub(super) fn matches(&self, call: &CallRecord) -> bool {
        let number = match &call.answered_by {
            Some(AnsweredBy::Number { number }) => Some(number),
            _ => None,
        };
        let numbers = [Some(&call.from), Some(&call.to), number].into_iter().flatten();
        if let Some(digits) = &self.digits
            && numbers.clone().any(|number| number.contains(digits))
        {
            return true;
        }
        let facts = [Some(&call.id), call.from_name.as_ref(), call.queue.as_ref()].into_iter().flatten();
        numbers.chain(facts).any(|fact| fact.to_lowercase().contains(&self.text))
            || has_user(call, &self.text)
    }
}

/// Whether `wanted`, which is in lower case, is part of what is known about a user of the call.
pub(super) fn has_user(call: &CallRecord, wanted: &str) -> bool {
    let answered_by = call.answered_by.as_ref().and_then(AnsweredBy::user);
    call.users.iter().chain(answered_by).any(|user| {
        let Party { endpoint, extension, name, login, email, .. } = user;
        std::iter::once(Some(endpoint))
            .chain([extension, name, login, email].map(Option::as_ref))
            .flatten()
            .any(|fact| fact.to_lowercase().contains(wanted))
    })
}
