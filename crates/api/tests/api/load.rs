//! What it costs when many listen. A measurement, not a test: run it by name, with --release --ignored --nocapture.

use std::{fs, thread, time::Duration};

use jiff::Timestamp;
use ringwire_live::DeliveryProgress;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::support::{AGENT, Bench, VIEWER, new_call};

/// How many listen with each of two tokens, one of them to deliveries, too.
const LISTENERS: usize = 50;

/// How many events there are a second, and for how many seconds.
const EVENTS: (u64, u64) = (200, 20);

/// How an event of a call begins.
const CALL: &[u8] = b"event: call\n";

/// The processor time that threads of this name have had.
fn spent(name: &str) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let ticks =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok()).map(|stat| {
            let (before, after) = stat.rsplit_once(')').unwrap();
            // After the name come the state and ten numbers, then the time for itself and for the system (proc(5)).
            let fields: Vec<u64> =
                after.split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap()).collect();
            if before.contains(name) { fields.iter().sum() } else { 0 }
        });
    // The kernel counts hundredths of a second.
    Duration::from_millis(10 * ticks.sum::<u64>())
}

#[test]
#[ignore = "it takes half a minute, and what it prints is for people"]
fn fifty_tails_and_fifty_desks() {
    let serving =
        Builder::new_multi_thread().worker_threads(2).thread_name("api").enable_all().build().unwrap();
    let bench = Bench::new();
    let stop = CancellationToken::new();
    let listener = serving.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    serving.spawn(bench.server.serve_tcp(listener, stop.clone()));
    let listening = thread::Builder::new().name("listeners".to_owned()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for place in 0..2 * LISTENERS {
                let (token, query) = if place % 2 == 0 { (VIEWER, "?deliveries=true") } else { (AGENT, "") };
                all.spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let asking = format!(
                        "GET /events{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
                    );
                    stream.write_all(asking.as_bytes()).await.unwrap();
                    let (mut received, mut bytes, mut kept) = (0, vec![0; 65536], 0);
                    while let Ok(read) = stream.read(&mut bytes[kept..]).await
                        && read > 0
                    {
                        let all = kept + read;
                        received += bytes[..all].windows(CALL.len()).filter(|window| *window == CALL).count();
                        // What may be the beginning of the next is looked at again.
                        kept = all.min(CALL.len() - 1);
                        bytes.copy_within(all - kept..all, 0);
                    }
                    received
                });
            }
            let mut received = Vec::new();
            while let Some(each) = all.join_next().await {
                received.push(each.unwrap());
            }
            received
        })
    });
    while serving.block_on(async { bench.live.feed().listeners() }) < 2 * LISTENERS {
        thread::sleep(Duration::from_millis(10));
    }
    let telling = Builder::new_current_thread().enable_all().build().unwrap();
    let before = spent("api");
    let mut took = telling.block_on(async {
        let mut pace = interval(Duration::from_secs(1) / u32::try_from(EVENTS.0).unwrap());
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut took = Vec::new();
        for number in 0..EVENTS.0 * EVENTS.1 {
            pace.tick().await;
            let committed = bench.write(new_call(&number.to_string()), &["zammad", "crm"]);
            let (began, now) = (Instant::now(), Timestamp::now());
            bench.live.record_committed(&committed, true, now);
            for (target, id) in &committed.deliveries {
                let progress = DeliveryProgress {
                    id: id.0,
                    target: target.to_string(),
                    event: None,
                    state: "delivered",
                    failures: 0,
                    delay_ms: Some(3),
                    reason: None,
                };
                bench.live.record_progress(progress, now);
            }
            took.push(began.elapsed());
        }
        took
    });
    took.sort_unstable();
    thread::sleep(Duration::from_secs(1));
    let spent = spent("api") - before;
    stop.cancel();
    let received = listening.unwrap().join().unwrap();
    let expected = usize::try_from(EVENTS.0 * EVENTS.1).unwrap();
    assert!(received.iter().all(|each| *each == expected), "{received:?}");
    let share = spent.as_secs_f64() / EVENTS.1 as f64 * 100.0;
    println!(
        "{} listeners, {} events/s with two deliveries each: {share:.1} % of one core to serve them; \
         telling took {} us as a rule, {} us at most",
        2 * LISTENERS,
        EVENTS.0,
        took[took.len() / 2].as_micros(),
        took[took.len() - 1].as_micros()
    );
}
