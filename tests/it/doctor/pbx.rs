//! The connection to the PBX.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use ringwire_testkit::player::{PlaybackOptions, PlaybackPbx};
use ringwire_testkit::{ConnectionScript, ScriptStep};
use socket2::{Domain, Socket, Type};

use super::bench::{Answers, Bench};
use super::{Probe, check_broken};

/// The hint if Asterisk rejects a login without a reason.
const LOGIN: [&str; 4] = [
    "nonexistent user: manager.conf has no section [ringwire]",
    "failed to pass IP ACL",
    "permit = 127.0.0.1/255.255.255.255",
    "failed to authenticate: the secret differs",
];

async fn with_user(username: &str, secret: &str) -> Bench {
    let pbx = PlaybackPbx::new(Vec::new(), PlaybackOptions::new(username, secret));
    Bench::with_pbx([ConnectionScript::well_behaved(pbx)]).await
}

#[tokio::test]
async fn a_wrong_secret() {
    let bench = with_user("ringwire", "another").await;
    check_broken(&bench, &["login: ", "authentication failed"], &LOGIN, 69, Probe::Same).await;
}

#[tokio::test]
async fn an_unknown_user() {
    let bench = with_user("somebody", "swordfish").await;
    check_broken(&bench, &["login: ", "authentication failed"], &LOGIN, 69, Probe::Same).await;
}

#[tokio::test]
async fn an_acl_that_excludes_this_machine() {
    let bench = Bench::with_pbx([ConnectionScript::refuse_login()]).await;
    check_broken(&bench, &["login: ", "authentication failed"], &LOGIN, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_connection_that_is_closed_before_the_banner() {
    let bench = Bench::with_pbx([ConnectionScript::close_without_banner()]).await;
    let hint = ["authlimit", "permit = 127.0.0.1/255.255.255.255"];
    check_broken(
        &bench,
        &["banner: ", "closed the connection without sending a banner"],
        &hint,
        69,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_is_closed_during_the_login() {
    let bench = Bench::with_pbx([ConnectionScript::close_after_banner()]).await;
    let hint = ["permit = 127.0.0.1/255.255.255.255"];
    check_broken(&bench, &["login: ", "closed the connection during the login"], &hint, 69, Probe::Same)
        .await;
}

#[tokio::test]
async fn a_login_rejected_with_a_reason() {
    let words = [("Message".to_owned(), "Your account is not permitted here".to_owned())];
    let answer = ScriptStep::Answer { response: "Error".to_owned(), headers: words.to_vec() };
    let script = ConnectionScript::Steps(vec![
        ScriptStep::banner(),
        ScriptStep::Await("Challenge".to_owned()),
        answer,
    ]);
    let bench = Bench::with_pbx([script]).await;
    check_broken(
        &bench,
        &["login: ", "not permitted here"],
        &["the user's section in manager.conf"],
        69,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_disabled_manager_interface() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let bench = Bench::healthy().await.at(listener.local_addr().unwrap());
    drop(listener);
    let hint = ["check that Asterisk runs", "enabled = yes"];
    check_broken(&bench, &["TCP: ", "Connection refused"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_port_that_accepts_no_connections() {
    // A connection that is never accepted fills the queue; the next one gets no answer.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let waiting = TcpStream::connect(address).unwrap();
    let bench = Bench::healthy().await.at(address).keep(socket).keep(waiting).hasty();
    let hint = ["the network and firewalls between", "bindaddr"];
    check_broken(&bench, &["TCP: cannot connect to 127.0.0.1"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_port_that_sends_nothing() {
    let bench = Bench::with_pbx([ConnectionScript::Steps(vec![ScriptStep::Ignore])]).await.hasty();
    let hint = ["bindaddr and port in manager.conf"];
    check_broken(&bench, &["banner: ", "sent no banner"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let bench = Bench::healthy().await.with("host = \"127.0.0.1\"", "host = \"pbx.invalid\"").hasty();
    let hint = ["correct host in [pbx.main]", "getent hosts pbx.invalid"];
    check_broken(&bench, &["DNS: the name pbx.invalid cannot be resolved"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn a_port_of_another_program() {
    for (text, sent) in
        [("HTTP/1.1 400", "HTTP/1.1 400 Bad Request\r\n\r\n"), ("SSH-2.0", "SSH-2.0-OpenSSH_9.2\r\n")]
    {
        let bench =
            Bench::with_pbx([ConnectionScript::Steps(vec![ScriptStep::send(sent), ScriptStep::Ignore])])
                .await;
        let hint = ["check host and port", "5038 unless changed"];
        check_broken(&bench, &["banner: not an Asterisk manager", text], &hint, 69, Probe::Same).await;
    }
}

#[tokio::test]
async fn read_system_is_missing() {
    let bench = Bench::with_pbx([Answers { fully_booted: false, ..Answers::default() }.script()]).await;
    let hint = ["read = system,call,agent", "manager reload"];
    check_broken(&bench, &["read = system is missing"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn the_list_of_channels_is_refused() {
    let denied = &["CoreShowChannels", "Status", "Filter", "CoreSettings"];
    let bench = Bench::with_pbx([Answers { denied, ..Answers::default() }.script()]).await;
    let hint = ["write = system,reporting", "manager reload"];
    check_broken(&bench, &["may not list channels"], &hint, 69, Probe::Same).await;
}

#[tokio::test]
async fn filters_are_refused() {
    let bench = Bench::with_pbx([Answers { denied: &["Filter"], ..Answers::default() }.script()]).await;
    check_broken(&bench, &["may not set event filters"], &["filter_events = false"], 0, Probe::Same).await;
}

#[tokio::test]
async fn a_clock_that_is_wrong() {
    for (ahead, which) in [(600, "ahead of this machine"), (-600, "behind this machine")] {
        let bench = Bench::with_pbx([Answers { ahead, ..Answers::default() }.script()]).await;
        let hint = ["timedatectl set-ntp true"];
        check_broken(&bench, &["clock: the PBX is", which], &hint, 69, Probe::Same).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let bench = Bench::with_pbx([ConnectionScript::after_login([])]).await;
    check_broken(&bench, &["the connection broke"], &["the Asterisk log"], 69, Probe::Same).await;
}

#[tokio::test]
async fn a_secret_with_a_trailing_blank() {
    let bench = Bench::with_pbx([ConnectionScript::refuse_login()]).await;
    bench.put("ami.secret", "swordfish \n", 0o600);
    let output = bench.doctor(&[]).await;
    assert!(output.stdout.contains("begins or ends with blanks"), "{}", output.stdout);
    assert!(output.stdout.contains("→ write only the secret to the file"), "{}", output.stdout);
}
