//! What is asked for, and what is answered; also to those who mean no good.

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use ringwire_api::ListenerKind;
use ringwire_delivery::DeliveryId;
use ringwire_live::TargetStatus;
use ringwire_outbox::{DeliveryAttempt, DeliveryUpdate, StoreWrite, StoredDeliveryState};
use serde_json::{Value, json};

use crate::support::{ADMIN, AGENT, Bench, VIEWER, ask, bearer, eventful, hangup, new_call};

fn ids(page: &Value) -> Vec<&str> {
    page["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_picture_says_up_to_where_it_holds() {
    let bench = Bench::new();
    for event in eventful("a").into_iter().take(3) {
        bench.commit(event, &["zammad"]);
    }
    bench.commit(new_call("b"), &[]);
    let live = bench.get("/api/v1/live", VIEWER).await.json();
    assert_eq!(live["cursor"], 4);
    let states: Vec<_> = live["calls"].as_array().unwrap().iter().map(|call| &call["state"]).collect();
    assert_eq!(states, ["talking", "waiting"]);
    assert_eq!(live["calls"][0]["fromName"], "<script>alert(1)</script>");
    assert_eq!(live["queues"][0]["waiting"][0]["call"], "b");
    assert_eq!(live["users"][0]["state"], "talking");
}

#[tokio::test]
async fn the_history_is_read_in_pages_newest_first() {
    let bench = Bench::new();
    for call in ["a", "b", "c", "d", "e"] {
        bench.commit(new_call(call), &[]);
    }
    bench.commit(hangup("e", 2), &[]);
    let first = bench.get("/api/v1/calls?limit=2", AGENT).await.json();
    assert_eq!(ids(&first), ["e", "d"]);
    assert_eq!((&first["calls"][0]["missed"], &first["calls"][0]["rang"]), (&json!(true), &json!(0)));
    let next = first["next"].as_str().unwrap();
    let second = bench.get(&format!("/api/v1/calls?limit=2&before={next}"), AGENT).await.json();
    assert_eq!(ids(&second), ["c", "b"]);
    let all = bench.get("/api/v1/calls?user=&queue=&direction=&q=alice&before=", AGENT).await.json();
    assert_eq!(ids(&all).len(), 5);
    assert_eq!(all.get("next"), None);
    let missed = bench.get("/api/v1/calls?missed=true&number=0176%201234", AGENT).await.json();
    assert_eq!(ids(&missed), ["e"]);
    let none = bench.get("/api/v1/calls?q=%27%3B%20DROP%20TABLE%20calls%3B--", AGENT).await.json();
    assert_eq!(ids(&none), [""; 0]);
}

#[tokio::test]
async fn a_call_has_its_events_its_deliveries_and_its_explanation_and_admins_see_replies() {
    let bench = Bench::new();
    for event in eventful("a") {
        bench.commit(event, &["zammad"]);
    }
    let now = Timestamp::now();
    bench.store.write(StoreWrite::Attempt(DeliveryAttempt {
        delivery: DeliveryId(1),
        at: now,
        duration: std::time::Duration::from_millis(7),
        outcome: "refused: HTTP 422: what was replied".into(),
        status: Some(422),
        reply: Some("what was replied".into()),
    }));
    bench.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: DeliveryId(1),
        state: StoredDeliveryState::Dead,
        failures: None,
        due_at: None,
        // As earlier releases wrote it.
        reason: Some("HTTP 422: what was replied".into()),
        at: now,
    }));
    bench.settle();
    let detail = bench.get("/api/v1/calls/a", AGENT).await.json();
    assert_eq!(detail["call"]["id"], "a");
    assert_eq!(detail["events"].as_array().unwrap().len(), 8);
    assert_eq!(detail["events"][0]["cursor"], 1);
    let deliveries = json!([{"id": 1, "target": "zammad", "state": "dead"}]);
    assert_eq!(detail["events"][0]["deliveries"], deliveries);
    assert_eq!(detail["deliveries"][0]["attempts"][0]["status"], 422);
    assert_eq!(detail["deliveries"][0]["reason"], "HTTP 422");
    assert_eq!(detail["explanation"][0]["text"], "a call began");
    // What was replied may hold anything: it is for administrators.
    for path in ["/api/v1/calls/a", "/api/v1/deliveries/1", "/api/v1/deliveries"] {
        let body = async |token| String::from_utf8(bench.get(path, token).await.body.to_vec()).unwrap();
        assert!(!body(AGENT).await.contains("what was replied"));
        assert!(body(ADMIN).await.contains("what was replied"));
    }
}

#[tokio::test]
async fn channels_are_of_a_pbx_and_of_a_call() {
    let bench = Bench::new();
    for (query, found) in
        [("", 2), ("?pbx=main", 2), ("?pbx=other", 0), ("?call=a", 1), ("?call=a&pbx=main", 1)]
    {
        let answer = bench.get(&format!("/api/v1/channels{query}"), VIEWER).await.json();
        assert_eq!(answer["channels"].as_array().unwrap().len(), found, "{query}");
    }
}

