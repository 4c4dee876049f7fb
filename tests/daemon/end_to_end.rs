//! The whole path over real sockets: a PBX that plays recordings, the daemon in this process, and a double of Zammad.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
};

use ringwire::Signal;
use ringwire_outbox::{DeliveryFilter, StoreReader};
use ringwire_testkit::{
    ConnectionFault, ConnectionScript, FakeAsterisk, Gate, HttpReply, Receiver, ReceiverAction, ScriptStep,
    player::{PlaybackPbx, PlaybackServer},
    zammad::{CallLogState, ReceivedRequest, ZammadConfig, ZammadServer},
};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixDatagram},
    sync::{broadcast, mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::support::{LONG, config, file, fixtures, kill, play, recording, write};

/// What a post is compared by.
const FIELDS: [&str; 8] = ["event", "from", "to", "direction", "user", "queue", "answeringNumber", "cause"];

type Post = Map<String, Value>;

/// The posts of each call, in order; what the calls are called does not count.
type Calls = Vec<Vec<Post>>;

#[tokio::test]
async fn recorded_calls_are_posted_as_they_must_be() {
    for (release, name) in [
        ("22", "inbound-answered"),
        ("22", "queue-answered"),
        ("22", "transfer-attended"),
        ("22", "outbound-answered"),
        ("22", "pickup"),
        ("16", "ring-group-answered"),
        ("16", "inbound-voicemail"),
        ("16", "queue-abandoned"),
        ("11", "inbound-busy"),
        ("11", "transfer-blind"),
        ("11", "hold-and-resume"),
        ("11", "conference"),
    ] {
        let pbx = PlaybackServer::start(vec![recording(release, name)], play()).await.unwrap();
        let mut zammad = Zammad::start().await;
        let daemon = Daemon::start(&config(&[("main", pbx.address())], &zammad.server.url()));
        let expected = expected(name);
        let posts = zammad.posts(expected.iter().map(Vec::len).sum()).await;
        daemon.stop().await;
        assert_eq!(calls(&posts), expected, "{release}/{name}");
        assert_eq!(zammad.rest(), [], "{release}/{name}");
    }
}

#[tokio::test]
async fn several_pbxs_are_followed_side_by_side() {
    let north = PlaybackServer::start(vec![recording("22", "inbound-answered")], play()).await.unwrap();
    let south = PlaybackServer::start(vec![recording("22", "inbound-answered")], play()).await.unwrap();
    let mut zammad = Zammad::start().await;
    let pbxs = [("north", north.address()), ("south", south.address())];
    let daemon = Daemon::start(&config(&pbxs, &zammad.server.url()));
    let posts = zammad.posts(6).await;
    daemon.stop().await;
    let each = expected("inbound-answered");
    assert_eq!(calls(&posts), [each.clone(), each].concat());
    let mut ids: Vec<_> = zammad.server.call_log().into_iter().map(|row| row.call_id).collect();
    ids.sort();
    assert!(ids[0].starts_with("north-") && ids[1].starts_with("south-"), "{ids:?}");
}

#[tokio::test]
async fn an_endpoint_that_was_down_gets_everything_in_order() {
    let names = ["inbound-answered", "queue-answered", "ring-group-answered"];
    let recordings = names.map(|name| recording("22", name)).to_vec();
    let pbx = PlaybackServer::start(recordings, play()).await.unwrap();
    let mut zammad = Zammad::start().await;
    let mut road = Road::blocked(zammad.server.address()).await;
    let url = zammad.server.url().replace(&zammad.server.address().to_string(), &road.address.to_string());
    let daemon = Daemon::start(&config(&[("main", pbx.address())], &url));

    let mut played = pbx.rounds_played();
    timeout(LONG, played.wait_for(|rounds| *rounds == 1)).await.unwrap().unwrap();
    timeout(LONG, road.turned_back.wait_for(|turned_back| *turned_back >= 1)).await.unwrap().unwrap();
    assert_eq!(zammad.rest(), []);
    road.open.send_replace(true);

    let all = sorted(names.iter().flat_map(|name| expected(name)).collect());
    let posts = zammad.posts(all.iter().map(Vec::len).sum()).await;
    daemon.stop().await;
    assert_eq!(calls(&posts), all);
    assert!(zammad.server.call_log().iter().all(|row| row.state == CallLogState::Hangup));
}

#[tokio::test]
async fn a_pbx_that_restarts_in_the_middle_of_a_call_ends_it_once() {
    let talking = PlaybackPbx::new(vec![recording("22", "inbound-answered")], play());
    let anew = PlaybackPbx::new(Vec::new(), play());
    // Not reset: that would take back what was said and not read yet, be it the whole call.
    let cut = ConnectionScript::fault_after(talking, "Event: HangupRequest", ConnectionFault::Close);
    let pbx = FakeAsterisk::start([cut, ConnectionScript::well_behaved(anew)]).await.unwrap();
    let mut zammad = Zammad::start().await;
    let daemon = Daemon::start(&config(&[("main", pbx.address())], &zammad.server.url()));
    let posts = zammad.posts(3).await;
    daemon.stop().await;
    assert_eq!(calls(&posts), expected("inbound-answered"));
    assert_eq!(zammad.rest(), []);
    assert!(*pbx.connections().borrow() >= 2);
}

#[tokio::test]
async fn a_wrong_token_holds_everything_until_it_is_set_right() {
    let pbx = PlaybackServer::start(vec![recording("22", "inbound-answered")], play()).await.unwrap();
    let mut zammad = Zammad::start().await;
    let right = config(&[("main", pbx.address())], &zammad.server.url());
    let daemon = Daemon::start(&right.replace("/cti/token", "/cti/wrong"));
    // The one that was refused.
    assert_eq!(zammad.posts(1).await[0].status, 401);

    daemon.write("[pbx.main]\nhots = \"127.0.0.1\"\n");
    daemon.signal(Signal::Reload).await; // this one cannot be used, so all stays as it was
    daemon.write(&right);
    daemon.signal(Signal::Reload).await;
    let posts = zammad.posts(3).await;
    daemon.stop().await;
    assert_eq!(calls(&posts), expected("inbound-answered"));
}

#[tokio::test]
async fn a_reload_tries_a_pbx_again_that_refused_the_login() {
    let talking = PlaybackPbx::new(vec![recording("22", "inbound-answered")], play());
    let scripts = [ConnectionScript::refuse_login(), ConnectionScript::well_behaved(talking)];
    let pbx = FakeAsterisk::start(scripts).await.unwrap();
    let mut zammad = Zammad::start().await;
    let daemon = Daemon::start(&config(&[("main", pbx.address())], &zammad.server.url()));
    timeout(LONG, pbx.connections().wait_for(|connections| *connections == 1)).await.unwrap().unwrap();
    daemon.signal(Signal::Reload).await; // by itself it would wait for a minute
    let posts = timeout(LONG / 2, zammad.posts(3)).await.unwrap();
    daemon.stop().await;
    assert_eq!(calls(&posts), expected("inbound-answered"));
}

#[tokio::test]
async fn a_pbx_with_more_than_can_be_followed_is_disconnected_and_tried_again() {
    let channel = |number: u32| {
        format!(
            "Event: Newchannel\r\nChannel: PJSIP/a-{number}\r\nChannelState: 0\r\nContext: c\r\nExten: \r\n\
             Uniqueid: {number}\r\nLinkedid: {number}\r\n\r\n"
        )
    };
    let flood: String = (0..10_001).map(channel).collect();
    let flooding = ConnectionScript::after_login([ScriptStep::send(flood), ScriptStep::Ignore]);
    let quiet = ConnectionScript::after_login([ScriptStep::Ignore]);
    let pbx = FakeAsterisk::start([flooding, quiet]).await.unwrap();
    let zammad = Zammad::start().await;
    let daemon = Daemon::start(&config(&[("main", pbx.address())], &zammad.server.url()));
    timeout(LONG, pbx.connections().wait_for(|connections| *connections == 2)).await.unwrap().unwrap();
    daemon.stop().await;
}

#[tokio::test]
async fn a_pbx_that_is_taken_out_of_the_configuration_leaves_no_call_ringing() {
    let talking = PlaybackPbx::new(vec![recording("22", "inbound-answered")], play());
    let stall = ConnectionScript::fault_after(talking, "Event: HangupRequest", ConnectionFault::Stall);
    let north = FakeAsterisk::start([stall]).await.unwrap();
    let south = PlaybackServer::start(Vec::new(), play()).await.unwrap();
    let mut zammad = Zammad::start().await;
    let (north, south) = (("north", north.address()), ("south", south.address()));
    let daemon = Daemon::start(&config(&[north, south], &zammad.server.url()));
    let mut posts = zammad.posts(2).await;
    daemon.write(&config(&[south], &zammad.server.url()));
    daemon.signal(Signal::Reload).await;
    posts.extend(zammad.posts(1).await);
    daemon.stop().await;
    assert_eq!(calls(&posts), expected("inbound-answered"));
}

#[tokio::test]
async fn a_stop_delivers_what_has_happened_so_far() {
    let talking = PlaybackPbx::new(vec![recording("22", "inbound-answered")], play());
    let stall = ConnectionScript::fault_after(talking, "Event: HangupRequest", ConnectionFault::Stall);
    let pbx = FakeAsterisk::start([stall]).await.unwrap();
    let mut zammad = Zammad::start().await;
    let daemon = Daemon::start(&config(&[("main", pbx.address())], &zammad.server.url()));
    zammad.posts(1).await;
    daemon.stop().await;
    assert_eq!(zammad.server.call_log().len(), 1);
    assert_eq!(zammad.server.call_log()[0].state, CallLogState::Answer);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_refused() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ringwire.toml");
    fs::write(&file, "[pbx.main]\nhots = \"127.0.0.1\"\n").unwrap();
    let (_signals, received_signals) = mpsc::channel(1);
    let error = timeout(LONG, ringwire::serve(&file, received_signals)).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("hots"), "{error}");
}

