//! What an administrator of Zammad has set.

/// The settings of the integration, and the people Zammad knows.
#[derive(Clone, Debug)]
pub struct ZammadConfig {
    /// The last part of the endpoint's address.
    pub token: String,
    /// Whether the integration is switched on.
    pub enabled: bool,
    /// Whether its settings were ever saved.
    pub configured: bool,
    /// Callers who are turned away, written exactly as they are posted.
    pub block: Vec<String>,
    /// Which caller id is shown to which numbers; the first that matches counts.
    pub routes: Vec<Route>,
    /// The caller id shown to every other number; none where it is empty.
    pub default_caller_id: String,
    /// Customers and agents, the oldest first.
    pub people: Vec<Person>,
}

impl ZammadConfig {
    /// An integration that is switched on and asks nothing of the PBX.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            enabled: true,
            configured: true,
            block: Vec::new(),
            routes: Vec::new(),
            default_caller_id: String::new(),
            people: Vec::new(),
        }
    }
}

/// A row of the routing table of outbound calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The numbers it is for: digits, with `*` for one or more of anything.
    pub dest: String,
    /// The caller id to show.
    pub caller_id: String,
}

impl Route {
    /// Whether the row is for `number`, all of it. A `+` before the pattern is lost, for Zammad takes it for a
    /// part of a regular expression (Zammad contract, section 3); so the pattern never matches a `+`.
    pub(super) fn matches(&self, number: &str) -> bool {
        fn rest(pattern: &[char], text: &[char]) -> bool {
            match (pattern, text) {
                ([], []) => true,
                (['*', after @ ..], [_, text @ ..]) => rest(after, text) || rest(pattern, text),
                ([p, pattern @ ..], [t, text @ ..]) if p == t => rest(pattern, text),
                _ => false,
            }
        }
        let pattern: Vec<char> = self.dest.trim_start_matches('+').chars().collect();
        let number: Vec<char> = number.chars().collect();
        rest(&pattern, &number)
    }
}

/// Someone whom Zammad knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// First and last name.
    pub name: String,
    /// The login, in lower case.
    pub login: String,
    /// The phone number as it stands in the field `phone`.
    pub phone: String,
    /// What stands in all other fields: mobile, fax, notes.
    pub other: Vec<String>,
    /// Texts of tickets in which this customer may have written a number.
    pub tickets: Vec<String>,
    /// Whether this is an agent who takes calls.
    pub agent: bool,
}

impl Person {
    /// A customer.
    #[must_use]
    pub fn customer(name: &str, phone: &str) -> Self {
        Self { name: name.into(), phone: phone.into(), ..Self::default() }
    }

    /// An agent.
    #[must_use]
    pub fn agent(name: &str, login: &str, phone: &str) -> Self {
        Self { login: login.into(), agent: true, ..Self::customer(name, phone) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_matches_the_whole_number_and_never_a_plus() {
        for (dest, number, expected) in [
            ("41*", "4147110000000", true),
            ("41*", "+4147110000000", false),
            ("+41*", "4147110000000", true),
            ("+41*", "+4147110000000", false),
            ("41*", "41", false),
            ("41*", "491711", false),
            ("491714000000", "491714000000", true),
            ("491714000000", "4917140000001", false),
            ("49*00", "49171400", true),
            ("49*00", "4900", false),
            ("", "", true),
        ] {
            let route = Route { dest: dest.into(), caller_id: String::new() };
            assert_eq!(route.matches(number), expected, "{dest} {number}");
        }
    }
}
