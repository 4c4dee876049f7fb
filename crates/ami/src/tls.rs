//! TLS to a server, and which certificates it is believed by.

mod der;
mod error;
mod fingerprint;
mod head;
mod verifier;

use std::path::PathBuf;
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

pub use error::{Distrust, TlsError};
pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use head::is_tls;

use head::Head;
use verifier::Verifier;

/// How to speak TLS to a server (`tlsenable` and `tlsbindaddr` in manager.conf).
///
/// There is no way to leave the server unverified: the login's hash is worth guessing at, and a server in between could
/// put in any event it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// What the server must prove.
    pub trust: Trust,
    /// The name its certificate must be made out to, if that is not the host's.
    pub server_name: Option<String>,
}

/// What a server must prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// That an authority this system trusts has made its certificate out to its name.
    System,
    /// That an authority in this PEM file has. The file is read for each connection.
    CaFile(PathBuf),
    /// That it has the key of the one certificate with this fingerprint.
    ///
    /// Neither its name nor its dates nor its authority count: whoever pins a certificate has compared it by hand, and
    /// Asterisk's are usually made by itself, name nobody, and are forgotten until they expire. A certificate that is
    /// replaced is another one and has to be pinned anew.
    Pinned(Fingerprint),
}

impl Tls {
    /// The port of a manager for TLS unless it was changed.
    pub const PORT: u16 = 5039;

    /// TLS that trusts so, to a server named as its host.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust, server_name: None }
    }

    /// Whether a connection to `host` could be tried: what this names is there and can be read. It reads files.
    ///
    /// # Errors
    ///
    /// What is wrong with it: [`TlsError::Authorities`] or [`TlsError::ServerName`].
    pub fn check(&self, host: &str) -> Result<(), TlsError> {
        self.name(host)?;
        Verifier::new(&self.trust).map(drop)
    }

    /// Speaks TLS over a connection that was just made.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        within: Duration,
    ) -> Result<TlsStream<Head>, TlsError> {
        let name = self.name(host)?;
        let trust = self.trust.clone();
        let verifier = tokio::task::spawn_blocking(move || Verifier::new(&trust)).await;
        let verifier = Arc::new(verifier.map_err(|error| TlsError::Handshake(error.to_string()))??);
        let connecting = TlsConnector::from(config(&verifier)?).connect(name, Head::new(stream));
        match timeout(within, connecting.into_fallible()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err((error, head))) => Err(TlsError::of(&error, head.bytes(), verifier.seen())),
            Err(_) => Err(TlsError::Timeout),
        }
    }

    fn name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
    }
}

/// Whether a server that has said nothing so far was waiting for TLS: it is greeted as TLS is and answers as TLS does.
pub(crate) async fn answers_tls<R, W>(reader: &mut R, writer: &mut W, within: Duration) -> bool
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut hello = Vec::new();
    if greet(&mut hello).is_err() {
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

/// Writes what TLS begins with.
fn greet(hello: &mut Vec<u8>) -> Result<(), TlsError> {
    let nobody = Verifier::new(&Trust::Pinned(Fingerprint::from([0; 32])))?;
    let name = ServerName::try_from("localhost").map_err(|_| TlsError::ServerName("localhost".to_owned()))?;
    let handshake = |error: rustls::Error| TlsError::Handshake(error.to_string());
    let mut connection = ClientConnection::new(config(&Arc::new(nobody))?, name).map_err(handshake)?;
    connection.write_tls(hello).map_err(|error| TlsError::Handshake(error.to_string()))?;
    Ok(())
}

/// Settings for one connection: nothing is resumed, so every certificate is verified.
fn config(verifier: &Arc<Verifier>) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Handshake(error.to_string()))?;
    let verifier = Arc::clone(verifier);
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
