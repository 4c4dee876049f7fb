//! The systemd unit that packages ship.

use std::{path::Path, process::Command};

/// The highest exposure that `systemd-analyze security` may find, in tenths.
const EXPOSURE: u32 = 12;

fn unit() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd/ringwire.service")
}

#[test]
fn the_unit_exposes_as_little_as_it_can() {
    let analysis = Command::new("systemd-analyze")
        .args(["security", "--no-pager", "--offline=true", &format!("--threshold={EXPOSURE}")])
        .arg(unit())
        .output();
    let Ok(analysis) = analysis else {
        println!("skipped: there is no systemd-analyze here");
        return;
    };
    let found = String::from_utf8_lossy(&analysis.stdout);
    let overall = found.lines().find(|line| line.contains("Overall exposure level"));
    match overall {
        Some(overall) => assert!(analysis.status.success(), "{overall}"),
        // Before systemd 250 it analyses no files.
        None => println!("skipped: {}", String::from_utf8_lossy(&analysis.stderr)),
    }
}

#[test]
fn no_dump_of_the_daemon_is_written() {
    let text = std::fs::read_to_string(unit()).unwrap();
    assert!(text.lines().any(|line| line == "LimitCORE=0"), "{text}");
}
