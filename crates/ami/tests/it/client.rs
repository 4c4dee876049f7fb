//! The client against a server of the test's own, over loopback.

use std::time::Duration;

use ringwire_ami::{
    Action, AmiClient, AmiVersion, ConnectError, ConnectionErrorKind, DisconnectError, LoginError,
    PacketKind, SendActionError, event_filter_actions, is_list_end, resync_actions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::server::{Server, bounded, id, listen, next, pair};

#[tokio::test]
async fn packets_right_after_the_login_are_delivered() {
    bounded(async {
        let (listener, options) = listen().await;
        let serve = async {
            let mut server = Server::greet(&listener).await;
            server.answer("Challenge: 1\r\n").await;
            let login = server.action().await.unwrap();
            assert!(
                login.contains("Events: system,call,agent,dialplan\r\n") && !login.contains("hunter2"),
                "{login}"
            );
            let response = format!("Response: Success\r\nActionID: {}\r\n\r\n", id(&login));
            server.send(response + "Event: FullyBooted\r\n\r\nEvent: A\r\n\r\nEvent: B\r\nX: ").await;
            server.send("1\r\n\r\n").await;
            server
        };
        let (client, _server) = tokio::join!(AmiClient::connect(&options), serve);
        let (_client, mut incoming) = client.unwrap();
        assert_eq!(incoming.version(), AmiVersion::new(11, 0, 0));
        for name in ["FullyBooted", "A", "B"] {
            assert_eq!(next(&mut incoming).await.event_name(), Some(name.as_bytes()));
        }
    })
    .await;
}

#[tokio::test]
async fn responses_reach_their_actions_and_list_items_are_delivered_as_packets() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let serve = async {
            let (first, second) = (server.action().await.unwrap(), server.action().await.unwrap());
            for action in [second, first] {
                let name = action.lines().next().unwrap().to_owned();
                let id = id(&action);
                server.send(format!("Response: Success\r\nActionID: {id}\r\nMessage: {name}\r\n\r\n")).await;
                server
                    .send(format!(
                        "Event: Item\r\nActionID: {id}\r\n\r\nEvent: ListComplete\r\nActionID: {id}\r\n\r\n"
                    ))
                    .await;
            }
        };
        let actions = resync_actions();
        let (one, two, ()) = tokio::join!(client.send(&actions[0]), client.send(&actions[1]), serve);
        assert_eq!(one.unwrap().get("Message"), Some(&b"Action: CoreStatus"[..]));
        let two = two.unwrap();
        assert_eq!(two.get("Message"), Some(&b"Action: CoreShowChannels"[..]));
        assert_eq!(next(&mut incoming).await, two);
        let item = next(&mut incoming).await;
        assert_eq!((item.event_name(), item.get("ActionID")), (Some(&b"Item"[..]), two.get("ActionID")));
        assert!(is_list_end(&next(&mut incoming).await));
        let rest = incoming.next_batch().await.unwrap().unwrap();
        assert_eq!(rest[0].kind(), PacketKind::Response(b"Success"));
    })
    .await;
}

#[tokio::test]
async fn unsolicited_list_items_and_responses_count_as_forged() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let serve = async {
            let id = id(&server.action().await.unwrap()).to_owned();
            let stranger = id.replace("ringwire-", "ringwire-0");
            for forged in [
                "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\n".to_owned(),
                format!("Event: CoreShowChannelsComplete\r\nActionID: {stranger}\r\nEventList: Complete\r\n"),
                "Event: Status\r\nUniqueid: 1.1\r\nActionID: 1\r\n".to_owned(),
                "Response: Success\r\nCoreStartupDate: 2020-01-01\r\nCoreStartupTime: 00:00:00\r\n"
                    .to_owned(),
                format!("Response: Success\r\nActionID: {stranger}\r\n"),
            ] {
                server.send(forged + "\r\n").await;
            }
            let live = "Event: OriginateResponse\r\nActionID: 1\r\n\r\nEvent: AgentComplete\r\n\r\n";
            let list = format!("Event: CoreShowChannelsComplete\r\nActionID: {id}\r\n\r\n");
            server.send(format!("{live}Response: Success\r\nActionID: {id}\r\n\r\n{list}")).await;
        };
        let actions = resync_actions();
        let (response, ()) = tokio::join!(client.send(&actions[1]), serve);
        let live = [next(&mut incoming).await, next(&mut incoming).await];
        let names = live.each_ref().map(|packet| packet.event_name().unwrap());
        assert_eq!(names, [&b"OriginateResponse"[..], b"AgentComplete"]);
        assert_eq!(next(&mut incoming).await, response.unwrap());
        assert!(is_list_end(&next(&mut incoming).await));
        assert_eq!(incoming.stream_errors().lost_packets(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_forged_event_is_dropped_and_a_short_event_is_not_delayed() {
    bounded(async {
        let (listener, options) = listen().await;
        let (_client, mut incoming, mut server) = pair(&listener, &options).await;
        server.send("Event: A\r\n\r\n").await;
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]));
        server
            .send("Event: Hangup\r\nUniqueid: 1.1\r\n\r\n\r\nCallerIDName: x\r\n\r\nEvent: B\r\n\r\n")
            .await;
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"B"[..]));
        let errors = incoming.stream_errors();
        assert_eq!((errors.forged, errors.stray_data, errors.lost_packets()), (1, 1, 2));
    })
    .await;
}

