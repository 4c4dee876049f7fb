//! Certificates for servers of the tests.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use ringwire_ami::{Fingerprint, TlsTrust};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tempfile::NamedTempFile;

/// What a server shows and proves.
#[derive(Clone, Debug)]
pub(crate) struct Identity(Arc<CertifiedKey>);

impl Identity {
    pub(crate) fn new(certificate: CertificateDer<'static>, key: &PrivateKeyDer<'_>) -> Self {
        let key = rustls::crypto::ring::sign::any_supported_type(key).unwrap();
        Self(Arc::new(CertifiedKey::new(vec![certificate], key)))
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.cert[0].clone()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0.cert[0])
    }

    pub(crate) fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        Arc::new(builder.with_no_client_auth().with_cert_resolver(Arc::new(self.clone())))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// An authority, and its certificate in a file.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    pub(crate) fn trust(&self) -> TlsTrust {
        TlsTrust::CaFile(self.file.path().to_owned())
    }

    /// A server's certificate, made out to these names and changed like this.
    pub(crate) fn identity(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(certificate.der().clone(), &PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }
}

/// A certificate as `ast_tls_cert` makes it with OpenSSL before 3.2: version 1, and RSA.
pub(crate) fn version_1() -> Identity {
    let pem = include_bytes!("../fixtures/x509-v1.pem");
    let certificate = CertificateDer::from_pem_slice(pem).unwrap();
    Identity::new(certificate, &PrivateKeyDer::from_pem_slice(pem).unwrap())
}
