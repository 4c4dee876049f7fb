//! TLS: who is believed, who is not, and what is said then.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use ringwire_ami::{
    Client, ConnectError, Distrust, ErrorKind, Fingerprint, Incoming, LinkError, LoginError, Options, Tls,
    TlsError, Trust,
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
    server.say("Asterisk Call Manager/11.0.0\r\n").await;
    Ok(server)
}

/// A client that trusts so, and a server of that identity, logged in over one of the versions.
async fn pair(
    identity: &Identity,
    tls: Tls,
    versions: &[&'static SupportedProtocolVersion],
) -> (Client, Incoming, Server<TlsStream<TcpStream>>) {
    let (listener, mut options) = listen().await;
    options.tls = Some(tls);
    let serve = async {
        let mut server = accept(&listener, identity.config(versions)).await.unwrap();
        server.let_in().await;
        server
    };
    let (client, server) = tokio::join!(Client::connect(&options), serve);
    let (client, incoming) = client.unwrap();
    (client, incoming, server)
}

/// What a client that trusts so says to a server of that identity, which must have learned nothing.
async fn refusal(identity: &Identity, tls: Tls) -> TlsError {
    let (listener, mut options) = listen().await;
    options.tls = Some(tls);
    let serve = async {
        // With TLS 1.3 the server is done before the client has looked at its certificate.
        if let Ok(mut server) = accept(&listener, identity.config(rustls::ALL_VERSIONS)).await {
            assert_eq!(server.action().await, None, "something was said to a server that is not trusted");
        }
    };
    let (client, ()) = tokio::join!(Client::connect(&options), serve);
    tls_error(client)
}

#[track_caller]
fn tls_error(client: Result<(Client, Incoming), ConnectError>) -> TlsError {
    match client.unwrap_err() {
        ConnectError::Tls(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Refused, with these words in what is said and advised.
#[track_caller]
fn check(error: &TlsError, identity: &Identity, why: impl Fn(&Distrust) -> bool, words: &[&str]) {
    let TlsError::Untrusted { seen, why: reason } = error else { panic!("{error:?}") };
    assert!(why(reason), "{error:?}");
    assert_eq!(*seen, identity.fingerprint());
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    let said = format!("{error}\n{}", error.hint());
    for word in words.iter().copied().chain([seen.to_string().as_str()]) {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[tokio::test]
async fn a_server_whose_authority_is_trusted_is_spoken_to() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["127.0.0.1"], |_| {});
        let (_client, mut incoming, mut server) =
            pair(&identity, Tls::new(authority.trust()), rustls::ALL_VERSIONS).await;
        assert_eq!(server.0.get_ref().get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        server.say("Event: A\r\n\r\n").await;
        assert_eq!(next(&mut incoming).await.event(), Some(&b"A"[..]));
    })
    .await;
}

#[tokio::test]
async fn a_server_may_be_known_by_another_name_than_its_host() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["pbx.example"], |_| {});
        let tls = Tls { server_name: Some("pbx.example".to_owned()), ..Tls::new(authority.trust()) };
        let (_client, _incoming, server) = pair(&identity, tls, &[&version::TLS12]).await;
        assert_eq!(server.0.get_ref().get_ref().1.server_name(), Some("pbx.example"));
    })
    .await;
}

