//! Whether a server is the one that is wanted.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{Fingerprint, TlsError, Trust, der};

/// Verifies as it was told, and remembers which certificate it was shown.
#[derive(Debug)]
pub(crate) struct Verifier {
    rule: Rule,
    algorithms: WebPkiSupportedAlgorithms,
    seen: OnceLock<Fingerprint>,
}

#[derive(Debug)]
enum Rule {
    /// A chain of certificates up to an authority, and the name.
    Chain(Arc<dyn ServerCertVerifier>),
    /// The certificate itself.
    Pin(Fingerprint),
}

impl Verifier {
    /// A verifier that trusts so. It may read files.
    pub(crate) fn new(trust: &Trust) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let rule = match trust {
            Trust::System => {
                let system = rustls_platform_verifier::Verifier::new(provider);
                let no_roots = |error: Error| TlsError::Authorities {
                    of: "this system".to_owned(),
                    reason: error.to_string(),
                };
                Rule::Chain(Arc::new(system.map_err(no_roots)?))
            }
            Trust::CaFile(path) => {
                let useless =
                    |reason: String| TlsError::Authorities { of: path.display().to_string(), reason };
                let roots = Arc::new(authorities(path).map_err(useless)?);
                let chain = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
                Rule::Chain(chain.map_err(|error| useless(error.to_string()))?)
            }
            Trust::Pinned(fingerprint) => Rule::Pin(*fingerprint),
        };
        Ok(Self { rule, algorithms, seen: OnceLock::new() })
    }

    /// The certificate that the server has shown, and the one it must be if there is only one.
    pub(crate) fn seen(&self) -> Option<(Fingerprint, Option<Fingerprint>)> {
        let pinned = match self.rule {
            Rule::Chain(_) => None,
            Rule::Pin(fingerprint) => Some(fingerprint),
        };
        self.seen.get().map(|seen| (*seen, pinned))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = *self.seen.get_or_init(|| Fingerprint::of(certificate));
        match &self.rule {
            Rule::Chain(chain) => {
                match chain.verify_server_cert(certificate, intermediates, name, status, now) {
                    // Made by an authority with the name of one that is trusted, but with another key.
                    Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                        Err(CertificateError::UnknownIssuer.into())
                    }
                    verified => verified,
                }
            }
            Rule::Pin(pinned) if *pinned == seen => Ok(ServerCertVerified::assertion()),
            Rule::Pin(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.rule {
            Rule::Chain(chain) => chain.verify_tls12_signature(message, certificate, signed),
            Rule::Pin(_) => verify_any(message, &key(certificate)?, signed, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.rule {
            Rule::Chain(chain) => chain.verify_tls13_signature(message, certificate, signed),
            Rule::Pin(_) => {
                verify_tls13_signature_with_raw_key(message, &key(certificate)?, signed, &self.algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match &self.rule {
            Rule::Chain(chain) => chain.supported_verify_schemes(),
            Rule::Pin(_) => self.algorithms.supported_schemes(),
        }
    }
}

/// The certificates in a PEM file.
fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let readable = |error: pem::Error| match error {
        pem::Error::Io(error) => error.to_string(),
        other => format!("it is no PEM file: {other}"),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(readable)? {
        let certificate = certificate.map_err(readable)?;
        roots.add(certificate).map_err(|error| format!("a certificate in it cannot be used: {error}"))?;
    }
    if roots.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(roots) }
}

/// The public key of a certificate.
fn key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let key = der::public_key(certificate).ok_or(CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(key.to_vec()))
}

/// Verifies a signature of TLS 1.2, which does not name the curve: any algorithm that fits the key will do.
fn verify_any(
    message: &[u8],
    key: &SubjectPublicKeyInfoDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = webpki::RawPublicKeyEntity::try_from(key).map_err(|_| CertificateError::BadEncoding)?;
    let known = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
    let mut candidates = known.map(|(_, algorithms)| *algorithms).unwrap_or_default().iter();
    if candidates.any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(CertificateError::BadSignature.into())
    }
}
