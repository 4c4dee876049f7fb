//! The version in a server's banner, and what depends on it.

use std::fmt;

/// The version of the manager protocol, from the banner (AMI notes 1.1).
///
/// It is not the version of Asterisk, but it grows with it, so it tells how the server's packets look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AmiVersion {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number, 0 where the banner has two.
    pub patch: u16,
}

impl AmiVersion {
    /// The newest version known here, that of Asterisk 23. It is assumed where there is no banner.
    pub const NEWEST: Self = Self::new(12, 0, 0);

    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Parses dotted numbers as they follow `Asterisk Call Manager/`: `11.0.0`, `1.3`.
    ///
    /// Everything after the third number is ignored; `None` if there is no number at all.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = text.split(|byte| *byte == b'.').map(leading_number);
        let major = numbers.next().flatten()?;
        let minor = numbers.next().flatten();
        let patch = minor.and_then(|_| numbers.next().flatten());
        Some(Self::new(major, minor.unwrap_or(0), patch.unwrap_or(0)))
    }

    /// Whether names, channel variables and presence texts arrive C-escaped: Asterisk 13.5 and 14 on
    /// (AMI notes 1.3).
    #[must_use]
    pub fn has_escapes(self) -> bool {
        self >= Self::new(2, 8, 0)
    }

    /// Whether channel events carry the standard channel block, as Asterisk 12 and later send it.
    #[must_use]
    pub fn has_channel_snapshots(self) -> bool {
        self.major >= 2
    }
}

impl fmt::Display for AmiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The number that `text` begins with; a number too large for the type becomes its largest value.
fn leading_number(text: &[u8]) -> Option<u16> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(None, |number, digit| {
        Some(number.unwrap_or(0u16).saturating_mul(10).saturating_add(u16::from(digit - b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u16, u16, u16)>) {
        let expected = expected.map(|(major, minor, patch)| AmiVersion::new(major, minor, patch));
        assert_eq!(AmiVersion::parse(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn versions_are_parsed_as_dotted_numbers() {
        check("11.0.0", Some((11, 0, 0)));
        check("1.3", Some((1, 3, 0)));
        check("5.0.4", Some((5, 0, 4)));
        check("13", Some((13, 0, 0)));
        check("2.10.6-rc1", Some((2, 10, 6)));
        check("99999.1", Some((u16::MAX, 1, 0)));
        check("2.x.7", Some((2, 0, 0)));
        check("", None);
        check("abc", None);
    }

    #[test]
    fn snapshots_and_escapes_begin_at_their_version() {
        assert!(
            !AmiVersion::new(1, 3, 0).has_channel_snapshots()
                && AmiVersion::new(2, 0, 0).has_channel_snapshots()
        );
        assert!(!AmiVersion::new(2, 7, 0).has_escapes() && AmiVersion::new(2, 8, 0).has_escapes());
        assert!(AmiVersion::new(2, 10, 6).has_escapes() && AmiVersion::NEWEST.has_escapes());
    }
}
