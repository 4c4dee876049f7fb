//! Who is let in, from where, and how often.

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use ringwire_api::{Access, ApiServer, ListenerKind};
use ringwire_live::{LiveState, PbxState, Trouble};
use serde_json::json;

use crate::support::{ADMIN, AGENT, Bench, VIEWER, access, ask, bearer, emitter};

#[tokio::test]
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
async fn one_signs_in_with_a_cookie_that_only_the_desk_can_use() {
    let bench = Bench::new();
    let router = bench.network();
    let json = ("content-type", "application/json".to_owned());
    let own = ("origin", "http://127.0.0.1:8480".to_owned());
    let sign_in = |token: &str| json!({ "token": token }).to_string();
    let path = "/api/v1/session";

    let answer = ask(&router, Method::POST, path, &[json.clone(), own.clone()], &sign_in(AGENT)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let set = answer.header("set-cookie").to_owned();
    assert_eq!(set, format!("ringwire={AGENT}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Strict"));
    let cookie = ("cookie", format!("other=1; ringwire={AGENT}; more=2"));

    let me = ask(&router, Method::GET, "/api/v1/me", std::slice::from_ref(&cookie), "").await;
    assert_eq!(me.json()["name"], "anna");
    let retry = "/api/v1/deliveries/1/retry";
    let ask = async |method, path, headers: &[(&'static str, String)], body: &str| {
        ask(&router, method, path, headers, body).await.status
    };
    // An agent is known by the cookie, and may not give commands; to other pages the cookie is as good as none.
    assert_eq!(ask(Method::POST, retry, &[cookie.clone(), own.clone()], "").await, StatusCode::FORBIDDEN);
    let evil = ("origin", "http://evil.example".to_owned());
    let neighbour = ("origin", "http://127.0.0.1:3000".to_owned());
    let cross = ("sec-fetch-site", "cross-site".to_owned());
    for headers in [
        vec![cookie.clone(), evil.clone()],
        vec![cookie.clone(), neighbour.clone()],
        vec![cookie.clone(), cross.clone()],
        vec![cookie.clone()],
    ] {
        assert_eq!(ask(Method::POST, retry, &headers, "").await, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    let seen = ask(Method::GET, "/api/v1/me", &[cookie, cross], "").await;
    assert_eq!(seen, StatusCode::UNAUTHORIZED);
    // Nor can they sign in, or send what is no JSON.
    let signed_in = ask(Method::POST, path, &[json.clone(), evil], &sign_in(AGENT)).await;
    assert_eq!(signed_in, StatusCode::FORBIDDEN);
    let form = ("content-type", "text/plain".to_owned());
    assert_eq!(ask(Method::POST, path, &[form], &sign_in(AGENT)).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // An old cookie does not keep anybody from signing in again.
    let old = ("cookie", "ringwire=gone".to_owned());
    let again = ask(Method::POST, path, &[json.clone(), own.clone(), old.clone()], &sign_in(AGENT)).await;
    assert_eq!(again, StatusCode::NO_CONTENT);
    assert_eq!(ask(Method::GET, "/readyz", &[old], "").await, StatusCode::OK);
    assert_eq!(ask(Method::POST, path, &[json, own], &sign_in("wrong")).await, StatusCode::UNAUTHORIZED);

    let out = bench.get("/", "").await;
    assert_ne!(out.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_signs_out() {
    let bench = Bench::new();
    let answer = ask(&bench.network(), Method::DELETE, "/api/v1/session", &[], "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("set-cookie"), "ringwire=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict");
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

#[tokio::test]
async fn wrong_tokens_are_not_looked_at_for_ever_and_right_ones_are() {
    let bench = Bench::new();
    let statuses = async || bench.get("/api/v1/me", "wrong-0123456789abcdef").await.status;
    let mut refused = 0;
    for _ in 0..30 {
        refused += u32::from(statuses().await == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((15..=20).contains(&refused), "{refused}");
    assert_eq!(bench.get("/api/v1/me", VIEWER).await.status, StatusCode::OK);
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
    let livez = async || ask(&server.router(ListenerKind::Network), Method::GET, "/livez", &[], "").await;
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
