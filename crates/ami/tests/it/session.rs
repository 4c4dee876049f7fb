//! Sessions as transcripts: what the server says and when, what is answered, and what comes of it.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use ringwire_ami::{
    AmiLogin, AmiSession, AmiTimeouts, Codec, ConnectionErrorKind, DisconnectError, FrameOwner, LoginError,
    LoginMethod, SessionOutput,
};

/// One line of a transcript.
enum Step {
    /// The server says this.
    Server(&'static str),
    /// So many seconds pass.
    Wait(f32),
    /// The server closes the connection.
    Close,
    /// Logoff is wished.
    Logoff,
    /// This is written.
    Client(&'static str),
    /// This comes of it.
    Comes(SessionOutput),
    /// So many packets were the caller's since the last time this was asked.
    Callers(usize),
}

use Step::{Callers, Client, Close, Comes, Logoff, Server, Wait};

const BANNER: Step = Server("Asterisk Call Manager/11.0.0\r\n");
const ASKS: Step = Client("Action: Challenge\r\nActionID: t-own-1\r\nAuthType: MD5\r\n\r\n");
const CHALLENGE: Step = Server("Response: Success\r\nActionID: t-own-1\r\nChallenge: 840415273\r\n\r\n");
const LOGS_IN: Step = Client(
    "Action: Login\r\nActionID: t-own-2\r\nUsername: bob\r\nEvents: system,call,agent,dialplan\r\nAuthType: MD5\r\n\
     Key: 5cde6baa8a34dcf111fe867b80cde132\r\n\r\n",
);
const ACCEPTED: Step =
    Server("Response: Success\r\nActionID: t-own-2\r\nMessage: Authentication accepted\r\n\r\n");
const PINGS: Step = Client("Action: Ping\r\nActionID: t-own-3\r\n\r\n");

/// Some time to count from.
#[expect(clippy::disallowed_methods, reason = "an `Instant` can be had from nowhere else")]
fn begin() -> Instant {
    Instant::now()
}

fn login(method: LoginMethod) -> AmiLogin {
    AmiLogin { method, ..AmiLogin::new("bob", "hunter2".into()) }
}

#[track_caller]
fn check(method: LoginMethod, steps: impl IntoIterator<Item = Step>) {
    let mut now = begin();
    let mut session = AmiSession::new(login(method), AmiTimeouts::default(), "t", now).unwrap();
    let (mut codec, mut buffer, mut callers) = (Codec::for_connection(), BytesMut::new(), 0);
    for (at, step) in steps.into_iter().enumerate() {
        match step {
            Server(text) => {
                buffer.extend_from_slice(text.as_bytes());
                loop {
                    match codec.decode_now(&mut buffer) {
                        Ok(Some(frame)) => {
                            callers += usize::from(session.handle_frame(&frame, now) == FrameOwner::User);
                        }
                        Ok(None) => break,
                        Err(error) => break session.handle_error(&error),
                    }
                }
            }
            Wait(seconds) => {
                now += Duration::from_secs_f32(seconds);
                assert!(session.deadline().is_some_and(|due| due <= now), "step {at}: nothing is due");
                session.tick(now);
            }
            Close => session.handle_close(),
            Logoff => session.logoff(now),
            Client(text) => match session.poll_output() {
                Some(SessionOutput::Write(bytes)) => assert_eq!(
                    bytes.escape_ascii().to_string(),
                    text.escape_default().to_string(),
                    "step {at}"
                ),
                other => panic!("step {at}: {other:?}"),
            },
            Comes(output) => assert_eq!(session.poll_output(), Some(output), "step {at}"),
            Callers(count) => assert_eq!(std::mem::take(&mut callers), count, "step {at}"),
        }
    }
    assert_eq!(session.poll_output(), None);
}

fn logged_in() -> Vec<Step> {
    vec![
        BANNER,
        ASKS,
        CHALLENGE,
        LOGS_IN,
        ACCEPTED,
        Comes(SessionOutput::LoggedIn(ringwire_ami::AmiVersion::new(11, 0, 0))),
    ]
}

fn failed(error: LoginError) -> Step {
    Comes(SessionOutput::LoginFailed(error))
}

#[test]
fn a_login_by_challenge_never_sends_the_secret() {
    check(LoginMethod::Md5, logged_in());
}

#[test]
fn login_works_with_an_unknown_newer_version() {
    let mut steps = logged_in();
    steps[0] = Server("Asterisk Call Manager/99.0.0\r\n");
    steps[5] = Comes(SessionOutput::LoggedIn(ringwire_ami::AmiVersion::new(99, 0, 0)));
    check(LoginMethod::Md5, steps);
}

#[test]
fn a_plain_login_sends_the_secret() {
    check(
        LoginMethod::Plain,
        [
            Server("Asterisk Call Manager/1.1\r\n"),
            Client(
                "Action: Login\r\nActionID: t-own-1\r\nUsername: bob\r\nEvents: system,call,agent,dialplan\r\nSecret: hunter2\r\n\r\n",
            ),
            Server("Response: Success\r\nActionID: t-own-1\r\nMessage: Authentication accepted\r\n\r\n"),
            Comes(SessionOutput::LoggedIn(ringwire_ami::AmiVersion::new(1, 1, 0))),
        ],
    );
}

#[test]
fn packets_right_after_the_login_belong_to_the_user() {
    let mut steps = logged_in();
    steps.truncate(4);
    steps.push(Server(
        "Response: Success\r\nActionID: t-own-2\r\nMessage: Authentication accepted\r\n\r\nEvent: FullyBooted\r\n\r\nEvent: A\r\n\r\n",
    ));
    steps.extend([Callers(2), Comes(SessionOutput::LoggedIn(ringwire_ami::AmiVersion::new(11, 0, 0)))]);
    check(LoginMethod::Md5, steps);
}

#[test]
fn wrong_credentials_and_other_refusals_have_distinct_errors() {
    let refusal = |message: &'static str, error| {
        check(LoginMethod::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Server(message), failed(error)]);
    };
    refusal(
        "Response: Error\r\nActionID: t-own-2\r\nMessage: Authentication failed\r\n\r\n",
        LoginError::Credentials,
    );
    refusal(
        "Response: Error\r\nActionID: t-own-2\r\nMessage: Login Already In Use\r\n\r\n",
        LoginError::InUse,
    );
    let shutting = "Response: Error\r\nActionID: t-own-2\r\nMessage: Asterisk is shutting down\r\n\r\n";
    refusal(shutting, LoginError::Refused("Asterisk is shutting down".into()));
    assert_eq!(LoginError::Credentials.kind(), ConnectionErrorKind::Credentials);
    assert_eq!(LoginError::InUse.kind(), ConnectionErrorKind::Refused);
}

