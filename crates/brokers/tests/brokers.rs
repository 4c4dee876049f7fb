//! Publishing to real brokers: nats-server, mosquitto and RabbitMQ, where they are installed. A test whose broker is not
//! installed says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::time::Duration;

use ringwire_brokers::{BrokerClient, BrokerMessage, BrokerSettings, ConnectionGate, PublishFailure};

use self::support::{Broker, Mosquitto, Nats, Rabbit};

/// Longer than a broker takes to start on a busy machine.
const LONG: Duration = Duration::from_secs(60);

fn settings(url: &str) -> BrokerSettings {
    BrokerSettings {
        url: url.into(),
        credentials: None,
        token: None,
        authorities: Vec::new(),
        exchange: String::new(),
        client_id: "ringwire-test".into(),
        connect_timeout: LONG,
        confirm_timeout: LONG,
        gate: ConnectionGate::default(),
    }
}

fn message(id: &str, destination: &str) -> BrokerMessage {
    BrokerMessage {
        id: id.to_owned(),
        destination: destination.to_owned(),
        content_type: "application/json".to_owned(),
        headers: vec![("ce-type".to_owned(), "com.ringwire.hangup".to_owned())],
        body: format!("{{\"id\":\"{id}\"}}").into_bytes(),
    }
}

/// Publishes events while the broker is killed and started again: each is confirmed in the end, the broker has each, and
/// those that it has twice have the same id.
async fn check_restarts<B: Broker>() -> Option<B> {
    let mut broker = B::start().await?;
    broker.prepare("calls").await;
    let client = BrokerClient::new(&settings(&broker.url())).unwrap();
    for number in 0..30 {
        if number == 15 {
            broker.kill().await;
            let failure = client.publish(&message("lost", "calls")).await.unwrap_err();
            assert!(
                matches!(failure, PublishFailure::NotSent(_) | PublishFailure::Unknown(_)),
                "{failure:?}"
            );
            broker.restart().await;
        }
        let message = message(&format!("call/{number}"), "calls");
        support::until(LONG, async || client.publish(&message).await.is_ok()).await;
    }
    let mut ids = broker.ids("calls").await;
    ids.retain(|id| id != "lost");
    ids.dedup();
    let expected: Vec<_> = (0..30).map(|number| format!("call/{number}")).collect();
    assert_eq!(ids, expected);
    Some(broker)
}

#[tokio::test]
async fn nats_has_every_message_once_over_restarts() {
    let _ = check_restarts::<Nats>().await;
}

#[tokio::test]
async fn mosquitto_has_every_message_over_restarts() {
    let _ = check_restarts::<Mosquitto>().await;
}

/// One server for all: it takes long to start.
#[tokio::test]
#[ignore = "RabbitMQ takes long to start: cargo test -p ringwire-brokers -- --ignored"]
async fn rabbitmq_has_every_message_over_restarts_and_returns_what_no_queue_takes() {
    let Some(rabbit) = check_restarts::<Rabbit>().await else { return };
    let (publish, url) = (
        async |settings: &BrokerSettings, to: &str| {
            BrokerClient::new(settings).unwrap().publish(&message("1", to)).await.unwrap_err()
        },
        rabbit.url(),
    );
    let failure = publish(&settings(&url), "nowhere").await;
    assert!(
        matches!(&failure, PublishFailure::Misconfigured(text) if text.contains("bind one")),
        "{failure:?}"
    );
    let wrong = BrokerSettings { exchange: "missing".to_owned(), ..settings(&url) };
    let failure = publish(&wrong, "calls").await;
    assert!(
        matches!(&failure, PublishFailure::Misconfigured(text) if text.contains("exchange")),
        "{failure:?}"
    );
    let failure = publish(&settings(&url.replace("://", "://anna:wrong@")), "calls").await;
    assert!(matches!(failure, PublishFailure::Misconfigured(_)), "{failure:?}");
}

#[tokio::test]
async fn a_stream_of_nats_stores_an_id_once() {
    let Some(mut nats) = Nats::start().await else { return };
    nats.prepare("calls").await;
    let client = BrokerClient::new(&settings(&nats.url())).unwrap();
    for _ in 0..3 {
        client.publish(&message("call/1", "calls")).await.unwrap();
    }
    assert_eq!(nats.ids("calls").await, ["call/1"]);
    let failure = client.publish(&message("call/2", "elsewhere")).await.unwrap_err();
    assert!(
        matches!(&failure, PublishFailure::Misconfigured(text) if text.contains("add it to a stream")),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_wrong_setting() {
    let with = |url: String| BrokerClient::new(&settings(&url.replace("://", "://anna:wrong@"))).unwrap();
    if let Some(nats) = Nats::start_with_password().await {
        let failure = with(nats.url()).publish(&message("1", "calls")).await.unwrap_err();
        assert!(matches!(failure, PublishFailure::Misconfigured(_)), "{failure:?}");
    }
    if let Some(mosquitto) = Mosquitto::start_with_password().await {
        let failure = with(mosquitto.url()).publish(&message("1", "calls")).await.unwrap_err();
        assert!(matches!(failure, PublishFailure::Misconfigured(_)), "{failure:?}");
    }
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for scheme in ["nats", "mqtt", "amqp"] {
        let client = BrokerClient::new(&settings(&format!("{scheme}://{address}"))).unwrap();
        let failure = client.publish(&message("1", "calls")).await.unwrap_err();
        assert!(matches!(failure, PublishFailure::NotSent(_)), "{scheme}: {failure:?}");
    }
}

#[tokio::test]
async fn a_broker_that_accepts_and_is_silent_is_not_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for scheme in ["nats", "mqtt", "amqp"] {
        let short = BrokerSettings {
            connect_timeout: Duration::from_millis(200),
            ..settings(&format!("{scheme}://{address}"))
        };
        let failure = BrokerClient::new(&short).unwrap().publish(&message("1", "calls")).await.unwrap_err();
        assert!(matches!(failure, PublishFailure::NotSent(_)), "{scheme}: {failure:?}");
    }
}