#[tokio::test]
async fn the_service_manager_hears_of_start_reload_and_stop() {
    let directory = TempDir::new().unwrap();
    let manager = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    let pbx = PlaybackServer::start(Vec::new(), play()).await.unwrap();
    let zammad = Zammad::start().await;
    write(&file(&directory), &config(&[("main", pbx.address())], &zammad.server.url()));
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(file(&directory))
        .env("NOTIFY_SOCKET", directory.path().join("notify"))
        .env("WATCHDOG_USEC", "400000")
        .env_remove("WATCHDOG_PID")
        .env_remove("RUST_LOG")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let text = notified(&manager, "READY=1").await;
    assert!(text.contains("STATUS=pbx main: connected; target zammad: ok"), "{text}");
    notified(&manager, "WATCHDOG=1").await;

    kill(&daemon, "-HUP");
    let text = notified(&manager, "READY=1").await;
    assert!(text.contains("RELOADING=1\nMONOTONIC_USEC="), "{text}");

    write(&file(&directory), "nonsense");
    kill(&daemon, "-HUP");
    let text = notified(&manager, "READY=1").await;
    assert!(
        text.contains("STATUS=configuration: rejected, the previous one stays in use; pbx main: connected"),
        "{text}"
    );

    kill(&daemon, "-TERM");
    notified(&manager, "STOPPING=1").await;
    let status = tokio::task::spawn_blocking(move || daemon.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_stop_waits_for_the_reply_to_a_request_that_may_not_be_repeated() {
    let directory = TempDir::new().unwrap();
    let manager = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    let pbx = PlaybackServer::start(vec![recording("22", "inbound-caller-cancels")], play()).await.unwrap();
    let (late, ok) = (Gate::new(), HttpReply::new(200, "{}"));
    let actions = [ReceiverAction::Reply(ok.clone()), ReceiverAction::ReplyLater(late.clone(), ok)];
    let mut zammad = Receiver::start(actions).await.unwrap();
    write(&file(&directory), &config(&[("main", pbx.address())], &zammad.url()));
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(file(&directory))
        .env("NOTIFY_SOCKET", directory.path().join("notify"))
        .env_remove("RUST_LOG")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..2 {
        timeout(LONG, zammad.next_request()).await.unwrap().unwrap();
    }
    kill(&daemon, "-TERM");
    // The time for other deliveries is over: 3 minutes for the reply, 5 s to connect, and 10 s to end.
    notified(&manager, "EXTEND_TIMEOUT_USEC=195000000").await;
    late.open();
    let status = tokio::task::spawn_blocking(move || daemon.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    let journal = StoreReader::open(&directory.path().join("journal.db")).unwrap();
    let deliveries = journal.deliveries(&DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).unwrap();
    let states: Vec<_> = deliveries.iter().map(|delivery| delivery.state.as_str()).collect();
    assert_eq!(states, ["delivered", "delivered"]);
}

/// What the service manager hears, until it hears this line.
async fn notified(manager: &UnixDatagram, line: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.lines().any(|text| text == line) {
        let length = timeout(LONG, manager.recv(&mut buffer)).await.expect(line).unwrap();
        text += &String::from_utf8_lossy(&buffer[..length]);
    }
    text
}

/// The daemon, with its configuration in a file of its own.
struct Daemon {
    directory: TempDir,
    signals: mpsc::Sender<Signal>,
    task: JoinHandle<()>,
}

impl Daemon {
    fn start(config: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let (signals, received_signals) = mpsc::channel(4);
        let file = file(&directory);
        write(&file, config);
        let task = tokio::spawn(async move { ringwire::serve(&file, received_signals).await.unwrap() });
        Self { directory, signals, task }
    }

    fn write(&self, config: &str) {
        write(&file(&self.directory), config);
    }

    async fn signal(&self, signal: Signal) {
        self.signals.send(signal).await.unwrap();
    }

    async fn stop(self) {
        self.signal(Signal::Stop).await;
        timeout(LONG, self.task).await.unwrap().unwrap();
    }
}

/// A Zammad, and what it was posted.
struct Zammad {
    server: ZammadServer,
    received: broadcast::Receiver<ReceivedRequest>,
}

impl Zammad {
    async fn start() -> Self {
        let server = ZammadServer::start(ZammadConfig::new("token")).await.unwrap();
        let received = server.requests();
        Self { server, received }
    }

    /// The next `count` posts.
    async fn posts(&mut self, count: usize) -> Vec<ReceivedRequest> {
        let mut posts = Vec::new();
        while posts.len() < count {
            match timeout(LONG, self.received.recv()).await {
                Ok(post) => posts.push(post.unwrap()),
                Err(_) => panic!("only {} of {count} posts have come: {posts:#?}", posts.len()),
            }
        }
        posts
    }

    /// What came beside them.
    fn rest(&mut self) -> Vec<ReceivedRequest> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

/// A way to an address that is blocked at first: whoever takes it is turned back.
struct Road {
    address: SocketAddr,
    turned_back: watch::Receiver<usize>,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Road {
    async fn blocked(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(false);
        let (turn_back, turned_back) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut on_the_road = JoinSet::new();
            loop {
                let (mut traveller, _) = listener.accept().await.unwrap();
                if *is_open.borrow() {
                    on_the_road.spawn(async move {
                        let mut there = TcpStream::connect(to).await.unwrap();
                        let _ = copy_bidirectional(&mut traveller, &mut there).await;
                    });
                } else {
                    turn_back.send_modify(|turned_back| *turned_back += 1);
                }
            }
        });
        Self { address, turned_back, open, task }
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The posts of each call, without what the calls are called.
fn calls(posts: &[ReceivedRequest]) -> Calls {
    let mut calls: BTreeMap<String, Vec<Post>> = BTreeMap::new();
    for post in posts.iter().filter(|post| post.status == 200) {
        let id = post.params.text("callId").unwrap();
        calls.entry(id).or_default().push(compared(&post.params.0));
    }
    sorted(calls.into_values().collect())
}

/// What is expected for a recording.
fn expected(name: &str) -> Calls {
    let text = fs::read_to_string(fixtures().join("expected").join(format!("{name}.jsonl"))).unwrap();
    let mut calls: BTreeMap<String, Vec<Post>> = BTreeMap::new();
    for line in text.lines() {
        let post: Post = serde_json::from_str(line).unwrap();
        calls.entry(post["callId"].to_string()).or_default().push(compared(&post));
    }
    sorted(calls.into_values().collect())
}

fn compared(post: &Post) -> Post {
    post.iter()
        .filter(|(name, _)| FIELDS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Calls go side by side, so their order does not count.
fn sorted(mut calls: Calls) -> Calls {
    calls.sort_by_key(|posts| format!("{posts:?}"));
    calls
}
