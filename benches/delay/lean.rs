//! The same work without a daemon around it, and a bare loop of requests.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use ringwire_ami::{Codec, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_dialects::{Zammad, ZammadOptions};
use ringwire_event::CallEvent;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};

use crate::Key;

/// How many requests are on their way at once, as the daemon is told too.
const AT_ONCE: usize = 64;

async fn finish(post: RequestBuilder, at_once: &Semaphore) {
    let _permit = at_once.acquire().await.unwrap();
    post.send().await.unwrap().bytes().await.unwrap();
}

fn client() -> Client {
    // It fails where there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// Follows the PBX at `pbx` and posts to `url` what it says, for as long as the process lives.
pub(crate) fn follow(pbx: SocketAddr, url: String) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut stream = TcpStream::connect(pbx).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.write_all(b"Action: CoreShowChannels\r\nActionID: 1\r\n\r\n").await.unwrap();
            let (dialect, client) = (Zammad::new(&ZammadOptions::default()), client());
            let (mut codec, mut buffer) = (Codec::for_connection(), bytes::BytesMut::new());
            let at_once = Arc::new(Semaphore::new(AT_ONCE));
            let mut tracker = Tracker::new(Rules::new("main"));
            loop {
                let due = tracker.next_deadline().map_or(Duration::from_secs(1), |due| {
                    due.duration_since(Timestamp::now()).try_into().unwrap_or_default()
                });
                tokio::select! {
                    read = stream.read_buf(&mut buffer) => if read.unwrap_or(0) == 0 { return },
                    () = tokio::time::sleep(due) => tracker.tick(Timestamp::now()),
                }
                let now = Some(Timestamp::now());
                while let Some(frame) = codec.decode_now(&mut buffer).unwrap() {
                    match frame {
                        Frame::Banner(version) => tracker.connected(version, now),
                        Frame::Packet(packet) => tracker.apply(&packet, now),
                    }
                }
                while let Some(event) = tracker.poll_event() {
                    send(&dialect, &client, &at_once, &url, &event);
                }
            }
        });
    });
}

fn send(dialect: &Zammad, client: &Client, at_once: &Arc<Semaphore>, url: &str, event: &CallEvent) {
    let Some(request) = dialect.build_request(event) else { return };
    let (content_type, body) = (request.content_type().unwrap_or_default(), request.body.encode());
    let post = client.post(url).header("content-type", content_type).body(body);
    let at_once = Arc::clone(at_once);
    tokio::spawn(async move { finish(post, &at_once).await });
}

/// Posts so many requests at a steady rate; gives when each was begun.
pub(crate) fn post(url: String, requests: u32, rate: u32) -> Vec<(Key, Instant)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let client = client();
        let begun = Instant::now();
        let mut sent = Vec::new();
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..requests {
            let until = begun + Duration::from_secs(1) * number / rate;
            tokio::time::sleep_until(until.into()).await;
            let call = number.to_string();
            let body = format!(
                r#"{{"event":"hangup","callId":"{call}","direction":"in","from":"491761234567","to":"4930100","cause":"normalClearing"}}"#
            );
            let post = client.post(&url).header("content-type", "application/json").body(body);
            sent.push(((call, "hangup"), Instant::now()));
            let at_once = Arc::clone(&at_once);
            tasks.spawn(async move { finish(post, &at_once).await });
        }
        while tasks.join_next().await.is_some() {}
        sent
    })
}
