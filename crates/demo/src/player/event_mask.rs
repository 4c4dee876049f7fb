//! The event classes that a client receives.

use std::collections::BTreeSet;

use super::block::AmiBlock;

/// A set of event classes (AMI notes 1.7 and 1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EventMask {
    /// Every class there is.
    All,
    /// These; an event is sent only if all its classes are among them.
    Some(BTreeSet<String>),
}

impl EventMask {
    /// Parses the value of `Events:`, `EventMask:` or `read =`: `on`, `off`, a number, or names separated by commas.
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

    /// The classes of this mask that are also in `read`.
    pub(super) fn limited_to(self, read: &str) -> Self {
        match (self, Self::parse(read)) {
            (mask, Self::All) | (Self::All, mask) => mask,
            (Self::Some(mask), Self::Some(read)) => Self::Some(mask.intersection(&read).cloned().collect()),
        }
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(classes) => classes.contains(class),
        }
    }

    /// Whether all classes of `event` are in the mask. Every event has `all`, which is not a class.
    pub(super) fn admits(&self, event: &AmiBlock) -> bool {
        let classes =
            String::from_utf8_lossy(event.get("Privilege").unwrap_or_default()).to_ascii_lowercase();
        classes
            .split(',')
            .map(str::trim)
            .filter(|class| !matches!(*class, "" | "all"))
            .all(|class| self.has_class(class))
    }

    /// Whether the mask has no class.
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
        let event = AmiBlock(Bytes::from(format!("Event: X\r\nPrivilege: {privilege}")));
        assert_eq!(EventMask::parse(mask).admits(&event), expected, "{mask} {privilege}");
    }

    #[test]
    fn an_event_is_sent_if_all_its_classes_are_in_the_mask() {
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
    fn a_mask_is_limited_to_the_classes_that_may_be_read() {
        for (asked, read, expected) in [
            ("on", "call", "call"),
            ("call,system", "all", "call,system"),
            ("call,agent", "call,cdr", "call"),
        ] {
            assert_eq!(EventMask::parse(asked).limited_to(read), EventMask::parse(expected));
        }
        assert!(EventMask::parse("agent").limited_to("call").is_empty());
    }
}
