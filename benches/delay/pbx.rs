//! A PBX that sends calls at a steady rate and notes when.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::Key;

/// From one moment of a call to the next.
#[allow(dead_code, reason = "several benchmarks share it")]
const STEP: Duration = Duration::from_millis(700);

pub(crate) struct Pbx {
    address: SocketAddr,
    /// The connection, once its lists were asked for.
    line: Arc<(Mutex<Option<TcpStream>>, Condvar)>,
}

#[allow(dead_code, reason = "several benchmarks share it")]
impl Pbx {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new((Mutex::new(None), Condvar::new()));
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            answer(stream, &shared);
        });
        Self { address, line }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends the events of so many calls, and gives when each answer and each hangup was sent.
    pub(crate) fn send_calls(&self, calls: u32, rate: u32) -> Vec<(Key, Instant)> {
        self.send_calls_in_steps(calls, rate, STEP)
    }

    /// The same, with `step` from one moment of a call to the next of its three.
    pub(crate) fn send_calls_in_steps(&self, calls: u32, rate: u32, step: Duration) -> Vec<(Key, Instant)> {
        let (line, listed) = &*self.line;
        let guard = listed.wait_while(line.lock().unwrap(), |stream| stream.is_none()).unwrap();
        let mut stream = guard.as_ref().unwrap().try_clone().unwrap();
        drop(guard);
        let mut sent = Vec::new();
        let begun = Instant::now() + Duration::from_millis(200);
        let mut due: BTreeMap<(Duration, u32), u8> = BTreeMap::new();
        for call in 0..calls {
            let start = Duration::from_secs(1) * call / rate;
            for place in 0..3 {
                due.insert((start + step * u32::from(place), call), place);
            }
        }
        for ((at, call), step) in due {
            let until = begun + at;
            thread::sleep(until.saturating_duration_since(Instant::now()));
            let text = moment(call, step);
            let now = Instant::now();
            stream.write_all(text.as_bytes()).unwrap();
            match step {
                1 => sent.push(((uniqueid(call, 0), "answer"), now)),
                2 => sent.push(((uniqueid(call, 0), "hangup"), now)),
                _ => {}
            }
        }
        sent
    }
}

fn uniqueid(call: u32, leg: u32) -> String {
    format!("1795226702.{}", call * 2 + leg)
}

fn moment(call: u32, step: u8) -> String {
    let (a, b) = (uniqueid(call, 0), uniqueid(call, 1));
    let caller = format!("49176{call:07}");
    let legs = [("PJSIP/trunk", &a, "from-trunk", "100"), ("PJSIP/alice", &b, "internal", "")];
    let event = |name: &str, leg: usize, more: &str| {
        let (endpoint, uniqueid, context, exten) = legs.get(leg).unwrap();
        format!(
            "Event: {name}\r\nPrivilege: call,all\r\nChannel: {endpoint}-{call:08x}\r\nContext: {context}\r\n\
             Exten: {exten}\r\nUniqueid: {uniqueid}\r\nLinkedid: {a}\r\n{more}\r\n"
        )
    };
    match step {
        0 => [
            event("Newchannel", 0, &format!("ChannelState: 4\r\nCallerIDNum: {caller}\r\n")),
            event("Newchannel", 1, "ChannelState: 0\r\nCallerIDNum: 101\r\nCallerIDName: Alice\r\n"),
            event(
                "DialBegin",
                0,
                &format!("DestUniqueid: {b}\r\nDestChannel: PJSIP/alice-{call:08x}\r\nDialString: alice\r\n"),
            ),
            event("Newstate", 1, "ChannelState: 5\r\n"),
        ]
        .concat(),
        1 => [
            event("Newstate", 1, "ChannelState: 6\r\n"),
            event("DialEnd", 0, &format!("DestUniqueid: {b}\r\nDialStatus: ANSWER\r\n")),
            event("Newstate", 0, "ChannelState: 6\r\n"),
            event("BridgeEnter", 1, &format!("BridgeUniqueid: b{call}\r\nBridgeType: basic\r\n")),
            event("BridgeEnter", 0, &format!("BridgeUniqueid: b{call}\r\nBridgeType: basic\r\n")),
        ]
        .concat(),
        _ => [
            event("BridgeLeave", 1, &format!("BridgeUniqueid: b{call}\r\nBridgeType: basic\r\n")),
            event("Hangup", 1, "Cause: 16\r\n"),
            event("BridgeLeave", 0, &format!("BridgeUniqueid: b{call}\r\nBridgeType: basic\r\n")),
            event("Hangup", 0, "Cause: 16\r\n"),
        ]
        .concat(),
    }
}

/// Says yes to everything, and that there are no calls yet.
fn answer(mut stream: TcpStream, line: &(Mutex<Option<TcpStream>>, Condvar)) {
    stream.write_all(b"Asterisk Call Manager/11.0.0\r\n").unwrap();
    let reader = BufReader::new(stream.try_clone().unwrap());
    let (mut action, mut id, mut queues) = (String::new(), String::new(), false);
    for text in reader.lines() {
        let Ok(text) = text else { return };
        let text = text.trim_end();
        if let Some(name) = text.strip_prefix("Action: ") {
            name.clone_into(&mut action);
        } else if let Some(own) = text.strip_prefix("ActionID: ") {
            own.clone_into(&mut id);
        } else if text.is_empty() && !action.is_empty() {
            let (extra, list) = match action.as_str() {
                "Challenge" => ("Challenge: 123456789\r\n", None),
                "CoreStatus" => ("CoreStartupDate: 2026-11-21\r\nCoreStartupTime: 01:00:00\r\n", None),
                "CoreShowChannels" => ("EventList: start\r\n", Some("CoreShowChannelsComplete")),
                "Status" => ("EventList: start\r\n", Some("StatusComplete")),
                "QueueStatus" => ("EventList: start\r\n", Some("QueueStatusComplete")),
                _ => ("", None),
            };
            let mut reply = format!("Response: Success\r\nActionID: {id}\r\n{extra}\r\n");
            if let Some(end) = list {
                reply +=
                    &format!("Event: {end}\r\nActionID: {id}\r\nEventList: Complete\r\nListItems: 0\r\n\r\n");
            }
            if stream.write_all(reply.as_bytes()).is_err() {
                return;
            }
            queues |= action == "CoreShowChannels";
            if queues {
                let mut ready = line.0.lock().unwrap();
                if ready.is_none() {
                    *ready = Some(stream.try_clone().unwrap());
                    line.1.notify_all();
                }
            }
            action.clear();
            id.clear();
        }
    }
}
