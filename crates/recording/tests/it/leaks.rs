//! Checks that anonymised recordings contain no phone numbers and names.

use std::collections::BTreeSet;

use ringwire_ami::Frame;

use crate::support::{anonymised, anonymiser, busy_hour, captures};

#[test]
fn anonymised_captures_contain_no_number_or_name() {
    let captures = captures();
    // A number or name of any capture must be missing from all.
    let before: Vec<_> = captures.iter().flat_map(|(_, frames)| frames.clone()).collect();
    check("all", &before, "one seed");
}

#[test]
fn an_anonymised_busy_hour_contains_no_number_or_name() {
    check("storm-22", &busy_hour(5000), "one seed");
}

#[test]
fn the_captures_contain_the_numbers_and_names_searched_for() {
    let before: Vec<_> = captures().into_iter().flat_map(|(_, frames)| frames).collect();
    let (numbers, names) = (numbers(&before), names(&before));
    for number in ["491761234567", "4930100", "493055571642"] {
        assert!(numbers.contains(number), "{number}");
    }
    for name in ["alice", "adams", "müller", "ärger", "çelik", "customer"] {
        assert!(names.contains(name), "{name}");
    }
    let text = text(&before);
    assert!(numbers.iter().all(|number| text.contains(number.as_str())));
    assert!(names.is_subset(&words(&text)));
}

#[test]
fn anonymised_captures_contain_documentation_addresses_only() {
    let before: Vec<_> = captures().into_iter().flat_map(|(_, frames)| frames).collect();
    assert!(text(&before).contains("127.0.0.11"));
    assert!(!text(&anonymised(&before, &mut anonymiser("one seed"))).contains("127.0.0."));
}

fn check(name: &str, before: &[Frame], seed: &str) {
    let after = text(&anonymised(before, &mut anonymiser(seed)));
    let left: Vec<_> = numbers(before).into_iter().filter(|number| after.contains(number)).collect();
    assert!(left.is_empty(), "{name}: {left:?}");
    let shown = words(&after);
    let left: Vec<_> = names(before).into_iter().filter(|name| shown.contains(name)).collect();
    assert!(left.is_empty(), "{name}: {left:?}");
}

/// The text of all headers except channel ids and times, percent-decoded.
fn text(frames: &[Frame]) -> String {
    let mut text = String::new();
    for (key, value) in headers(frames) {
        let key = key.to_lowercase();
        let is_id = ["uniqueid", "uniqueid1", "uniqueid2", "linkedid"].iter().any(|id| key.ends_with(id));
        if !is_id && key != "timestamp" {
            text.push_str(&value);
            text.push('\n');
        }
    }
    text
}

/// The phone numbers of six or more digits.
fn numbers(frames: &[Frame]) -> BTreeSet<String> {
    const KEYS: [&str; 8] = [
        "calleridnum",
        "connectedlinenum",
        "exten",
        "extension",
        "callerid",
        "callerid1",
        "dnid",
        "dialstring",
    ];
    runs(frames, &KEYS, |is| is.is_ascii_digit()).filter(|run| run.len() >= 6).collect()
}

/// The words of three or more letters in names.
fn names(frames: &[Frame]) -> BTreeSet<String> {
    // Words of forwarded calls and of missing names.
    const NOT_NAMES: [&str; 4] = ["via", "sip", "unknown", "anonymous"];
    runs(frames, &["calleridname", "connectedlinename", "membername"], char::is_alphabetic)
        .filter(|word| word.chars().count() >= 3 && !NOT_NAMES.contains(&word.as_str()))
        .collect()
}

fn runs(frames: &[Frame], keys: &[&str], is: impl Fn(char) -> bool) -> impl Iterator<Item = String> {
    let values =
        headers(frames).filter(|(key, _)| keys.iter().any(|known| key.to_lowercase().ends_with(known)));
    let runs: BTreeSet<_> = values
        .flat_map(|(_, value)| {
            value.split(|c| !is(c)).filter(|run| !run.is_empty()).map(str::to_lowercase).collect::<Vec<_>>()
        })
        .collect();
    runs.into_iter()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase).collect()
}

fn headers(frames: &[Frame]) -> impl Iterator<Item = (String, String)> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Packet(packet) => Some(packet),
            Frame::Banner(_) => None,
        })
        .flat_map(|packet| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(&percent_decoded(bytes)).into_owned();
            packet.headers().map(|(key, value)| (text(key), text(value))).collect::<Vec<_>>()
        })
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        let code = str::from_utf8(after.get(..2).unwrap_or_default()).ok().filter(|_| *byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                rest = &after[2..];
            }
            None => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    out
}
