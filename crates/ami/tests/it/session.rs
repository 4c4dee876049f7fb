//! Sessions as transcripts: what the server says and when, what is answered, and what comes of it.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use ringwire_ami::{Codec, ErrorKind, LinkError, Login, LoginError, Method, Output, Owner, Session, Timing};

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
    Comes(Output),
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

fn login(method: Method) -> Login {
    Login { method, ..Login::new("bob", "hunter2".into()) }
}

#[track_caller]
fn check(method: Method, steps: impl IntoIterator<Item = Step>) {
    let mut now = begin();
    let mut session = Session::new(login(method), Timing::default(), "t", now).unwrap();
    let (mut codec, mut buffer, mut callers) = (Codec::connection(), BytesMut::new(), 0);
    for (at, step) in steps.into_iter().enumerate() {
        match step {
            Server(text) => {
                buffer.extend_from_slice(text.as_bytes());
                loop {
                    match codec.decode_now(&mut buffer) {
                        Ok(Some(frame)) => {
                            callers += usize::from(session.frame(&frame, now) == Owner::Caller);
                        }
                        Ok(None) => break,
                        Err(error) => break session.broken(&error),
                    }
                }
            }
            Wait(seconds) => {
                now += Duration::from_secs_f32(seconds);
                assert!(session.deadline().is_some_and(|due| due <= now), "step {at}: nothing is due");
                session.tick(now);
            }
            Close => session.closed(),
            Logoff => session.logoff(now),
            Client(text) => match session.poll() {
                Some(Output::Write(bytes)) => assert_eq!(
                    bytes.escape_ascii().to_string(),
                    text.escape_default().to_string(),
                    "step {at}"
                ),
                other => panic!("step {at}: {other:?}"),
            },
            Comes(output) => assert_eq!(session.poll(), Some(output), "step {at}"),
            Callers(count) => assert_eq!(std::mem::take(&mut callers), count, "step {at}"),
        }
    }
    assert_eq!(session.poll(), None);
}

fn logged_in() -> Vec<Step> {
    vec![
        BANNER,
        ASKS,
        CHALLENGE,
        LOGS_IN,
        ACCEPTED,
        Comes(Output::LoggedIn(ringwire_ami::Version::new(11, 0, 0))),
    ]
}

fn failed(error: LoginError) -> Step {
    Comes(Output::LoginFailed(error))
}

#[test]
fn a_login_by_challenge_never_sends_the_secret() {
    check(Method::Md5, logged_in());
}

#[test]
fn a_server_from_the_future_is_logged_in_to() {
    let mut steps = logged_in();
    steps[0] = Server("Asterisk Call Manager/99.0.0\r\n");
    steps[5] = Comes(Output::LoggedIn(ringwire_ami::Version::new(99, 0, 0)));
    check(Method::Md5, steps);
}

#[test]
fn a_plain_login_sends_the_secret() {
    check(
        Method::Plain,
        [
            Server("Asterisk Call Manager/1.1\r\n"),
            Client(
                "Action: Login\r\nActionID: t-own-1\r\nUsername: bob\r\nEvents: system,call,agent,dialplan\r\nSecret: hunter2\r\n\r\n",
            ),
            Server("Response: Success\r\nActionID: t-own-1\r\nMessage: Authentication accepted\r\n\r\n"),
            Comes(Output::LoggedIn(ringwire_ami::Version::new(1, 1, 0))),
        ],
    );
}

#[test]
fn what_comes_right_behind_the_login_is_the_callers() {
    let mut steps = logged_in();
    steps.truncate(4);
    steps.push(Server(
        "Response: Success\r\nActionID: t-own-2\r\nMessage: Authentication accepted\r\n\r\nEvent: FullyBooted\r\n\r\nEvent: A\r\n\r\n",
    ));
    steps.extend([Callers(2), Comes(Output::LoggedIn(ringwire_ami::Version::new(11, 0, 0)))]);
    check(Method::Md5, steps);
}

#[test]
fn wrong_credentials_are_told_from_other_refusals() {
    let refusal = |message: &'static str, error| {
        check(Method::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Server(message), failed(error)]);
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
    assert_eq!(LoginError::Credentials.kind(), ErrorKind::Credentials);
    assert_eq!(LoginError::InUse.kind(), ErrorKind::Refused);
}

#[test]
fn a_refused_challenge_is_a_refusal() {
    check(
        Method::Md5,
        [
            BANNER,
            ASKS,
            Server("Response: Error\r\nActionID: t-own-1\r\nMessage: No\x1b[2Jway\r\n\r\n"),
            failed(LoginError::Refused("No.[2Jway".into())),
        ],
    );
    check(
        Method::Md5,
        [
            BANNER,
            ASKS,
            Server("Response: Success\r\nActionID: t-own-1\r\n\r\n"),
            failed(LoginError::Refused(String::new())),
        ],
    );
}

#[test]
fn a_server_that_closes_without_a_word_is_told() {
    check(Method::Md5, [Close, failed(LoginError::NoBanner)]);
    assert!(LoginError::NoBanner.hint().contains("authlimit"));
}

