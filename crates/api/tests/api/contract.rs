//! The OpenAPI document and the routes say the same.

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use ringwire_api::ListenerKind;
use ringwire_delivery::DeliveryId;
use ringwire_event::{
    CallEvent, CallFacts, EventKind, HungUpBy, Leg, Party, QueueLeaveReason, RingStopReason, UnparkReason,
};
use ringwire_live::{DeliveryProgress, PbxState, TargetStatus, Trouble};
use ringwire_outbox::{DeliveryAttempt, DeliveryUpdate, StoreWrite, StoredDeliveryState};
use serde_json::{Value, json};

use crate::support::{ADMIN, AGENT, Bench, VIEWER, ask, bearer, eventful, hangup, new_call};

/// One operation of the document.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    /// 0: anybody, 1: a viewer, 2: an agent, 3: an administrator.
    role: usize,
    documented: Value,
}

const ROLES: [&str; 4] = ["", VIEWER, AGENT, ADMIN];

async fn document(bench: &Bench) -> Value {
    bench.get("/api/v1/openapi.json", "").await.json()
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, documented)| {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let role = match documented["security"][0]["token"][0].as_str() {
                None => 0,
                Some("viewer") => 1,
                Some("agent") => 2,
                Some("admin") => 3,
                Some(other) => panic!("{other}"),
            };
            Operation { method, path: path.clone(), role, documented: documented.clone() }
        })
    });
    all.collect()
}

/// A path that means something.
fn example(operation: &Operation) -> String {
    let command = if operation.path.contains("targets") { "pause" } else { "retry" };
    let id = if operation.path.contains("calls") { "a" } else { "1" };
    operation.path.replace("{id}", id).replace("{name}", "zammad").replace("{command}", command)
}

fn body(operation: &Operation) -> String {
    let signs_in = operation.method == Method::POST && operation.path.ends_with("/session");
    if signs_in { json!({ "token": AGENT }).to_string() } else { String::new() }
}

/// A daemon at which something of everything has happened.
fn busy() -> Bench {
    let bench = Bench::new();
    let now = Timestamp::now();
    let components = bench.live.components();
    components.add_pbx("main", "127.0.0.1:5038", now);
    components.record_connection("main", "11.0.0");
    components.record_packets("main", 3, now);
    components.set_pbx_state("main", PbxState::Refused, Some(Trouble::new("no", "look")), now);
    components.set_targets(vec![TargetStatus {
        name: "zammad".into(),
        dialect: "zammad".into(),
        state: "failing".into(),
        reason: Some("no connection".into()),
        since: now,
        pending: 1,
        retrying: 1,
        in_flight: 0,
        delivered: 2,
        dead: 0,
        expired: 0,
        dropped: 0,
        unknown: 0,
        more_on_disk: false,
    }]);
    for event in eventful("a") {
        bench.commit(event, &["zammad", "crm"]);
    }
    for event in eventful("b") {
        bench.commit(event, &[]);
    }
    bench.commit(hangup("b", 9), &[]);
    bench.commit(new_call("c"), &["crm"]);
    bench.store.write(StoreWrite::Attempt(DeliveryAttempt {
        delivery: DeliveryId(1),
        at: now,
        duration: Duration::from_millis(12),
        outcome: "HTTP 500".into(),
        status: Some(500),
        reply: Some("secret reply".into()),
    }));
    bench.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: DeliveryId(1),
        state: StoredDeliveryState::Retry,
        failures: Some(1),
        due_at: Some(now),
        reason: Some("HTTP 500".into()),
        at: now,
    }));
    let progress = DeliveryProgress {
        id: 2,
        target: "crm".into(),
        event: None,
        state: "delivered",
        failures: 0,
        delay_ms: Some(3),
        reason: None,
    };
    bench.live.record_progress(progress, now);
    bench.settle();
    bench
}

