//! Targets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use ringwire_testkit::{HttpReply, Receiver, ReceiverAction};

use super::bench::{Bench, rejection};
use super::{Probe, check_broken, tls::Authority};

async fn answers(reply: HttpReply) -> Bench {
    Bench::with_target(ReceiverAction::Reply(reply)).await
}

#[tokio::test]
async fn a_target_that_is_down() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/api/v1/cti/t0ken", listener.local_addr().unwrap());
    let bench = Bench::healthy().await.url(&url);
    drop(listener);
    let hint = ["the firewalls in between, and whether the target is up"];
    check_broken(&bench, &["cannot connect: Connection refused"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_target_that_does_not_answer() {
    let bench = Bench::with_target(ReceiverAction::Stall).await.hasty();
    let hint = ["whether the target is up"];
    check_broken(&bench, &["no answer within 2s"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_target_whose_name_does_not_resolve() {
    let bench = Bench::healthy().await.url("https://desk.invalid/api/v1/cti/t0ken").hasty();
    check_broken(&bench, &["https://desk.invalid: "], &["check the URL, DNS"], 69, Probe::Same).await;
}

#[tokio::test]
async fn a_target_that_rejects_requests() {
    let integrations = "System, Integrations, CTI (generic)";
    for (status, body, text, hint) in [
        (401, "Invalid token", "HTTP 401", "the token in the target's URL is not valid"),
        (403, "Forbidden", "HTTP 403", "allow it to post"),
        (404, "<html>", "HTTP 404", "the target's URL is wrong: copy it again"),
        (422, r#"{"error":"Feature is disable, please contact your admin"}"#, "HTTP 422", integrations),
        (500, "oops", "HTTP 500", "check the URL and the target's log"),
    ] {
        let bench = answers(HttpReply::new(status, body)).await;
        check_broken(&bench, &["answers", text], &[hint], 69, Probe::Same).await;
    }
}

#[tokio::test]
async fn a_target_that_has_moved() {
    let reply = HttpReply::new(302, "").with_header("Location", "https://new.example.com/api/v1/cti/t0ken");
    let hint = ["set the target's URL to the one it redirects to"];
    check_broken(&answers(reply).await, &["HTTP 302", "new.example.com"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_web_page_at_the_url() {
    let bench = answers(HttpReply::new(200, "<!doctype html><title>Welcome</title>")).await;
    check_broken(&bench, &["HTTP 200 with a web page"], &["especially its path"], 69, Probe::Same).await;
}

#[tokio::test]
async fn a_server_that_accepts_every_request() {
    let bench = answers(HttpReply::new(200, "{}")).await;
    check_broken(
        &bench,
        &["accepts a request that it should reject"],
        &["check the URL of [target.desk]"],
        69,
        Probe::Same,
    )
    .await;
}

/// A target with a certificate for `name` that is valid from and until `days` from now.
async fn over_tls(name: &str, days: (i64, i64)) -> Bench {
    let authority = Authority::new();
    let target = Receiver::start([ReceiverAction::Reply(rejection())]).await.unwrap();
    let front: SocketAddr = authority.front(name, days, target.address()).await;
    let bench = Bench::healthy().await.url(&format!("https://{front}/api/v1/cti/t0ken")).keep(target);
    bench.put("desk-ca.pem", &authority.pem(), 0o644);
    bench.with("url_file = \"desk.url\"\n", "url_file = \"desk.url\"\nca_file = \"desk-ca.pem\"\n")
}

#[tokio::test]
async fn a_certificate_of_the_target_that_has_expired() {
    let bench = over_tls("127.0.0.1", (-400, -9)).await;
    check_broken(
        &bench,
        &["127.0.0.1 is not trusted: it expired 9 days ago"],
        &["renew it on the target"],
        69,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_of_the_target_that_expires_soon() {
    let bench = over_tls("127.0.0.1", (-400, 3)).await;
    check_broken(
        &bench,
        &["expires soon, in 2 days"],
        &["renew the certificate on the target's server"],
        0,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_of_the_target_for_another_name() {
    let bench = over_tls("desk.example", (-10, 300)).await;
    let hint = ["use the certificate's name in the URL"];
    check_broken(&bench, &["not issued for 127.0.0.1 but for desk.example"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn an_address_that_no_target_may_have() {
    let bench = Bench::healthy().await.url("http://169.254.169.254/api/v1/cti/t0ken");
    check_broken(&bench, &["169.254.169.254 is a link-local address"], &["allow_addresses"], 78, Probe::Same)
        .await;
}
