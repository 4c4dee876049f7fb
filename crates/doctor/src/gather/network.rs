//! Resolves names, and reads certificates.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::lookup_host, task::spawn_blocking, time::timeout};
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::Decode,
    time::Time,
};

use crate::facts::certificate::Certificate;

/// What `host` resolves to, or why it does not; `None` if it is an address itself.
pub(crate) async fn resolve(host: &str, step_timeout: Duration) -> Option<Result<Vec<IpAddr>, String>> {
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    Some(match timeout(step_timeout, lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<_> = found.map(|address| address.ip()).collect();
            addresses.dedup();
            if addresses.is_empty() { Err("it has no address".to_owned()) } else { Ok(addresses) }
        }
        Ok(Err(error)) => {
            let reason = error.to_string();
            let reason = reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
            Err(reason.to_owned())
        }
        Err(_) => Err("the name server did not answer in time".to_owned()),
    })
}

/// The address of this machine as the server at `address` sees it. Nothing is sent.
pub(crate) fn source_address(address: IpAddr, port: u16) -> Option<IpAddr> {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((address, port)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The validity of the certificate that the server at `address` presents for `name`. Trust is not checked here, and
/// nothing is sent after the handshake.
pub(crate) async fn certificate(
    address: SocketAddr,
    name: &str,
    step_timeout: Duration,
) -> Option<Certificate> {
    let name = ServerName::try_from(name.to_owned()).ok()?;
    let certificate = spawn_blocking(move || presented(address, name, step_timeout)).await.ok()?.ok()??;
    let parsed = CertificateInner::<Raw>::from_der(&certificate).ok()?;
    let validity = parsed.tbs_certificate().validity();
    Some(Certificate {
        not_before: timestamp(validity.not_before)?,
        not_after: timestamp(validity.not_after)?,
    })
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

fn presented(
    address: SocketAddr,
    name: ServerName<'static>,
    step_timeout: Duration,
) -> io::Result<Option<CertificateDer<'static>>> {
    let mut stream = TcpStream::connect_timeout(&address, step_timeout)?;
    stream.set_read_timeout(Some(step_timeout))?;
    stream.set_write_timeout(Some(step_timeout))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.dangerous();
    let config =
        builder.with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate)).with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    while connection.is_handshaking() && connection.peer_certificates().is_none() {
        connection.complete_io(&mut stream)?;
    }
    let certificates = connection.peer_certificates().unwrap_or_default();
    Ok(certificates.first().map(|certificate| certificate.clone().into_owned()))
}

/// Accepts any certificate: trust was decided before, and nothing is sent over this connection.
#[derive(Debug)]
struct AcceptAnyCertificate;

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
