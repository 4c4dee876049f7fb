//! Real calls, recorded on Asterisk 11, 16 and 22: what Zammad must be posted for each.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};
use ringwire_ami::{EVENT_FILTERS, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_dialects::{RequestBody, Zammad, ZammadOptions};
use ringwire_event::CallEvent;
use serde_json::{Map, Value};

use crate::support::{Times, captures, follow, follow_frames, frames};

const RELEASES: [&str; 3] = ["11", "16", "22"];

#[test]
fn every_recorded_call_with_its_clock() {
    for_every_capture(|name, bytes, times| {
        check(name, &follow(rules(), &[(bytes, times)]), &expected(&captures(), name, ""));
    });
}

#[test]
fn every_recorded_call_without_a_clock() {
    for_every_capture(|name, bytes, _| {
        check(name, &follow(rules(), &[(bytes, None)]), &expected(&captures(), name, ""));
    });
}

#[test]
fn every_recorded_call_with_the_least_privileges() {
    for_every_capture(|name, bytes, _| {
        let granted = only_granted(bytes);
        let published = follow(rules(), &[(&granted, None)]);
        check(name, &published, &expected(&captures(), name, ".least-privileges"));
    });
}

#[test]
fn what_the_pbx_need_not_send_changes_nothing_said() {
    let mut spared = 0;
    for_every_capture(|name, bytes, times| {
        let all = frames(bytes);
        let sent: Vec<_> = all.iter().filter(|(frame, _)| is_sent(frame)).cloned().collect();
        spared += all.len() - sent.len();
        for times in [times, None] {
            assert_eq!(follow_clocked(&sent, times), follow_clocked(&all, times), "{name}");
        }
    });
    assert!(spared > 1_000, "{spared}");
}

fn follow_clocked(frames: &[(Frame, u64)], times: Option<&Times>) -> Vec<CallEvent> {
    follow_frames(&mut Tracker::new(rules()), frames.iter().cloned(), times)
}

/// Whether a PBX that was asked for economy sends this: the filters as regular expressions like those of POSIX.
fn is_sent(frame: &Frame) -> bool {
    static FILTERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let filter = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern.strip_prefix('!').unwrap());
            builder.unicode(false).dot_matches_new_line(true).build().unwrap()
        };
        EVENT_FILTERS.into_iter().map(filter).collect()
    });
    match frame {
        Frame::Packet(packet) => !FILTERS.iter().any(|filter| filter.is_match(packet.bytes())),
        Frame::Banner(_) => true,
    }
}

#[test]
fn a_call_goes_on_across_a_reconnection() {
    for release in RELEASES {
        let dir = captures().join(release);
        let before = fs::read(dir.join("resync-midcall.ami")).unwrap();
        let after = fs::read(dir.join("resync-midcall.after-reconnect.ami")).unwrap();
        let published = follow(rules(), &[(&before, None), (&after, None)]);
        check(
            &format!("{release}/resync-midcall+after-reconnect"),
            &published,
            &expected(&captures(), "22/resync-midcall+after-reconnect", ""),
        );
        assert!(published.iter().all(|event| !event.recovered), "nothing was missed on {release}");
    }
}

#[test]
fn what_was_missed_is_marked_as_recovered() {
    for release in RELEASES {
        let bytes = fs::read(captures().join(release).join("resync-midcall.after-reconnect.ami")).unwrap();
        let published = follow(rules(), &[(&bytes, None)]);
        let recovered: Vec<_> = published.iter().map(|event| (event.kind.name(), event.recovered)).collect();
        assert_eq!(recovered, [("newCall", true), ("answer", true), ("hangup", false)], "{release}");
    }
}

#[test]
fn a_busy_hour_gives_the_figures_of_its_counts() {
    let bytes = storm();
    let published = follow(rules(), &[(&bytes, None)]);
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let posts = posts(&published);
    for post in &posts {
        let (event, direction) = (post["event"].as_str().unwrap(), post["direction"].as_str().unwrap());
        let (group, key) = match post.get("cause") {
            Some(cause) => (
                "hangup by direction and cause".to_owned(),
                format!("{direction} {}", cause.as_str().unwrap()),
            ),
            None => (event.to_owned(), direction.to_owned()),
        };
        *counts.entry(group).or_default().entry(key).or_default() += 1;
    }
    let totals: Value =
        serde_json::from_str(&fs::read_to_string(captures().join("storm-22.counts.json")).unwrap()).unwrap();
    assert_eq!(posts.len() as u64, totals["posts"].as_u64().unwrap());
    for (group, counts) in counts {
        assert_eq!(serde_json::to_value(counts).unwrap(), totals[&group], "{group}");
    }
}

