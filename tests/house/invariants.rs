//! What ARCHITECTURE.md and CONTRIBUTING.md name exists: the tests that hold an invariant, and files.

use crate::tree::{files, root, text};

/// The heading under which they stand, and the next one.
const BEGIN: &str = "\n## Invariants\n";
const END: &str = "\n## ";

/// What stands before the names of the tests of an invariant.
const HELD_BY: &str = "Held by ";

#[test]
fn every_invariant_names_tests_that_exist() {
    let architecture = text("ARCHITECTURE.md");
    let (_, rest) = architecture.split_once(BEGIN).expect("ARCHITECTURE.md has a section `Invariants`");
    let section = rest.split_once(END).map_or(rest, |(section, _)| section);
    let sources: String = ["crates", "src", "tests"]
        .iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .map(|path| text(&path))
        .collect();
    let mut wrong = Vec::new();
    for invariant in section.lines().filter(|line| line.starts_with(|char: char| char.is_ascii_digit())) {
        let tests = invariant.split_once(HELD_BY).map(|(_, tests)| tests).unwrap_or_default();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            wrong.push(format!("no test is named: {invariant}"));
        }
        for name in names {
            let function = name.rsplit("::").next().unwrap_or(name);
            if !sources.contains(&format!("fn {function}(")) {
                wrong.push(format!("there is no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_name_files_that_exist() {
    const BEGINNINGS: [&str; 6] = ["crates/", "src/", "tests/", "docs/", "examples/", "packaging/"];
    let mut missing = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = text(document);
        let named = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        let paths = named.filter(|name| BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)));
        missing.extend(
            paths.filter(|path| !root().join(path).exists()).map(|path| format!("{document}: {path}")),
        );
    }
    assert!(missing.is_empty(), "these are elsewhere now:\n{}", missing.join("\n"));
}
