use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use std::sync::Arc;

use bytes::Bytes;
use ringwire_demo::player::PlaybackPbx;

use super::*;
use crate::gate::Gate;
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

/// Reads from `stream` until `text`.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut received = Vec::new();
    while !received.ends_with(text.as_bytes()) {
        received.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(received).unwrap()
}

/// What a client that logs in reads, until the connection ends.
async fn read_all(asterisk: &FakeAsterisk) -> (io::Result<usize>, String) {
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    // A connection that is closed at once may refuse it.
    let _ = stream.write_all(LOGIN).await;
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received).await;
    (read, String::from_utf8_lossy(&received).into_owned())
}

#[tokio::test]
async fn scripts_refuse_logins_and_close_early() {
    let scripts = [
        ConnectionScript::close_without_banner(),
        ConnectionScript::close_after_banner(),
        ConnectionScript::refuse_login(),
    ];
    let asterisk = FakeAsterisk::start(scripts).await.unwrap();
    assert_eq!(read_all(&asterisk).await.1, "");
    assert_eq!(read_all(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
    let refused = read_all(&asterisk).await.1;
    assert!(
        refused.ends_with("Response: Error\r\nActionID: 7\r\nMessage: Authentication failed\r\n\r\n"),
        "{refused}"
    );
    assert_eq!(*asterisk.connections().borrow(), 3);
}

#[tokio::test]
async fn a_connection_can_be_closed_in_the_middle_of_an_event() {
    let close = ConnectionScript::fault_after(pbx(), "Event: Tw", ConnectionFault::Close);
    let reset = ConnectionScript::fault_after(pbx(), "Event: Tw", ConnectionFault::Reset);
    let asterisk = FakeAsterisk::start([close, reset]).await.unwrap();
    let (_, received) = read_all(&asterisk).await;
    assert!(received.contains("Event: One") && received.ends_with("Event: Tw"), "{received}");
    assert_eq!(read_all(&asterisk).await.0.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn bytes_are_lost_inserted_and_sent_one_by_one() {
    let faults = vec![
        (FaultTrigger::after_text("Event: One"), ConnectionFault::Inject(Bytes::from_static(b"!"))),
        (FaultTrigger::AfterBytes(2), ConnectionFault::Lose("Privilege: call,all\r\n\r\n".len())),
        (FaultTrigger::AfterBytes(0), ConnectionFault::Drip),
        (FaultTrigger::after_text("Event: Three"), ConnectionFault::Close),
    ];
    let asterisk = FakeAsterisk::start([ConnectionScript::Playback(Arc::new(pbx()), faults)]).await.unwrap();
    let (_, received) = read_all(&asterisk).await;
    assert!(
        received.contains("Event: One!\r\nEvent: Two") && received.ends_with("Event: Three"),
        "{received}"
    );
}

#[tokio::test]
async fn a_held_connection_continues_when_its_gate_opens() {
    let gate = Gate::new();
    let faults = vec![
        (FaultTrigger::after_text("Event: One"), ConnectionFault::Hold(gate.clone())),
        (FaultTrigger::after_text("Event: Two"), ConnectionFault::Close),
    ];
    let asterisk = FakeAsterisk::start([ConnectionScript::Playback(Arc::new(pbx()), faults)]).await.unwrap();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    stream.write_all(LOGIN).await.unwrap();
    read_until(&mut stream, "Event: One").await;
    assert!(timeout(A_WHILE, stream.read_u8()).await.is_err());
    gate.open();
    read_until(&mut stream, "Event: Two").await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_restart_closes_all_connections_and_accepts_new_ones() {
    let stall = ConnectionScript::after_login([ScriptStep::Stall]);
    let asterisk = FakeAsterisk::start([stall]).await.unwrap();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    stream.write_all(LOGIN).await.unwrap();
    let mut banner = [0; 30];
    stream.read_exact(&mut banner).await.unwrap();
    asterisk.restart([ConnectionScript::close_after_banner()]).await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(read_all(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
    asterisk.down().await.unwrap();
    assert!(TcpStream::connect(asterisk.address()).await.is_err());
    asterisk.up().await.unwrap();
    assert_eq!(read_all(&asterisk).await.1, "Asterisk Call Manager/11.0.0\r\n");
}

#[tokio::test]
async fn scripted_bytes_and_responses_are_sent() {
    let script = ConnectionScript::after_login([
        ScriptStep::send(b"Event: Hang\xff\0up\r\nno colon\r\n\r\n"),
        ScriptStep::Await("ping".into()),
        ScriptStep::Answer { response: "Error".into(), headers: vec![("Message".into(), "No".into())] },
        ScriptStep::Reset,
    ]);
    let asterisk = FakeAsterisk::start([script]).await.unwrap();
    let mut actions = asterisk.actions();
    let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
    let actions_sent = "Action: Challenge\r\nAuthType: MD5\r\n\r\nAction: Login\r\nAuthType: MD5\r\n\r\n\
                        Action: Events\r\n\r\nAction: Ping\r\nActionID: 9\r\n\r\n";
    stream.write_all(actions_sent.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    assert_eq!(stream.read_to_end(&mut received).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(
        received.starts_with(
            b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nChallenge: 123456789\r\n\r\n"
        )
    );
    let given = b"Authentication accepted\r\n\r\nEvent: Hang\xff\0up\r\nno colon\r\n\r\n";
    assert!(received.windows(given.len()).any(|window| window == given));
    assert!(received.ends_with(b"Response: Error\r\nActionID: 9\r\nMessage: No\r\n\r\n"));
    for name in ["Challenge", "Login", "Events", "Ping"] {
        assert!(actions.recv().await.unwrap().has_name(name));
    }
}

#[tokio::test]
async fn a_stalled_connection_sends_nothing_and_stays_open() {
    let silent = ConnectionScript::after_login([ScriptStep::Ignore]);
    let stalled = ConnectionScript::fault_after(pbx(), "Event: Tw", ConnectionFault::Stall);
    let asterisk = FakeAsterisk::start([silent, stalled]).await.unwrap();
    for last in ["Authentication accepted\r\n\r\n", "Event: Tw"] {
        let mut stream = TcpStream::connect(asterisk.address()).await.unwrap();
        stream.write_all(LOGIN).await.unwrap();
        read_until(&mut stream, last).await;
        stream.write_all(b"Action: Ping\r\n\r\n").await.unwrap();
        assert!(timeout(A_WHILE, stream.read_u8()).await.is_err());
    }
}

#[tokio::test]
async fn a_restarted_pbx_has_a_new_start_time() {
    let started_at = |time: &str| {
        let options =
            PlaybackOptions { started: Some(time.parse().unwrap()), ..PlaybackOptions::new("u", "s") };
        ConnectionScript::well_behaved(PlaybackPbx::new(Vec::new(), options))
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
        let received = read_until(&mut stream, "CoreReloadDate").await;
        assert!(received.contains(&format!("CoreStartupTime: {start}\r\n")), "{received}");
    }
    assert_eq!(*asterisk.connections().borrow(), 2);
}
