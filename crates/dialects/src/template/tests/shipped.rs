//! The files that are part of ringwire.

use crate::template::{TemplateFile, run_examples, shipped_names, shipped_text};

#[test]
fn each_shipped_file_is_sound_and_its_examples_hold() {
    let mut wrong = Vec::new();
    for name in shipped_names() {
        match TemplateFile::parse(shipped_text(name).unwrap()) {
            Err(mistakes) => wrong.extend(mistakes.iter().map(|mistake| format!("{name}.toml:{mistake}"))),
            Ok(file) => {
                let file = std::sync::Arc::new(file);
                assert_eq!(file.name(), name);
                assert!(!file.about().is_empty(), "{name} says nothing about itself");
                let reports = run_examples(&file);
                let requests: usize = reports.iter().map(|report| report.requests).sum();
                if requests == 0 && file.events().count() > 0 {
                    wrong.push(format!("{name}.toml: has no example with a request"));
                }
                for failure in reports.iter().flat_map(|report| &report.failures) {
                    wrong.push(format!("{name}.toml:{}: {}", failure.line, failure.what));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