#[test]
fn something_that_is_no_manager_is_told_with_what_it_said() {
    check(
        Method::Md5,
        [Server("SSH-2.0-OpenSSH_9.2\r\n"), failed(LoginError::NotAmi("SSH-2.0-OpenSSH_9.2".into()))],
    );
    check(
        Method::Md5,
        [
            Server("HTTP/1.1 400 Bad Request\r\n\r\n"),
            failed(LoginError::NotAmi("HTTP/1.1 400 Bad Request".into())),
        ],
    );
}

#[test]
fn every_step_has_a_deadline() {
    check(Method::Md5, [Wait(10.0), failed(LoginError::BannerTimeout)]);
    check(Method::Md5, [BANNER, ASKS, Wait(15.0), failed(LoginError::Timeout)]);
    check(Method::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Wait(15.0), failed(LoginError::Timeout)]);
    check(Method::Md5, [BANNER, ASKS, CHALLENGE, LOGS_IN, Close, failed(LoginError::Closed)]);
}

#[test]
fn silence_is_answered_by_a_ping_and_a_ping_by_a_pong() {
    let mut steps = logged_in();
    steps.extend([Wait(15.0), PINGS]);
    steps.extend([Server("Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\n\r\n"), Callers(0)]);
    steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
    check(Method::Md5, steps);
}

#[test]
fn a_pong_of_any_release_will_do() {
    for pong in [
        "Response: Pong\r\nActionID: t-own-3\r\n\r\n",
        "Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\nTimestamp: 1795226403.57\r\n\r\n",
        "Response: Error\r\nActionID: t-own-3\r\nMessage: Asterisk is shutting down\r\n\r\n",
    ] {
        let mut steps = logged_in();
        steps.extend([Wait(15.0), PINGS, Server(pong), Callers(0)]);
        steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
        check(Method::Md5, steps);
    }
}

#[test]
fn an_action_id_is_short_and_plain_whatever_it_begins_with() {
    let ids = "ü\r\nX: ".to_owned() + &"x".repeat(1_000);
    let mut session = Session::new(login(Method::Md5), Timing::default(), &ids, begin()).unwrap();
    session.frame(&ringwire_ami::Frame::Banner(ringwire_ami::Version::NEWEST), begin());
    let Some(Output::Write(bytes)) = session.poll() else { panic!("nothing was sent") };
    let sent = String::from_utf8(bytes.to_vec()).unwrap();
    let lines: Vec<_> = sent.split("\r\n").collect();
    assert_eq!((lines[0], lines[2], lines.len()), ("Action: Challenge", "AuthType: MD5", 5));
    assert!(lines[1].starts_with("ActionID: X:xx") && lines[1].len() <= "ActionID: ".len() + 64, "{sent}");
}

#[test]
fn a_server_that_answers_no_ping_is_lost() {
    let mut steps = logged_in();
    steps.extend([Wait(15.0), PINGS, Wait(10.0), Comes(Output::Lost(LinkError::Silent))]);
    check(Method::Md5, steps);
}

#[test]
fn any_packet_is_as_good_as_a_pong() {
    let mut steps = logged_in();
    steps.extend([Wait(15.0), PINGS, Server("Event: A\r\n\r\n"), Callers(1)]);
    steps.extend([Wait(15.0), Client("Action: Ping\r\nActionID: t-own-4\r\n\r\n")]);
    steps.extend([Server("Response: Success\r\nActionID: t-own-3\r\nPing: Pong\r\n\r\n"), Callers(0)]);
    check(Method::Md5, steps);
}

#[test]
fn a_server_that_closes_is_lost_and_one_told_so_is_not() {
    let mut steps = logged_in();
    steps.extend([Close, Comes(Output::Lost(LinkError::Closed)), Close]);
    check(Method::Md5, steps);

    let farewell = Client("Action: Logoff\r\nActionID: t-own-3\r\n\r\n");
    let mut steps = logged_in();
    steps.extend([Logoff, farewell, Server("Event: A\r\n\r\n"), Callers(1)]);
    steps.push(Server("Response: Goodbye\r\nActionID: t-own-3\r\nMessage: Thanks for all the fish.\r\n\r\n"));
    steps.extend([Comes(Output::LoggedOff), Close, Logoff]);
    check(Method::Md5, steps);
}

#[test]
fn a_forged_response_cannot_log_in() {
    check(
        Method::Md5,
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
fn a_login_that_could_not_be_sent_is_refused_at_once() {
    let bad = Login::new("bob\r\nAction: Command", "x".into());
    assert!(Session::new(bad, Timing::default(), "t", begin()).is_err());
    let bad = Login { method: Method::Plain, ..Login::new("bob", "x\r\ny".into()) };
    let error = Session::new(bad, Timing::default(), "t", begin()).unwrap_err();
    assert_eq!(error.to_string(), r#"action header "Secret" has a line break"#);
}

#[test]
fn nothing_shows_the_secret() {
    let mut session = Session::new(login(Method::Plain), Timing::default(), "t", begin()).unwrap();
    let banner = ringwire_ami::Frame::Banner(ringwire_ami::Version::NEWEST);
    session.frame(&banner, begin());
    let shown = format!("{session:?} {:?} {:?}", session.poll(), login(Method::Md5));
    assert!(!shown.contains("hunter2"), "{shown}");
}
