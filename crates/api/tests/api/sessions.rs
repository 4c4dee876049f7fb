//! Signing in and out at the desk.

use axum::{
    Router,
    http::{Method, StatusCode},
};
use ringwire_api::{Access, ApiServer, ListenerKind};
use serde_json::json;

use crate::{
    streams::Stream,
    support::{ADMIN, AGENT, Answer, Bench, VIEWER, access, ask, bearer, emitter},
};

const PATH: &str = "/api/v1/session";

fn own() -> (&'static str, String) {
    ("origin", "http://127.0.0.1:8480".to_owned())
}

async fn sign_in(router: &Router, token: &str, headers: &[(&'static str, String)]) -> Answer {
    let json = ("content-type", "application/json".to_owned());
    let headers: Vec<_> = headers.iter().cloned().chain([json]).collect();
    ask(router, Method::POST, PATH, &headers, &json!({ "token": token }).to_string()).await
}

/// The name and the value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> (&'static str, String) {
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    ("cookie", answer.header("set-cookie").split(';').next().unwrap().to_owned())
}

async fn me(router: &Router, cookie: &(&'static str, String)) -> StatusCode {
    ask(router, Method::GET, "/api/v1/me", std::slice::from_ref(cookie), "").await.status
}

#[tokio::test(start_paused = true)]
async fn the_cookie_of_the_desk_is_a_session_and_not_the_token() {
    let bench = Bench::new();
    let router = bench.network();
    let answer = sign_in(&router, AGENT, &[own()]).await;
    let set = answer.header("set-cookie").to_owned();
    let (_, pair) = cookie(&answer);
    let (name, secret) = pair.split_once('=').unwrap();
    assert_eq!(name, "ringwire-8480");
    assert!(secret.len() == 64 && !set.contains(AGENT), "{set}");
    assert_eq!(set, format!("{pair}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict"));
    let shown = ("cookie", format!("other=1; {pair}; more=2"));
    let answer = ask(&router, Method::GET, "/api/v1/me", std::slice::from_ref(&shown), "").await;
    assert_eq!(answer.json(), json!({"name": "anna", "role": "agent"}));
    // Neither is it a token elsewhere, nor does a token do as a cookie.
    assert_eq!(bench.get("/api/v1/me", secret).await.status, StatusCode::UNAUTHORIZED);
    for pair in [format!("ringwire-8480={AGENT}"), format!("ringwire={AGENT}"), format!("ringwire={secret}")]
    {
        assert_eq!(me(&router, &("cookie", pair)).await, StatusCode::UNAUTHORIZED);
    }
    // Each sign-in gives another, and ends the one that it replaces.
    let again = cookie(&sign_in(&router, AGENT, &[own(), shown.clone()]).await);
    assert_eq!(me(&router, &shown).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&router, &again).await, StatusCode::OK);
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_bound_to_the_host() {
    let bench = Bench::with_origins(&["https://desk.example.com"]);
    let router = bench.network();
    let https = [
        ("origin", "https://desk.example.com".to_owned()),
        ("host", "desk.example.com".to_owned()),
        ("sec-fetch-site", "same-origin".to_owned()),
    ];
    let answer = sign_in(&router, AGENT, &https).await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-ringwire-8480="), "{set}");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure") && !set.contains("Domain"), "{set}");
    assert_eq!(me(&router, &cookie(&answer)).await, StatusCode::OK);
}

