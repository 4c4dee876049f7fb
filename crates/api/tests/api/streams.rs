//! `/events`, from a real journal.

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use ringwire_api::{Access, ListenerKind};
use ringwire_event::CallEvent;
use ringwire_live::{DeliveryProgress, PbxState};
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{AGENT, Bench, PATIENCE, VIEWER, ask, bearer, eventful, hangup, new_call, request};

/// One frame of a stream.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    event: String,
    id: Option<i64>,
    data: String,
}

/// A stream that is open.
pub(crate) struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    pub(crate) async fn open(router: &Router, query: &str, headers: &[(&'static str, String)]) -> Self {
        let path = format!("/events{query}");
        let response = router.clone().oneshot(request(Method::GET, &path, headers, "")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next frame that says something; `None` where the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some((lines, rest)) = self.text.split_once("\n\n") {
                let mut frame = Frame::default();
                for line in lines.lines() {
                    match line.split_once(": ") {
                        Some(("event", event)) => event.clone_into(&mut frame.event),
                        Some(("id", id)) => frame.id = Some(id.parse().unwrap()),
                        Some(("data", data)) => data.clone_into(&mut frame.data),
                        _ => {}
                    }
                }
                self.text = rest.to_owned();
                if !frame.event.is_empty() {
                    return Some(frame);
                }
            }
            let more = timeout(PATIENCE, self.body.frame()).await.expect("something is sent")?;
            self.text.push_str(std::str::from_utf8(&more.unwrap().into_data().unwrap()).unwrap());
        }
    }

    pub(crate) async fn expect(&mut self, event: &str) -> (Option<i64>, Value) {
        let frame = self.next().await.expect("the stream goes on");
        assert_eq!(frame.event, event, "{frame:?}");
        (frame.id, serde_json::from_str(&frame.data).unwrap())
    }

    /// The places and ids of the next so many events.
    pub(crate) async fn calls(&mut self, many: usize) -> Vec<String> {
        let mut calls = Vec::new();
        while calls.len() < many {
            let (id, data) = self.expect("call").await;
            assert_eq!(data["cursor"].as_i64(), id, "{data}");
            calls.push(format!("{} {}", id.unwrap_or(0), data["id"].as_str().unwrap()));
        }
        calls
    }
}

fn after(place: i64) -> (&'static str, String) {
    ("last-event-id", place.to_string())
}

#[tokio::test]
async fn without_a_place_it_tells_what_happens_from_now_on() {
    let bench = Bench::new();
    bench.commit(new_call("a"), &["zammad"]);
    let mut stream = Stream::open(&bench.network(), "", &[bearer(VIEWER)]).await;
    let (id, hello) = stream.expect("hello").await;
    assert_eq!(
        (id, &hello["cursor"], &hello["version"]),
        (Some(1), &1.into(), &env!("CARGO_PKG_VERSION").into())
    );
    bench.commit(new_call("b"), &["zammad"]);
    let (id, frame) = stream.expect("call").await;
    assert_eq!((id, &frame["id"], &frame["event"]), (Some(2), &"b/1".into(), &"newCall".into()));
    assert_eq!(frame["deliveries"], serde_json::json!([{"id": 2, "target": "zammad", "state": "pending"}]));
    assert!(frame["recordedAt"].is_string());
}

#[tokio::test]
async fn from_a_place_on_it_tells_everything_once_and_goes_on() {
    let bench = Bench::new();
    for event in eventful("a").into_iter().take(3) {
        bench.commit(event, &[]);
    }
    let expected = ["2 a/2", "3 a/3", "4 b/1", "5 b/2"];
    for (query, headers) in
        [("", vec![after(1)]), ("?last_event_id=1", vec![]), ("?last_event_id=0", vec![after(1)])]
    {
        let before = bench.live.feed().last();
        let mut stream = Stream::open(&bench.server.router(ListenerKind::Socket), query, &headers).await;
        let (id, hello) = stream.expect("hello").await;
        assert_eq!((id, hello["cursor"].as_i64()), (Some(1), Some(before)));
        if before == 3 {
            bench.commit(new_call("b"), &[]);
            bench.commit(hangup("b", 2), &[]);
        }
        assert_eq!(stream.calls(4).await, expected, "{query}");
    }
}

#[tokio::test]
async fn who_is_too_slow_gets_everything_from_the_journal() {
    let bench = Bench::new();
    let mut stream = Stream::open(&bench.server.router(ListenerKind::Socket), "", &[]).await;
    stream.expect("hello").await;
    // More than is kept for one listener.
    let many = 5000;
    for seq in 1..=many {
        bench.queue(CallEvent { seq, id: format!("a/{seq}"), ..new_call("a") });
    }
    bench.publish(many);
    let frame = stream.calls(many as usize).await;
    for (place, frame) in (1..).zip(frame) {
        assert_eq!(frame, format!("{place} a/{place}"));
    }
    bench.commit(new_call("b"), &[]);
    assert_eq!(stream.calls(1).await, ["5001 b/1"]);
}

#[tokio::test]
async fn a_place_that_is_not_in_this_journal_means_to_load_anew() {
    let bench = Bench::new();
    bench.commit(new_call("a"), &[]);
    for place in [2, 4711, -1, i64::MAX] {
        let mut stream = Stream::open(&bench.network(), "", &[bearer(AGENT), after(place)]).await;
        assert_eq!(stream.expect("hello").await.0, Some(1));
        let (id, reset) = stream.expect("reset").await;
        assert_eq!((id, reset["cursor"].as_i64()), (Some(1), Some(1)));
        bench.live.publish_health();
        stream.expect("health").await;
    }
    let mut stream = Stream::open(&bench.network(), "", &[bearer(AGENT), after(1)]).await;
    stream.expect("hello").await;
    bench.live.reset_feed();
    assert_eq!(stream.expect("reset").await.0, Some(0));
}

#[tokio::test]
async fn only_what_is_asked_for_is_sent_and_the_cursor_moves_all_the_same() {
    let bench = Bench::new();
    let mut calls = eventful("a");
    calls.push(CallEvent { queue: None, ..hangup("a", 9) });
    for event in calls {
        bench.commit(event, &["zammad"]);
    }
    let socket = bench.server.router(ListenerKind::Socket);
    for (query, frame) in [
        ("?event=hangup", "9 a/9"),
        ("?queue=support&event=hangup,newCall", "1 a/1"),
        ("?user=bob", "2 a/2"),
        ("?call=b,a&event=transfer&direction=in", "6 a/6"),
    ] {
        let mut stream = Stream::open(&socket, query, &[after(0)]).await;
        stream.expect("hello").await;
        assert_eq!(stream.calls(1).await, [frame], "{query}");
    }
    let mut stream = Stream::open(&socket, "?user=nobody&deliveries=true", &[after(0)]).await;
    stream.expect("hello").await;
    let progress = DeliveryProgress {
        id: 1,
        target: "zammad".into(),
        event: None,
        state: "delivered",
        failures: 0,
        delay_ms: Some(3),
        reason: None,
    };
    bench.live.record_progress(progress, Timestamp::now());
    let (id, frame) = stream.expect("delivery").await;
    let expected = serde_json::json!(
        {"id": 1, "target": "zammad", "state": "delivered", "failures": 0, "delayMs": 3});
    assert_eq!((id, frame), (None, expected));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_that_it_is_alive_and_where_it_is() {
    let bench = Bench::new();
    let mut stream = Stream::open(&bench.server.router(ListenerKind::Socket), "?user=nobody", &[]).await;
    stream.expect("hello").await;
    bench.commit(new_call("a"), &[]);
    let mut next =
        async || String::from_utf8(stream.body.frame().await?.ok()?.into_data().ok()?.to_vec()).ok();
    assert_eq!(next().await.unwrap(), ":\nid: 1\n\n");
    assert_eq!(next().await.unwrap(), ":\n\n");
}

#[tokio::test]
async fn what_is_sent_while_the_disk_fails_comes_again_with_its_place() {
    let bench = Bench::new();
    bench.commit(new_call("a"), &[]);
    let mut stream = Stream::open(&bench.server.router(ListenerKind::Socket), "", &[after(1)]).await;
    stream.expect("hello").await;
    bench.commit(hangup("a", 2), &[]);
    assert_eq!(stream.calls(1).await, ["2 a/2"]);
    let held = bench.write(new_call("b"), &[]);
    bench.live.record_committed(&held, false, Timestamp::now());
    let (id, frame) = stream.expect("call").await;
    assert_eq!((id, &frame["cursor"], &frame["id"]), (None, &Value::Null, &"b/1".into()));
    bench.commit(new_call("c"), &[]);
    assert_eq!(stream.calls(2).await, ["3 b/1", "4 c/1"]);
}

#[tokio::test]
async fn a_viewer_hears_of_the_last_hour_and_an_agent_of_all() {
    let bench = Bench::new();
    let now = Timestamp::now();
    for (call, minutes) in [("a", 120), ("b", 59), ("c", 0)] {
        bench.write_at(new_call(call), now - SignedDuration::from_mins(minutes));
    }
    bench.live.recover(&[], &[], 3);
    let mut agent = Stream::open(&bench.network(), "", &[bearer(AGENT), after(0)]).await;
    agent.expect("hello").await;
    assert_eq!(agent.calls(3).await, ["1 a/1", "2 b/1", "3 c/1"]);
    let mut viewer = Stream::open(&bench.network(), "", &[bearer(VIEWER), after(0)]).await;
    assert_eq!(viewer.expect("hello").await.0, Some(1));
    viewer.expect("reset").await;
    assert_eq!(viewer.calls(2).await, ["2 b/1", "3 c/1"]);
    let mut viewer = Stream::open(&bench.network(), "", &[bearer(VIEWER), after(1)]).await;
    viewer.expect("hello").await;
    assert_eq!(viewer.calls(2).await, ["2 b/1", "3 c/1"]);
}

#[tokio::test]
async fn components_that_change_are_published_to_all_listeners() {
    let bench = Bench::new();
    let mut stream = Stream::open(&bench.network(), "", &[bearer(VIEWER)]).await;
    stream.expect("hello").await;
    let server = bench.server.clone();
    let watching = tokio::spawn(async move { server.publish_health().await });
    tokio::task::yield_now().await;
    let now = Timestamp::now();
    bench.live.components().add_pbx("main", "127.0.0.1:5038", now);
    bench.live.components().set_pbx_state("main", PbxState::Unreachable, None, now);
    let (_, health) = stream.expect("health").await;
    assert_eq!((&health["ready"], &health["components"][0]["state"]), (&false.into(), &"unreachable".into()));
    watching.abort();
}

#[tokio::test]
async fn another_configuration_ends_streams_over_the_network() {
    let bench = Bench::new();
    let mut stream = Stream::open(&bench.network(), "", &[bearer(VIEWER)]).await;
    let mut local = Stream::open(&bench.server.router(ListenerKind::Socket), "", &[]).await;
    stream.expect("hello").await;
    local.expect("hello").await;
    bench.server.set_access(Access::default());
    assert!(stream.next().await.is_none());
    bench.commit(new_call("a"), &[]);
    assert_eq!(local.calls(1).await, ["1 a/1"]);
}

#[tokio::test]
async fn there_are_only_so_many_streams_of_one_token() {
    let bench = Bench::new();
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(Stream::open(&bench.network(), "", &[bearer(VIEWER)]).await);
    }
    let more = async || ask(&bench.network(), Method::GET, "/events", &[bearer(VIEWER)], "").await;
    let refused = more().await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    assert_eq!(bench.get("/events", AGENT).await.status, StatusCode::OK);
    open.pop();
    assert_eq!(more().await.status, StatusCode::OK);
}
