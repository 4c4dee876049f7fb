//! `ringwire replay`.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{capture, captures, ringwire, run, stderr, stdout};

fn replay(args: &[&str], file: &str) -> String {
    let output = run([&["replay"], args, &[capture(file).to_str().unwrap()]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_line_an_event_with_the_clock_of_the_recording() {
    assert_eq!(
        replay(&[], "22/queue-answered"),
        "      +0.001  newCall   pbx1-1795226772.37      in          491761234567 → 4930300         Alice Adams (101), Bob Bauer (102)  [support]
      +0.001  queueEntered  pbx1-1795226772.37      in          491761234567 → 4930300         [support]
      +0.002  ringing   pbx1-1795226772.37      in          491761234567 → 4930300         Alice Adams (101)  [support]
      +0.003  ringing   pbx1-1795226772.37      in          491761234567 → 4930300         Bob Bauer (102)  [support]
      +2.004  queueLeft  pbx1-1795226772.37      in          491761234567 → 4930300         answered  [support]
      +2.005  ringingStopped  pbx1-1795226772.37      in          491761234567 → 4930300         Alice Adams (101)  answeredElsewhere  [support]
      +2.005  answer    pbx1-1795226772.37      in          491761234567 → 4930300         Bob Bauer (102)  [support]
      +5.003  hangup    pbx1-1795226772.37      in          491761234567 → 4930300         normalClearing  [support]
"
    );
}

#[test]
fn a_json_object_an_event() {
    let output_text = replay(&["--json"], "11/inbound-busy");
    let events: Vec<serde_json::Value> =
        output_text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["newCall", "ringing", "ringingStopped", "hangup"]);
    assert_eq!(events[3]["cause"], "busy");
    assert_eq!(events[3]["id"], format!("{}/4", events[3]["call"].as_str().unwrap()));
}

#[test]
fn a_post_is_exactly_the_fields_posted() {
    assert_eq!(
        replay(&["--to", "zammad", "--json"], "16/inbound-voicemail"),
        r#"{"event":"newCall","callId":"pbx1-1795226973.26","from":"491761234567","to":"4930101","direction":"in","user":["Alice Adams"]}
{"event":"answer","callId":"pbx1-1795226973.26","from":"491761234567","to":"4930101","direction":"in","user":"voicemail"}
{"event":"hangup","callId":"pbx1-1795226973.26","from":"491761234567","to":"4930101","direction":"in","cause":"normalClearing"}
"#
    );
}

#[test]
fn several_files_are_successive_connections() {
    let (before, after) = (capture("22/resync-midcall"), capture("22/resync-midcall.after-reconnect"));
    let output =
        run(["replay", "--to", "zammad", "--json", before.to_str().unwrap(), after.to_str().unwrap()]);
    let expected =
        fs::read_to_string(captures().join("expected/resync-midcall+after-reconnect.jsonl")).unwrap();
    assert_eq!(
        stdout(&output).replace("pbx1-1795226907.117", "$1").lines().count(),
        expected.lines().count()
    );
}

#[test]
fn standard_input_is_a_recording_too() {
    let bytes = fs::read(capture("22/inbound-answered")).unwrap();
    let mut child = ringwire()
        .args(["replay", "--to", "zammad", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert_eq!(stdout(&child.wait_with_output().unwrap()).lines().count(), 3);
}

#[test]
fn timestamp_headers_are_a_clock() {
    let text = fs::read_to_string(capture("22/inbound-busy")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stamped.ami");
    fs::write(
        &file,
        text.replace("Privilege: call,all\r\n", "Privilege: call,all\r\nTimestamp: 1795226714.250000\r\n"),
    )
    .unwrap();
    let output_text = stdout(&run(["replay", "--json", file.to_str().unwrap()]));
    assert!(
        output_text.lines().all(|line| line.contains(r#""time":"2026-11-21T02:05:14.25Z""#)),
        "{output_text}"
    );
}

#[test]
fn real_time_takes_its_time_and_a_multiple_less() {
    let file = capture("22/inbound-busy");
    let begun = Instant::now();
    let output = run(["replay", "--speed", "4", file.to_str().unwrap()]);
    assert_eq!(stdout(&output).lines().count(), 4);
    // The call takes 0.3 s: four times as fast is not at once.
    assert!(begun.elapsed() > Duration::from_millis(60));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_and_an_exit_code() {
    let file = capture("22/inbound-busy");
    let file = file.to_str().unwrap();
    for (args, code, output_text) in [
        (vec!["replay", "/nowhere/call.ami"], 66, "cannot open /nowhere/call.ami"),
        (vec!["replay", "/"], 66, "cannot open /"),
        (vec!["replay", "--to", "zamad", file], 64, "expected one of: zammad"),
        (vec!["replay", "--config", "/nowhere/ringwire.toml", file], 78, "/nowhere/ringwire.toml"),
        (vec!["replay", "--speed", "0", file], 64, "expected a number above 0"),
        (vec!["replay"], 64, "<FILE>"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(output_text), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = ringwire()
        .arg("replay")
        .args(std::iter::repeat_n(capture("22/queue-answered"), 200))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}
