//! The table of hazards names tests that there are.

use std::fs;
use std::path::Path;

#[test]
fn every_hazard_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = fs::read_to_string(root.join("docs/hazards.md")).unwrap();
    let mut count = 0;
    for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Hazard")) {
        let tests: Vec<_> = row.split('`').filter_map(|code| code.split_once(".rs::")).collect();
        assert!(!tests.is_empty(), "pinned by nothing: {row}");
        for (file, test) in tests {
            let (package, file) = file.split_once('/').unwrap();
            let package = root.join("crates").join(package);
            let places =
                ["", "tests/it", "tests"].map(|folder| package.join(folder).join(format!("{file}.rs")));
            let code = places.iter().find_map(|place| fs::read_to_string(place).ok()).unwrap_or_default();
            let found = code.contains(&format!("fn {test}("));
            assert!(found, "there is no test {test} in {package:?}/{file}.rs, which docs/hazards.md names");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}
