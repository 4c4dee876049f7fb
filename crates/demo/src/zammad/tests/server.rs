//! The endpoint over a socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Sends one request, and gives the status, the content type and the body of the reply.
async fn send(
    server: &ZammadServer,
    request_line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let mut request = format!(
        "{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (status, kind.to_owned(), body.to_owned())
}

async fn start() -> ZammadServer {
    ZammadServer::start(fixture()).await.unwrap()
}

async fn post(server: &ZammadServer, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let (status, kind, body) = send(server, "POST /api/v1/cti/token", headers, body).await;
    assert_eq!(kind, "application/json; charset=utf-8", "{body}");
    (status, body)
}

#[tokio::test]
async fn json_forms_and_queries_are_read_and_reported() {
    let server = start().await;
    assert_eq!(server.url(), format!("http://{}/api/v1/cti/token", server.address()));
    let mut watch = server.requests();
    let ok = (200, "{}".to_owned());
    let json = r#"{"event":"newCall","direction":"in","callId":"a","from":"anonymous","to":"1","user":["u 1","u 2"]}"#;
    let with_charset = [("Content-Type", "application/json; charset=utf-8"), ("Accept", JSON)];
    assert_eq!(post(&server, &with_charset, json).await, ok);
    let form = "event=newCall&direction=in&callId=b&from=anonymous&to=1&user%5B%5D=u+1&user%5B%5D=u+2";
    assert_eq!(post(&server, &[("Content-Type", FORM)], form).await, ok);
    let query = "POST /api/v1/cti/token?event=answer&direction=in&callId=b&user=voicemail&token=other";
    assert_eq!(send(&server, query, &[], "").await.0, 200);

    let log = server.call_log();
    assert_eq!(log.iter().map(|row| row.call_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(log[0].to_comment.as_deref(), Some("u 1, u 2"));
    assert_eq!(log[1].to_comment.as_deref(), Some("voicemail"));
    let first = watch.recv().await.unwrap();
    assert_eq!(first.params, RequestParams::from_json(json.as_bytes()).unwrap());
    assert_eq!((first.status, first.body.as_str(), first.accept.as_deref()), (200, "{}", Some(JSON)));
    assert_eq!(watch.recv().await.unwrap().content_type.as_deref(), Some(FORM));
    assert_eq!(watch.recv().await.unwrap().params.string("event"), Some("answer"));
}

#[tokio::test]
async fn other_content_types_have_no_parameters() {
    let server = start().await;
    let json = r#"{"event":"newCall","direction":"in","callId":"a","from":"1","to":"1"}"#;
    let invalid = (422, r#"{"error":"Invalid 'direction'!"}"#.to_owned());
    assert_eq!(post(&server, &[("Content-Type", "text/plain")], json).await, invalid);
    assert_eq!(post(&server, &[("Content-Type", JSON)], &format!("[{json}]")).await, invalid);
}

#[tokio::test]
async fn an_exception_is_json_only_if_accepted() {
    let server = start().await;
    let body = "event=hangup&direction=in&callId=nobody";
    let form = ("Content-Type", FORM);
    for accept in [JSON, "*/*", "text/html, application/json;q=0.5"] {
        let (status, body) = post(&server, &[form, ("Accept", accept)], body).await;
        assert_eq!(status, 500);
        assert!(body.starts_with(r#"{"error":"Error ID "#), "{body}");
    }
    for headers in [vec![form], vec![form, ("Accept", "text/html")]] {
        let (status, kind, body) = send(&server, "POST /api/v1/cti/token", &headers, body).await;
        assert_eq!((status, kind.as_str()), (500, "text/html; charset=utf-8"));
        assert!(body.contains("Error ID"), "{body}");
    }
    // What the endpoint itself refuses is JSON for everyone.
    assert_eq!(
        send(&server, "POST /api/v1/cti/other", &[form], body).await.1,
        "application/json; charset=utf-8"
    );
}

#[tokio::test]
async fn malformed_json_is_an_exception() {
    let server = start().await;
    let json = ("Content-Type", JSON);
    assert_eq!(post(&server, &[json, ("Accept", JSON)], "{").await.0, 500);
    assert_eq!(send(&server, "POST /api/v1/cti/token", &[json], "{").await.0, 400);
}

#[tokio::test]
async fn only_posts_to_the_url_find_a_route() {
    let server = start().await;
    for line in [
        "GET /api/v1/cti/token",
        "POST /api/v1/cti/",
        "POST /api/v1/cti/token/in",
        "POST /",
        "PUT /api/v1/cti/token",
    ] {
        assert_eq!(send(&server, line, &[("Accept", JSON)], "").await.0, 404, "{line}");
    }
}

#[tokio::test]
async fn settings_can_change_while_it_runs() {
    let server = start().await;
    let call = r#"{"event":"newCall","direction":"in","callId":"a","from":"1","to":"1"}"#;
    server.configure(|config| config.enabled = false);
    assert_eq!(post(&server, &[("Content-Type", JSON)], call).await.0, 422);
    server.configure(|config| config.enabled = true);
    assert_eq!(post(&server, &[("Content-Type", JSON)], call).await.0, 200);
    server.configure(|config| config.token = "new".into());
    assert!(server.url().ends_with("/new"));
    assert_eq!(post(&server, &[("Content-Type", JSON)], call).await.0, 401);
}

#[tokio::test]
async fn a_stopped_server_closes_its_port() {
    let server = start().await;
    let address = server.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    server.stop().await;
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let server = start().await;
    let mut idle = TcpStream::connect(server.address()).await.unwrap();
    drop(server);
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0);
}
