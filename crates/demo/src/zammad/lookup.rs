//! Looks up customers by number, and the agent who answered (Zammad notes 2).

use serde_json::Value;

use super::config::{ZammadConfig, ZammadPerson};
use super::numbers::numbers_in;
use super::params::RequestParams;

/// The largest number of people found for one number.
const MAX_PEOPLE: usize = 20;

impl ZammadPerson {
    /// Whether one of the fields of this person contains `number`.
    fn has_number(&self, number: &str) -> bool {
        std::iter::once(&self.phone)
            .chain(&self.other)
            .any(|field| numbers_in(field).iter().any(|n| n == number))
    }

    fn may_have_number(&self, number: &str) -> bool {
        self.tickets.iter().any(|text| numbers_in(text).iter().any(|n| n == number))
    }
}

/// Finds the customers with `number`: their names, and their indexes in the list of people, the newest first. Customers
/// who have the number take precedence over those who wrote it in a ticket.
pub(super) fn find_customers(config: &ZammadConfig, number: Option<&str>) -> Option<(String, Vec<usize>)> {
    type HasNumber = fn(&ZammadPerson, &str) -> bool;
    let levels: [(&str, HasNumber); 2] =
        [("", ZammadPerson::has_number), ("maybe ", ZammadPerson::may_have_number)];
    for number in numbers_in(number?) {
        for (prefix, has_number) in levels {
            let found: Vec<(usize, &ZammadPerson)> = config
                .people
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, person)| has_number(person, &number))
                .take(MAX_PEOPLE)
                .collect();
            if !found.is_empty() {
                let names: Vec<&str> = found.iter().map(|(_, person)| person.name.as_str()).collect();
                return Some((
                    format!("{prefix}{}", names.join(",")),
                    found.iter().map(|(at, _)| *at).collect(),
                ));
            }
        }
    }
    None
}

/// An exception replaces the reply.
pub(super) struct LostReply;

/// Finds the agent who answered, for the screen pop.
///
/// # Errors
///
/// [`LostReply`] if `user` is a list and is needed: Zammad converts it to lower case, which fails for a list.
pub(super) fn find_answering_agent<'a>(
    config: &'a ZammadConfig,
    params: &RequestParams,
) -> Result<Option<&'a ZammadPerson>, LostReply> {
    Ok(find_person(config, params)?.filter(|person| person.agent))
}

fn find_person<'a>(
    config: &'a ZammadConfig,
    params: &RequestParams,
) -> Result<Option<&'a ZammadPerson>, LostReply> {
    let people = &config.people;
    for number in params.string("answeringNumber").map(numbers_in).unwrap_or_default() {
        if let Some(agent) = people.iter().find(|person| person.agent && person.has_number(&number)) {
            return Ok(Some(agent));
        }
    }
    if let Some(number) = params.text("answeringNumber").filter(|number| !number.is_empty())
        && let Some(person) = people.iter().find(|person| person.phone == number)
    {
        // A customer with this number ends the search too.
        return Ok(Some(person));
    }
    match params.get("user") {
        Some(Value::Array(list)) if !list.is_empty() => return Err(LostReply),
        Some(Value::String(user)) if !user.is_empty() => {
            let login = user.to_lowercase();
            if let Some(person) = people.iter().find(|person| person.login == login) {
                return Ok(Some(person));
            }
        }
        _ => {}
    }
    let id = params.text("user_id").and_then(|id| id.parse::<usize>().ok());
    Ok(id.and_then(|id| people.get(id)))
}
