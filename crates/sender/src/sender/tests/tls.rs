//! Trust in servers, and client certificates.

use std::net::IpAddr;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use reqwest::{Certificate, Identity};
use ringwire_config::ClientCertificate;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::address_guard::LookupFuture;

/// The years in which a certificate is valid that always is.
const ALWAYS: (i32, i32) = (2020, 4000);

/// A certificate authority for servers or clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for `name`, valid from and until these years, and its key.
    fn issue(&self, name: &str, years: (i32, i32)) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der()).unwrap()
    }

    fn client(&self) -> ClientCertificate {
        let (certificate, key) = self.issue("ringwire", ALWAYS);
        let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
        ClientCertificate(Identity::from_pem(pem.as_bytes()).unwrap())
    }

    /// A server on this machine with a certificate for `name`, which requires one of `clients`.
    async fn serve(&self, name: &str, years: (i32, i32), clients: Option<&Authority>) -> u16 {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.0.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let (certificate, key) = self.issue(name, years);
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        serve(TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))).await
    }
}

async fn serve(acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            match acceptor.accept(stream).into_fallible().await {
                Ok(mut stream) => {
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
                    let _ = stream.shutdown().await;
                }
                // A connection closed with unread data is reset, and the alert is lost.
                Err((_, mut stream)) => {
                    let _ = stream.shutdown().await;
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                }
            }
        }
    });
    port
}

/// The outcome of sending to `host`, which is this machine, with the target that `change` makes.
async fn send(host: &str, port: u16, change: impl FnOnce(&mut Target)) -> DeliveryOutcome {
    let mut target = target(&format!("https://{host}:{port}"));
    change(&mut target);
    let here: Lookup =
        Arc::new(|_host| -> LookupFuture { Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }) });
    Sender::with_lookup(&target, &here)
        .unwrap()
        .unwrap()
        .send(&hangup(), SendOptions::default())
        .await
        .outcome
}

/// The same to desk.test, trusting `authority`.
async fn send_to_desk(
    port: u16,
    authority: &Authority,
    certificate: Option<ClientCertificate>,
) -> DeliveryOutcome {
    send("desk.test", port, |target| {
        target.authorities = vec![authority.certificate()];
        target.credentials.certificate = certificate;
    })
    .await
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_configured() {
    let authority = Authority::new("ours");
    for host in ["desk.test", "127.0.0.1"] {
        let port = authority.serve(host, ALWAYS, None).await;
        let outcome = send(host, port, |target| target.authorities = vec![authority.certificate()]).await;
        assert_eq!(outcome, DeliveryOutcome::Delivered, "{host}");
    }
    let port = authority.serve("desk.test", ALWAYS, None).await;
    let distrust = "the certificate of desk.test is not trusted: no authority";
    let without = send("desk.test", port, |_| {}).await;
    check_misconfigured(&without, &format!("{distrust} that this system trusts issued it; set ca_file to"));
    let replaced = send_to_desk(port, &Authority::new("ours"), None).await;
    check_misconfigured(&replaced, "it is not signed by the authority that it names");
    check_misconfigured(&replaced, "if that authority was replaced, put its new certificate into ca_file");
    let other = send_to_desk(port, &Authority::new("others"), None).await;
    check_misconfigured(
        &other,
        &format!("{distrust} of this system or in ca_file issued it; put the certificate"),
    );
}

#[tokio::test]
async fn an_invalid_certificate_is_reported_with_its_cure() {
    let authority = Authority::new("ours");
    for (name, years, reason) in [
        ("desk.test", (2000, 2001), "the certificate of desk.test is not trusted: it expired "),
        ("desk.test", (2000, 2001), " days ago; renew it on the target"),
        ("desk.test", (3000, 4000), "the certificate of desk.test is not trusted: it becomes valid in "),
        (
            "other.test",
            ALWAYS,
            "it is not issued for desk.test but for other.test; use the certificate's name",
        ),
        ("127.0.0.1", ALWAYS, "it is not issued for desk.test but for 127.0.0.1; use the certificate's name"),
    ] {
        let port = authority.serve(name, years, None).await;
        check_misconfigured(&send_to_desk(port, &authority, None).await, reason);
    }
}

#[tokio::test]
async fn a_port_without_tls_is_reported() {
    let port = server(Some("HTTP/1.1 400 Bad Request\r\n\r\n")).await.port();
    check_misconfigured(&send("desk.test", port, |_| {}).await, "desk.test does not speak TLS on this port");
}

#[tokio::test]
async fn a_client_certificate_is_sent_to_a_server_that_requires_it() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let port = authority.serve("desk.test", ALWAYS, Some(&clients)).await;
    assert_eq!(send_to_desk(port, &authority, Some(clients.client())).await, DeliveryOutcome::Delivered);
    let without = send_to_desk(port, &authority, None).await;
    check_misconfigured(&without, "desk.test requires a client certificate: set tls_certificate_file and");
    let foreign = send_to_desk(port, &authority, Some(authority.client())).await;
    check_misconfigured(&foreign, "desk.test does not accept the certificate in tls_certificate_file (");
    let port = authority.serve("desk.test", ALWAYS, None).await;
    assert_eq!(send_to_desk(port, &authority, Some(clients.client())).await, DeliveryOutcome::Delivered);
}
