//! `ringwire tail` at a daemon.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;

use super::double::{Double, PATIENCE, call, event};
use crate::support::{ringwire, stderr};

/// A running `ringwire tail`.
struct Tail {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Tail {
    fn start(double: &Double, args: &[&str]) -> Self {
        let mut command = ringwire();
        command.env_remove("RINGWIRE_API").env("LC_ALL", "C.UTF-8").arg("tail").args(args);
        command.arg("--api").arg(double.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it ended: {line:?}");
        line.truncate(line.len() - 1);
        line
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// As with ctrl-c: what it still output_text, and how it ended.
    fn interrupt(mut self) -> (String, Output) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait_with_output().unwrap())
    }
}

#[test]
fn each_event_is_told_once_and_in_order_over_twenty_restarts() {
    const EVENTS: i64 = 420;
    let mut double = Double::start();
    let mut tail = Tail::start(&double, &["--json", "--after", "0"]);
    let reader = std::thread::spawn(move || {
        let places: Vec<_> = (0..EVENTS).map(|_| tail.json()["cursor"].as_i64().unwrap()).collect();
        (places, tail)
    });
    let mut last = Some(0);
    for restart in 0..=20 {
        let asked = double.asked();
        assert_eq!(asked.last, last);
        let from = asked.last.unwrap() + 1;
        let until = if restart == 20 { EVENTS } else { (restart + 1) * 20 };
        let mut stream = asked.stream(EVENTS);
        // What was output_text before, as a daemon that is not sure would.
        for place in (from - 3).max(1)..from {
            stream.raw(&call(&event(place, "delivered")).replace(&format!("id: {place}\n"), ""));
        }
        for place in from..=until {
            stream.call(&event(place, "pending"));
            stream.delivery(place, "delivered", 0);
        }
        let half = call(&event(until + 1, "pending"));
        stream.raw(&half[..half.len() * usize::try_from(restart).unwrap() / 21]);
        last = Some(until);
        if restart == 20 {
            let (places, tail) = reader.join().unwrap();
            assert_eq!(places, (1..=EVENTS).collect::<Vec<_>>());
            let (rest, output) = tail.interrupt();
            assert_eq!((rest.as_str(), output.status.code()), ("", Some(0)));
            assert_eq!(stderr(&output).matches("(connection lost: ").count(), 20, "{}", stderr(&output));
            return;
        }
        if restart % 3 == 0 {
            drop(stream);
            double.vanish();
        }
    }
}

#[test]
fn a_place_is_known_from_the_first_moment() {
    let double = Double::start();
    let mut tail = Tail::start(&double, &["--json"]);
    let asked = double.asked();
    assert_eq!(asked.last, None);
    assert_eq!(asked.path, "/events?deliveries=true");
    let stream = asked.stream(7);
    drop(stream);
    let asked = double.asked();
    assert_eq!(asked.last, Some(7));
    let mut stream = asked.stream(8);
    stream.call(&event(8, "delivered"));
    assert_eq!(tail.json()["cursor"], 8);
    stream.raw("event: reset\ndata: {}\n\n");
    stream.call(&event(1, "delivered"));
    assert_eq!(tail.json()["cursor"], 1);
    drop(stream);
    assert_eq!(double.asked().last, Some(1));
    let (_, output) = tail.interrupt();
    assert!(stderr(&output).contains("new journal"), "{}", stderr(&output));
}

#[test]
fn a_line_has_what_became_of_its_deliveries() {
    let double = Double::start();
    let mut tail = Tail::start(&double, &["--direction", "in,out"]);
    let asked = double.asked();
    assert_eq!(asked.path, "/events?direction=in%2Cout&deliveries=true");
    let mut stream = asked.stream(0);
    stream.call(&event(1, "pending"));
    stream.delivery(1, "delivered", 0);
    assert_eq!(
        tail.line(),
        "02:05:07.000  6702.0        newCall   in          491761234567 \u{2192} 4930100         Alice  zammad \u{2713}"
    );
    stream.call(&event(2, "pending"));
    assert!(tail.line().ends_with("Alice  zammad \u{2026}"));
    stream.delivery(2, "delivered", 2);
    assert!(tail.line().ends_with("6702.0        zammad \u{2713}  ringing of 1795226702.0 after 3 attempts"));
    stream.call(&event(3, "expired"));
    assert!(tail.line().ends_with("missed: caller gave up, rang 14s  zammad \u{2013} expired"));
    stream.call(&event(4, "pending"));
    // One more frame that it must have read, so that the one before is there.
    stream.call(&event(5, "pending"));
    let first = tail.line();
    let (rest, output) = tail.interrupt();
    assert!(first.ends_with("Alice  zammad \u{2026}"));
    assert!(rest.is_empty() || rest.ends_with("Alice  zammad \u{2026}\n"), "{rest}");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn what_settles_while_there_is_no_connection_is_asked_for() {
    let double = Double::start();
    let mut tail = Tail::start(&double, &["--json"]);
    let mut stream = double.asked().stream(0);
    stream.call(&event(1, "pending"));
    assert_eq!(tail.json()["deliveries"][0]["state"], "pending");
    drop(stream);
    let asked = double.asked();
    assert_eq!(asked.last, Some(1));
    let _stream = asked.stream(1);
    let asked = double.asked();
    assert_eq!(asked.path, "/api/v1/deliveries/1");
    let detail = r#"{"id":1,"target":"zammad","event":"1795226702.0/1","kind":"newCall","call":"1795226702.0",
        "state":"dead","failures":3,"reason":"HTTP 410","sentEvent":{},"attempts":[]}"#;
    asked.answer("200 OK", "application/json", detail);
    let late = tail.json();
    assert_eq!((&late["event"], &late["state"]), (&"delivery".into(), &"dead".into()));
    assert_eq!((&late["of"], &late["failures"]), (&"1795226702.0/1".into(), &3.into()));
    let (_, output) = tail.interrupt();
    assert!(stderr(&output).ends_with("(reconnected)\n"), "{}", stderr(&output));
}

#[test]
fn what_is_not_understood_is_said_and_passed_over() {
    let double = Double::start();
    let mut tail = Tail::start(&double, &["--json", "--missed", "--no-deliveries"]);
    let asked = double.asked();
    assert_eq!(asked.path, "/events");
    let mut stream = asked.stream(0);
    stream.raw("event: novelty\ndata: x\n\nevent: call\nid: 1\ndata: {\"event\":\"\u{1b}[2J\"}\n\n");
    for place in 2..=3 {
        stream.call(&event(place, "pending"));
    }
    let printed = tail.json();
    assert_eq!((&printed["cursor"], &printed["deliveries"]), (&3.into(), &serde_json::json!([])));
    let (_, output) = tail.interrupt();
    let output_text = stderr(&output);
    assert!(
        output_text.starts_with("(ignored a message that this version does not understand: call: "),
        "{output_text}"
    );
    assert!(!output_text.contains('\u{1b}'), "{output_text}");
}

#[test]
fn nobody_reads_on() {
    let double = Double::start();
    let mut tail = Tail::start(&double, &["--no-deliveries"]);
    let mut stream = double.asked().stream(0);
    stream.call(&event(1, "pending"));
    tail.line();
    let Tail { mut child, lines } = tail;
    drop(lines);
    let began = std::time::Instant::now();
    let mut place = 2;
    let status = loop {
        stream.call(&event(place, "pending"));
        place += 1;
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < PATIENCE);
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(0));
    let mut output_text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut output_text).unwrap();
    assert_eq!(output_text, "");
}

#[test]
fn a_refusal_says_what_to_do() {
    let double = Double::start();
    let tail = Tail::start(&double, &[]);
    let problem = r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"a viewer may not","hint":"ask anna"}"#;
    double.asked().answer("403 Forbidden", "application/problem+json", problem);
    let output = tail.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).ends_with("a viewer may not\n\nhint: ask anna\n"), "{}", stderr(&output));
}

#[test]
fn another_program_is_not_taken_for_a_daemon() {
    let double = Double::start();
    let tail = Tail::start(&double, &[]);
    double.asked().answer("200 OK", "text/html", "<html>");
    let output = tail.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("unexpected response"), "{}", stderr(&output));
}

#[test]
fn where_no_daemon_is_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.sock");
    let check = |what: &str| {
        let output = ringwire().args(["tail", "--api"]).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(69));
        let output_text = stderr(&output);
        assert!(
            output_text.contains(what) && output_text.contains("systemctl status ringwire"),
            "{output_text}"
        );
    };
    check("no such socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    check("nothing listens on the socket");
}
