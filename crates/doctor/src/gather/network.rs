//! Names, addresses and certificates.

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

use crate::judge::certificate::Certificate;

/// Where `host` leads, or why it leads nowhere; `None` where it is an address itself.
pub(crate) async fn resolve(host: &str, step: Duration) -> Option<Result<Vec<IpAddr>, String>> {
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    Some(match timeout(step, lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<_> = found.map(|address| address.ip()).collect();
            addresses.dedup();
            if addresses.is_empty() { Err("it has no address".to_owned()) } else { Ok(addresses) }
        }
        Ok(Err(error)) => {
            let said = error.to_string();
            let said = said.strip_prefix("failed to lookup address information: ").unwrap_or(&said);
            Err(said.to_owned())
        }
        Err(_) => Err("the name server did not answer in time".to_owned()),
    })
}

/// The address of this machine that who is at `address` sees. Nothing is sent to find it out.
pub(crate) fn source(address: IpAddr, port: u16) -> Option<IpAddr> {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((address, port)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The dates of the certificate that is shown at `address` to who asks for `name`. Whether it is to be trusted is not
/// looked at here, and nothing is said to who shows it.
pub(crate) async fn certificate(address: SocketAddr, name: &str, step: Duration) -> Option<Certificate> {
    let name = ServerName::try_from(name.to_owned()).ok()?;
    let shown = spawn_blocking(move || shown(address, name, step)).await.ok()?.ok()??;
    let parsed = CertificateInner::<Raw>::from_der(&shown).ok()?;
    let validity = parsed.tbs_certificate().validity();
    Some(Certificate {
        not_before: timestamp(validity.not_before)?,
        not_after: timestamp(validity.not_after)?,
    })
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

fn shown(
    address: SocketAddr,
    name: ServerName<'static>,
    step: Duration,
) -> io::Result<Option<CertificateDer<'static>>> {
    let mut stream = TcpStream::connect_timeout(&address, step)?;
    stream.set_read_timeout(Some(step))?;
    stream.set_write_timeout(Some(step))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.dangerous();
    let config = builder.with_custom_certificate_verifier(Arc::new(Onlooker)).with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    while connection.is_handshaking() && connection.peer_certificates().is_none() {
        connection.complete_io(&mut stream)?;
    }
    let certificates = connection.peer_certificates().unwrap_or_default();
    Ok(certificates.first().map(|certificate| certificate.clone().into_owned()))
}

/// Looks at a certificate whoever shows it: who it is was decided before, and nothing is said to them.
#[derive(Debug)]
struct Onlooker;

impl ServerCertVerifier for Onlooker {
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
