//! Who is believed, and who is shown a certificate.

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
use crate::guard::Looking;

/// The years in which a certificate is valid that always is.
const ALWAYS: (i32, i32) = (2020, 4000);

/// Who vouches for servers or for clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for `name`, valid from and until these years, and its key.
    fn vouch(&self, name: &str, years: (i32, i32)) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der()).unwrap()
    }

    fn client(&self) -> ClientCertificate {
        let (certificate, key) = self.vouch("ringwire", ALWAYS);
        let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
        ClientCertificate(Identity::from_pem(pem.as_bytes()).unwrap())
    }

    /// A system on a port of this machine that shows a certificate for `name`, and wants to be shown one of
    /// `clients`.
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
        let (certificate, key) = self.vouch(name, years);
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
                // What is closed with something unread is reset, and the reason is lost.
                Err((_, mut stream)) => {
                    let _ = stream.shutdown().await;
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                }
            }
        }
    });
    port
}

/// What comes of telling `host`, which is this machine, with the target as `change` makes it.
async fn tell(host: &str, port: u16, change: impl FnOnce(&mut Target)) -> DeliveryOutcome {
    let mut target = target(&format!("https://{host}:{port}"));
    change(&mut target);
    let here: Lookup =
        Arc::new(|_host| -> Looking { Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }) });
    Sender::with_lookup(&target, here).unwrap().unwrap().send(&hangup()).await.outcome
}

/// The same to desk.test, believing `authority`.
async fn tell_desk(
    port: u16,
    authority: &Authority,
    certificate: Option<ClientCertificate>,
) -> DeliveryOutcome {
    tell("desk.test", port, |target| {
        target.authorities = vec![authority.certificate()];
        target.credentials.certificate = certificate;
    })
    .await
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_if_it_is_named() {
    let authority = Authority::new("ours");
    for host in ["desk.test", "127.0.0.1"] {
        let port = authority.serve(host, ALWAYS, None).await;
        let outcome = tell(host, port, |target| target.authorities = vec![authority.certificate()]).await;
        assert_eq!(outcome, DeliveryOutcome::Delivered, "{host}");
    }
    let port = authority.serve("desk.test", ALWAYS, None).await;
    let distrust = "the certificate of desk.test is not trusted: no authority";
    let without = tell("desk.test", port, |_| {}).await;
    check_lasting(&without, &format!("{distrust} that this system trusts has made it; set ca_file to"));
    let anew = tell_desk(port, &Authority::new("ours"), None).await;
    check_lasting(&anew, "it is not signed by the authority that it names");
    check_lasting(&anew, "if that authority was made anew, put its new certificate into ca_file");
    let other = tell_desk(port, &Authority::new("others"), None).await;
    check_lasting(
        &other,
        &format!("{distrust} of this system or in ca_file has made it; put the certificate"),
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_right_is_told_with_what_to_do() {
    let authority = Authority::new("ours");
    for (name, years, said) in [
        ("desk.test", (2000, 2001), "the certificate of desk.test is not trusted: it expired "),
        ("desk.test", (2000, 2001), " days ago; renew it there"),
        ("desk.test", (3000, 4000), "the certificate of desk.test is not trusted: it is valid only in "),
        ("other.test", ALWAYS, "it is not made out to desk.test but to other.test; put the name"),
        ("127.0.0.1", ALWAYS, "it is not made out to desk.test but to 127.0.0.1; put the name"),
    ] {
        let port = authority.serve(name, years, None).await;
        check_lasting(&tell_desk(port, &authority, None).await, said);
    }
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let port = system(Some("HTTP/1.1 400 Bad Request\r\n\r\n")).await.port();
    check_lasting(&tell("desk.test", port, |_| {}).await, "desk.test does not speak TLS on this port");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_wants_to_see_it() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let port = authority.serve("desk.test", ALWAYS, Some(&clients)).await;
    assert_eq!(tell_desk(port, &authority, Some(clients.client())).await, DeliveryOutcome::Delivered);
    let without = tell_desk(port, &authority, None).await;
    check_lasting(&without, "desk.test wants to be shown a certificate: set tls_certificate_file and");
    let strange = tell_desk(port, &authority, Some(authority.client())).await;
    check_lasting(&strange, "desk.test does not accept the certificate in tls_certificate_file (");
    let port = authority.serve("desk.test", ALWAYS, None).await;
    assert_eq!(tell_desk(port, &authority, Some(clients.client())).await, DeliveryOutcome::Delivered);
}
