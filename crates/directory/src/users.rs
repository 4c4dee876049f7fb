//! Who has which phone.

use ringwire_event::Party;

/// A user as the administrator wrote it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The endpoint of the user's phone: `TECH/name`, or the name alone for any technology.
    pub endpoint: Option<String>,
    /// The user's extension.
    pub extension: Option<String>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's direct number.
    pub number: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// The user's login at the targets.
    pub login: Option<String>,
}

/// The users of a PBX, found by endpoint first, then by extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    users: Vec<User>,
    by_endpoint: std::collections::BTreeMap<String, usize>,
    by_extension: std::collections::BTreeMap<String, usize>,
}

impl Directory {
    /// A directory of `users`; of two users with one endpoint or extension the first counts.
    #[must_use]
    pub fn new(users: Vec<User>) -> Self {
        let mut directory = Self::default();
        for (index, user) in users.iter().enumerate() {
            if let Some(endpoint) = &user.endpoint {
                directory.by_endpoint.entry(endpoint.to_lowercase()).or_insert(index);
            }
            if let Some(extension) = &user.extension {
                directory.by_extension.entry(extension.clone()).or_insert(index);
            }
        }
        directory.users = users;
        directory
    }

    /// The user of a device, by its endpoint (`TECH/name`), else by its extension.
    #[must_use]
    pub fn find(&self, endpoint: &str, extension: Option<&str>) -> Option<&User> {
        let endpoint = endpoint.to_lowercase();
        let bare = endpoint.split_once('/').map_or(endpoint.as_str(), |(_, name)| name);
        self.by_endpoint
            .get(&endpoint)
            .or_else(|| self.by_endpoint.get(bare))
            .or_else(|| self.by_extension.get(extension?))
            .and_then(|index| self.users.get(*index))
    }

    /// The party at a device: from the directory, else from the device's own number and name.
    #[must_use]
    pub fn party(&self, endpoint: &str, own_number: Option<&str>, own_name: Option<&str>) -> Party {
        let user = self.find(endpoint, own_number);
        let pick = |field: fn(&User) -> &Option<String>, own: Option<&str>| {
            user.and_then(|user| field(user).clone()).or_else(|| own.map(str::to_owned))
        };
        Party {
            endpoint: endpoint.to_owned(),
            extension: pick(|user| &user.extension, own_number),
            name: pick(|user| &user.name, own_name),
            login: pick(|user| &user.login, None),
            email: pick(|user| &user.email, None),
            number: pick(|user| &user.number, None),
        }
    }

    /// The users whose devices it names, each at that device.
    pub fn at_devices(&self) -> impl Iterator<Item = Party> {
        let named = self.users.iter().filter_map(|user| user.endpoint.as_deref());
        named.filter(|endpoint| endpoint.contains('/')).map(|endpoint| self.party(endpoint, None, None))
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(endpoint: Option<&str>, extension: Option<&str>, name: &str) -> User {
        User {
            endpoint: endpoint.map(str::to_owned),
            extension: extension.map(str::to_owned),
            name: Some(name.to_owned()),
            ..User::default()
        }
    }

    fn check(endpoint: &str, extension: Option<&str>, expected: Option<&str>) {
        let directory = Directory::new(vec![
            user(Some("PJSIP/alice"), Some("101"), "Alice"),
            user(Some("bob"), Some("102"), "Bob"),
            user(None, Some("103"), "Carol"),
            user(Some("pjsip/ALICE"), Some("104"), "Second at a taken endpoint"),
            user(Some("SIP/dave"), Some("101"), "Second at a taken extension"),
        ]);
        let found = directory.find(endpoint, extension).and_then(|user| user.name.as_deref());
        assert_eq!(found, expected, "{endpoint} {extension:?}");
    }

    #[test]
    fn a_user_is_found_by_endpoint_then_by_extension() {
        check("PJSIP/alice", None, Some("Alice"));
        check("pjsip/Alice", Some("102"), Some("Alice"));
        check("SIP/alice", None, None);
        check("SIP/alice", Some("101"), Some("Alice"));
        check("PJSIP/bob", None, Some("Bob"));
        check("IAX2/bob", None, Some("Bob"));
        check("DAHDI/1", Some("103"), Some("Carol"));
        check("PJSIP/x", Some("104"), Some("Second at a taken endpoint"));
        check("SIP/dave", Some("101"), Some("Second at a taken extension"));
        check("PJSIP/eve", Some("105"), None);
        check("", None, None);
    }

    #[test]
    fn a_party_is_what_the_directory_says_else_what_the_device_says() {
        let directory = Directory::new(vec![User {
            login: Some("alice@example.com".into()),
            ..user(Some("PJSIP/alice"), None, "Alice A.")
        }]);
        assert_eq!(
            directory.party("PJSIP/alice", Some("101"), Some("alice's phone")),
            Party {
                extension: Some("101".into()),
                name: Some("Alice A.".into()),
                login: Some("alice@example.com".into()),
                ..Party::endpoint("PJSIP/alice")
            }
        );
        assert_eq!(
            directory.party("PJSIP/bob", Some("102"), Some("Bob")),
            Party { extension: Some("102".into()), name: Some("Bob".into()), ..Party::endpoint("PJSIP/bob") }
        );
    }
}