#[tokio::test]
async fn a_pinned_server_needs_neither_a_name_nor_dates_nor_an_authority() {
    bounded(async {
        let nameless = Authority::new().identity(&[], |params| {
            (params.not_before, params.not_after) = (date_time_ymd(1999, 1, 1), date_time_ymd(2000, 1, 1));
        });
        for identity in [nameless, version_1()] {
            for version in rustls::ALL_VERSIONS {
                let tls = Tls::new(Trust::Pinned(identity.fingerprint()));
                let (_client, _incoming, server) = pair(&identity, tls, &[version]).await;
                assert_eq!(server.0.get_ref().get_ref().1.protocol_version(), Some(version.version));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_the_one_pinned_is_refused_with_its_fingerprint() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["127.0.0.1"], |_| {});
        let pinned = authority.identity(&["127.0.0.1"], |_| {}).fingerprint();
        let error = refusal(&identity, Tls::new(Trust::Pinned(pinned))).await;
        let words = [&pinned.to_string(), "openssl x509 -noout -fingerprint -sha256", "tlscertfile"];
        check(&error, &identity, |why| *why == Distrust::Pin(pinned), &words);
    })
    .await;
}

#[tokio::test]
async fn a_pinned_certificate_without_its_key_proves_nothing() {
    bounded(async {
        let key = KeyPair::generate().unwrap().serialize_der();
        let stolen = Authority::new().identity(&["127.0.0.1"], |_| {});
        let thief = Identity::new(stolen.certificate(), &PrivateKeyDer::Pkcs8(key.into()));
        for version in rustls::ALL_VERSIONS {
            let (listener, mut options) = listen().await;
            options.tls = Some(Tls::new(Trust::Pinned(thief.fingerprint())));
            let serve = async {
                if let Ok(mut server) = accept(&listener, thief.config(&[version])).await {
                    assert_eq!(server.action().await, None);
                }
            };
            let (client, ()) = tokio::join!(Client::connect(&options), serve);
            check(&tls_error(client), &thief, |why| *why == Distrust::Key, &["could not prove"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_refused() {
    bounded(async {
        let identity = Authority::new().identity(&["127.0.0.1"], |_| {});
        for trust in [Authority::new().trust(), Trust::System] {
            let error = refusal(&identity, Tls::new(trust)).await;
            if let TlsError::Authorities { of, .. } = &error {
                assert_eq!(of, "this system"); // it may have none, which is no reason to trust anybody
                continue;
            }
            check(&error, &identity, |why| *why == Distrust::Issuer, &["authority", "pin it"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    bounded(async {
        let authority = Authority::new();
        let identity =
            authority.identity(&["127.0.0.1"], |params| params.not_after = date_time_ymd(2001, 1, 1));
        let error = refusal(&identity, Tls::new(authority.trust())).await;
        check(
            &error,
            &identity,
            |why| matches!(why, Distrust::Expired(_)),
            &["expired", "days ago", "renew", "touch manager.conf"],
        );

        let identity =
            authority.identity(&["127.0.0.1"], |params| params.not_before = date_time_ymd(3000, 1, 1));
        let error = refusal(&identity, Tls::new(authority.trust())).await;
        check(
            &error,
            &identity,
            |why| matches!(why, Distrust::NotYet(_)),
            &["valid only in", "days", "clocks"],
        );
    })
    .await;
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    bounded(async {
        let authority = Authority::new();
        let identity = authority.identity(&["pbx.example", "10.0.0.1"], |_| {});
        let error = refusal(&identity, Tls::new(authority.trust())).await;
        let words = ["127.0.0.1", "pbx.example, 10.0.0.1", "server name", "subjectAltName"];
        check(&error, &identity, |why| matches!(why, Distrust::Name { .. }), &words);

        let identity = authority.identity(&[], |_| {});
        let error = refusal(&identity, Tls::new(authority.trust())).await;
        check(&error, &identity, |why| matches!(why, Distrust::Name { .. }), &["but to nobody"]);
    })
    .await;
}

#[tokio::test]
async fn certificates_as_asterisk_makes_them_are_to_be_pinned() {
    bounded(async {
        let error = refusal(&version_1(), Tls::new(Authority::new().trust())).await;
        check(&error, &version_1(), |why| *why == Distrust::Version1, &["version 1", "pin it"]);

        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let identity =
            Identity::new(certificate.der().clone(), &PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        let error = refusal(&identity, Tls::new(Trust::CaFile(file.path().to_owned()))).await;
        check(&error, &identity, |why| *why == Distrust::Authority, &["an authority's", "pin it"]);
    })
    .await;
}

#[tokio::test]
async fn a_port_without_tls_is_told_by_what_it_says() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.tls = Some(Tls::new(Trust::Pinned(Fingerprint::from([7; 32]))));
        let (client, _server) = tokio::join!(Client::connect(&options), Server::greet(&listener));
        let error = tls_error(client);
        assert_eq!(error, TlsError::PlainText("Asterisk Call Manager/11.0.0".to_owned()));
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.hint().contains("tlsbindaddr"), "{}", error.hint());
    })
    .await;
}

#[tokio::test]
async fn a_port_with_tls_is_told_when_it_says_nothing() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timing.banner = Duration::from_millis(200);
        let config = version_1().config(rustls::ALL_VERSIONS);
        let (client, _server) = tokio::join!(Client::connect(&options), accept(&listener, config));
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Wanted, ErrorKind::Refused));
        assert!(error.hint().contains("5038"), "{}", error.hint());
    })
    .await;
}

#[tokio::test]
async fn a_port_with_tls_is_told_by_its_alert() {
    bounded(async {
        let (listener, options) = listen().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").await.unwrap();
            stream
        };
        let (client, _server) = tokio::join!(Client::connect(&options), serve);
        assert_eq!(tls_error(client), TlsError::Wanted);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_merely_silent_is_not_taken_for_tls() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timing.banner = Duration::from_millis(50);
        let (client, _kept) = tokio::join!(Client::connect(&options), listener.accept());
        assert!(matches!(client, Err(ConnectError::Login(LoginError::BannerTimeout))), "{client:?}");
    })
    .await;
}

#[tokio::test]
async fn setting_up_tls_has_a_deadline_and_an_end() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.tls = Some(Tls::new(Trust::Pinned(Fingerprint::from([7; 32]))));
        let serve = async {
            let mut stream = listener.accept().await.unwrap().0;
            let _ = stream.read(&mut [0; 1_024]).await; // unread bytes would make the end a reset
        };
        let (client, ()) = tokio::join!(Client::connect(&options), serve);
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Closed, ErrorKind::Network));

        options.timing.connect = Duration::from_millis(50);
        let (client, _kept) = tokio::join!(Client::connect(&options), listener.accept());
        let error = tls_error(client);
        assert_eq!((&error, error.kind()), (&TlsError::Timeout, ErrorKind::Network));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_tried_is_told_before() {
    let pinned = Tls::new(Trust::Pinned(Fingerprint::from([7; 32])));
    assert_eq!(pinned.check("pbx.example"), Ok(()));
    assert_eq!(pinned.check("::1"), Ok(()));
    assert_eq!(pinned.check("no name"), Err(TlsError::ServerName("no name".to_owned())));

    let empty = NamedTempFile::new().unwrap();
    let broken = NamedTempFile::new().unwrap();
    std::fs::write(broken.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let files = [
        (PathBuf::from("/nowhere/ca.pem"), "No such file"),
        (empty.path().to_owned(), "no certificate in it"),
        (broken.path().to_owned(), "cannot be used"),
    ];
    for (file, reason) in files {
        let error = Tls::new(Trust::CaFile(file.clone())).check("pbx.example").unwrap_err();
        let said = error.to_string();
        assert!(said.contains(reason) && said.contains(&file.display().to_string()), "{said}");
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
    let authority = Authority::new();
    assert_eq!(Tls::new(authority.trust()).check("pbx.example"), Ok(()));
}

#[tokio::test]
async fn a_busy_hour_over_tls_arrives_whole() {
    bounded(async {
        let identity = version_1();
        let tls = Tls::new(Trust::Pinned(identity.fingerprint()));
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
                server.say(piece).await;
            }
            server.0.get_mut().shutdown().await.unwrap();
        };
        tokio::join!(take, serve);
        // The two that answer the recording client's login and farewell are nobody's here.
        assert_eq!((count, length), (67_307, packets.len() - 145));
        assert_eq!(incoming.oddities(), ringwire_ami::Oddities { forged: 2, ..Default::default() });
        drop(client);
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_cut_without_a_farewell_is_closed_and_its_half_packet_is_not_believed() {
    bounded(async {
        let identity = version_1();
        let tls = Tls::new(Trust::Pinned(identity.fingerprint()));
        let (_client, mut incoming, mut server) = pair(&identity, tls, rustls::ALL_VERSIONS).await;
        server.say("Event: A\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n").await;
        let (stream, _) = server.0.into_inner().into_inner();
        drop(stream);
        assert_eq!(next(&mut incoming).await.event(), Some(&b"A"[..]));
        assert_eq!(incoming.next().await, Some(Err(LinkError::Closed)));
        assert_eq!(incoming.next().await, None);
    })
    .await;
}

#[test]
fn nothing_is_sent_without_a_word_about_tls() {
    let login = ringwire_ami::Login::new("bob", "hunter2".into());
    assert_eq!(Options::new("pbx.example", login).tls, None);
    assert_eq!((Options::PORT, Tls::PORT), (5038, 5039));
}
