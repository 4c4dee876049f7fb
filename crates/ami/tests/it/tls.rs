//! TLS: who is believed, who is not, and what is message then.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use ringwire_ami::{
    AmiClient, AmiOptions, ConnectError, ConnectionErrorKind, DisconnectError, Fingerprint, IncomingPackets,
    LoginError, TlsError, TlsOptions, TlsTrust, UntrustedReason,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ProtocolVersion, ServerConfig, SupportedProtocolVersion, version};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificates::{Authority, Identity, version_1};
use crate::server::{Server, bounded, listen, next};

async fn accept(
    listener: &TcpListener,
    config: Arc<ServerConfig>,
) -> std::io::Result<Server<TlsStream<TcpStream>>> {
    let (stream, _) = listener.accept().await?;
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    let mut server = Server(BufReader::new(stream));
    server.send("Asterisk Call Manager/11.0.0\r\n").await;
    Ok(server)
}

/// A client that trusts so, and a server of that identity, logged in over one of the versions.
async fn pair(
    identity: &Identity,
    tls: TlsOptions,
    versions: &[&'static SupportedProtocolVersion],
) -> (AmiClient, IncomingPackets, Server<TlsStream<TcpStream>>) {
    let (listener, mut options) = listen().await;
    options.tls = Some(tls);
    let serve = async {
        let mut server = accept(&listener, identity.config(versions)).await.unwrap();
        server.let_in().await;
        server
    };
    let (client, server) = tokio::join!(AmiClient::connect(&options), serve);
    let (client, incoming) = client.unwrap();
    (client, incoming, server)
}

/// What a client that trusts so says to a server of that identity, which must have learned nothing.
async fn refusal(identity: &Identity, tls: TlsOptions) -> TlsError {
    let (listener, mut options) = listen().await;
    options.tls = Some(tls);
    let serve = async {
        // With TLS 1.3 the server is done before the client has looked at its certificate.
        if let Ok(mut server) = accept(&listener, identity.config(rustls::ALL_VERSIONS)).await {
            assert_eq!(server.action().await, None, "something was said to a server that is not trusted");
        }
    };
    let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
    tls_error(client)
}

#[track_caller]
fn tls_error(client: Result<(AmiClient, IncomingPackets), ConnectError>) -> TlsError {
    match client.unwrap_err() {
        ConnectError::Tls(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Refused, with these words in what is message and advised.
#[track_caller]
fn check(error: &TlsError, identity: &Identity, why: impl Fn(&UntrustedReason) -> bool, words: &[&str]) {
    let TlsError::Untrusted { fingerprint, reason } = error else { panic!("{error:?}") };
    assert!(why(reason), "{error:?}");
    assert_eq!(*fingerprint, identity.fingerprint());
    assert_eq!(error.kind(), ConnectionErrorKind::Untrusted);
    let message = format!("{error}\n{}", error.hint());
    for word in words.iter().copied().chain([fingerprint.to_string().as_str()]) {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[tokio::test]
async fn a_server_with_a_trusted_authority_is_accepted() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["127.0.0.1"], |_| {});
        let (_client, mut incoming, mut server) =
            pair(&identity, TlsOptions::new(authority.trust()), rustls::ALL_VERSIONS).await;
        assert_eq!(server.0.get_ref().get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        server.send("Event: A\r\n\r\n").await;
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]));
    })
    .await;
}

#[tokio::test]
async fn the_server_name_may_differ_from_the_host() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["pbx.example"], |_| {});
        let tls =
            TlsOptions { server_name: Some("pbx.example".to_owned()), ..TlsOptions::new(authority.trust()) };
        let (_client, _incoming, server) = pair(&identity, tls, &[&version::TLS12]).await;
        assert_eq!(server.0.get_ref().get_ref().1.server_name(), Some("pbx.example"));
    })
    .await;
}