pub(crate) fn storm() -> Vec<u8> {
    let file = fs::File::open(captures().join("storm-22.ami.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn rules() -> Rules {
    Rules::new("pbx")
}

/// A recorded stream, named `RELEASE/SCENARIO`.
pub(crate) struct Recording {
    pub name: String,
    pub bytes: Vec<u8>,
    pub times: Option<Times>,
}

/// The recordings in a folder with one folder for each release.
pub(crate) fn recordings(folder: &Path) -> Vec<Recording> {
    let mut recordings = Vec::new();
    for release in RELEASES.iter().map(|release| folder.join(release)).filter(|release| release.exists()) {
        let mut files: Vec<_> = fs::read_dir(&release).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "ami")) {
            let times = fs::read_to_string(format!("{}.times", file.display())).ok();
            recordings.push(Recording {
                name: file.with_extension("").strip_prefix(folder).unwrap().to_str().unwrap().to_owned(),
                bytes: fs::read(file).unwrap(),
                times: times.as_deref().map(Times::parse),
            });
        }
    }
    assert!(recordings.len() > 90, "only {} recordings were found", recordings.len());
    recordings
}

pub(crate) fn for_every_capture(mut test: impl FnMut(&str, &[u8], Option<&Times>)) {
    for recording in recordings(&captures()) {
        test(&recording.name, &recording.bytes, recording.times.as_ref());
    }
}

/// The posts expected for a recording, by its scenario; `variant` is tried first.
pub(crate) fn expected(folder: &Path, name: &str, variant: &str) -> Vec<Value> {
    let (release, scenario) = name.split_once('/').unwrap();
    let file = [
        format!("{scenario}{variant}.jsonl"),
        format!("{scenario}.{release}.jsonl"),
        format!("{scenario}.jsonl"),
    ]
    .into_iter()
    .map(|file| folder.join("expected").join(file))
    .find(|file| Path::exists(file))
    .unwrap_or_else(|| panic!("nothing is expected of {name}"));
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn check(name: &str, published: &[CallEvent], expected: &[Value]) {
    if let Some(difference) = difference(published, expected) {
        panic!("{name}: {difference}");
    }
}

/// What Zammad is posted beside what is expected, where that differs.
pub(crate) fn difference(published: &[CallEvent], expected: &[Value]) -> Option<String> {
    let posts = posts(published);
    let text = |posts: &[Value]| posts.iter().map(|post| format!("  {post}\n")).collect::<String>();
    (posts != expected).then(|| format!("expected\n{}got\n{}", text(expected), text(&posts)))
}

/// What Zammad is posted, with call ids numbered in the order in which they are announced.
fn posts(published: &[CallEvent]) -> Vec<Value> {
    let zammad = Zammad::new(&ZammadOptions::default());
    let mut ids = BTreeMap::new();
    published
        .iter()
        .filter_map(|event| zammad.build_request(event))
        .map(|request| {
            let RequestBody::Json(Value::Object(mut fields)) = request.body else { panic!("not JSON") };
            number_call(&mut fields, &mut ids);
            Value::Object(fields)
        })
        .collect()
}

fn number_call(fields: &mut Map<String, Value>, ids: &mut BTreeMap<String, String>) {
    let next = format!("${}", ids.len() + 1);
    let id = fields["callId"].as_str().unwrap().to_owned();
    fields["callId"] = ids.entry(id).or_insert(next).clone().into();
}

/// A stream as a manager user who may read `system`, `call` and `agent` gets it.
pub(crate) fn only_granted(bytes: &[u8]) -> Vec<u8> {
    const GRANTED: [&[u8]; 4] = [b"system", b"call", b"agent", b"all"];
    let mut granted = Vec::new();
    for packet in split(bytes, b"\r\n\r\n") {
        let privilege = split(packet, b"\r\n").into_iter().find_map(|line| line.strip_prefix(b"Privilege: "));
        let may = privilege.is_none_or(|privilege| {
            privilege.split(|byte| *byte == b',').all(|class| GRANTED.contains(&class))
        });
        if may || !packet.starts_with(b"Event:") {
            granted.extend_from_slice(packet);
            granted.extend_from_slice(b"\r\n\r\n");
        }
    }
    granted
}

fn split<'a>(mut bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + mark.len()..];
    }
    parts.push(bytes);
    parts
}
