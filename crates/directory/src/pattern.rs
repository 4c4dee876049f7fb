//! Patterns over names.

use std::fmt;

use wildmatch::WildMatch;

/// A pattern over names, with `*` for any run of characters and `?` for one; case does not count.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(WildMatch);

impl Pattern {
    /// The pattern written as `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(WildMatch::new_case_insensitive(text))
    }

    /// Whether `name` matches, whole.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