#[tokio::test]
async fn an_action_without_a_response_times_out_and_the_connection_stays_up() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timeouts.response = Duration::from_millis(50);
        let (client, _incoming, mut server) = pair(&listener, &options).await;
        let action = Action::new("Originate").unwrap();
        assert_eq!(client.send(&action).await.unwrap_err(), SendActionError::Timeout);
        server.action().await.unwrap();
        let (response, _) = tokio::join!(client.send(&action), server.answer(""));
        assert_eq!(response.unwrap().kind(), PacketKind::Response(b"Success"));
    })
    .await;
}

#[tokio::test]
async fn a_refused_filter_returns_the_error_and_changes_nothing() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let serve = async {
            let action = server.action().await.unwrap();
            assert!(action.starts_with("Action: Filter\r\n"), "{action}");
            let id = id(&action);
            server
                .send(format!("Response: Error\r\nActionID: {id}\r\nMessage: Permission denied\r\n\r\n"))
                .await;
            server.send("Event: VarSet\r\n\r\n").await;
        };
        let filters = event_filter_actions(incoming.version(), &ringwire_ami::WantedEvents::default());
        let (response, ()) = tokio::join!(client.send(&filters[0]), serve);
        assert_eq!(response.unwrap().error_message().as_deref(), Some("Permission denied"));
        assert_eq!(next(&mut incoming).await.kind(), PacketKind::Response(b"Error"));
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"VarSet"[..]));
    })
    .await;
}

#[tokio::test]
async fn login_refusals_have_distinct_errors() {
    bounded(async {
        for (message, kind) in [
            ("Authentication failed", ConnectionErrorKind::Credentials),
            ("Login Already In Use", ConnectionErrorKind::Refused),
        ] {
            let (listener, options) = listen().await;
            let serve = async {
                let mut server = Server::greet(&listener).await;
                server.answer("Challenge: 1\r\n").await;
                let login = server.action().await.unwrap();
                server
                    .send(format!(
                        "Response: Error\r\nActionID: {}\r\nMessage: {message}\r\n\r\n",
                        id(&login)
                    ))
                    .await;
            };
            let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
            let error = client.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.hint().contains("manager.conf"), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_connection_and_another_protocol_have_distinct_errors() {
    bounded(async {
        let (listener, options) = listen().await;
        let serve = async { drop(listener.accept().await.unwrap()) };
        let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
        assert!(matches!(client, Err(ConnectError::Login(LoginError::NoBanner))), "{client:?}");

        let serve = async { listener.accept().await.unwrap().0.write_all(b"SSH-2.0-x\r\n").await.unwrap() };
        let (client, ()) = tokio::join!(AmiClient::connect(&options), serve);
        assert!(
            matches!(&client, Err(ConnectError::Login(LoginError::NotAmi(seen))) if seen == "SSH-2.0-x"),
            "{client:?}"
        );

        drop(listener);
        let error = AmiClient::connect(&options).await.unwrap_err();
        assert_eq!(error.kind(), ConnectionErrorKind::Network);
        assert!(error.hint().contains("enabled = yes"), "{error}: {}", error.hint());
    })
    .await;
}

#[tokio::test]
async fn connecting_times_out() {
    bounded(async {
        // Nobody is let in while the line is full, and a line of no length is full with one.
        let full = TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(0).unwrap();
        let address = full.local_addr().unwrap();
        let mut line = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
            line.push(stream.unwrap());
        }
        let (_, mut options) = listen().await;
        options.port = address.port();
        options.timeouts.connect = Duration::from_millis(100);
        let error = AmiClient::connect(&options).await.unwrap_err();
        assert!(matches!(error, ConnectError::Timeout { .. }), "{error:?}");
        assert_eq!(
            (error.kind(), error.to_string()),
            (ConnectionErrorKind::Network, format!("cannot connect to {address}: no answer in time"))
        );
    })
    .await;
}

#[tokio::test]
async fn waiting_for_the_banner_times_out() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timeouts.banner = Duration::from_millis(50);
        let (client, _kept) = tokio::join!(AmiClient::connect(&options), listener.accept());
        assert!(matches!(client, Err(ConnectError::Login(LoginError::BannerTimeout))), "{client:?}");
    })
    .await;
}

