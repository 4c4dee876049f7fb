//! Which crate may know which, what the pure ones may not know, and how large a crate may grow.

use std::{collections::BTreeMap, process::Command};

use crate::tree::{Crate, crates, root, text};

/// The floors, from the ground up. A crate knows those below it, and those beside it.
const FLOORS: [(u8, &[&str]); 6] = [
    (1, &["event", "ami", "brokers", "terminal"]),
    (2, &["calls", "dialects", "delivery", "directory", "outbox", "recording"]),
    (3, &["config", "sender", "live"]),
    (4, &["api", "desk", "client"]),
    (5, &["doctor", "daemon"]),
    (6, &["ringwire"]),
];

/// Crates that stand beside the house: no floor of it knows them, but for the program, which plays the demo.
const BESIDE: [&str; 3] = ["call-tests", "demo", "testkit"];

/// Crates without tasks, files or a network, so that the same input gives the same output anywhere.
const PURE: [&str; 5] = ["event", "calls", "dialects", "delivery", "directory"];

/// What a pure crate may not be built with, however far away.
const IMPURE: [&str; 11] = [
    "tokio",
    "async-std",
    "mio",
    "socket2",
    "reqwest",
    "hyper",
    "rusqlite",
    "tempfile",
    "rustix",
    "fs-err",
    "walkdir",
];

/// More lines than this are two crates.
const LARGEST: usize = 8000;

/// The command line is thin.
const LARGEST_PROGRAM: usize = 7000;

/// The list of crates in ARCHITECTURE.md stands between these.
const BEGIN: &str = "<!-- crates: begin -->\n";
const END: &str = "<!-- crates: end -->";

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, names)| names.contains(&name)).map(|(floor, _)| *floor)
}

/// The crates and what they know, a line each, from the top floor down.
fn list(crates: &[Crate]) -> String {
    let mut lines: Vec<_> = crates
        .iter()
        .map(|one| {
            let floor = floor(&one.name);
            let shown = floor.map_or_else(|| "-".to_owned(), |floor| floor.to_string());
            let knows = one.knows();
            let knows = if knows.is_empty() { "nothing of ours".to_owned() } else { knows.join(", ") };
            (std::cmp::Reverse(floor), format!("{shown}  {:<10} -> {knows}\n", one.name))
        })
        .collect();
    lines.sort();
    let lines: String = lines.into_iter().map(|(_, line)| line).collect();
    format!("```text\n{lines}```\n")
}

#[test]
#[ignore = "prints the list of crates for ARCHITECTURE.md"]
fn print_the_crates() {
    println!("{BEGIN}{}{END}", list(&crates()));
}

#[test]
fn architecture_lists_the_crates_and_what_they_know() {
    let architecture = text("ARCHITECTURE.md");
    let listed = architecture.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let expected = list(&crates());
    assert_eq!(
        listed.map(|(listed, _)| listed),
        Some(expected.as_str()),
        "ARCHITECTURE.md must have between its markers what this prints:\n\
         cargo test -q --test house -- --ignored --nocapture print_the_crates\n\n{expected}"
    );
}

#[test]
fn arrows_point_down_or_sideways() {
    let wrong: Vec<_> = crates()
        .iter()
        .flat_map(|one| one.knows().into_iter().map(|known| (one.name.clone(), known)))
        .filter(|(from, to)| match (floor(from), floor(to)) {
            (Some(from), Some(to)) => to > from,
            (Some(_), None) => from != "ringwire",
            (None, _) => false,
        })
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert!(wrong.is_empty(), "a crate knows one above it:\n{}", wrong.join("\n"));
}

#[test]
fn every_crate_has_a_floor() {
    let names: Vec<_> = crates().into_iter().map(|one| one.name).collect();
    let homeless: Vec<_> =
        names.iter().filter(|name| floor(name).is_none() && !BESIDE.contains(&name.as_str())).collect();
    assert!(homeless.is_empty(), "give it a floor in tests/house/crates.rs: {homeless:?}");
}

#[test]
fn the_pure_crates_have_no_tasks_and_no_files() {
    let mut wrong = BTreeMap::new();
    for one in crates().iter().filter(|one| PURE.contains(&one.name.as_str())) {
        let built_with = transitive(&format!("ringwire-{}", one.name));
        let found: Vec<_> = built_with.into_iter().filter(|name| IMPURE.contains(&name.as_str())).collect();
        if !found.is_empty() {
            wrong.insert(one.name.clone(), found);
        }
    }
    assert!(
        wrong.is_empty(),
        "a pure crate is built with {wrong:?}; `cargo tree -p CRATE -e normal -i NAME` shows why"
    );
}

/// Everything that the library of `package` is linked with on this system.
fn transitive(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-e",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["-p", package])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn no_crate_grows_too_large() {
    for one in crates() {
        let lines: usize = one.sources().iter().map(|path| text(path).lines().count()).sum();
        let largest = if one.name == "ringwire" { LARGEST_PROGRAM } else { LARGEST };
        assert!(lines < largest, "{} has {lines} lines of Rust; at {largest} it is to be split", one.name);
    }
}
