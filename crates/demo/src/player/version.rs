//! The version of the manager interface, and what depends on it.

/// The version of the manager interface (AMI notes 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProtocolVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl ProtocolVersion {
    /// The version of Asterisk 22, used where there is no banner.
    const LATEST: Self = Self { major: 11, minor: 0, patch: 0 };

    pub(super) fn from_banner(banner: &str) -> Self {
        let number = banner.rsplit('/').next().unwrap_or_default().trim();
        let mut parts = number.split('.').map(|part| part.parse().ok());
        match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor), patch) => Self { major, minor, patch: patch.unwrap_or(0) },
            _ => Self::LATEST,
        }
    }

    /// The first line of a connection, with its line end.
    pub(super) fn banner(self) -> String {
        format!("Asterisk Call Manager/{}\r\n", self.text())
    }

    pub(super) fn text(self) -> String {
        match self {
            Self { major: 0 | 1, minor, .. } => format!("{}.{minor}", self.major),
            Self { major, minor, patch } => format!("{major}.{minor}.{patch}"),
        }
    }

    /// Whether events carry the channel block of Asterisk 12 and later.
    pub(super) fn is_modern(self) -> bool {
        self.major >= 2
    }

    /// Whether `FullyBooted` contains the uptime (Asterisk 14).
    pub(super) fn has_uptime(self) -> bool {
        self.major >= 3
    }

    /// The first Asterisk release of this version; up to Asterisk 13 the last one.
    pub(super) fn release(self) -> String {
        match (self.major, self.minor) {
            (1, 0) => "1.4.44".into(),
            (0 | 1, 1) => "1.8.32.3".into(),
            (0 | 1, 2) => "10.12.4".into(),
            (0 | 1, _) => "11.25.3".into(),
            (2, 0..=4) => "12.8.2".into(),
            (2, _) => "13.38.3".into(),
            (major, _) => format!("{}.0.0", major.saturating_add(11)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_follows_from_the_banner() {
        for (banner, text, release) in [
            ("Asterisk Call Manager/1.3", "1.3", "11.25.3"),
            ("Asterisk Call Manager/1.0", "1.0", "1.4.44"),
            ("Asterisk Call Manager/5.0.4", "5.0.4", "16.0.0"),
            ("Asterisk Call Manager/11.0.0", "11.0.0", "22.0.0"),
            ("", "11.0.0", "22.0.0"),
            ("Asterisk Call Manager/x.y", "11.0.0", "22.0.0"),
            ("Asterisk Call Manager/4294967295.0", "4294967295.0.0", "4294967295.0.0"),
        ] {
            let version = ProtocolVersion::from_banner(banner);
            assert_eq!((version.text().as_str(), version.release().as_str()), (text, release), "{banner}");
            assert_eq!(version.banner(), format!("Asterisk Call Manager/{text}\r\n"));
        }
    }
}