#[tokio::test]
async fn a_silent_server_is_pinged_and_disconnected_without_an_answer() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.timeouts.ping_after = Duration::from_millis(30);
        options.timeouts.ping_response = Duration::from_millis(200);
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        for _ in 0..3 {
            assert!(server.answer("Ping: Pong\r\n").await.starts_with("Action: Ping\r\n"));
        }
        server.send("Event: A\r\n\r\n").await;
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]), "pongs are not the caller's");
        assert_eq!(incoming.next().await, Some(Err(DisconnectError::Silent)));
        assert_eq!(incoming.next().await, None);
        assert_eq!(client.send(&Action::new("Ping").unwrap()).await.unwrap_err(), SendActionError::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_closed_connection_delivers_its_packets_and_then_the_reason() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let waiting = tokio::spawn(async move { client.send(&Action::new("CoreStatus").unwrap()).await });
        server.action().await.unwrap();
        server.send("Event: A\r\n\r\nEvent: B\r\nX: 1\r\n").await;
        drop(server);
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]));
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"B"[..]));
        assert_eq!(incoming.next().await, Some(Err(DisconnectError::Closed)));
        assert_eq!(incoming.next().await, None);
        assert_eq!(incoming.stream_errors().unterminated, 1);
        assert_eq!(waiting.await.unwrap().unwrap_err(), SendActionError::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_slow_consumer_gets_an_overrun_and_the_server_never_waits() {
    bounded(async {
        let (listener, mut options) = listen().await;
        options.queue_limit = 1 << 20;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let event = format!("Event: A\r\nX: {}\r\n\r\n", "x".repeat(1_000));
        let mut sent = 0;
        while sent < 4_000 && server.0.get_mut().write_all(event.as_bytes()).await.is_ok() {
            sent += 1;
        }
        while client.send(&Action::new("Ping").unwrap()).await != Err(SendActionError::Closed) {}
        let backlog = client.backlog();
        assert!(backlog.bytes <= 1 << 20 && backlog.peak_bytes > 1 << 20, "{backlog:?}");
        let mut taken = 0;
        let end = loop {
            match incoming.next_batch().await.unwrap() {
                Ok(batch) => taken += batch.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(end, DisconnectError::Overrun(1 << 20));
        assert_eq!(end.kind(), ConnectionErrorKind::Overrun);
        assert_eq!((taken, client.backlog().packets), (backlog.packets, 0));
        assert!((800..1_000).contains(&taken), "{taken}");
        assert_eq!(incoming.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_busy_hour_at_full_speed_is_delivered_completely() {
    bounded(async {
        let (listener, options) = listen().await;
        let (_client, mut incoming, mut server) = pair(&listener, &options).await;
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
            server.send(packets).await;
            drop(server);
        };
        tokio::join!(take, serve);
        // The two that answer the recording client's login and farewell are nobody's here.
        assert_eq!((count, length), (67_307, packets.len() - 145));
        assert_eq!(incoming.stream_errors(), ringwire_ami::StreamErrors { forged: 2, ..Default::default() });
    })
    .await;
}

#[tokio::test]
async fn a_logoff_ends_the_connection_without_an_error() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, mut incoming, mut server) = pair(&listener, &options).await;
        let serve = async {
            let action = server.action().await.unwrap();
            assert!(action.starts_with("Action: Logoff\r\n"), "{action}");
            server.send("Event: A\r\n\r\n").await;
            server.send(format!("Response: Goodbye\r\nActionID: {}\r\n\r\n", id(&action))).await;
        };
        tokio::join!(client.logoff(), serve);
        assert_eq!(next(&mut incoming).await.event_name(), Some(&b"A"[..]));
        assert_eq!(incoming.next().await, None);
        client.logoff().await;
        assert_eq!(server.action().await, None);
    })
    .await;
}

#[tokio::test]
async fn dropping_all_handles_closes_the_socket() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, incoming, mut server) = pair(&listener, &options).await;
        drop(client);
        server.send("Event: A\r\n\r\n").await;
        drop(incoming);
        let mut rest = Vec::new();
        let _ = server.0.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    })
    .await;
}

#[tokio::test]
async fn a_client_without_its_incoming_packets_can_still_send() {
    bounded(async {
        let (listener, options) = listen().await;
        let (client, incoming, mut server) = pair(&listener, &options).await;
        drop(incoming);
        server.send("Event: A\r\n\r\n").await;
        let action = Action::new("CoreStatus").unwrap();
        let (response, _) = tokio::join!(client.send(&action), server.answer(""));
        assert_eq!(response.unwrap().kind(), PacketKind::Response(b"Success"));
    })
    .await;
}
