//! How long a certificate is valid.

use jiff::Timestamp;

/// The validity of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Valid from.
    pub(crate) not_before: Timestamp,
    /// Valid until.
    pub(crate) not_after: Timestamp,
}
