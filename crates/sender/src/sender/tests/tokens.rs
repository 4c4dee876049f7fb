//! Access tokens of OAuth 2, renewed by a refresh token.

use std::{fs, os::unix::fs::PermissionsExt};

use ringwire_dialects::{AuthScheme, TokenPlacement};
use tempfile::TempDir;

use super::{
    dialect::{OneRequest, target_of},
    *,
};

fn reply(status: u16, body: &str) -> ReceiverAction {
    ReceiverAction::Reply(TestReply::new(status, body.to_owned()))
}

/// A target whose tokens come from one receiver and whose events go to another.
struct Bench {
    tokens: Receiver,
    events: Receiver,
    home: TempDir,
}

impl Bench {
    async fn new(tokens: &[ReceiverAction], events: &[ReceiverAction]) -> Self {
        Self {
            tokens: Receiver::start(tokens.to_vec()).await.unwrap(),
            events: Receiver::start(events.to_vec()).await.unwrap(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// A sender as a process has it that begins, with this refresh token in its configuration.
    fn sender(&self, refresh_token: &str, placement: TokenPlacement) -> Sender {
        let auth = AuthScheme::OAuth2 {
            token_url: self.tokens.url(),
            client_id: "ringwire".into(),
            client_secret: "hunter24".into(),
            refresh_token: refresh_token.into(),
            placement,
        };
        let dialect = OneRequest { auth: Some(auth), ..OneRequest::default() };
        let mut target = target_of(dialect, &format!("http://{}", self.events.address()));
        target.name = "crm".to_owned();
        target.state_folder = Some(self.home.path().to_owned());
        Sender::new(&target).unwrap().unwrap()
    }

    fn bearer(&self, refresh_token: &str) -> Sender {
        self.sender(refresh_token, TokenPlacement::Authorization("Bearer".into()))
    }

    /// The body of the next request for a token.
    async fn asked(&mut self) -> String {
        String::from_utf8_lossy(&self.tokens.next_request().await.unwrap().body).into_owned()
    }

    /// The header `Authorization` of the next event.
    async fn authorization(&mut self) -> String {
        self.events.next_request().await.unwrap().header("authorization").unwrap_or_default().to_owned()
    }

    fn file(&self) -> std::path::PathBuf {
        self.home.path().join("oauth-crm.json")
    }
}

async fn send(sender: &Sender) -> SendResult {
    sender.send(&hangup(), SendOptions::default()).await
}

const FIRST: &str = r#"{"access_token":"access-1","expires_in":3600,"refresh_token":"refresh-1"}"#;
const SECOND: &str = r#"{"access_token":"access-2","expires_in":"3600","refresh_token":"refresh-2"}"#;

#[tokio::test]
async fn an_access_token_is_renewed_once_and_used_until_it_ends() {
    let mut bench = Bench::new(&[reply(200, FIRST)], &[reply(200, "access-1 hunter24 refresh-0")]).await;
    let sender = bench.bearer("refresh-0");
    let (one, two) = tokio::join!(send(&sender), send(&sender));
    assert_eq!((one.outcome, two.outcome), (DeliveryOutcome::Delivered, DeliveryOutcome::Delivered));
    assert_eq!(one.reply.as_deref(), Some("… … …"), "what a reply repeats of it is not shown");
    assert_eq!(
        bench.asked().await,
        "grant_type=refresh_token&client_id=ringwire&client_secret=hunter24&refresh_token=refresh-0"
    );
    assert_eq!(bench.authorization().await, "Bearer access-1");
    assert_eq!(bench.authorization().await, "Bearer access-1");
}

#[tokio::test]
async fn a_token_goes_where_the_dialect_says() {
    let mut bench = Bench::new(&[reply(200, FIRST)], &[reply(200, "{}")]).await;
    send(&bench.sender("refresh-0", TokenPlacement::Query("auth".into()))).await;
    assert!(bench.events.next_request().await.unwrap().path.ends_with("?auth=access-1"));
    send(&bench.sender("refresh-0", TokenPlacement::Authorization("Zoho-oauthtoken".into()))).await;
    assert_eq!(bench.authorization().await, "Zoho-oauthtoken access-1");
}

#[tokio::test]
async fn a_token_that_is_void_before_its_time_is_renewed_and_the_request_sent_again() {
    let mut bench = Bench::new(
        &[reply(200, FIRST), reply(200, SECOND)],
        &[reply(200, "{}"), reply(401, "{}"), reply(200, "{}"), reply(401, "{}")],
    )
    .await;
    let sender = bench.bearer("refresh-0");
    for _ in 0..2 {
        assert_eq!(send(&sender).await.outcome, DeliveryOutcome::Delivered);
    }
    for token in ["access-1", "access-1", "access-2"] {
        assert_eq!(bench.authorization().await, format!("Bearer {token}"));
    }
    bench.asked().await;
    assert!(bench.asked().await.ends_with("refresh_token=refresh-1"), "the newer one is used");
    // One that is refused although it is new is the target's answer.
    assert_eq!(send(&sender).await.status, Some(401));
}

#[tokio::test]
async fn a_refresh_token_that_was_replaced_survives_a_restart_until_another_is_configured() {
    let mut bench = Bench::new(&[reply(200, FIRST), reply(200, SECOND)], &[reply(200, "{}")]).await;
    send(&bench.bearer("refresh-0")).await;
    assert!(bench.asked().await.ends_with("refresh_token=refresh-0"));
    let kept = fs::read_to_string(bench.file()).unwrap();
    assert!(kept.contains("refresh-1") && !kept.contains("refresh-0"), "{kept}");
    assert_eq!(fs::metadata(bench.file()).unwrap().permissions().mode() & 0o777, 0o600);
    send(&bench.bearer("refresh-0")).await;
    assert!(bench.asked().await.ends_with("refresh_token=refresh-1"));
    send(&bench.bearer("other-0")).await;
    assert!(bench.asked().await.ends_with("refresh_token=other-0"));
}

#[tokio::test]
async fn no_token_means_no_request_and_the_reason_says_what_to_do() {
    for (action, is_permanent, expected) in [
        (reply(400, r#"{"error":"invalid_grant hunter24"}"#), true, "authorize ringwire there again"),
        (reply(401, ""), true, "it does not accept the refresh token"),
        (reply(503, ""), false, "no access token from 127.0.0.1: HTTP 503"),
        (reply(200, "{}"), false, "no access token in the reply"),
        (ReceiverAction::Close, false, "the connection broke"),
    ] {
        let bench = Bench::new(&[action], &[reply(200, "{}")]).await;
        let dialect = bench.bearer("refresh-0");
        let outcome = send(&dialect).await.outcome;
        assert!(!format!("{outcome:?}").contains("hunter"), "{outcome:?}");
        match is_permanent {
            true => check_misconfigured(&outcome, expected),
            false => check_retry(outcome, expected, None),
        }
    }
}

#[tokio::test]
async fn a_new_refresh_token_is_on_disk_before_it_counts() {
    let mut bench = Bench::new(&[reply(200, FIRST)], &[reply(200, "{}")]).await;
    let sender = bench.bearer("refresh-0");
    // A folder cannot be written as a file.
    fs::create_dir(bench.home.path().join("oauth-crm.json.new")).unwrap();
    check_retry(send(&sender).await.outcome, "a new refresh token cannot be written to disk", None);
    check_retry(send(&sender).await.outcome, "a new refresh token cannot be written to disk", None);
    assert!(!bench.file().exists());
    fs::remove_dir(bench.home.path().join("oauth-crm.json.new")).unwrap();
    assert_eq!(send(&sender).await.outcome, DeliveryOutcome::Delivered);
    assert!(fs::read_to_string(bench.file()).unwrap().contains("refresh-1"));
    assert_eq!(bench.authorization().await, "Bearer access-1");
}