#[tokio::test]
async fn commands_are_left_in_the_journal() {
    let bench = Bench::new();
    bench.commit(new_call("a"), &["zammad", "crm"]);
    let now = Timestamp::now();
    bench.live.components().set_targets(vec![TargetStatus {
        name: "zammad".into(),
        dialect: "zammad".into(),
        state: "ok".into(),
        reason: None,
        since: now,
        pending: 0,
        retrying: 0,
        in_flight: 0,
        delivered: 0,
        dead: 0,
        expired: 0,
        dropped: 0,
        unknown: 0,
        more_on_disk: false,
    }]);
    bench.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: DeliveryId(2),
        state: StoredDeliveryState::Delivered,
        failures: None,
        due_at: None,
        reason: None,
        at: now,
    }));
    bench.settle();
    for (path, status) in [
        ("deliveries/1/drop", StatusCode::ACCEPTED),
        ("deliveries/1/retry", StatusCode::ACCEPTED),
        ("deliveries/2/retry", StatusCode::CONFLICT),
        ("deliveries/3/retry", StatusCode::NOT_FOUND),
        ("deliveries/1/forget", StatusCode::NOT_FOUND),
        ("deliveries/one/retry", StatusCode::BAD_REQUEST),
        ("targets/zammad/pause", StatusCode::ACCEPTED),
        ("targets/zammad/resume", StatusCode::ACCEPTED),
        ("targets/zammad/retry", StatusCode::ACCEPTED),
        ("targets/zammad/explode", StatusCode::NOT_FOUND),
        ("targets/nobody/pause", StatusCode::NOT_FOUND),
    ] {
        let answer =
            ask(&bench.network(), Method::POST, &format!("/api/v1/{path}"), &[bearer(ADMIN)], "").await;
        assert_eq!(answer.status, status, "{path} {answer:?}");
        if status == StatusCode::ACCEPTED {
            assert_eq!(answer.json(), json!({"taken": true}), "{path}");
        }
    }
    let listed = bench.get("/api/v1/deliveries?state=pending,paused&target=zammad", ADMIN).await.json();
    assert_eq!(listed["deliveries"][0]["state"], "pending");
    let newest = bench.get("/api/v1/deliveries?limit=1", AGENT).await.json();
    assert_eq!(newest["deliveries"][0]["id"], 2);
    assert_eq!(newest["tallies"][0]["count"], 1);
}

#[tokio::test]
async fn nonsense_is_answered_with_what_is_wrong() {
    let bench = Bench::new();
    let long = format!("/api/v1/calls?q={}", "x".repeat(50_000));
    for (path, status) in [
        ("/api/v1/calls?limit=-1", 400),
        ("/api/v1/calls?limit=many", 400),
        ("/api/v1/calls?limit=99999999999999999999999", 400),
        ("/api/v1/calls?limit=0", 200),
        ("/api/v1/calls?since=yesterday", 400),
        ("/api/v1/calls?since=2026-11-21T08:00:00Z", 200),
        ("/api/v1/calls?direction=up", 400),
        ("/api/v1/calls?number=anonymous", 400),
        ("/api/v1/calls?before=1", 400),
        ("/api/v1/calls?colour=red", 400),
        ("/api/v1/calls?q=%00%ff%fe", 200),
        ("/api/v1/calls?user=%F0%9F%93%9E", 200),
        ("/api/v1/calls/%00", 404),
        ("/api/v1/calls/%ff", 400),
        ("/api/v1/calls/..%2f..%2fetc%2fpasswd", 404),
        ("/api/v1/calls/'%20OR%201=1", 404),
        ("/api/v1/deliveries?state=lost", 400),
        ("/api/v1/deliveries?state=dead,,expired", 200),
        ("/api/v1/deliveries/9223372036854775808", 400),
        ("/api/v1/deliveries/-1", 404),
        ("/events?event=hangup,explode", 400),
        ("/events?last_event_id=x", 400),
        ("/events?deliveries=maybe", 400),
        (&long, 200),
    ] {
        let answer = ask(&bench.server.router(ListenerKind::Socket), Method::GET, path, &[], "").await;
        assert_eq!(answer.status.as_u16(), status, "{path} {answer:?}");
        if status >= 400 {
            let problem = answer.json();
            assert!(problem["detail"].is_string() && problem["status"] == status, "{path}");
        }
    }
    for (body, status) in [
        ("{".to_owned(), 400),
        ("{}".to_owned(), 422),
        (json!({"token": 1}).to_string(), 422),
        (json!({"token": "x".repeat(5_000)}).to_string(), 413),
        ("[".repeat(4_000), 422),
    ] {
        let headers = [("content-type", "application/json".to_owned())];
        let answer = ask(&bench.network(), Method::POST, "/api/v1/session", &headers, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", &body[..body.len().min(40)]);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_said_to_be_so() {
    let bench = Bench::new();
    std::fs::remove_file(&bench.path).unwrap();
    let answer = bench.get("/api/v1/calls", AGENT).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.json()["hint"].is_string());
    assert_eq!(bench.get("/api/v1/live", AGENT).await.status, StatusCode::OK);
    assert_eq!(bench.get("/metrics", AGENT).await.status, StatusCode::OK);
}

#[tokio::test]
async fn files_of_the_page_are_sent_once() {
    let bench = Bench::new();
    let page = bench.get("/", "").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    let tag = page.header("etag").to_owned();
    let ask = async |headers: &[(&'static str, String)]| {
        ask(&bench.network(), Method::GET, "/index.html", headers, "").await
    };
    let known = ask(&[("if-none-match", format!("\"other\", W/{tag}"))]).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let packed = ask(&[("accept-encoding", "br, gzip;q=0.5".to_owned())]).await;
    let plain = ask(&[("accept-encoding", "gzip;q=0".to_owned())]).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.body, page.body);
    if packed.header("content-encoding") == "gzip" {
        assert!(packed.body.len() < page.body.len());
    }
}

#[tokio::test]
async fn what_is_counted_has_its_names() {
    let bench = Bench::new();
    bench.commit(new_call("a"), &["zammad"]);
    let metrics = bench.get("/metrics", VIEWER).await;
    assert_eq!(metrics.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(text.contains("\nringwire_outbox_pending{target=\"zammad\"} 1\n"), "{text}");
    assert!(text.contains("\nringwire_events_total{type=\"new_call\"} 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}
