//! The tracker against recorded and made-up calls.

mod captures;
mod invariants;
mod support;