#[test]
fn a_refused_challenge_is_a_refused_login() {
    check(
        LoginMethod::Md5,
        [
            BANNER,
            ASKS,
            Server("Response: Error\r\nActionID: t-own-1\r\nMessage: No\x1b[2Jway\r\n\r\n"),
            failed(LoginError::Refused("No.[2Jway".into())),
        ],
    );
    check(
        LoginMethod::Md5,
        [
            BANNER,
            ASKS,
            Server("Response: Success\r\nActionID: t-own-1\r\n\r\n"),
            failed(LoginError::Refused(String::new())),
        ],
    );
}

#[test]
fn a_server_that_closes_without_a_banner_is_reported() {
    check(LoginMethod::Md5, [Close, failed(LoginError::NoBanner)]);
    assert!(LoginError::NoBanner.hint().contains("authlimit"));
}

#[test]
fn another_protocol_is_reported_with_its_first_line() {
    check(
        LoginMethod::Md5,
        [Server("SSH-2.0-OpenSSH_9.2\r\n"), failed(LoginError::NotAmi("SSH-2.0-OpenSSH_9.2".into()))],
    );
    check(
        LoginMethod::Md5,
        [
            Server("HTTP/1.1 400 Bad Request\r\n\r\n"),
            failed(LoginError::NotAmi("HTTP/1.1 400 Bad Request".into())),
        ],
    );
}

#[test]
fn every_step_has_a_deadline() {
    check(LoginMethod::Md5, [Wait(10.0), failed(LoginError::BannerTimeout)]);
    check(LoginMethod::Md5, [BANNER, ASKS, Wait(15.0), failed(LoginError::Timeout)]);
    check(LoginMethod::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Wait(15.0), failed(LoginError::Timeout)]);
    check(LoginMethod::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Close, failed(LoginError::Closed)]);
}

#[test]
fn a_silent_server_is_pinged_and_a_pong_keeps_the_session_up() {
    let mut steps = logged_in();
    steps.extend([Wait(15.0), PINGS]);
    steps.extend([Server("Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\n\r\n"), Callers(0)]);
    steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
    check(LoginMethod::Md5, steps);
}

