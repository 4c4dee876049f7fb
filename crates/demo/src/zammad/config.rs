//! The settings of the integration, and the people that Zammad knows.

/// The settings of the integration, and the people that Zammad knows.
#[derive(Clone, Debug)]
pub struct ZammadConfig {
    /// The last segment of the URL.
    pub token: String,
    /// Whether the integration is switched on.
    pub enabled: bool,
    /// Whether its settings were saved at least once.
    pub configured: bool,
    /// Blocked callers, exactly as they are posted.
    pub block: Vec<String>,
    /// The caller ids for outbound numbers; the first route that matches is used.
    pub routes: Vec<CallerIdRoute>,
    /// The caller id for all other numbers; empty for none.
    pub default_caller_id: String,
    /// Customers and agents, the oldest first.
    pub people: Vec<ZammadPerson>,
}

impl ZammadConfig {
    /// An integration that is enabled and sends no commands to the PBX.
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

/// A row of the routing table for outbound calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdRoute {
    /// The pattern of the numbers: digits, with `*` for one or more characters.
    pub dest: String,
    /// The caller id to show.
    pub caller_id: String,
}

impl CallerIdRoute {
    /// Whether the pattern matches the whole of `number`. A `+` before the pattern is ignored, because Zammad reads it
    /// as part of a regular expression (Zammad notes 3); so the pattern never matches a `+`.
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

/// A person that Zammad knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZammadPerson {
    /// First and last name.
    pub name: String,
    /// The login, in lower case.
    pub login: String,
    /// The content of the field `phone`.
    pub phone: String,
    /// The contents of all other fields: mobile, fax, notes.
    pub other: Vec<String>,
    /// The texts of tickets in which this customer may have written a number.
    pub tickets: Vec<String>,
    /// Whether this is an agent who takes calls.
    pub agent: bool,
}

impl ZammadPerson {
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
            let route = CallerIdRoute { dest: dest.into(), caller_id: String::new() };
            assert_eq!(route.matches(number), expected, "{dest} {number}");
        }
    }
}
