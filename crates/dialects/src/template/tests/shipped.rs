//! The files that are part of ringwire.

use crate::template::{SKELETON, TemplateFile, run_examples, shipped_names, shipped_text};

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

#[test]
fn the_file_to_start_from_is_sound_and_its_example_holds() {
    let file = TemplateFile::parse(SKELETON).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    for report in run_examples(&file.into()) {
        assert!(report.failures.is_empty(), "{report:#?}");
    }
}

/// A reader ends up with a file that works, and has touched nothing else.
#[test]
fn the_file_of_the_tutorial_is_sound_and_its_example_holds() {
    let page = include_str!("../../../../../docs/template-dialects.md");
    let (_, whole) = page.split_once("and the whole file").unwrap();
    let text = whole.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap();
    let file = TemplateFile::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let reports = run_examples(&file.into());
    assert!(reports.iter().all(|report| report.requests > 0 && report.failures.is_empty()), "{reports:#?}");
}

#[test]
fn the_page_names_every_filter_function_and_verdict() {
    use crate::template::{
        reply_rule::VERDICTS,
        vocabulary::{FILTERS, FUNCTIONS, TESTS},
    };
    let page = include_str!("../../../../../docs/template-dialects.md");
    let known = FILTERS.iter().chain(&FUNCTIONS).chain(&VERDICTS);
    let missing: Vec<_> = known
        .filter(|name| !page.contains(&format!("`{name}")) && !page.contains(&format!("{name}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(TESTS.contains(&"none") && page.contains("is none"));
}
