//! `ringwire explain`.

use std::fs;
use std::io::Read;

use insta::with_settings;

use crate::support::{capture, captures, run, stderr, stdout};

const RELEASES: [&str; 3] = ["11", "16", "22"];

/// How much of a busy hour is held against its snapshot.
const LINES: usize = 120;

fn explain(args: &[&str]) -> String {
    let output = run([&["explain"], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn check(name: &str, story: &str) {
    with_settings!({ snapshot_path => "explained", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, story);
    });
}

#[test]
fn every_recorded_call_can_be_followed() {
    for release in RELEASES {
        let mut files: Vec<_> =
            fs::read_dir(captures().join(release)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "ami")) {
            let story = explain(&["--to", "zammad", file.to_str().unwrap()]);
            assert!(story.lines().count() <= 300, "{} is too long to be followed", file.display());
            check(&format!("{release}-{}", file.file_stem().unwrap().to_str().unwrap()), &story);
        }
    }
}

#[test]
fn a_busy_hour_is_a_line_a_call_and_each_can_be_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("storm.ami");
    let packed = fs::File::open(captures().join("storm-22.ami.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap();
    let all = explain(&["--brief", file]);
    let lines: Vec<_> = all.lines().collect();
    let (total, calls) = lines.split_last().unwrap();
    assert!(total.starts_with(&format!("{} calls", calls.len())), "{total}");
    check("storm-22", &format!("{}\n…\n{total}", calls[..LINES].join("\n")));
    let id = calls[LINES].split(": ").next().unwrap();
    let one = explain(&["--call", id, file]);
    assert!(
        one.starts_with(&format!("{id}: ")) && one.contains("newCall") && one.contains("hangup"),
        "{one}"
    );
}

#[test]
fn a_call_is_found_by_the_uniqueid_of_any_of_its_channels() {
    let file = capture("22/inbound-answered");
    let file = file.to_str().unwrap();
    let all = explain(&[file]);
    let one = all.trim_end().rsplit_once("\n\n").unwrap().0;
    for id in ["pbx1-1795226702.0", "pbx1-1795226702.1"] {
        assert_eq!(explain(&["--call", id, file]).trim_end(), one);
    }
}

#[test]
fn machines_get_the_notes_as_the_journal_has_them() {
    let told = explain(&["--json", "--to", "zammad", capture("22/inbound-busy").to_str().unwrap()]);
    let told: serde_json::Value = serde_json::from_str(told.trim_end()).unwrap();
    assert_eq!(told["id"], "pbx1-1795226714.6");
    assert_eq!(told["events"][2]["cause"], "busy");
    assert_eq!(told["deliveries"][0]["request"]["event"], "newCall");
    let over = told["story"].as_array().unwrap().iter().find(|note| note["concluded"] == "over").unwrap();
    assert_eq!((&over["rule"], &over["heard"]["event"]), (&"rules 4.3".into(), &"Hangup".into()));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_and_an_exit_code() {
    let file = capture("22/inbound-busy");
    let file = file.to_str().unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let journal = nowhere.path().join("journal.db");
    let journal = journal.to_str().unwrap();
    for (args, code, said) in [
        (vec!["explain"], 64, "CALL|FILE"),
        (
            vec!["explain", "/nowhere/call.ami", "--journal", journal],
            66,
            "/nowhere/call.ami: there is no such file",
        ),
        (vec!["explain", "1795226702.0", "--journal", journal], 66, "there is no journal yet"),
        (vec!["explain", "1795226702.0", "--to", "zammad"], 64, "--to is for recordings"),
        (vec!["explain", file, "--call", "1.1"], 64, "no call 1.1 is in it"),
        (vec!["explain", file, "--to", "zamad"], 64, "expected one of: zammad"),
        (vec!["explain", file, "--json", "--brief"], 64, "cannot be used with"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}
