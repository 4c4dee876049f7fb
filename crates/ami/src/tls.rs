//! TLS to a server.

mod error;
mod fingerprint;
mod first_bytes;
mod trust;
mod verifier;

use std::sync::Arc;
use std::time::Duration;

use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use error::{TlsError, UntrustedReason};
pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use first_bytes::is_tls;
pub use trust::TlsTrust;

use first_bytes::FirstBytesStream;
use verifier::CertificateVerifier;

/// The settings of TLS to a server (`tlsenable` and `tlsbindaddr` in manager.conf).
///
/// The server is always verified: the secret can be guessed from the login's hash, and a server in between could forge
/// any event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// How the server's certificate is verified.
    pub trust: TlsTrust,
    /// The name in its certificate, if that is not the host's.
    pub server_name: Option<String>,
}

impl TlsOptions {
    /// Asterisk's default port with TLS.
    pub const PORT: u16 = 5039;

    /// TLS with this verification, to a server with the name of its host.
    #[must_use]
    pub fn new(trust: TlsTrust) -> Self {
        Self { trust, server_name: None }
    }

    /// Checks that a connection to `host` could be tried. It reads the files that these settings name.
    ///
    /// # Errors
    ///
    /// [`TlsError::NoAuthorities`] if there are no usable certificate authorities, [`TlsError::InvalidServerName`] if
    /// the name cannot be in a certificate.
    pub fn check(&self, host: &str) -> Result<(), TlsError> {
        self.parse_server_name(host)?;
        CertificateVerifier::new(&self.trust).map(drop)
    }

    /// Completes the TLS handshake over a new connection, within the time `within`.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        within: Duration,
    ) -> Result<TlsStream<FirstBytesStream>, TlsError> {
        let name = self.parse_server_name(host)?;
        let trust = self.trust.clone();
        let verifier = tokio::task::spawn_blocking(move || CertificateVerifier::new(&trust)).await;
        let verifier = Arc::new(verifier.map_err(|error| TlsError::Handshake(error.to_string()))??);
        let connecting =
            TlsConnector::from(client_config(&verifier)?).connect(name, FirstBytesStream::new(stream));
        match timeout(within, connecting.into_fallible()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err((error, stream))) => {
                Err(TlsError::from_handshake(&error, stream.first_bytes(), verifier.certificate()))
            }
            Err(_) => Err(TlsError::Timeout),
        }
    }

    fn parse_server_name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| TlsError::InvalidServerName(name.to_owned()))
    }
}

/// Whether a server that has sent nothing so far was waiting for TLS: it answers a TLS greeting with TLS.
pub(crate) async fn answers_tls<R, W>(reader: &mut R, writer: &mut W, within: Duration) -> bool
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut hello = Vec::new();
    if write_client_hello(&mut hello).is_err() {
        return false;
    }
    let mut head = [0; 2];
    let answer = timeout(within, async {
        writer.write_all(&hello).await?;
        writer.flush().await?;
        reader.read_exact(&mut head).await
    });
    matches!(answer.await, Ok(Ok(_))) && is_tls(&head)
}

/// Writes the first message of a TLS handshake.
fn write_client_hello(hello: &mut Vec<u8>) -> Result<(), TlsError> {
    let nobody = CertificateVerifier::new(&TlsTrust::Pinned(Fingerprint::from([0; 32])))?;
    let name =
        ServerName::try_from("localhost").map_err(|_| TlsError::InvalidServerName("localhost".to_owned()))?;
    let handshake = |error: rustls::Error| TlsError::Handshake(error.to_string());
    let mut connection = ClientConnection::new(client_config(&Arc::new(nobody))?, name).map_err(handshake)?;
    connection.write_tls(hello).map_err(|error| TlsError::Handshake(error.to_string()))?;
    Ok(())
}

/// The settings for one connection. Sessions are not resumed, so every certificate is verified.
fn client_config(verifier: &Arc<CertificateVerifier>) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Handshake(error.to_string()))?;
    let verifier = Arc::clone(verifier);
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
