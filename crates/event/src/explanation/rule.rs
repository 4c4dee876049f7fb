//! By which rule something was decided.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A section of the documents that say how calls are followed. It is shown as `rules 4.2` or `AMI 3.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleRef {
    document: RuleDocument,
    section: u8,
    /// The part of the section; 0 for all of it.
    part: u8,
}

/// A document that has the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleDocument {
    /// `docs/call-rules.md`: from Asterisk's events to call events.
    CallRules,
    /// `docs/asterisk-manager.md`: what Asterisk's manager interface really sends.
    AsteriskManager,
}

impl RuleDocument {
    /// What a reference to it begins with.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::CallRules => "rules",
            Self::AsteriskManager => "AMI",
        }
    }

    /// Where it is, from the root of the repository.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::CallRules => "docs/call-rules.md",
            Self::AsteriskManager => "docs/asterisk-manager.md",
        }
    }
}

impl RuleRef {
    /// Section `section` of the call rules.
    #[must_use]
    pub const fn rules(section: u8) -> Self {
        Self { document: RuleDocument::CallRules, section, part: 0 }
    }

    /// Section `section`.`part` of the call rules.
    #[must_use]
    pub const fn rules_part(section: u8, part: u8) -> Self {
        Self { document: RuleDocument::CallRules, section, part }
    }

    /// Section `section` of what is known of Asterisk's manager interface.
    #[must_use]
    pub const fn ami(section: u8) -> Self {
        Self { document: RuleDocument::AsteriskManager, section, part: 0 }
    }

    /// Section `section`.`part` of what is known of Asterisk's manager interface.
    #[must_use]
    pub const fn ami_part(section: u8, part: u8) -> Self {
        Self { document: RuleDocument::AsteriskManager, section, part }
    }

    /// The document that the section is in.
    #[must_use]
    pub fn document(self) -> RuleDocument {
        self.document
    }

    /// The reference that `text` shows; what follows the number is not looked at.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (label, number) = text.split_once(' ')?;
        let document = [RuleDocument::CallRules, RuleDocument::AsteriskManager]
            .into_iter()
            .find(|document| document.label() == label)?;
        let number = number.split([',', ' ']).next()?;
        let (section, part) = number.split_once('.').unwrap_or((number, "0"));
        Some(Self { document, section: section.parse().ok()?, part: part.parse().ok()? })
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.document.label(), self.section)?;
        match self.part {
            0 => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

impl Serialize for RuleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a reference; what shows none is none, for it is there to be read by people.
pub(super) fn deserialize_rule<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RuleRef>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(RuleRef::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_shown_and_read_back() {
        for (rule, shown) in [
            (RuleRef::rules(3), "rules 3"),
            (RuleRef::rules_part(4, 2), "rules 4.2"),
            (RuleRef::ami_part(3, 12), "AMI 3.12"),
        ] {
            assert_eq!(rule.to_string(), shown);
            assert_eq!(RuleRef::parse(shown), Some(rule));
        }
        assert_eq!(RuleRef::parse("rules 3, last point"), Some(RuleRef::rules(3)));
        assert_eq!(RuleRef::parse("rules of thumb"), None);
    }
}
