//! What a dialect asks of its sender: authentication, other URLs, ids of users, a rate.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use ringwire_config::TemplateOptions;
use ringwire_dialects::{
    AuthScheme, HmacEncoding, HmacHash, JudgedReply, NextPage, RequestBody, RequestUrl, TargetReply,
};
use ringwire_testkit::HttpRequest as Received;

use super::*;

/// A dialect of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct OneRequest {
    pub(super) request: TargetRequest,
    pub(super) repeat: RepeatPolicy,
    pub(super) auth: Option<AuthScheme>,
    pub(super) rate: Option<ringwire_dialects::RateLimit>,
    pub(super) users: Option<UserListRequest>,
}

impl Dialect for OneRequest {
    fn name(&self) -> &str {
        "one"
    }

    fn wants(&self, _: &CallEvent) -> bool {
        true
    }

    fn next_step(&self, _: &CallEvent, context: &StepContext<'_>) -> Result<Option<DeliveryStep>, StepError> {
        let mut request = self.request.clone();
        request.query.extend(context.users.id("101").map(|id| ("user".to_owned(), id.to_string())));
        Ok(Some(DeliveryStep { repeat: self.repeat, ..DeliveryStep::new("one", request) }))
    }

    fn judge_reply(&self, _: &CallEvent, _: &DeliveryStep, reply: &TargetReply<'_>) -> JudgedReply {
        let text = String::from_utf8_lossy(reply.body).into_owned();
        let header = reply.headers.iter().find(|(name, _)| name == "x-call");
        let verdict = match reply.status {
            200 => ringwire_dialects::ReplyVerdict::Delivered(Vec::new()),
            status => ringwire_dialects::ReplyVerdict::Refused { reason: format!("HTTP {status}") },
        };
        let captures = [("body".to_owned(), text.into())]
            .into_iter()
            .chain(header.map(|(name, value)| (name.clone(), value.as_str().into())));
        JudgedReply { verdict, captures: captures.collect(), forgets: false }
    }

    fn auth(&self) -> Option<&AuthScheme> {
        self.auth.as_ref()
    }

    fn rate(&self) -> Option<ringwire_dialects::RateLimit> {
        self.rate
    }

    fn user_list(&self) -> Option<&UserListRequest> {
        self.users.as_ref()
    }
}

/// A sender for a target at `origin` that speaks `dialect`.
pub(super) fn sender_of(dialect: OneRequest, origin: &str) -> Sender {
    Sender::new(&target_of(dialect, origin)).unwrap().unwrap()
}

pub(super) fn target_of(dialect: OneRequest, origin: &str) -> Target {
    let mut target = target(origin);
    target.options = Options::Template(TemplateOptions { file: None, settings: Vec::new() });
    target.dialect = Arc::new(dialect);
    target
}

fn reply(status: u16, body: &str) -> ReceiverAction {
    ReceiverAction::Reply(TestReply::new(status, body.to_owned()))
}

/// The request that a receiver gets with `auth`.
async fn received(auth: AuthScheme) -> Received {
    let mut receiver = Receiver::start([reply(200, "{}")]).await.unwrap();
    let request = TargetRequest {
        query: vec![("a".to_owned(), "1".to_owned())],
        body: RequestBody::Json(serde_json::json!({"b": "ä"})),
        ..TargetRequest::default()
    };
    let dialect = OneRequest { request, auth: Some(auth), ..OneRequest::default() };
    let sender = sender_of(dialect, &format!("http://{}", receiver.address()));
    assert!(!format!("{sender:?}").contains("hunter"), "{sender:?}");
    let sent = sender.send(&hangup(), SendOptions::default()).await;
    assert_eq!(sent.outcome, DeliveryOutcome::Delivered);
    receiver.next_request().await.unwrap()
}

