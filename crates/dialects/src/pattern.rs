//! Patterns that select calls.

use wildmatch::WildMatch;

/// A set of patterns for names or numbers: `*` is any run of characters, `?` is one. The empty set matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct PatternSet(Vec<WildMatch>);

impl PatternSet {
    /// Patterns for names; case does not matter.
    pub(crate) fn for_names(patterns: &[String]) -> Self {
        Self(patterns.iter().map(|pattern| WildMatch::new_case_insensitive(pattern.trim())).collect())
    }

    /// Patterns for numbers, with or without a leading `+`.
    pub(crate) fn for_numbers(patterns: &[String]) -> Self {
        let bare = |pattern: &String| {
            let pattern = pattern.trim();
            WildMatch::new(pattern.strip_prefix('+').unwrap_or(pattern))
        };
        Self(patterns.iter().map(bare).collect())
    }

    /// Whether one of the patterns matches `value`. An unknown value matches the empty set only.
    pub(crate) fn matches(&self, value: Option<&str>) -> bool {
        self.0.is_empty() || value.is_some_and(|value| self.0.iter().any(|pattern| pattern.matches(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: &PatternSet, value: Option<&str>, expected: bool) {
        assert_eq!(set.matches(value), expected, "{value:?} against {set:?}");
    }

    fn patterns(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    #[test]
    fn the_empty_set_matches_everything() {
        for value in [None, Some(""), Some("PJSIP/trunk")] {
            check(&PatternSet::default(), value, true);
        }
    }

    #[test]
    fn names_match_whole_and_ignore_case() {
        let set = PatternSet::for_names(&patterns(&["PJSIP/trunk*", " sip/line-? "]));
        for value in ["PJSIP/trunk", "pjsip/TRUNK-berlin", "SIP/line-1"] {
            check(&set, Some(value), true);
        }
        for value in [None, Some(""), Some("xPJSIP/trunk"), Some("SIP/line-12")] {
            check(&set, value, false);
        }
    }

    #[test]
    fn numbers_match_with_and_without_plus() {
        let set = PatternSet::for_numbers(&patterns(&["+4930*", "49891000"]));
        check(&set, Some("4930100"), true);
        check(&set, Some("49891000"), true);
        check(&set, Some("498910001"), false);
    }
}
