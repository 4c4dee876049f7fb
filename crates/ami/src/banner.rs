//! The banner with which a server begins a connection (AMI notes 1.1).

use crate::version::AmiVersion;

const BANNER: &[u8] = b"Asterisk Call Manager/";
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
    let line = buffer.get(..buffer.len().min(BANNER_LIMIT)).unwrap_or_default();
    let Some(text) = line.strip_prefix(BANNER) else {
        return if BANNER.starts_with(line) { BannerMatch::Incomplete } else { BannerMatch::None };
    };
    match memchr::memchr(b'\n', text) {
        Some(end) => {
            let version = text.get(..end).and_then(AmiVersion::parse).unwrap_or(AmiVersion::NEWEST);
            BannerMatch::Complete { version, length: BANNER.len() + end + 1 }
        }
        None if line.len() < BANNER_LIMIT => BannerMatch::Incomplete,
        None => BannerMatch::None,
    }
}

/// Whether `bytes` begin with the fixed part of a banner.
pub(crate) fn is_banner(bytes: &[u8]) -> bool {
    bytes.starts_with(BANNER)
}

/// Whether `bytes` are too few to tell, but could become a banner.
pub(crate) fn may_become_banner(bytes: &[u8]) -> bool {
    BANNER.starts_with(bytes)
}