#[tokio::test]
async fn each_scheme_authenticates_as_its_standard_says() {
    let secret = || "hunter22".into();
    let basic = received(AuthScheme::Basic { user: "bob".into(), password: secret() }).await;
    assert_eq!(basic.header("authorization"), Some("Basic Ym9iOmh1bnRlcjIy"));
    let bearer = received(AuthScheme::Bearer { token: secret() }).await;
    assert_eq!(bearer.header("authorization"), Some("Bearer hunter22"));
    let header = received(AuthScheme::Header { name: "X-Key".into(), value: secret() }).await;
    assert_eq!(header.header("x-key"), Some("hunter22"));
    let query = received(AuthScheme::Query { name: "key".into(), value: "hunter 22".into() }).await;
    assert!(query.path.ends_with("?a=1&key=hunter+22"), "{}", query.path);
    for (hash, algorithm) in
        [(HmacHash::Sha1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY), (HmacHash::Sha256, hmac::HMAC_SHA256)]
    {
        for encoding in [HmacEncoding::Hex, HmacEncoding::Base64] {
            let (header, prefix) = ("X-Signature".to_owned(), "sha=".to_owned());
            let signed = received(AuthScheme::Hmac { header, key: secret(), hash, encoding, prefix }).await;
            let tag = hmac::sign(&hmac::Key::new(algorithm, b"hunter22"), &signed.body);
            let tag = match encoding {
                HmacEncoding::Hex => tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
                HmacEncoding::Base64 => STANDARD.encode(tag.as_ref()),
            };
            assert_eq!(signed.header("x-signature"), Some(format!("sha={tag}").as_str()));
        }
    }
    for secret in ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        let signed = received(AuthScheme::StandardWebhooks { secret: secret.into() }).await;
        let key = ringwire_config::SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let time = signed.header("webhook-timestamp").unwrap();
        let expected = key.sign(&[b"1.0/2.", time.as_bytes(), b".", &signed.body]);
        assert_eq!(signed.header("webhook-id"), Some("1.0/2"));
        assert_eq!(signed.header("webhook-signature"), Some(expected.as_str()));
    }
}

#[test]
fn a_scheme_that_cannot_be_used_is_an_error_without_its_secret() {
    for auth in [
        AuthScheme::Bearer { token: "hunter\n22".into() },
        AuthScheme::Header { name: "X Key".into(), value: "hunter22".into() },
        AuthScheme::StandardWebhooks { secret: "hunter22".into() },
    ] {
        let dialect = OneRequest { auth: Some(auth), ..OneRequest::default() };
        let error = Sender::new(&target_of(dialect, "http://127.0.0.1:1")).unwrap_err();
        assert!(!error.contains("hunter"), "{error}");
    }
}

#[tokio::test]
async fn credentials_go_to_the_target_only_and_not_to_the_other_url_of_a_request() {
    let mut own = Receiver::start([reply(200, "{}")]).await.unwrap();
    let mut other = Receiver::start([reply(200, "{}")]).await.unwrap();
    for url in [RequestUrl::Below("calls".into()), RequestUrl::Absolute(other.url())] {
        let request = TargetRequest { url, ..TargetRequest::default() };
        let auth = Some(AuthScheme::Bearer { token: "hunter22".into() });
        let mut target = target_of(
            OneRequest { request, auth, ..OneRequest::default() },
            &format!("http://{}", own.address()),
        );
        target.credentials.header = Some(("x-key".parse().unwrap(), "hunter23".into()));
        let sender = Sender::new(&target).unwrap().unwrap();
        sender.send(&hangup(), SendOptions::default()).await;
    }
    let trusted = own.next_request().await.unwrap();
    assert_eq!(trusted.path, format!("/api/v1/cti/{TOKEN}/calls"));
    assert_eq!(
        (trusted.header("authorization"), trusted.header("x-key")),
        (Some("Bearer hunter22"), Some("hunter23"))
    );
    let stranger = other.next_request().await.unwrap();
    assert_eq!((stranger.header("authorization"), stranger.header("x-key")), (None, None));
    assert_eq!(stranger.header("idempotency-key"), Some("1.0/2"));
}

#[tokio::test]
async fn the_url_of_a_request_passes_the_guard_and_https_only() {
    let send = async |url: &str, https_only: bool| {
        let request = TargetRequest { url: RequestUrl::Absolute(url.into()), ..TargetRequest::default() };
        let mut target =
            target_of(OneRequest { request, ..OneRequest::default() }, "https://desk.example.com");
        target.https_only = https_only;
        let sender = Sender::new(&target).unwrap().unwrap();
        sender.send(&hangup(), SendOptions::default()).await.outcome
    };
    check_misconfigured(
        &send("http://169.254.169.254/t0ken", false).await,
        "169.254.169.254 is a link-local address",
    );
    check_misconfigured(
        &send("http://desk.example.com/t0ken", true).await,
        "desk.example.com would not use https",
    );
    check_misconfigured(&send("ftp://desk.example.com/t0ken", false).await, "neither http nor https");
    check_misconfigured(&send("//t0ken", false).await, "the URL of a request is invalid");
}

#[tokio::test]
async fn a_dialect_reads_all_of_a_reply_and_its_headers_and_people_see_no_secret_of_it() {
    let reply = TestReply::new(200, "/calls/4711-4712-4713 of Bearer hunter22").with_header("X-Call", "7");
    let receiver = Receiver::start([ReceiverAction::Reply(reply)]).await.unwrap();
    let request =
        TargetRequest { url: RequestUrl::Below("calls/4711-4712-4713".into()), ..TargetRequest::default() };
    let auth = Some(AuthScheme::Bearer { token: "hunter22".into() });
    let sender = sender_of(
        OneRequest { request, auth, ..OneRequest::default() },
        &format!("http://{}", receiver.address()),
    );
    let sent = sender.send(&hangup(), SendOptions::default()).await;
    assert_eq!(sent.reply.as_deref(), Some("… of Bearer …"));
    let captures = [("body", "/calls/4711-4712-4713 of Bearer hunter22"), ("x-call", "7")];
    assert_eq!(sent.captures, captures.map(|(key, value)| (key.to_owned(), value.into())));
}

