//! `ringwire demo`.

use crate::support::{run, stderr, stdout};

#[test]
fn the_demo_shows_both_sides_and_ends_by_itself() {
    let output = run(["demo", "--speed", "40"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert_eq!(shown.matches("  newCall   pbx1-").count(), 8, "{shown}");
    assert_eq!(shown.matches("→ Zammad 200  newCall").count(), 8, "{shown}");
    assert_eq!(shown.matches("→ Zammad 200  hangup").count(), 8, "{shown}");
    assert!(!shown.contains("→ Zammad 5") && !shown.contains("→ Zammad 4"), "{shown}");
    let log = shown.split_once("Zammad's caller log").unwrap().1;
    assert_eq!((log.lines().count(), log.matches("missed").count()), (9, 2), "{shown}");
}
