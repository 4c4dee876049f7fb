//! The fuzzer's corpus, played through what the fuzzer runs.

#[path = "../../../fuzz/src/tracker.rs"]
#[allow(unreachable_pub, reason = "the fuzz target is another crate")]
mod tracker;

#[test]
fn whatever_the_fuzzer_found_keeps_the_rules() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/tracker");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20, "{} files", files.len());
    for file in files {
        println!("{}", file.display()); // shown if it fails
        tracker::run(&std::fs::read(file).unwrap());
    }
}
