//! Which calls an endpoint wants to hear of.

use wildmatch::WildMatch;

/// A set of patterns over names or numbers, with `*` for any run of characters and `?` for one; case does not
/// count. The empty set lets everything pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Vec<WildMatch>);

impl Filter {
    /// A filter over names.
    pub(crate) fn names(patterns: &[String]) -> Self {
        Self(patterns.iter().map(|pattern| WildMatch::new_case_insensitive(pattern.trim())).collect())
    }

    /// A filter over numbers: they are sent without `+`, so a pattern may be written with or without it.
    pub(crate) fn numbers(patterns: &[String]) -> Self {
        let bare = |pattern: &String| {
            let pattern = pattern.trim();
            WildMatch::new(pattern.strip_prefix('+').unwrap_or(pattern))
        };
        Self(patterns.iter().map(bare).collect())
    }

    /// Whether `value` passes. What is not known passes only where nothing is asked of it.
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        self.0.is_empty() || value.is_some_and(|value| self.0.iter().any(|pattern| pattern.matches(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &Filter, value: Option<&str>, passes: bool) {
        assert_eq!(filter.passes(value), passes, "{value:?} against {filter:?}");
    }

    fn patterns(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    #[test]
    fn no_pattern_lets_everything_pass() {
        for value in [None, Some(""), Some("PJSIP/trunk")] {
            check(&Filter::default(), value, true);
        }
    }

    #[test]
    fn names_match_whole_and_whatever_their_case() {
        let filter = Filter::names(&patterns(&["PJSIP/trunk*", " sip/line-? "]));
        for value in ["PJSIP/trunk", "pjsip/TRUNK-berlin", "SIP/line-1"] {
            check(&filter, Some(value), true);
        }
        for value in [None, Some(""), Some("xPJSIP/trunk"), Some("SIP/line-12")] {
            check(&filter, value, false);
        }
    }

    #[test]
    fn numbers_match_with_and_without_plus() {
        let filter = Filter::numbers(&patterns(&["+4930*", "49891000"]));
        check(&filter, Some("4930100"), true);
        check(&filter, Some("49891000"), true);
        check(&filter, Some("498910001"), false);
    }
}
