//! `ringwire tail`.

mod daemon;
pub(crate) mod double;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::support::{capture, ringwire};

#[test]
fn events_are_told_as_the_recording_grows() {
    let bytes = fs::read(capture("22/inbound-answered")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("growing.ami");
    fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
    let mut child = ringwire().args(["tail", "--json"]).arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();

    let mut names = Vec::new();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let mut rest = Some(&bytes[bytes.len() / 3..]);
    while names.last().is_none_or(|name| name != "hangup") {
        if let Some(rest) = rest.take() {
            file.write_all(rest).unwrap();
        }
        names.push(next()["event"].as_str().unwrap().to_owned());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names, ["newCall", "ringing", "answer", "hangup"]);
}
