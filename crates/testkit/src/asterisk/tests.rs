use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::player::{PlaybackOptions, PlaybackRecording, PlaybackSpeed};

const LOGIN: &[u8] = b"Action: Login\r\nActionID: 7\r\nUsername: u\r\nSecret: s\r\n\r\n";
const CALLS: &[u8] =
    b"Asterisk Call Manager/11.0.0\r\nEvent: One\r\nPrivilege: call,all\r\n\r\nEvent: Two\r\n\
    Privilege: call,all\r\n\r\nEvent: Three\r\nPrivilege: call,all\r\n\r\n";

fn pbx() -> PlaybackPbx {
    let options = PlaybackOptions {
        speed: PlaybackSpeed::Unlimited,
        pause: Duration::ZERO,
        ..PlaybackOptions::new("u", "s")
    };
    PlaybackPbx::new(vec![PlaybackRecording::parse(CALLS, None)], options)
}

/// How long a peer is watched that must say nothing.
const A_WHILE: Duration = Duration::from_millis(50);

/// Reads from `stream` until it has said `text`.
async fn hear_until(stream: &mut TcpStream, text: &str) -> String {
    let mut said = Vec::new();
    while !said.ends_with(text.as_bytes()) {
        said.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(said).unwrap()
}

/// What a client that logs in reads, until the connection ends.
async fn hear(asterisk: &FakeAsterisk) -> (io::Result<usize>, String) {
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    // A connection that is closed at once may refuse it.
    let _ = stream.write_all(LOGIN).await;
    let mut said = Vec::new();
    let read = stream.read_to_end(&mut said).await;
    (read, String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn logins_are_refused_and_connections_closed_early() {
    let scripts = [Script::close_without_banner(), Script::close_after_banner(), Script::refuse_login()];
    let asterisk = FakeAsterisk::start(scripts).await.unwrap();
    assert_eq!(hear(&asterisk).await.1, "");
    assert_eq!(hear(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
    let refused = hear(&asterisk).await.1;
    assert!(
        refused.ends_with("Response: Error\r\nActionID: 7\r\nMessage: Authentication failed\r\n\r\n"),
        "{refused}"
    );
    assert_eq!(*asterisk.connections().borrow(), 3);
}

#[tokio::test]
async fn a_line_can_be_cut_in_the_middle_of_an_event() {
    let close = Script::trouble_after(pbx(), "Event: Tw", Trouble::Close);
    let reset = Script::trouble_after(pbx(), "Event: Tw", Trouble::Reset);
    let asterisk = FakeAsterisk::start([close, reset]).await.unwrap();
    let (_, said) = hear(&asterisk).await;
    assert!(said.contains("Event: One") && said.ends_with("Event: Tw"), "{said}");
    assert_eq!(hear(&asterisk).await.0.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn bytes_are_lost_put_in_and_dripped() {
    let troubles = vec![
        (When::said("Event: One"), Trouble::Inject(Bytes::from_static(b"!"))),
        (When::Bytes(2), Trouble::Lose("Privilege: call,all\r\n\r\n".len())),
        (When::Bytes(0), Trouble::Drip),
        (When::said("Event: Three"), Trouble::Close),
    ];
    let asterisk = FakeAsterisk::start([Script::Playback(Arc::new(pbx()), troubles)]).await.unwrap();
    let (_, said) = hear(&asterisk).await;
    assert!(said.contains("Event: One!\r\nEvent: Two") && said.ends_with("Event: Three"), "{said}");
}

#[tokio::test]
async fn a_line_that_is_held_goes_on_when_its_gate_opens() {
    let gate = Gate::new();
    let troubles = vec![
        (When::said("Event: One"), Trouble::Hold(gate.clone())),
        (When::said("Event: Two"), Trouble::Close),
    ];
    let asterisk = FakeAsterisk::start([Script::Playback(Arc::new(pbx()), troubles)]).await.unwrap();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    stream.write_all(LOGIN).await.unwrap();
    hear_until(&mut stream, "Event: One").await;
    assert!(timeout(A_WHILE, stream.read_u8()).await.is_err());
    gate.open();
    hear_until(&mut stream, "Event: Two").await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_restart_drops_everybody_and_takes_them_again() {
    let stall = Script::after_login([Step::Stall]);
    let asterisk = FakeAsterisk::start([stall]).await.unwrap();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    stream.write_all(LOGIN).await.unwrap();
    let mut banner = [0; 30];
    stream.read_exact(&mut banner).await.unwrap();
    asterisk.restart([Script::close_after_banner()]).await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(hear(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
    asterisk.down().await.unwrap();
    assert!(TcpStream::connect(asterisk.address()).await.is_err());
    asterisk.up().await.unwrap();
    assert_eq!(hear(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
}

#[tokio::test]
async fn given_bytes_are_sent_and_actions_answered_as_told() {
    let script = Script::after_login([
        Step::send(b"Event: Hang\xff\0up\r\nno colon\r\n\r\n"),
        Step::Await("ping".into()),
        Step::Answer { response: "Error".into(), headers: vec![("Message".into(), "No".into())] },
        Step::Reset,
    ]);
    let asterisk = FakeAsterisk::start([script]).await.unwrap();
    let mut actions = asterisk.actions();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    let actions_sent = "Action: Challenge\r\nAuthType: MD5\r\n\r\nAction: Login\r\nAuthType: MD5\r\n\r\n\
                        Action: Events\r\n\r\nAction: Ping\r\nActionID: 9\r\n\r\n";
    stream.write_all(actions_sent.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    assert_eq!(stream.read_to_end(&mut said).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(
        said.starts_with(
            b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nChallenge: 123456789\r\n\r\n"
        )
    );
    let given = b"Authentication accepted\r\n\r\nEvent: Hang\xff\0up\r\nno colon\r\n\r\n";
    assert!(said.windows(given.len()).any(|window| window == given));
    assert!(said.ends_with(b"Response: Error\r\nActionID: 9\r\nMessage: No\r\n\r\n"));
    for name in ["Challenge", "Login", "Events", "Ping"] {
        assert!(actions.recv().await.unwrap().has_name(name));
    }
}

#[tokio::test]
async fn a_stalled_line_says_nothing_more_and_stays_open() {
    let silent = Script::after_login([Step::Ignore]);
    let stalled = Script::trouble_after(pbx(), "Event: Tw", Trouble::Stall);
    let asterisk = FakeAsterisk::start([silent, stalled]).await.unwrap();
    for last in ["Authentication accepted\r\n\r\n", "Event: Tw"] {
        let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
        stream.write_all(LOGIN).await.unwrap();
        hear_until(&mut stream, last).await;
        stream.write_all(b"Action: Ping\r\n\r\n").await.unwrap();
        assert!(timeout(A_WHILE, stream.read_u8()).await.is_err());
    }
}

#[tokio::test]
async fn a_pbx_comes_back_with_a_new_start_time() {
    let started_at = |time: &str| {
        let options =
            PlaybackOptions { started: Some(time.parse().unwrap()), ..PlaybackOptions::new("u", "s") };
        Script::well_behaved(PlaybackPbx::new(Vec::new(), options))
    };
    let asterisk = FakeAsterisk::start([started_at("2026-11-21T02:05:02Z")]).await.unwrap();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    for (start, came_back) in [("02:05:02", false), ("03:15:00", true)] {
        if came_back {
            asterisk.restart([started_at("2026-11-21T03:15:00Z")]).await.unwrap();
            // The old connection is gone, in whatever way.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            stream = TcpStream::connect(asterisk.address()).await.unwrap();
        }
        stream.write_all(LOGIN).await.unwrap();
        stream.write_all(b"Action: CoreStatus\r\n\r\n").await.unwrap();
        let said = hear_until(&mut stream, "CoreReloadDate").await;
        assert!(said.contains(&format!("CoreStartupTime: {start}\r\n")), "{said}");
    }
    assert_eq!(*asterisk.connections().borrow(), 2);
}