#[tokio::test]
async fn a_pinned_certificate_needs_no_name_dates_or_authority() {
    bounded(async {
        let nameless = Authority::new().identity(&[], |params| {
            (params.not_before, params.not_after) = (date_time_ymd(1999, 1, 1), date_time_ymd(2000, 1, 1));
        });
        for identity in [nameless, version_1()] {
            for version in rustls::ALL_VERSIONS {
                let tls = TlsOptions::new(TlsTrust::Pinned(identity.fingerprint()));
                let (_client, _incoming, server) = pair(&identity, tls, &[version]).await;
                assert_eq!(server.0.get_ref().get_ref().1.protocol_version(), Some(version.version));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_other_than_the_pinned_one_is_refused_with_its_fingerprint() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["127.0.0.1"], |_| {});
        let pinned = authority.identity(&["127.0.0.1"], |_| {}).fingerprint();
        let error = refusal(&identity, TlsOptions::new(TlsTrust::Pinned(pinned))).await;
        let words = [&pinned.to_string(), "openssl x509 -noout -fingerprint -sha256", "tlscertfile"];
        check(&error, &identity, |why| *why == UntrustedReason::NotPinned(pinned), &words);
    })
    .await;
}

#[tokio::test]
async fn a_pinned_certificate_without_its_key_is_refused() {
    bounded(async {
        let key = KeyPair::generate().unwrap().serialize_der();
        let stolen = Authority::new().identity(&["127.0.0.1"], |_| {});
        let thief = Identity::new(stolen.certificate(), &PrivateKeyDer::Pkcs8(key.into()));
        for version in rustls::ALL_VERSIONS {
            let (listener, mut options) = listen().await;
            options.tls = Some(TlsOptions::new(TlsTrust::Pinned(thief.fingerprint())));
            let serve = async {
                if let Ok(mut server) = accept(&listener, thief.config(&[version])).await {
                    assert_eq!(server.action().await, None);
                }
            };
            let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
            check(&tls_error(client), &thief, |why| *why == UntrustedReason::WrongKey, &["could not prove"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_refused() {
    bounded(async {
        let identity = Authority::new().identity(&["127.0.0.1"], |_| {});
        for trust in [Authority::new().trust(), TlsTrust::System] {
            let error = refusal(&identity, TlsOptions::new(trust)).await;
            if let TlsError::NoAuthorities { source_name, .. } = &error {
                assert_eq!(source_name, "this system"); // it may have none, which is no reason to trust anybody
                continue;
            }
            check(&error, &identity, |why| *why == UntrustedReason::UnknownIssuer, &["authority", "pin it"]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_expired_or_not_yet_valid_certificate_is_refused() {
    bounded(async {
        let authority = Authority::new();
        let identity =
            authority.identity(&["127.0.0.1"], |params| params.not_after = date_time_ymd(2001, 1, 1));
        let error = refusal(&identity, TlsOptions::new(authority.trust())).await;
        check(
            &error,
            &identity,
            |why| matches!(why, UntrustedReason::Expired(_)),
            &["expired", "days ago", "renew", "touch manager.conf"],
        );

        let identity =
            authority.identity(&["127.0.0.1"], |params| params.not_before = date_time_ymd(3000, 1, 1));
        let error = refusal(&identity, TlsOptions::new(authority.trust())).await;
        check(
            &error,
            &identity,
            |why| matches!(why, UntrustedReason::NotYetValid(_)),
            &["becomes valid in", "days", "clocks"],
        );
    })
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["pbx.example", "10.0.0.1"], |_| {});
        let error = refusal(&identity, TlsOptions::new(authority.trust())).await;
        let words = ["127.0.0.1", "pbx.example, 10.0.0.1", "server name", "subjectAltName"];
        check(&error, &identity, |why| matches!(why, UntrustedReason::WrongName { .. }), &words);

        let identity = authority.identity(&[], |_| {});
        let error = refusal(&identity, TlsOptions::new(authority.trust())).await;
        check(&error, &identity, |why| matches!(why, UntrustedReason::WrongName { .. }), &["but for nobody"]);
    })
    .await;
}

#[tokio::test]
async fn certificates_made_by_asterisk_must_be_pinned() {
    bounded(async {
        let error = refusal(&version_1(), TlsOptions::new(Authority::new().trust())).await;
        check(&error, &version_1(), |why| *why == UntrustedReason::Version1, &["version 1", "pin it"]);

        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let identity =
            Identity::new(certificate.der().clone(), &PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        let error = refusal(&identity, TlsOptions::new(TlsTrust::CaFile(file.path().to_owned()))).await;
        check(&error, &identity, |why| *why == UntrustedReason::CaCertificate, &["an authority's", "pin it"]);
    })
    .await;
}

#[tokio::test]
async fn a_port_without_tls_is_reported_with_its_first_line() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.tls = Some(TlsOptions::new(TlsTrust::Pinned(Fingerprint::from([7; 32]))));
        let (client, _server) = tokio::join!(AmiClient::connect(&options), Server::greet(&listener));
        let error = tls_error(client);
        assert_eq!(error, TlsError::PlainText("Asterisk Call Manager/11.0.0".to_owned()));
        assert_eq!(error.kind(), ConnectionErrorKind::Refused);
        assert!(error.hint().contains("tlsbindaddr"), "{}", error.hint());
    })
    .await;
}

#[tokio::test]
async fn a_silent_port_that_answers_tls_is_reported_as_tls() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timeouts.banner = Duration::from_millis(200);
        let config = version_1().config(rustls::ALL_VERSIONS);
        let (client, _server) = tokio::join!(AmiClient::connect(&options), accept(&listener, config));
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Required, ConnectionErrorKind::Refused));
        assert!(error.hint().contains("5038"), "{}", error.hint());
    })
    .await;
}

#[tokio::test]
async fn a_tls_alert_is_reported_as_tls() {
    bounded(async {
        let (listener, options) = listen().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").await.unwrap();
            stream
        };
        let (client, _server) = tokio::join!(AmiClient::connect(&options), serve);
        assert_eq!(tls_error(client), TlsError::Required);
    })
    .await;
}

#[tokio::test]
async fn a_silent_server_is_not_taken_for_tls() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timeouts.banner = Duration::from_millis(50);
        let (client, _kept) = tokio::join!(AmiClient::connect(&options), listener.accept());
        assert!(matches!(client, Err(ConnectError::Login(LoginError::BannerTimeout))), "{client:?}");
    })
    .await;
}

