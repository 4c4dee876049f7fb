//! The fuzzer's corpus, played through what the fuzzer runs.

#[path = "../../../../fuzz/src/codec.rs"]
#[allow(unreachable_pub, reason = "the fuzz target is another crate")]
mod codec;

#[test]
fn the_fuzzing_corpus_is_framed_the_same_in_any_pieces() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/codec");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20, "{} files", files.len());
    for file in files {
        println!("{}", file.display()); // shown if it fails
        codec::run(&std::fs::read(file).unwrap());
    }
}
