//! What an endpoint is called.

use std::{borrow::Borrow, fmt, sync::Arc};

/// The configured name of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointName(Arc<str>);

impl EndpointName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EndpointName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl Borrow<str> for EndpointName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
