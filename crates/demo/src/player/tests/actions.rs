//! Login and actions.

use super::*;

#[tokio::test]
async fn the_banner_comes_from_the_recording() {
    for (release, banner) in [("11", "1.3"), ("16", "5.0.4"), ("22", "11.0.0")] {
        let pbx = pbx(vec![recording(&format!("{release}/inbound-answered"))], options()).await;
        let client = TestClient::connect(&pbx).await;
        assert_eq!(client.banner, format!("Asterisk Call Manager/{banner}"));
    }
    let with_banner = PlaybackOptions { banner: Some("Asterisk Call Manager/7.0.3".into()), ..options() };
    assert_eq!(
        TestClient::connect(&pbx(vec![], with_banner).await).await.banner,
        "Asterisk Call Manager/7.0.3"
    );
}

#[tokio::test]
async fn a_plain_login_is_followed_by_fullybooted() {
    let pbx = pbx(vec![], options()).await;
    let mut client = TestClient::log_in(&pbx, "on").await;
    let booted = client.message().await.unwrap();
    assert_eq!(value(&booted, "Event"), Some("FullyBooted"));
    assert!(value(&booted, "Uptime").is_some(), "{booted}");
    client.check("Action: Login\nUsername: x", "Response: Success\nMessage: Already authenticated").await;
}

#[tokio::test]
async fn a_login_by_md5_needs_the_challenge_of_this_connection() {
    let pbx = pbx(vec![], options()).await;
    let mut client = TestClient::connect(&pbx).await;
    client.check("Action: Challenge", "Response: Error\nMessage: Must specify AuthType").await;
    client.send("Action: Challenge\nAuthType: MD5\nActionID: c").await;
    let answer = client.answer().await;
    assert_eq!(value(&answer, "ActionID"), Some("c"));
    let challenge = value(&answer, "Challenge").unwrap();
    assert!(challenge.bytes().all(|byte| byte.is_ascii_digit()), "{challenge}");
    let login = |key: &str| format!("Action: Login\nAuthType: MD5\nUsername: bridge\nKey: {key}");
    let key = login::md5_key(challenge, "hunter2");
    client.check(&login(&key), "Response: Success\nMessage: Authentication accepted").await;

    let mut other = TestClient::connect(&pbx).await;
    other.check(&login(&key), "Response: Error\nMessage: Authentication failed").await;
    assert!(other.ended().await);
}

#[tokio::test]
async fn a_wrong_login_is_refused_and_the_connection_closed() {
    let pbx = pbx(vec![recording("22/inbound-answered")], options()).await;
    for login in [
        "Username: bridge\nSecret: wrong",
        "Username: bridge\nSecret:",
        "Username: bridge",
        "Username: other\nSecret: hunter2",
        "Secret: hunter2",
        "AuthType: MD5\nUsername: bridge\nSecret: hunter2",
        "AuthType: MD5\nUsername: bridge\nKey: 0",
    ] {
        let mut client = TestClient::connect(&pbx).await;
        let login = format!("Action: Login\nActionID: 1\n{login}");
        client.check(&login, "Response: Error\nActionID: 1\nMessage: Authentication failed").await;
        assert!(client.ended().await);
    }
}

#[tokio::test]
async fn no_events_are_sent_before_the_login() {
    let pbx = pbx(vec![recording("22/inbound-answered")], options()).await;
    let mut client = TestClient::connect(&pbx).await;
    for action in ["Ping", "CoreShowChannels", "Nonsense"] {
        client.check(&format!("Action: {action}"), "Response: Error\nMessage: Permission denied").await;
    }
    client.check("Action: Logoff", "Response: Goodbye\nMessage: Thanks for all the fish.").await;
    assert!(client.ended().await);
}

#[tokio::test]
async fn a_client_that_does_not_log_in_in_time_is_disconnected() {
    let pbx = pbx(vec![], PlaybackOptions { auth_timeout: Duration::from_millis(10), ..options() }).await;
    assert!(TestClient::connect(&pbx).await.ended().await);
}

#[tokio::test]
async fn the_actions_of_a_bridge_are_answered() {
    let started = Some("2026-11-21T02:05:02Z".parse().unwrap());
    let pbx = pbx(vec![], PlaybackOptions { started, ..options() }).await;
    let mut actions = pbx.actions();
    let mut client = TestClient::log_in(&pbx, "call").await;
    assert_eq!(actions.recv().await.unwrap().get("username"), Some("Bridge"));

    client.send("Action: Ping\nActionID: 2").await;
    let pong = client.answer().await;
    assert!(pong.starts_with("Response: Success\nActionID: 2\nPing: Pong\nTimestamp: "), "{pong}");
    client.send("action: coresettings\nactionid: 3").await;
    let settings = client.answer().await;
    assert!(
        settings.starts_with("Response: Success\nActionID: 3\nAMIversion: 11.0.0\nAsteriskVersion: 22.0.0\n")
    );
    client
        .check(
            "Action: CoreStatus",
            "Response: Success\nCoreStartupDate: 2026-11-21\nCoreStartupTime: 02:05:02\n\
             CoreReloadDate: 2026-11-21\nCoreReloadTime: 02:05:02\nCoreCurrentCalls: 0",
        )
        .await;
    client.check("Action: Events\nEventMask: off", "Response: Success\nEvents: Off").await;
    client.check("Action: Events\nEventMask: call,agent", "Response: Success\nEvents: On").await;
    client
        .check(
            "Action: Fly\nActionID: 4",
            "Response: Error\nActionID: 4\nMessage: Invalid/unknown command: Fly. Use Action: ListCommands to \
             show available commands.",
        )
        .await;
    client.check("ActionID: 5", "Response: Error\nActionID: 5\nMessage: Missing action in request").await;
    let long = format!("Action: Ping\nActionID: 6\nX: {}", "x".repeat(2000));
    client
        .check(&long, "Response: Error\nActionID: 6\nMessage: Failed to parse message: line too long")
        .await;
    for (action, items) in
        [("CoreShowChannels", "Channels"), ("Status", "Channel status"), ("QueueStatus", "Queue status")]
    {
        let list = client.list(&format!("Action: {action}\nActionID: 7")).await;
        assert_eq!(
            list[0],
            format!("Response: Success\nActionID: 7\nEventList: start\nMessage: {items} will follow")
        );
        assert!(list[1].starts_with(&format!(
            "Event: {action}Complete\nActionID: 7\nEventList: Complete\nListItems: 0"
        )));
    }
    client.check("Action: Status\nChannel: X", "Response: Error\nMessage: No such channel").await;
    client.check("Action: Logoff", "Response: Goodbye\nMessage: Thanks for all the fish.").await;
    assert!(client.ended().await);
}

#[tokio::test]
async fn a_dropped_server_closes_its_port() {
    let pbx = pbx(vec![], options()).await;
    let mut client = TestClient::log_in(&pbx, "off").await;
    drop(pbx);
    assert!(client.ended().await);
}
