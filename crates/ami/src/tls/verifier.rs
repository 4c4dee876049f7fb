//! Verifies a server's certificate.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::{Decode, Encode};

use super::error::TlsError;
use super::fingerprint::Fingerprint;
use super::trust::TlsTrust;

/// Verifies a certificate, and remembers its fingerprint.
#[derive(Debug)]
pub(crate) struct CertificateVerifier {
    rule: VerificationRule,
    algorithms: WebPkiSupportedAlgorithms,
    presented: OnceLock<Fingerprint>,
}

#[derive(Debug)]
enum VerificationRule {
    /// The chain of certificates up to an authority, and the name.
    Chain(Arc<dyn ServerCertVerifier>),
    /// The fingerprint of the certificate itself.
    Pin(Fingerprint),
}

impl CertificateVerifier {
    /// A verifier with this trust. It may read a file.
    pub(crate) fn new(trust: &TlsTrust) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let rule = match trust {
            TlsTrust::System => {
                let system = rustls_platform_verifier::Verifier::new(provider);
                let no_roots = |error: Error| TlsError::NoAuthorities {
                    source_name: "this system".to_owned(),
                    reason: error.to_string(),
                };
                VerificationRule::Chain(Arc::new(system.map_err(no_roots)?))
            }
            TlsTrust::CaFile(path) => {
                let unusable = |reason: String| TlsError::NoAuthorities {
                    source_name: path.display().to_string(),
                    reason,
                };
                let roots = Arc::new(read_authorities(path).map_err(unusable)?);
                let chain = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
                VerificationRule::Chain(chain.map_err(|error| unusable(error.to_string()))?)
            }
            TlsTrust::Pinned(fingerprint) => VerificationRule::Pin(*fingerprint),
        };
        Ok(Self { rule, algorithms, presented: OnceLock::new() })
    }

    /// The fingerprints of the certificate that the server presented and, if there is one, of the pinned certificate.
    pub(crate) fn certificate(&self) -> Option<(Fingerprint, Option<Fingerprint>)> {
        let pinned = match self.rule {
            VerificationRule::Chain(_) => None,
            VerificationRule::Pin(fingerprint) => Some(fingerprint),
        };
        self.presented.get().map(|presented| (*presented, pinned))
    }
}

impl ServerCertVerifier for CertificateVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = *self.presented.get_or_init(|| Fingerprint::of(certificate));
        match &self.rule {
            VerificationRule::Chain(chain) => {
                match chain.verify_server_cert(certificate, intermediates, name, status, now) {
                    // The issuer has the name of a trusted authority, but another key.
                    Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                        Err(CertificateError::UnknownIssuer.into())
                    }
                    verified => verified,
                }
            }
            VerificationRule::Pin(pinned) if *pinned == presented => Ok(ServerCertVerified::assertion()),
            VerificationRule::Pin(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.rule {
            VerificationRule::Chain(chain) => chain.verify_tls12_signature(message, certificate, signed),
            VerificationRule::Pin(_) => verify_tls12_signature_with_raw_key(
                message,
                &public_key(certificate)?,
                signed,
                &self.algorithms,
            ),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.rule {
            VerificationRule::Chain(chain) => chain.verify_tls13_signature(message, certificate, signed),
            VerificationRule::Pin(_) => verify_tls13_signature_with_raw_key(
                message,
                &public_key(certificate)?,
                signed,
                &self.algorithms,
            ),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match &self.rule {
            VerificationRule::Chain(chain) => chain.supported_verify_schemes(),
            VerificationRule::Pin(_) => self.algorithms.supported_schemes(),
        }
    }
}

/// Reads the certificates in a PEM file.
fn read_authorities(path: &Path) -> Result<RootCertStore, String> {
    let describe = |error: pem::Error| match error {
        pem::Error::Io(error) => error.to_string(),
        other => format!("not a PEM file: {other}"),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(describe)? {
        let certificate = certificate.map_err(describe)?;
        roots.add(certificate).map_err(|error| format!("it contains an unusable certificate: {error}"))?;
    }
    if roots.is_empty() { Err("it contains no certificate".to_owned()) } else { Ok(roots) }
}

/// The public key of a certificate of any version of X.509.
///
/// The libraries that verify chains reject version 1, which cannot tell what a certificate is for. A pinned certificate
/// needs no purpose, and Asterisk's own `ast_tls_cert` creates that version with OpenSSL before 3.2.
fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let key = CertificateInner::<Raw>::from_der(certificate)
        .and_then(|parsed| parsed.tbs_certificate().subject_public_key_info().to_der())
        .map_err(|_| CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(key))
}

/// Verifies a signature of TLS 1.2, which does not name the curve: any algorithm that fits the key is accepted.
fn verify_tls12_signature_with_raw_key(
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
