//! Which events a client is told.

use std::collections::BTreeSet;

use super::block::Block;

/// A set of event classes (AMI contract, 1.7 and 1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Every class there is.
    All,
    /// These; an event is told only if all its classes are among them.
    Some(BTreeSet<String>),
}

impl Mask {
    /// The classes written as `text`, the way `Events:`, `EventMask:` and `read =` have them: `on`, `off`, a
    /// number, or names with commas between.
    pub(super) fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "yes" | "true" | "all" => Self::All,
            "off" | "no" | "false" | "0" | "none" | "" => Self::Some(BTreeSet::new()),
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => Self::All,
            list => {
                let classes: BTreeSet<String> =
                    list.split(',').map(|class| class.trim().to_owned()).collect();
                if classes.contains("all") { Self::All } else { Self::Some(classes) }
            }
        }
    }

    /// The classes of this mask that `read` has too.
    pub(super) fn within(self, read: &str) -> Self {
        match (self, Self::parse(read)) {
            (mask, Self::All) | (Self::All, mask) => mask,
            (Self::Some(mask), Self::Some(read)) => Self::Some(mask.intersection(&read).cloned().collect()),
        }
    }

    pub(super) fn has(&self, class: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(classes) => classes.contains(class),
        }
    }

    /// Whether `event` is told: all its classes are in the mask. `all`, which every event names, is no class.
    pub(super) fn admits(&self, event: &Block) -> bool {
        let classes =
            String::from_utf8_lossy(event.get("Privilege").unwrap_or_default()).to_ascii_lowercase();
        classes
            .split(',')
            .map(str::trim)
            .filter(|class| !matches!(*class, "" | "all"))
            .all(|class| self.has(class))
    }

    /// Whether no class is in it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Some(BTreeSet::new())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[track_caller]
    fn check(mask: &str, privilege: &str, expected: bool) {
        let event = Block(Bytes::from(format!("Event: X\r\nPrivilege: {privilege}")));
        assert_eq!(Mask::parse(mask).admits(&event), expected, "{mask} {privilege}");
    }

    #[test]
    fn an_event_is_told_if_all_its_classes_are_asked_for() {
        for mask in ["on", "ALL", "call,agent", "255", "system, call ,all"] {
            check(mask, "call,all", true);
        }
        for mask in ["off", "0", "", "agent", "system,dialplan"] {
            check(mask, "call,all", false);
        }
        check("call", "call,reporting,all", false);
        check("call,reporting", "call,reporting,all", true);
        check("off", "", true);
    }

    #[test]
    fn nobody_is_told_what_they_may_not_read() {
        for (asked, read, expected) in [
            ("on", "call", "call"),
            ("call,system", "all", "call,system"),
            ("call,agent", "call,cdr", "call"),
        ] {
            assert_eq!(Mask::parse(asked).within(read), Mask::parse(expected));
        }
        assert!(Mask::parse("agent").within("call").is_empty());
    }
}