#[tokio::test]
async fn a_target_without_a_url_of_its_own_is_misconfigured_where_a_request_has_none_either() {
    let mut target = target_of(OneRequest::default(), "http://127.0.0.1:1");
    target.address = None;
    let sender = Sender::new(&target).unwrap().unwrap();
    let sent = sender.send(&hangup(), SendOptions::default()).await;
    check_misconfigured(&sent.outcome, "no URL is set for this target: set url_file");
}

fn list() -> UserListRequest {
    UserListRequest {
        first: TargetRequest {
            method: "GET".to_owned(),
            url: RequestUrl::Below("users".into()),
            ..TargetRequest::default()
        },
        items: "/result".to_owned(),
        key: "/phone".to_owned(),
        id: "/id".to_owned(),
        next: Some(NextPage::Token { pointer: "/next".to_owned(), parameter: "start".to_owned() }),
    }
}

#[tokio::test]
async fn the_ids_of_users_are_read_page_by_page_before_the_first_request_and_kept() {
    let actions = [
        reply(200, r#"{"result":[{"id":1,"phone":"100"}],"next":50}"#),
        reply(200, r#"{"result":[{"id":7,"phone":"101"}]}"#),
        reply(200, "{}"),
    ];
    let mut receiver = Receiver::start(actions).await.unwrap();
    let dialect = OneRequest { users: Some(list()), ..OneRequest::default() };
    let sender = sender_of(dialect, &format!("http://{}", receiver.address()));
    assert!(sender.is_unprepared());
    // Several requests that are due at once read them once.
    let (first, second) = tokio::join!(sender.prepare(), sender.prepare());
    assert!(first.is_ok() && second.is_ok() && !sender.is_unprepared());
    sender.send(&hangup(), SendOptions::default()).await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        let request = receiver.next_request().await.unwrap();
        paths.push(request.path.rsplit('/').next().unwrap().to_owned());
    }
    assert_eq!(paths, ["users", "users?start=50", &format!("{TOKEN}?user=7")]);
}

#[tokio::test]
async fn a_list_of_users_that_cannot_be_read_delays_the_events_until_one_was_read() {
    let dialect = OneRequest { users: Some(list()), ..OneRequest::default() };
    let result = async |status: u16, body: &'static str| {
        let receiver = Receiver::start([reply(status, body)]).await.unwrap();
        let sender = sender_of(dialect.clone(), &format!("http://{}", receiver.address()));
        let result = sender.prepare().await.unwrap_err();
        assert!(sender.is_unprepared());
        result.outcome
    };
    check_retry(result(503, "").await, "the list of users cannot be read: HTTP 503", None);
    check_retry(result(200, "<html>").await, "the list of users is not JSON", None);
    check_misconfigured(&result(403, "").await, "allow ringwire to read the users there");
    let sender = sender_of(dialect, "http://127.0.0.1:1");
    check_retry(sender.prepare().await.unwrap_err().outcome, "cannot connect", None);
}

#[tokio::test(start_paused = true)]
async fn a_target_gets_no_more_requests_than_it_takes() {
    let rate = Some(ringwire_dialects::RateLimit { per_second: 0.001, burst: 2 });
    let sender = sender_of(OneRequest { rate, ..OneRequest::default() }, "http://127.0.0.1:1");
    let waits = async |seconds: u64| {
        tokio::time::timeout(Duration::from_secs(seconds), sender.clone().wait_for_turn()).await.is_err()
    };
    assert!(!waits(1).await && !waits(1).await, "a burst is sent at once");
    assert!(waits(900).await, "the third waits for a thousand seconds");
}

#[test]
fn a_target_gets_keys_and_variables_only_if_it_asks() {
    let sender = |dtmf: bool| {
        let mut target = target_of(OneRequest::default(), "http://127.0.0.1:1");
        (target.dtmf, target.variables) = (dtmf, vec!["A".to_owned()]);
        Sender::new(&target).unwrap().unwrap()
    };
    let pressed = |digit: Option<&str>| {
        let kind = EventKind::Dtmf { digit: digit.map(ringwire_event::Digit::new), user: None };
        CallEvent { kind, ..hangup() }
    };
    assert!(sender(true).wants(&pressed(Some("7"))));
    assert!(!sender(false).wants(&pressed(Some("7"))), "nobody asked for it");
    assert!(!sender(true).wants(&pressed(None)), "the key is no longer known");
    assert!(sender(false).wants(&hangup()));
}
