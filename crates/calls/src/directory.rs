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
    /// The user's login at the systems told of calls.
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

    /// The party at a device: what the directory says of it, else what the device says of itself.
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
