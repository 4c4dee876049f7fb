//! TLS to the PBX.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use ringwire_testkit::{ConnectionScript, FakeAsterisk};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::bench::{Answers, Bench};
use super::{Probe, check_broken};

/// A certificate authority for servers.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A TLS port that forwards to `behind`, with a certificate for `name` that is valid from and until `days` from now.
    pub(crate) async fn front(&self, name: &str, days: (i64, i64), behind: SocketAddr) -> SocketAddr {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        // `rcgen` takes its times from another crate; a default certificate has one to begin with.
        let now = std::time::SystemTime::now();
        params.not_before = moved(now, days.0).into();
        params.not_after = moved(now, days.1).into();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut behind = TcpStream::connect(behind).await?;
                    copy_bidirectional(&mut stream, &mut behind).await
                });
            }
        });
        address
    }
}

fn moved(time: std::time::SystemTime, days: i64) -> std::time::SystemTime {
    let length = std::time::Duration::from_secs(days.unsigned_abs() * 86_400);
    if days < 0 { time - length } else { time + length }
}

/// A PBX behind TLS, with a certificate for `name` that is valid from and until `days` from now.
async fn behind_tls(name: &str, days: (i64, i64), settings: impl Fn(&Authority) -> String) -> Bench {
    let authority = Authority::new();
    let pbx = FakeAsterisk::start([Answers::default().script()]).await.unwrap();
    let front = authority.front(name, days, pbx.address()).await;
    let bench = Bench::healthy().await.at(front).keep(pbx);
    bench.put("ca.pem", &authority.pem(), 0o644);
    bench.put("other.pem", &Authority::new().pem(), 0o644);
    bench.with("country = \"DE\"\n", &settings(&authority))
}

fn ca(_: &Authority) -> String {
    "tls_ca_file = \"ca.pem\"\n".to_owned()
}

#[tokio::test]
async fn a_valid_certificate() {
    let output = behind_tls("127.0.0.1", (-10, 300), ca).await.doctor(&[]).await;
    assert_eq!(output.code, 0, "{}", output.stdout);
    assert!(
        output.stdout.contains("TLS: the certificate is trusted and valid for 299 days"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn a_tls_port_without_tls_configured() {
    let bench = behind_tls("127.0.0.1", (-10, 300), |_| String::new()).await.hasty();
    let hint = ["turn TLS on here", "port in manager.conf"];
    check_broken(&bench, &["TLS: the server requires TLS on this port"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_plain_port_with_tls_configured() {
    let bench = Bench::with_pbx([Answers::default().script()]).await;
    bench.put("ca.pem", &Authority::new().pem(), 0o644);
    let bench = bench.with("country = \"DE\"\n", "tls_ca_file = \"ca.pem\"\n");
    let hint = ["tlsbindaddr in manager.conf", "tlsenable = yes"];
    check_broken(&bench, &["TLS: the server does not use TLS on this port"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_certificate_that_has_expired() {
    let bench = behind_tls("127.0.0.1", (-400, -35), ca).await;
    let hint = ["renew the certificate of tlscertfile"];
    check_broken(&bench, &["TLS: ", "it expired 35 days ago"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_certificate_that_expires_soon() {
    let bench = behind_tls("127.0.0.1", (-300, 9), ca).await;
    let hint = ["renew the certificate of tlscertfile"];
    check_broken(&bench, &["TLS: ", "expires soon, in 8 days"], &hint, 0, Probe::Same).await;
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let bench = behind_tls("pbx.example", (-10, 300), ca).await;
    let hint = ["set the server name"];
    check_broken(&bench, &["TLS: ", "not for 127.0.0.1 but for pbx.example"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority() {
    let bench = behind_tls("127.0.0.1", (-10, 300), |_| "tls_ca_file = \"other.pem\"\n".to_owned()).await;
    let hint = ["set the CA file", "pin it"];
    check_broken(
        &bench,
        &["TLS: ", "no authority that is trusted here has issued it"],
        &hint,
        69,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_the_pinned_one() {
    let pinned = format!("tls_fingerprint = \"{}\"\n", "AB".repeat(32));
    let bench = behind_tls("127.0.0.1", (-10, 300), |_| pinned.clone()).await;
    let hint = ["openssl x509 -noout -fingerprint -sha256", "pin the new fingerprint"];
    check_broken(&bench, &["TLS: ", "not the pinned one"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_login_that_is_rejected_over_tls() {
    let authority = Authority::new();
    let pbx = FakeAsterisk::start([ConnectionScript::refuse_login()]).await.unwrap();
    let front = authority.front("127.0.0.1", (-10, 300), pbx.address()).await;
    let bench = Bench::healthy().await.at(front).keep(pbx);
    bench.put("ca.pem", &authority.pem(), 0o644);
    let output = bench.with("country = \"DE\"\n", "tls_ca_file = \"ca.pem\"\n").doctor(&[]).await;
    assert_eq!(output.code, 69);
    for line in ["TLS: the certificate is trusted", "login: the server refused the login"] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
}