#[tokio::test]
async fn the_tls_handshake_times_out_and_reports_a_close() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.tls = Some(TlsOptions::new(TlsTrust::Pinned(Fingerprint::from([7; 32]))));
        let serve = async {
            let mut stream = listener.accept().await.unwrap().0;
            let _ = stream.read(&mut [0; 1_024]).await; // unread bytes would make the end a reset
        };
        let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Closed, ConnectionErrorKind::Network));

        options.timeouts.connect = Duration::from_millis(50);
        let (client, _kept) = tokio::join!(AmiClient::connect(&options), listener.accept());
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Timeout, ConnectionErrorKind::Network));
    })
    .await;
}

#[tokio::test]
async fn unusable_tls_settings_are_reported_before_connecting() {
    let pinned = TlsOptions::new(TlsTrust::Pinned(Fingerprint::from([7; 32])));
    assert_eq!(pinned.check("pbx.example"), Ok(()));
    assert_eq!(pinned.check("::1"), Ok(()));
    assert_eq!(pinned.check("no name"), Err(TlsError::InvalidServerName("no name".to_owned())));

    let empty = NamedTempFile::new().unwrap();
    let broken = NamedTempFile::new().unwrap();
    std::fs::write(broken.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let files = [
        (PathBuf::from("/nowhere/ca.pem"), "No such file"),
        (empty.path().to_owned(), "contains no certificate"),
        (broken.path().to_owned(), "unusable certificate"),
    ];
    for (file, reason) in files {
        let error = TlsOptions::new(TlsTrust::CaFile(file.clone())).check("pbx.example").unwrap_err();
        let message = error.to_string();
        assert!(message.contains(reason) && message.contains(&file.display().to_string()), "{message}");
        assert_eq!(error.kind(), ConnectionErrorKind::Refused);
    }
    let authority = Authority::new();
    assert_eq!(TlsOptions::new(authority.trust()).check("pbx.example"), Ok(()));
}

#[tokio::test]
async fn a_busy_hour_over_tls_is_delivered_completely() {
    bounded(async {
        let identity = version_1();
        let tls = TlsOptions::new(TlsTrust::Pinned(identity.fingerprint()));
        let (client, mut incoming, mut server) = pair(&identity, tls, rustls::ALL_VERSIONS).await;
        let bytes = crate::support::storm();
        let packets = &bytes[bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1..];
        let (mut count, mut length) = (0, 0);
        let take = async {
            while let Some(Ok(batch)) = incoming.next_batch().await {
                count += batch.len();
                length += batch.iter().map(|packet| packet.bytes().len()).sum::<usize>();
            }
        };
        let serve = async {
            for piece in packets.chunks(10_000) {
                server.send(piece).await;
            }
            server.0.get_mut().shutdown().await.unwrap();
        };
        tokio::join!(take, serve);
        // The two that answer the recording client's login and farewell are nobody's here.
        assert_eq!((count, length), (67_307, packets.len() - 145));
        assert_eq!(incoming.stream_errors(), ringwire_ami::StreamErrors { forged: 2, ..Default::default() });
        drop(client);
    })
    .await;
}

#[tokio::test]
async fn a_tls_connection_cut_without_close_notify_drops_its_unfinished_packet() {
    bounded(async {
        let identity = version_1();
        let tls = TlsOptions::new(TlsTrust::Pinned(identity.fingerprint()));
        let (_client, mut incoming, mut server) = pair(&identity, tls, rustls::ALL_VERSIONS).await;
        server.send("Event: A\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n").await;
        let (stream, _) = server.0.into_inner().into_inner();
        drop(stream);
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]));
        assert_eq!(incoming.next().await, Some(Err(DisconnectError::Closed)));
        assert_eq!(incoming.next().await, None);
    })
    .await;
}

#[test]
fn tls_is_off_by_default() {
    let login = ringwire_ami::AmiLogin::new("bob", "hunter2".into());
    assert_eq!(AmiOptions::new("pbx.example", login).tls, None);
    assert_eq!((AmiOptions::PORT, TlsOptions::PORT), (5038, 5039));
}
