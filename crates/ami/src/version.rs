//! The version a server greets with, and what depends on it.

use std::fmt;

/// The version of the manager protocol, from the banner (AMI contract 1.1).
///
/// It is monotone enough to tell dialects apart; it is not the version of Asterisk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number, 0 where the banner has two.
    pub patch: u16,
}

impl Version {
    /// The newest version known here, that of Asterisk 23. It is assumed where no banner was seen.
    pub const NEWEST: Self = Self::new(12, 0, 0);

    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Reads dotted numbers as they stand behind `Asterisk Call Manager/`: `11.0.0`, `1.3`.
    ///
    /// Whatever follows the third number is ignored; `None` if there is no number at all.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = text.split(|byte| *byte == b'.').map(leading_number);
        let major = numbers.next().flatten()?;
        let minor = numbers.next().flatten();
        let patch = minor.and_then(|_| numbers.next().flatten());
        Some(Self::new(major, minor.unwrap_or(0), patch.unwrap_or(0)))
    }

    /// Whether names, channel variables and presence texts arrive C-escaped: Asterisk 13.5 and 14 on
    /// (AMI contract 1.3).
    #[must_use]
    pub fn escapes(self) -> bool {
        self >= Self::new(2, 8, 0)
    }

    /// Whether channel events carry the standard channel block, as Asterisk 12 and later send it.
    #[must_use]
    pub fn snapshots(self) -> bool {
        self.major >= 2
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The number that `text` begins with; one too large for the type is the largest.
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
        let expected = expected.map(|(major, minor, patch)| Version::new(major, minor, patch));
        assert_eq!(Version::parse(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn versions_are_dotted_numbers() {
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
    fn dialects_change_at_their_version() {
        assert!(!Version::new(1, 3, 0).snapshots() && Version::new(2, 0, 0).snapshots());
        assert!(!Version::new(2, 7, 0).escapes() && Version::new(2, 8, 0).escapes());
        assert!(Version::new(2, 10, 6).escapes() && Version::NEWEST.escapes());
    }
}
