//! TLS to a broker.

use std::sync::Arc;

use rustls::{ClientConfig, crypto::ring, pki_types::CertificateDer};
use rustls_platform_verifier::Verifier;

/// A client that trusts the authorities of the system, and `authorities` beside them.
pub(crate) fn client_config(authorities: &[CertificateDer<'static>]) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(authorities.iter().cloned(), Arc::clone(&provider))
        .map_err(|error| {
            format!("no authority can be trusted: {error}; install the CA certificates of the system")
        })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}
