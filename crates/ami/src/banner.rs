//! The banner with which a server begins a connection (AMI notes 1.1).

use memchr::memmem;

use crate::version::AmiVersion;

/// What every banner has behind the product's name: `Asterisk Call Manager/11.0.0`, `PBX Call Manager/9.0.0`.
const MANAGER: &[u8] = b" Call Manager";
/// A longer line is not a banner, in bytes.
pub(crate) const BANNER_LIMIT: usize = 128;

/// Whether a buffer begins with a banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BannerMatch {
    /// It does; the banner is `length` bytes long with its line end.
    Complete { version: AmiVersion, length: usize },
    /// It may: more bytes are needed.
    Incomplete,
    /// It does not.
    None,
}

/// Looks for a banner at the front of `buffer`.
pub(crate) fn match_banner(buffer: &[u8]) -> BannerMatch {
    let start = buffer.get(..buffer.len().min(BANNER_LIMIT)).unwrap_or_default();
    let length = start.iter().take_while(|byte| is_banner_byte(**byte)).count();
    let (text, rest) = start.split_at_checked(length).unwrap_or_default();
    let ends = match rest {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        [] | [b'\r'] if start.len() < BANNER_LIMIT => return BannerMatch::Incomplete,
        _ => return BannerMatch::None,
    };
    banner_version(text)
        .map_or(BannerMatch::None, |version| BannerMatch::Complete { version, length: length + ends })
}

/// Whether `bytes` begin with a banner.
pub(crate) fn is_banner(bytes: &[u8]) -> bool {
    matches!(match_banner(bytes), BannerMatch::Complete { .. })
}

/// Whether `bytes` are too few to tell, but could become a banner.
pub(crate) fn may_become_banner(bytes: &[u8]) -> bool {
    match_banner(bytes) == BannerMatch::Incomplete
}

/// The version in a banner; `None` if the line is none. What stands between the manager and the PBX (`Asterisk Call
/// Manager Proxy/1.22`) says its own version, which tells nothing of the PBX.
fn banner_version(line: &[u8]) -> Option<AmiVersion> {
    let (product, rest) = line.split_at_checked(memmem::find(line, MANAGER)?)?;
    let rest = rest.get(MANAGER.len()..)?;
    let (words, version) = rest.split_at_checked(memchr::memchr(b'/', rest)?)?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-');
    match words {
        _ if product.is_empty() || !words.iter().all(is_word) => None,
        [] => Some(version.get(1..).and_then(AmiVersion::parse).unwrap_or(AmiVersion::NEWEST)),
        [b' ', ..] => Some(AmiVersion::NEWEST),
        _ => None,
    }
}

/// A header has a colon in its first line, and a banner none.
fn is_banner_byte(byte: u8) -> bool {
    (byte.is_ascii_graphic() || byte == b' ') && byte != b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_of_products_that_are_asterisk_under_another_name_are_accepted() {
        let check = |line: &str, expected: Option<&str>| {
            let expected = match expected.and_then(|version| AmiVersion::parse(version.as_bytes())) {
                Some(version) => BannerMatch::Complete { version, length: line.len() },
                None => BannerMatch::None,
            };
            assert_eq!(match_banner(line.as_bytes()), expected, "{line:?}");
        };
        check("Asterisk Call Manager/11.0.0\r\n", Some("11.0.0"));
        check("Asterisk Call Manager/1.3\n", Some("1.3"));
        check("Asterisk Call Manager/x.y\r\n", Some("12.0.0"));
        check("PBX Call Manager/9.0.0\r\n", Some("9.0.0"));
        check("Some Vendor PBX-2 Call Manager/5.0.1\r\n", Some("5.0.1"));
        check("Asterisk Call Manager Proxy/1.22\r\n", Some("12.0.0"));
        check("Asterisk Call Manager\r\n", None);
        check(" Call Manager/1.0\r\n", None);
        check("Asterisk Call Managers/1.0\r\n", None);
        check("220 mail.example.com ESMTP\r\n", None);
        check("SSH-2.0-OpenSSH_9.6\r\n", None);
        check("Event: Call Manager/1.0\r\n", None);
    }

    #[test]
    fn a_line_that_has_not_ended_may_become_a_banner() {
        for line in ["", "A", "Asterisk Call Manager/11.0.0", "PBX Call Manager/9.0.0\r"] {
            assert_eq!(match_banner(line.as_bytes()), BannerMatch::Incomplete, "{line:?}");
        }
        for line in ["Event: A", "\u{16}\u{3}\u{1}", "A\rB", &"A".repeat(BANNER_LIMIT)] {
            assert_eq!(match_banner(line.as_bytes()), BannerMatch::None, "{line:?}");
        }
    }
}