#[tokio::test]
async fn every_operation_answers_to_the_roles_it_states_and_to_no_other() {
    let bench = busy();
    let operations = operations(&document(&bench).await);
    assert_eq!(operations.len(), 23, "{:#?}", operations.iter().map(|op| &op.path).collect::<Vec<_>>());
    let (network, socket) = (
        bench.server.router(ListenerKind::Network { port: 8480 }),
        bench.server.router(ListenerKind::Socket),
    );
    for operation in &operations {
        for (role, token) in ROLES.into_iter().enumerate() {
            let mut headers = vec![("content-type", "application/json".to_owned())];
            headers.extend((!token.is_empty()).then(|| bearer(token)));
            let (method, path, body) = (operation.method.clone(), example(operation), body(operation));
            let answer = ask(&network, method.clone(), &path, &headers, &body).await;
            let status = answer.status.as_u16();
            let expected = match (role >= operation.role, role) {
                (true, _) => {
                    let stated = &operation.documented["responses"][status.to_string()];
                    assert!(stated.is_object() && ![401, 403, 404].contains(&status), "{path} {answer:?}");
                    continue;
                }
                (false, 0) => 401,
                (false, _) => 403,
            };
            assert_eq!(status, expected, "{method} {path} as {token:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(answer.json()["hint"].as_str().unwrap().contains("role"), "{answer:?}");
        }
        let (method, path) = (operation.method.clone(), example(operation));
        let headers = [("content-type", "application/json".to_owned())];
        let answer = ask(&socket, method, &path, &headers, &body(operation)).await;
        assert!(operation.documented["responses"][answer.status.as_str()].is_object(), "{path} {answer:?}");
    }
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let bench = busy();
    let mut document = document(&bench).await;
    let operations = operations(&document);
    close(&mut document["components"]);
    let components = &document["components"];
    let socket = bench.server.router(ListenerKind::Socket);
    let mut checked = BTreeSet::new();
    for operation in operations {
        let paths = match operation.path.as_str() {
            "/api/v1/calls/{id}" => vec!["/api/v1/calls/a".to_owned(), "/api/v1/calls/b".to_owned()],
            "/api/v1/calls" => vec!["/api/v1/calls".to_owned(), "/api/v1/calls?limit=1".to_owned()],
            _ => vec![example(&operation)],
        };
        for path in paths {
            let headers = [("content-type", "application/json".to_owned())];
            let answer = ask(&socket, operation.method.clone(), &path, &headers, &body(&operation)).await;
            let stated = &operation.documented["responses"][answer.status.as_str()]["content"];
            let Some(schema) = stated["application/json"].get("schema") else { continue };
            let mut schema = json!({ "items": schema, "components": components });
            close(&mut schema["items"]);
            if schema["items"].get("$ref").is_some() {
                schema["items"]["unevaluatedProperties"] = json!(false);
            }
            let validator = jsonschema::validator_for(&schema).unwrap();
            let body = json!([answer.json()]);
            let errors: Vec<_> = validator
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{path}: {errors:#?}\n{body:#}");
            checked.insert(operation.path.clone());
        }
    }
    assert_eq!(checked.len(), 17, "{checked:#?}");
}

/// Lets no property through that a schema does not name, wherever another is referred to.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                close(member);
                let each: Option<Vec<&mut Value>> = match name.as_str() {
                    "properties" => {
                        member.as_object_mut().map(|properties| properties.values_mut().collect())
                    }
                    "items" => Some(vec![member]),
                    _ => None,
                };
                for referring in each.into_iter().flatten() {
                    if referring.get("$ref").is_some() {
                        referring["unevaluatedProperties"] = json!(false);
                    }
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(close),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let bench = Bench::new();
    let document = document(&bench).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let (path, documented) = (&operation.path, &operation.documented);
        assert!(
            ids.insert(documented["operationId"].as_str().unwrap().to_owned()),
            "{path}: twice the same id"
        );
        assert!(documented["summary"].is_string() && documented["tags"].is_array(), "{path}");
        for (status, response) in documented["responses"].as_object().unwrap() {
            assert!(response["description"].is_string(), "{path} {status}");
        }
        let named: BTreeSet<_> = path.split('/').filter_map(|part| part.strip_prefix('{')).collect();
        let named: BTreeSet<_> = named.into_iter().map(|part| part.trim_end_matches('}')).collect();
        let parameters = documented["parameters"].as_array().cloned().unwrap_or_default();
        let stated = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let stated: BTreeSet<_> = stated.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(named, stated, "{path}");
    }
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is referred to and not there");
    }
    // Whether maps keep their order depends on what else is built.
    insta::with_settings!({sort_maps => true}, {
        insta::assert_json_snapshot!(document);
    });
}

#[tokio::test]
async fn what_is_no_route_is_a_problem() {
    let bench = Bench::new();
    for (method, path, status) in [
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/api", StatusCode::NOT_FOUND),
        (Method::GET, "/test/feed.test.mjs", StatusCode::NOT_FOUND),
        (Method::GET, "/../Cargo.toml", StatusCode::NOT_FOUND),
        (Method::GET, "/%2e%2e/Cargo.toml", StatusCode::NOT_FOUND),
        (Method::POST, "/", StatusCode::NOT_FOUND),
        (Method::DELETE, "/api/v1/live", StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, "/livez", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = ask(&bench.network(), method, path, &[bearer(ADMIN)], "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn every_kind_of_event_is_as_the_schema_says() {
    let bench = Bench::new();
    let schema = bench.get("/events/schema", VIEWER).await.json();
    assert_eq!(schema["$id"], format!("urn:ringwire:call-event:{}", CallEvent::VERSION));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let user = || Party::endpoint("PJSIP/alice");
    let facts = CallFacts {
        ring_seconds: Some(3),
        hung_up_by: Some(HungUpBy::Called),
        leg: Some(Leg { channel: "PJSIP/alice-1".to_owned(), uniqueid: "1.1".to_owned() }),
        variables: [("A".to_owned(), "1".to_owned())].into(),
        ..CallFacts::default()
    };
    let kinds = [
        EventKind::RingingStopped { user: user(), reason: RingStopReason::AnsweredElsewhere },
        EventKind::Forwarded { user: user(), forwarded_to: Some("102".to_owned()) },
        EventKind::QueueEntered { position: Some(1) },
        EventKind::QueueLeft { reason: QueueLeaveReason::GaveUp, position: None },
        EventKind::Unparked {
            reason: UnparkReason::Retrieved,
            user: Some(user()),
            parking_lot: None,
            space: Some("701".to_owned()),
        },
        EventKind::ConferenceJoined { conference: Some("1".to_owned()), user: None },
        EventKind::RecordingStarted { file: Some("a.wav".to_owned()) },
        EventKind::VoicemailLeft {
            mailbox: "101@default".to_owned(),
            new_messages: Some(1),
            old_messages: None,
        },
        EventKind::Dtmf { digit: None, user: None },
    ];
    for kind in kinds {
        let event = CallEvent { kind, facts: facts.clone(), ..new_call("a") };
        let json = serde_json::to_value(&event).unwrap();
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{json}: {errors:?}");
    }
    let unknown = json!({ "event": "newCall" });
    assert!(!validator.is_valid(&unknown), "what is required is required");
}
