//! Who is calling, and whose screen to bring up (Zammad contract, section 2).

use serde_json::Value;

use super::{Params, Person, ZammadConfig, numbers_in};

/// How many people one number may stand for.
const MOST: usize = 20;

impl Person {
    /// Whether one of the fields of this person holds `number`.
    fn has(&self, number: &str) -> bool {
        std::iter::once(&self.phone)
            .chain(&self.other)
            .any(|field| numbers_in(field).iter().any(|n| n == number))
    }

    fn may_have(&self, number: &str) -> bool {
        self.tickets.iter().any(|text| numbers_in(text).iter().any(|n| n == number))
    }
}

/// The names of the customers who call from or are called at `number`, and their places among the people; the
/// newest first. Who has the number goes before who once wrote it in a ticket.
pub(super) fn customers(config: &ZammadConfig, number: Option<&str>) -> Option<(String, Vec<usize>)> {
    type Knows = fn(&Person, &str) -> bool;
    let levels: [(&str, Knows); 2] = [("", Person::has), ("maybe ", Person::may_have)];
    for number in numbers_in(number?) {
        for (word, knows) in levels {
            let found: Vec<(usize, &Person)> = config
                .people
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, person)| knows(person, &number))
                .take(MOST)
                .collect();
            if !found.is_empty() {
                let names: Vec<&str> = found.iter().map(|(_, person)| person.name.as_str()).collect();
                return Some((
                    format!("{word}{}", names.join(",")),
                    found.iter().map(|(at, _)| *at).collect(),
                ));
            }
        }
    }
    None
}

/// The reply is lost to an exception.
pub(super) struct Crash;

/// The agent who answered, so that their screen is brought up.
///
/// # Errors
/// [`Crash`] where `user` is a list and has to be looked at: it is compared in lower case, which a list has not.
pub(super) fn answering<'a>(config: &'a ZammadConfig, params: &Params) -> Result<Option<&'a Person>, Crash> {
    Ok(found(config, params)?.filter(|person| person.agent))
}

fn found<'a>(config: &'a ZammadConfig, params: &Params) -> Result<Option<&'a Person>, Crash> {
    let people = &config.people;
    for number in params.string("answeringNumber").map(numbers_in).unwrap_or_default() {
        if let Some(agent) = people.iter().find(|person| person.agent && person.has(&number)) {
            return Ok(Some(agent));
        }
    }
    if let Some(number) = params.text("answeringNumber").filter(|number| !number.is_empty())
        && let Some(person) = people.iter().find(|person| person.phone == number)
    {
        // A customer who has it ends the search all the same.
        return Ok(Some(person));
    }
    match params.get("user") {
        Some(Value::Array(list)) if !list.is_empty() => return Err(Crash),
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