#[tokio::test]
async fn two_daemons_on_one_host_do_not_sign_each_other_out() {
    let (one, two) = (Bench::new(), Bench::new());
    let (one, two) = (one.network(), two.server.router(ListenerKind::Network { port: 8481 }));
    let (_, first) = cookie(&sign_in(&one, AGENT, &[own()]).await);
    let other = ("origin", "http://127.0.0.1:8481".to_owned());
    let host = ("host", "127.0.0.1:8481".to_owned());
    let answer = sign_in(&two, VIEWER, &[other.clone(), host.clone(), ("cookie", first.clone())]).await;
    let (_, second) = cookie(&answer);
    assert_ne!(first.split('=').next(), second.split('=').next());
    // The browser sends both to both.
    let both = ("cookie", format!("{first}; {second}"));
    assert_eq!(me(&one, &both).await, StatusCode::OK);
    assert_eq!(me(&two, &both).await, StatusCode::OK);
    let out = ask(&two, Method::DELETE, PATH, &[other, host, both.clone()], "").await;
    let removed: Vec<_> = out.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
    assert!(removed.iter().all(|set| set.contains("ringwire-8481=; Max-Age=0")), "{removed:?}");
    assert_eq!(me(&one, &both).await, StatusCode::OK);
    assert_eq!(me(&two, &both).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_streams() {
    let bench = Bench::new();
    let router = bench.network();
    let (cookie, other) =
        (cookie(&sign_in(&router, AGENT, &[own()]).await), cookie(&sign_in(&router, AGENT, &[own()]).await));
    let mut stream = Stream::open(&router, "", std::slice::from_ref(&cookie)).await;
    let mut others = Stream::open(&router, "", std::slice::from_ref(&other)).await;
    stream.expect("hello").await;
    others.expect("hello").await;
    // A page of another origin cannot sign anybody out.
    let evil = ("origin", "http://evil.example".to_owned());
    assert_eq!(
        ask(&router, Method::DELETE, PATH, &[evil, cookie.clone()], "").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(me(&router, &cookie).await, StatusCode::OK);
    let out = ask(&router, Method::DELETE, PATH, &[own(), cookie.clone()], "").await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    // What somebody has copied of it is worth nothing any more.
    assert_eq!(me(&router, &cookie).await, StatusCode::UNAUTHORIZED);
    assert!(stream.next().await.is_none());
    assert_eq!(me(&router, &other).await, StatusCode::OK);
    bench.commit(crate::support::new_call("a"), &[]);
    assert_eq!(others.calls(1).await, ["1 a/1"]);
}

#[tokio::test]
async fn an_admin_signs_everybody_out() {
    let bench = Bench::new();
    let router = bench.network();
    let (anna, vera) =
        (cookie(&sign_in(&router, AGENT, &[own()]).await), cookie(&sign_in(&router, VIEWER, &[own()]).await));
    let list = bench.get("/api/v1/sessions", ADMIN).await.json();
    assert_eq!(
        list.as_array().unwrap().iter().map(|each| each["name"].as_str()).collect::<Vec<_>>(),
        [Some("anna"), Some("vera")]
    );
    let revoke = async |headers: &[(&'static str, String)]| {
        ask(&router, Method::DELETE, "/api/v1/sessions", headers, "").await
    };
    assert_eq!(revoke(&[anna.clone(), own()]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(revoke(&[bearer(ADMIN)]).await.json(), json!({"ended": 2}));
    for cookie in [anna, vera] {
        assert_eq!(me(&router, &cookie).await, StatusCode::UNAUTHORIZED);
    }
    // The tokens are what they were.
    assert_eq!(bench.get("/api/v1/me", AGENT).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_outlives_the_process_and_not_its_token() {
    let bench = Bench::new();
    let cookie = cookie(&sign_in(&bench.network(), AGENT, &[own()]).await);
    let again = ApiServer::new(bench.live.clone(), emitter(&bench.live), bench.sources(), access(&[]));
    let router = again.router(ListenerKind::Network { port: 8480 });
    assert_eq!(me(&router, &cookie).await, StatusCode::OK);
    again.set_access(Access::default());
    assert_eq!(me(&router, &cookie).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn only_the_desk_can_use_the_cookie() {
    let bench = Bench::new();
    let router = bench.network();
    let cookie = cookie(&sign_in(&router, AGENT, &[own()]).await);
    let retry = "/api/v1/deliveries/1/retry";
    let ask = async |method, path, headers: &[(&'static str, String)], body: &str| {
        ask(&router, method, path, headers, body).await.status
    };
    // An agent is known by the cookie, and may not give commands; to other pages the cookie is as good as none.
    assert_eq!(ask(Method::POST, retry, &[cookie.clone(), own()], "").await, StatusCode::FORBIDDEN);
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
    assert_eq!(sign_in(&router, AGENT, &[evil]).await.status, StatusCode::FORBIDDEN);
    let form = ("content-type", "text/plain".to_owned());
    assert_eq!(ask(Method::POST, PATH, &[form], "").await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // An old cookie does not keep anybody from signing in again.
    let old = ("cookie", "ringwire-8480=gone".to_owned());
    assert_eq!(sign_in(&router, AGENT, &[own(), old.clone()]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask(Method::GET, "/readyz", &[old], "").await, StatusCode::OK);
    assert_eq!(sign_in(&router, "wrong", &[own()]).await.status, StatusCode::UNAUTHORIZED);
}
