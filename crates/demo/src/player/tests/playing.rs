//! Playback.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::*;

/// The events of a capture that go to everyone, each as one text.
fn events(name: &str, is_sent: impl Fn(&str) -> bool) -> Vec<String> {
    let ami = String::from_utf8(capture(name).0).unwrap();
    let events = ami.split("\r\n\r\n").map(str::trim_start).filter(|message| message.starts_with("Event: "));
    events
        .filter(|event| {
            event.contains(",all\r\n") && !event.starts_with("Event: FullyBooted\r\n") && is_sent(event)
        })
        .map(|event| event.replace("\r\n", "\n"))
        .collect()
}

/// Reads `count` events, after `FullyBooted` if that is sent.
async fn read(client: &mut TestClient, count: usize) -> Vec<String> {
    let mut got = Vec::new();
    while got.len() < count {
        let event = client.message().await.unwrap();
        if !event.starts_with("Event: FullyBooted\n") {
            got.push(event);
        }
    }
    got
}

async fn played(pbx: &PlaybackServer, rounds: u64) {
    timeout(PATIENCE, pbx.rounds_played().wait_for(|&played| played >= rounds)).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_event_of_a_recording_is_played_unchanged_and_nothing_else() {
    for release in ["11", "16", "22"] {
        for name in ["inbound-answered", "queue-answered", "reload-and-ping", "click-to-call"] {
            let name = format!("{release}/{name}");
            let expected = events(&name, |_| true);
            assert!(!expected.is_empty());
            let pbx = pbx(vec![recording(&name)], options()).await;
            let mut client = TestClient::log_in(&pbx, "on").await;
            assert_eq!(read(&mut client, expected.len()).await, expected, "{name}");
            played(&pbx, 1).await;
            let pong = client.list("Action: Status").await;
            assert!(pong[0].starts_with("Response: Success\n"));
        }
    }
}

#[tokio::test]
async fn only_requested_and_permitted_classes_are_sent() {
    let calls = |event: &str| event.contains("\r\nPrivilege: call,all\r\n");
    let expected = events("22/inbound-answered", calls);
    for (asked, read_privileges) in [("call", "all"), ("on", "call"), ("call,agent", "call,system")] {
        let pbx = pbx(
            vec![recording("22/inbound-answered")],
            PlaybackOptions { read: read_privileges.into(), ..options() },
        )
        .await;
        let mut client = TestClient::log_in(&pbx, asked).await;
        assert_eq!(read(&mut client, expected.len()).await, expected);
        played(&pbx, 1).await;
        client.send("Action: Ping").await;
        assert!(client.message().await.unwrap().starts_with("Response: Success\nPing"));
    }
}

#[tokio::test]
async fn recordings_are_played_in_sequence_to_every_client() {
    let names = ["22/inbound-busy", "22/inbound-declined"];
    let expected: Vec<_> = names.iter().flat_map(|name| events(name, |_| true)).collect();
    let pbx = pbx(names.map(recording).into(), PlaybackOptions { fresh_ids: false, ..options() }).await;
    for client in 1..=2 {
        let mut reader = TestClient::log_in(&pbx, "on").await;
        assert_eq!(read(&mut reader, expected.len()).await, expected);
        played(&pbx, client).await;
    }
}

#[tokio::test]
async fn rounds_share_no_id_unless_configured() {
    let ids = |events: &[String]| -> BTreeSet<String> {
        events.iter().filter_map(|event| value(event, "Uniqueid")).map(str::to_owned).collect()
    };
    let count = events("22/inbound-answered", |_| true).len();
    for (fresh_ids, expected) in [(true, 8), (false, 2)] {
        let pbx = pbx(
            vec![recording("22/inbound-answered")],
            PlaybackOptions { fresh_ids, rounds: Some(2), ..options() },
        )
        .await;
        let mut seen = BTreeSet::new();
        for _ in 0..2 {
            let mut client = TestClient::log_in(&pbx, "on").await;
            for _ in 0..2 {
                let round = ids(&read(&mut client, count).await);
                assert_eq!(round.len(), 2, "{round:?}");
                seen.extend(round);
            }
        }
        assert_eq!(seen.len(), expected, "{seen:?}");
    }
}

#[tokio::test]
async fn events_are_played_at_their_recorded_times() {
    let recording = recording("22/inbound-answered");
    let whole = recording.duration();
    assert!(whole > Duration::from_secs(3), "{whole:?}");
    let count = events("22/inbound-answered", |_| true).len();
    let pbx = pbx(vec![recording], PlaybackOptions { speed: PlaybackSpeed::Factor(20.0), ..options() }).await;
    let mut client = TestClient::connect(&pbx).await;
    let started_at = Instant::now();
    client.send("Action: Login\nUsername: bridge\nSecret: hunter2").await;
    client.answer().await;
    read(&mut client, count).await;
    assert!(started_at.elapsed() >= whole / 20, "{:?} for {whole:?}", started_at.elapsed());
}

/// What is up when `name` has been played: the items of `action`, as names and some values.
async fn up(name: &str, action: &str, fields: &[&str]) -> Vec<String> {
    let pbx = pbx(vec![recording(name)], options()).await;
    let mut client = TestClient::log_in(&pbx, "off").await;
    played(&pbx, 1).await;
    let list = client.list(&format!("Action: {action}\nActionID: 2")).await;
    let items = list[1..list.len() - 1].iter();
    items
        .map(|item| {
            fields.iter().map(|field| value(item, field).unwrap_or("-")).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[tokio::test]
async fn channels_are_listed_in_the_form_of_the_release() {
    let bridge = "4930100 6";
    let got =
        up("22/resync-midcall", "CoreShowChannels", &["Channel", "Exten", "ChannelState", "BridgeId"]).await;
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].starts_with(&format!("PJSIP/trunk-0000006f {bridge} ")), "{got:?}");
    assert!(got[1].starts_with("PJSIP/alice-00000070  6 "), "{got:?}");
    assert_eq!(got[0].rsplit(' ').next(), got[1].rsplit(' ').next());

    let fields = ["Channel", "UniqueID", "Extension", "CallerIDnum", "BridgedChannel", "BridgedUniqueID"];
    assert_eq!(
        up("11/resync-midcall", "CoreShowChannels", &fields).await,
        [
            "SIP/trunk-00000009 pbx1-1795226651.9 4930100 491761234567 SIP/alice-0000000a pbx1-1795226651.10",
            "SIP/alice-0000000a pbx1-1795226651.10  101 SIP/trunk-00000009 pbx1-1795226651.9",
        ]
    );
    let fields = ["Channel", "Uniqueid", "ChannelState", "BridgedUniqueid", "Privilege", "ActionID"];
    assert_eq!(
        up("11/resync-midcall", "Status", &fields).await,
        [
            "SIP/trunk-00000009 pbx1-1795226651.9 6 pbx1-1795226651.10 Call 2",
            "SIP/alice-0000000a pbx1-1795226651.10 - pbx1-1795226651.9 Call 2",
        ]
    );
    assert!(up("22/inbound-answered", "CoreShowChannels", &[]).await.is_empty());
}

#[tokio::test]
async fn channels_from_before_the_recording_are_listed() {
    let pbx = pbx(
        vec![recording("22/resync-midcall.after-reconnect")],
        PlaybackOptions { speed: PlaybackSpeed::Factor(1.0), ..options() },
    )
    .await;
    let mut client = TestClient::log_in(&pbx, "off").await;
    let list = client.list("Action: CoreShowChannels").await;
    let channels: Vec<_> = list.iter().filter_map(|item| value(item, "Channel")).collect();
    assert_eq!(channels, ["PJSIP/trunk-0000006f", "PJSIP/alice-00000070"]);
    assert!(value(&list[1], "BridgeId").is_some_and(|bridge| !bridge.is_empty()));
}

#[tokio::test]
async fn a_waiting_caller_is_listed_as_a_queue_entry() {
    let join = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: A\r\nCallerIDNum: 491\r\nUniqueid: 1.0\r\n\r\n\
                Event: QueueCallerJoin\r\nPrivilege: agent,all\r\nQueue: support\r\nUniqueid: 1.0\r\n\r\n";
    let pbx = pbx(vec![PlaybackRecording::parse(join.as_bytes(), None)], options()).await;
    let mut client = TestClient::log_in(&pbx, "off").await;
    played(&pbx, 1).await;
    let list = client.list("Action: QueueStatus").await;
    assert_eq!(list[1], "Event: QueueParams\nQueue: support\nMax: 0\nCalls: 1");
    assert!(list[2].starts_with(
        "Event: QueueEntry\nQueue: support\nPosition: 1\nChannel: A\nUniqueid: 1.0\nCallerIDNum: 491\n"
    ));
    assert!(client.list("Action: QueueStatus\nQueue: sales").await.len() == 2);
}
