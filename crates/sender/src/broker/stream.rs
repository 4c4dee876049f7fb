//! A connection to a broker: an address that the guard allows, and TLS.

use std::{fmt, io, sync::Arc};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite, BufStream},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::message::PublishError;
use crate::address_guard::{AddressGuard, ResolveError};

/// What carries the bytes.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Carrier for T {}

/// The bytes of a connection.
pub(super) type BrokerStream = BufStream<Box<dyn Carrier>>;

/// Where a broker is.
pub(super) struct BrokerAddress {
    guard: AddressGuard,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl BrokerAddress {
    /// The address of a broker; with TLS where there are `authorities`, which are trusted beside those of the system.
    ///
    /// # Errors
    /// TLS cannot be set up; the text says why.
    pub(super) fn new(
        guard: AddressGuard,
        host: String,
        port: u16,
        authorities: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<Self, String> {
        let tls = match authorities {
            None => None,
            Some(authorities) => {
                let failed = |error: rustls::Error| format!("TLS cannot be set up: {error}");
                let provider = Arc::new(ring::default_provider());
                let verifier = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider));
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(failed)?
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?))
                    .with_no_client_auth();
                let name = ServerName::try_from(host.clone()).map_err(|_| {
                    "the host in the URL is not a name that a certificate can have".to_owned()
                })?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
        };
        Ok(Self { guard, host, port, tls })
    }

    /// A connection, without TLS yet.
    pub(super) async fn connect(&self) -> Result<TcpStream, PublishError> {
        let addresses = self.guard.addresses(&self.host).await.map_err(|error| match error {
            ResolveError::NotFound(reason) => PublishError::Broken(reason),
            ResolveError::NotAllowed(reason) => PublishError::Misconfigured(reason),
        })?;
        let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect((address, self.port)).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure.into())
    }

    /// The same connection, with TLS if that is set.
    pub(super) async fn secure(&self, stream: TcpStream) -> Result<BrokerStream, PublishError> {
        let Some((connector, name)) = &self.tls else { return Ok(BufStream::new(Box::new(stream))) };
        match connector.connect(name.clone(), stream).await {
            Ok(stream) => Ok(BufStream::new(Box::new(stream))),
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                Err(PublishError::Misconfigured(format!("no TLS with {}: {error}", self.host)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether TLS is set.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }
}