#[test]
fn a_pong_of_any_release_is_accepted() {
    for pong in [
        "Response: Pong\r\nActionID: t-own-3\r\n\r\n",
        "Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\nTimestamp: 1795226403.57\r\n\r\n",
        "Response: Error\r\nActionID: t-own-3\r\nMessage: Asterisk is shutting down\r\n\r\n",
    ] {
        let mut steps = logged_in();
        steps.extend([Wait(15.0), PINGS, Server(pong), Callers(0)]);
        steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
        check(LoginMethod::Md5, steps);
    }
}

#[test]
fn an_action_id_is_short_visible_ascii_for_any_prefix() {
    let ids = "ü\r\nX: ".to_owned() + &"x".repeat(1_000);
    let mut session =
        AmiSession::new(login(LoginMethod::Md5), AmiTimeouts::default(), &ids, begin()).unwrap();
    session.handle_frame(&ringwire_ami::Frame::Banner(ringwire_ami::AmiVersion::NEWEST), begin());
    let Some(SessionOutput::Write(bytes)) = session.poll_output() else { panic!("nothing was sent") };
    let sent = String::from_utf8(bytes.to_vec()).unwrap();
    let lines: Vec<_> = sent.split("\r\n").collect();
    assert_eq!((lines[0], lines[2], lines.len()), ("Action: Challenge", "AuthType: MD5", 5));
    assert!(lines[1].starts_with("ActionID: X:xx") && lines[1].len() <= "ActionID: ".len() + 64, "{sent}");
}

#[test]
fn a_server_that_answers_no_ping_is_disconnected() {
    let mut steps = logged_in();
    steps.extend([
        Wait(15.0),
        PINGS,
        Wait(10.0),
        Comes(SessionOutput::Disconnected(DisconnectError::Silent)),
    ]);
    check(LoginMethod::Md5, steps);
}

#[test]
fn any_packet_counts_as_a_pong() {
    let mut steps = logged_in();
    steps.extend([Wait(15.0), PINGS, Server("Event: A\r\n\r\n"), Callers(1)]);
    steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
    steps.extend([Server("Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\n\r\n"), Callers(0)]);
    check(LoginMethod::Md5, steps);
}

#[test]
fn a_close_is_an_error_except_after_a_logoff() {
    let mut steps = logged_in();
    steps.extend([Close, Comes(SessionOutput::Disconnected(DisconnectError::Closed)), Close]);
    check(LoginMethod::Md5, steps);

    let farewell = Client("Action: Logoff\r\nActionID: t-own-3\r\n\r\n");
    let mut steps = logged_in();
    steps.extend([Logoff, farewell, Server("Event: A\r\n\r\n"), Callers(1)]);
    steps.push(Server("Response: Goodbye\r\nActionID: t-own-3\r\nMessage: Thanks for all the fish.\r\n\r\n"));
    steps.extend([Comes(SessionOutput::LoggedOff), Close, Logoff]);
    check(LoginMethod::Md5, steps);
}

#[test]
fn a_forged_response_cannot_log_in() {
    check(
        LoginMethod::Md5,
        [
            BANNER,
            ASKS,
            Server("Response: Success\r\nActionID: x\r\nChallenge: 1\r\n\r\nEvent: A\r\n\r\n"),
            Callers(0),
            CHALLENGE,
            LOGS_IN,
        ],
    );
}

#[test]
fn a_login_that_cannot_be_sent_is_rejected_before_anything_is_sent() {
    let bad = AmiLogin::new("bob\r\nAction: Command", "x".into());
    assert!(AmiSession::new(bad, AmiTimeouts::default(), "t", begin()).is_err());
    let bad = AmiLogin { method: LoginMethod::Plain, ..AmiLogin::new("bob", "x\r\ny".into()) };
    let error = AmiSession::new(bad, AmiTimeouts::default(), "t", begin()).unwrap_err();
    assert_eq!(error.to_string(), r#"invalid action header "Secret": it contains a line break"#);
}

#[test]
fn debug_output_never_shows_the_secret() {
    let mut session =
        AmiSession::new(login(LoginMethod::Plain), AmiTimeouts::default(), "t", begin()).unwrap();
    let banner = ringwire_ami::Frame::Banner(ringwire_ami::AmiVersion::NEWEST);
    session.handle_frame(&banner, begin());
    let shown = format!("{session:?} {:?} {:?}", session.poll_output(), login(LoginMethod::Md5));
    assert!(!shown.contains("hunter2"), "{shown}");
}
