//! Credentials and signatures as a target receives them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use ringwire_config::{Credentials, SigningKey};
use ringwire_testkit::HttpRequest as Received;

use super::*;

const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];

/// The requests that a receiver gets when an event is sent with `credentials`, once for each of `actions`.
async fn received(
    credentials: Credentials,
    event: &CallEvent,
    actions: Vec<ReceiverAction>,
) -> Vec<Received> {
    let times = actions.len();
    let mut receiver = Receiver::start(actions).await.unwrap();
    let mut target = target(&format!("http://{}", receiver.address()));
    target.credentials = credentials;
    let sender = Sender::new(&target).unwrap().unwrap();
    let shown = format!("{target:?} {sender:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("aHVudGVyM") && !shown.contains("MfKQ9"), "{shown}");
    let mut requests = Vec::new();
    for _ in 0..times {
        let sent = sender.send(event, SendOptions::default()).await;
        assert!(!format!("{sent:?}").contains(TOKEN), "{sent:?}");
        requests.push(receiver.next_request().await.unwrap());
    }
    requests
}

fn accept() -> ReceiverAction {
    ReceiverAction::Reply(TestReply::new(200, "{}"))
}

/// Checks that a request with `credentials` has each of the `expected` headers once.
async fn check(credentials: Credentials, expected: &[(&str, &str)]) {
    let requests = received(credentials, &hangup(), vec![accept()]).await;
    for (name, value) in expected {
        let values: Vec<_> = requests[0].headers.iter().filter(|(known, _)| known == name).collect();
        assert!(matches!(values[..], [(_, only)] if only == value), "{name}: {values:?}");
    }
}

#[tokio::test]
async fn a_token_a_password_and_headers_are_sent() {
    let with = |authorization| Credentials { authorization: Some(authorization), ..Credentials::default() };
    check(with(Authorization::Bearer(TOKEN.into())), &[("authorization", "Bearer hunter2")]).await;
    let basic = Authorization::Basic { user: "b\u{fc}b".into(), password: TOKEN.into() };
    check(with(basic), &[("authorization", "Basic YsO8YjpodW50ZXIy")]).await;
    let credentials = Credentials {
        header: Some(("X-Api-Key".parse().unwrap(), TOKEN.into())),
        headers: vec![
            ("x-tenant".parse().unwrap(), "acme".into()),
            ("user-agent".parse().unwrap(), "bob".into()),
        ],
        ..Credentials::default()
    };
    let expected = [
        ("x-api-key", TOKEN),
        ("x-tenant", "acme"),
        ("user-agent", "bob"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("idempotency-key", "1.0/2"),
    ];
    check(credentials, &expected).await;
}

#[tokio::test]
async fn without_credentials_none_are_sent() {
    let requests = received(Credentials::default(), &hangup(), vec![accept()]).await;
    for (name, _) in &requests[0].headers {
        assert!(!name.contains("auth") && !name.starts_with("webhook"), "{name}");
    }
}

/// Verifies as a receiver does: one of the signatures is valid for the request.
fn verify(request: &Received, secret: &str) -> bool {
    let header = |name| request.header(name).unwrap();
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut signed = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).into_bytes();
    signed.extend(&request.body);
    header("webhook-signature").split(' ').any(|signature| {
        let signature = signature.strip_prefix("v1,").and_then(|encoded| STANDARD.decode(encoded).ok());
        signature.is_some_and(|signature| hmac::verify(&key, &signed, &signature).is_ok())
    })
}

#[tokio::test]
async fn every_attempt_is_signed_with_both_secrets_and_the_event_id() {
    let signing = SECRETS.iter().map(|secret| SigningKey::parse(secret).unwrap()).collect();
    let credentials = Credentials { signing, ..Credentials::default() };
    let failing = ReceiverAction::Reply(TestReply::new(503, ""));
    let before = Timestamp::now().as_second();
    for mut request in received(credentials, &hangup(), vec![failing, ReceiverAction::Reset, accept()]).await
    {
        assert_eq!(request.header("webhook-id"), Some("1.0/2"));
        assert_eq!(request.header("idempotency-key"), Some("1.0/2"));
        let timestamp: i64 = request.header("webhook-timestamp").unwrap().parse().unwrap();
        assert!((before..=Timestamp::now().as_second()).contains(&timestamp), "{timestamp}");
        assert!(SECRETS.iter().all(|secret| verify(&request, secret)), "{request:?}");
        assert!(!verify(&request, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        request.body = "{}".into();
        assert!(!SECRETS.iter().any(|secret| verify(&request, secret)), "{request:?}");
    }
}
