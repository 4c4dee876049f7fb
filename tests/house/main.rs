//! The house rules that no compiler holds: which crate may know which, how large they grow, which words are used.
//!
//! They read the repository's files and nothing else, but for `cargo tree`, which is asked without a network.

#![cfg(test)]

mod circles;
mod crates;
mod dependencies;
mod invariants;
mod source;
mod tree;
mod unit;
mod words;
