//! Who is let in, from where, and how often.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use ringwire_api::{Access, ApiServer, ListenerKind};
use ringwire_live::{LiveState, PbxState, Trouble};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{ADMIN, AGENT, Bench, VIEWER, access, ask, bearer, emitter};

#[tokio::test(start_paused = true)]
async fn a_token_opens_the_network_and_the_socket_is_open() {
    let bench = Bench::new();
    let (network, socket) = (bench.network(), bench.server.router(ListenerKind::Socket));
    let me = |name: &str, role: &str| json!({"name": name, "role": role});
    for (token, expected) in
        [(VIEWER, me("vera", "viewer")), (AGENT, me("anna", "agent")), (ADMIN, me("root", "admin"))]
    {
        assert_eq!(bench.get("/api/v1/me", token).await.json(), expected);
        // The token of whoever is at the socket does not matter.
        let answer = ask(&socket, Method::GET, "/api/v1/me", &[bearer(token)], "").await;
        assert_eq!(answer.json(), me("local", "admin"));
    }
    for shown in [
        "Bearer wrong-0123456789abcdef",
        "Bearer ",
        "Bearer",
        "bearer \u{e9}",
        "Basic dmVyYTp2aWV3ZXI=",
        "Token viewer-0123456789abcdef",
        "",
    ] {
        let answer =
            ask(&network, Method::GET, "/api/v1/me", &[("authorization", shown.to_owned())], "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{shown:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"ringwire\"");
    }
    let lower = [("authorization", format!("bearer {VIEWER}"))];
    assert_eq!(ask(&network, Method::GET, "/api/v1/me", &lower, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_configuration_lets_others_in() {
    let bench = Bench::new();
    assert_eq!(bench.get("/api/v1/me", VIEWER).await.status, StatusCode::OK);
    bench.server.set_access(Access::default());
    assert_eq!(bench.get("/api/v1/me", VIEWER).await.status, StatusCode::UNAUTHORIZED);
    bench.server.set_access(access(&[]));
    assert_eq!(bench.get("/api/v1/me", VIEWER).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered() {
    let bench = Bench::with_origins(&["https://desk.example.com"]);
    for (host, status) in [
        ("127.0.0.1:8480", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("[::1]:8480", StatusCode::OK),
        ("desk.example.com", StatusCode::OK),
        ("rebound.evil.example:8480", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let headers = [("host", host.to_owned()), bearer(ADMIN)];
        for path in ["/livez", "/api/v1/live", "/"] {
            let answer = ask(&bench.network(), Method::GET, path, &headers, "").await;
            let found = if path == "/" && status == StatusCode::OK { answer.status } else { status };
            assert_eq!(answer.status, found, "{host} {path}");
        }
        let local =
            ask(&bench.server.router(ListenerKind::Socket), Method::GET, "/livez", &headers, "").await;
        assert_eq!(local.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn two_hosts_a_foreign_absolute_uri_and_trace_are_refused() {
    let bench = Bench::with_origins(&["https://desk.example.com"]);
    let own = ("host", "127.0.0.1:8480".to_owned());
    for listener in [ListenerKind::Network { port: 8480 }, ListenerKind::Socket] {
        let router = bench.server.router(listener);
        let status = async |method, path: &str, headers: &[(&'static str, String)]| {
            ask(&router, method, path, headers, "").await.status
        };
        let twice = [own.clone(), ("host", "evil.example".to_owned())];
        assert_eq!(status(Method::GET, "/livez", &twice).await, StatusCode::BAD_REQUEST);
        let same = [own.clone(), own.clone()];
        assert_eq!(status(Method::GET, "/livez", &same).await, StatusCode::BAD_REQUEST);
        for path in ["/livez", "/api/v1/me", "/nothing"] {
            assert_eq!(status(Method::TRACE, path, &[]).await, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    for (uri, status) in [
        ("http://evil.example/livez", StatusCode::MISDIRECTED_REQUEST),
        ("http://127.0.0.1@evil.example/livez", StatusCode::MISDIRECTED_REQUEST),
        ("http://evil@127.0.0.1:8480/livez", StatusCode::MISDIRECTED_REQUEST),
        ("http://127.0.0.1:8480/livez", StatusCode::OK),
        ("https://desk.example.com/livez", StatusCode::OK),
    ] {
        let answer = ask(&bench.network(), Method::GET, uri, std::slice::from_ref(&own), "").await;
        assert_eq!(answer.status, status, "{uri}");
    }
    let foreign = [("host", "evil.example".to_owned())];
    let answer = ask(&bench.network(), Method::GET, "http://127.0.0.1:8480/livez", &foreign, "").await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn pages_of_other_places_may_ask_only_if_they_are_named() {
    let crm = "https://crm.example.com";
    let bench = Bench::with_origins(&[crm]);
    for (origin, allowed) in [(crm, crm), ("https://evil.example", ""), ("null", "")] {
        let origin = ("origin", origin.to_owned());
        let plain =
            ask(&bench.network(), Method::GET, "/api/v1/me", &[origin.clone(), bearer(VIEWER)], "").await;
        assert_eq!(plain.header("access-control-allow-origin"), allowed);
        let asked = [
            origin,
            ("access-control-request-method", "GET".to_owned()),
            ("access-control-request-headers", "authorization".to_owned()),
        ];
        let before = ask(&bench.network(), Method::OPTIONS, "/api/v1/me", &asked, "").await;
        assert_eq!(before.header("access-control-allow-origin"), allowed);
        assert_eq!(before.header("access-control-allow-credentials"), "");
    }
    let nobody = Bench::new();
    let answer = ask(&nobody.network(), Method::GET, "/livez", &[("origin", crm.to_owned())], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn who_asks_too_often_learns_when_to_come_again() {
    let bench = Bench::new();
    let mut refused = None;
    for _ in 0..40 {
        let answer = bench.get("/api/v1/calls", AGENT).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, StatusCode::OK);
    }
    let refused = refused.expect("searches have a limit");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    // Others, and other requests, are not concerned.
    assert_eq!(bench.get("/api/v1/calls", ADMIN).await.status, StatusCode::OK);
    assert_eq!(bench.get("/api/v1/live", AGENT).await.status, StatusCode::OK);
}

#[tokio::test]
async fn fifty_browsers_may_load_the_page_at_once() {
    let bench = Bench::new();
    for _ in 0..50 * 45 {
        assert_eq!(bench.get("/app/main.js", VIEWER).await.status, StatusCode::OK);
    }
    assert_eq!(bench.get("/api/v1/live", VIEWER).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_slowed_and_right_ones_are_not() {
    let bench = Bench::new();
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let asked = Instant::now();
        let status = bench.get("/api/v1/me", "wrong-0123456789abcdef").await.status;
        let is_slow = asked.elapsed() >= Duration::from_secs(1);
        assert_eq!(is_slow, status == StatusCode::UNAUTHORIZED, "{status}");
        statuses.push(status);
    }
    let refused = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert!((15..=20).contains(&refused), "{refused}");
    let asked = Instant::now();
    assert_eq!(bench.get("/api/v1/me", VIEWER).await.status, StatusCode::OK);
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn health_checks_and_sign_in_work_while_the_port_is_flooded() {
    let bench = Bench::new();
    let router = bench.network();
    for _ in 0..450 {
        for path in ["/metrics", "/nothing"] {
            bench.get(path, "").await;
        }
    }
    for _ in 0..100 {
        bench.get("/api/v1/me", "wrong-0123456789abcdef").await;
    }
    for _ in 0..450 {
        assert_eq!(bench.get("/livez", "").await.status, StatusCode::OK);
        assert_eq!(bench.get("/readyz", "").await.status, StatusCode::OK);
    }
    let json = [("content-type", "application/json".to_owned())];
    let body = json!({ "token": AGENT }).to_string();
    for _ in 0..20 {
        let signed_in = ask(&router, Method::POST, "/api/v1/session", &json, &body).await;
        assert_eq!(signed_in.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(bench.get("/api/v1/live", AGENT).await.status, StatusCode::OK);
}

#[tokio::test]
async fn reasons_are_for_those_who_have_a_token() {
    let bench = Bench::new();
    let now = Timestamp::now();
    bench.live.components().add_pbx("main", "127.0.0.1:5038", now);
    let why = Some(Trouble::new("the login was refused", "look at manager.conf"));
    bench.live.components().set_pbx_state("main", PbxState::Refused, why, now);
    let open = bench.get("/readyz", "").await;
    assert_eq!(open.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!String::from_utf8_lossy(&open.body).contains("login"));
    let body = bench.get("/readyz", VIEWER).await.json();
    assert_eq!(body["ready"], false);
    assert_eq!(body["components"][0]["name"], "pbx main");
    assert_eq!(body["components"][0]["reason"], "the login was refused");
    bench.live.components().set_pbx_state("main", PbxState::InSync, None, now);
    assert_eq!(bench.get("/readyz", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_daemon_whose_heart_has_stopped_is_not_alive() {
    let bench = Bench::new();
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_secs(31);
    let live = LiveState::new(long_ago);
    let sources = bench.sources();
    let server = ApiServer::new(live.clone(), emitter(&live), sources, access(&[]));
    let livez = async || {
        ask(&server.router(ListenerKind::Network { port: 8480 }), Method::GET, "/livez", &[], "").await
    };
    assert_eq!(livez().await.status, StatusCode::SERVICE_UNAVAILABLE);
    live.record_heartbeat(Timestamp::now());
    assert_eq!(livez().await.json(), json!({"status": "alive"}));
}

#[tokio::test]
async fn every_answer_keeps_browsers_safe() {
    let bench = Bench::new();
    for path in ["/", "/livez", "/api/v1/live", "/api/v1/nothing", "/api/v1/calls"] {
        let answer = bench.get(path, VIEWER).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path} {policy}");
        assert!(policy.ends_with("require-trusted-types-for 'script'") && !policy.contains("  "), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let caching = if path == "/" && answer.status == StatusCode::OK { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), caching, "{path}");
    }
}
