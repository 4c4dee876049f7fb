//! The files of certificates and keys that `[target.NAME]` names.

use std::{fmt::Write as _, ops::Range, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Certificate, Identity, Url};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};
use secrecy::zeroize::Zeroizing;
use toml::Spanned;

use super::Resolver;
use crate::{
    credentials::ClientCertificate,
    raw::RawTarget,
    resolved::Purpose,
    source::{self, TextFile},
};

const CERTIFICATES: &str = "certificates in PEM form (-----BEGIN CERTIFICATE-----)";
const KEY: &str = "a private key in PEM form (-----BEGIN PRIVATE KEY-----)";

impl Resolver<'_> {
    /// The authorities in a file, to be trusted beside those of the system.
    pub(super) fn authorities(
        &mut self,
        value: &Spanned<String>,
    ) -> (Vec<Certificate>, Vec<CertificateDer<'static>>) {
        if self.purpose == Purpose::Inspect {
            return Default::default();
        }
        let path = self.path(value.get_ref());
        let read =
            source::read(&path).and_then(|file| match Certificate::from_pem_bundle(file.text.as_bytes()) {
                Ok(certificates) if certificates.is_empty() => {
                    Err("there is no certificate in it".to_owned())
                }
                Ok(certificates) => {
                    let der = CertificateDer::pem_slice_iter(file.text.as_bytes()).filter_map(Result::ok);
                    Ok((certificates, der.collect()))
                }
                Err(_) => Err("a certificate in it cannot be read".to_owned()),
            });
        read.unwrap_or_else(|reason| {
            let finding = self.wrong(&value.span(), format!("{}: {reason}", path.display()));
            self.errors.push(finding.expected(CERTIFICATES));
            Default::default()
        })
    }

    /// What the target at `url` is shown in the TLS handshake.
    pub(super) fn client_certificate(
        &mut self,
        raw: &RawTarget,
        url: Option<&Url>,
    ) -> Option<ClientCertificate> {
        let (chain, key) = match (&raw.tls_certificate_file, &raw.tls_key_file) {
            (None, None) => return None,
            (Some(chain), Some(key)) => (chain, key),
            (Some(chain), None) => {
                let finding = self.wrong(&chain.span(), "a certificate is set without its key");
                self.errors.push(finding.expected("tls_key_file as well"));
                return None;
            }
            (None, Some(key)) => {
                let finding = self.wrong(&key.span(), "a key is set without its certificate");
                self.errors.push(finding.expected("tls_certificate_file as well"));
                return None;
            }
        };
        if !self.purpose.reaches_targets() {
            return None;
        }
        if let Some(url) = url.filter(|url| url.scheme() != "https") {
            let what = format!("the URL begins with {}, so no certificate can be sent", url.scheme());
            let finding = self.wrong(&chain.span(), what);
            self.errors.push(finding.expected("a URL that begins with https"));
        }
        let (chain_path, chain_file) = self.file(chain, CERTIFICATES)?;
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(chain_file.text.as_bytes()).collect();
        let certificates = match certificates {
            Ok(certificates) if !certificates.is_empty() => certificates,
            Ok(_) => return self.unusable(chain, &chain_path, "there is no certificate in it", CERTIFICATES),
            Err(_) => {
                return self.unusable(chain, &chain_path, "a certificate in it cannot be read", CERTIFICATES);
            }
        };
        let (key_path, key_file) = self.file(key, KEY)?;
        self.warn_of_public(&key_file, &key_path, &key.span());
        let private = match PrivateKeyDer::from_pem_slice(key_file.text.as_bytes()) {
            Ok(private) => private,
            Err(_) if key_file.text.contains("ENCRYPTED") => {
                let what = "the key in it has a passphrase, and nobody is there to type it";
                let expected = "a key without one: openssl pkey -in OLD -out NEW";
                return self.unusable(key, &key_path, what, expected);
            }
            Err(pem::Error::NoItemsFound) => {
                return self.unusable(key, &key_path, "there is no private key in it", KEY);
            }
            Err(_) => return self.unusable(key, &key_path, "the key in it cannot be read", KEY),
        };
        let text = together(&certificates, &private);
        let provider = ring::default_provider();
        match CertifiedKey::from_der(certificates, private, &provider) {
            Ok(_) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                let what = format!("the key in it is not that of {}", chain_path.display());
                return self.unusable(key, &key_path, &what, "the key that the certificate was made for");
            }
            Err(_) => {
                let expected = "an RSA, ECDSA or Ed25519 key, and a certificate that belongs to it";
                return self.unusable(key, &key_path, "it is of no use with the certificate", expected);
            }
        }
        match Identity::from_pem(text.as_bytes()) {
            Ok(identity) => Some(ClientCertificate(identity)),
            Err(_) => self.unusable(key, &key_path, "the key in it cannot be used", KEY),
        }
    }

    fn file(&mut self, value: &Spanned<String>, expected: &str) -> Option<(PathBuf, TextFile)> {
        let path = self.path(value.get_ref());
        match source::read(&path) {
            Ok(file) => Some((path, file)),
            Err(reason) => {
                let finding = self.wrong(&value.span(), format!("{}: {reason}", path.display()));
                let hint = "make it readable by the user that ringwire runs as";
                self.errors.push(finding.expected(expected).hint(hint));
                None
            }
        }
    }

    fn unusable<T>(
        &mut self,
        value: &Spanned<String>,
        path: &std::path::Path,
        what: &str,
        expected: &str,
    ) -> Option<T> {
        let span: Range<usize> = value.span();
        let finding = self.wrong(&span, format!("{}: {what}", path.display()));
        self.errors.push(finding.expected(expected));
        None
    }
}

/// A key and its certificates in one text, whatever else was in their files.
fn together(certificates: &[CertificateDer<'_>], key: &PrivateKeyDer<'_>) -> Zeroizing<String> {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let mut text = Zeroizing::new(String::new());
    let mut add = |label: &str, der: &[u8]| {
        let _ = writeln!(text, "-----BEGIN {label}-----\n{}\n-----END {label}-----", STANDARD.encode(der));
    };
    add(label, key.secret_der());
    certificates.iter().for_each(|certificate| add("CERTIFICATE", certificate));
    text
}
