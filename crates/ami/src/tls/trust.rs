//! How a server's certificate is verified.

use std::path::PathBuf;

use super::fingerprint::Fingerprint;

/// How a server's certificate is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsTrust {
    /// An authority that this system trusts has issued it, for the server's name.
    System,
    /// An authority in this PEM file has issued it, for the server's name. The file is read for each connection.
    CaFile(PathBuf),
    /// It is the one certificate with this fingerprint, and the server has its key.
    ///
    /// Its name, dates and issuer are ignored: whoever pins a certificate has compared it by hand, and Asterisk's are
    /// usually self-signed, name no host, and are forgotten until they expire. A renewed certificate is another one and
    /// must be pinned again.
    Pinned(Fingerprint),
}
