//! The tracker against recorded and made-up calls.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod agents;
mod captures;
mod causes;
mod customer_first;
mod cuts;
mod details;
mod dialects;
mod dialled;
mod disorder;
mod explanations;
mod forged;
mod healing;
mod invariants;
mod limits;
mod listed;
mod offices;
mod originate;
mod pbx;
mod resume;
mod rounds;
mod scenarios;
mod summaries;
mod support;
mod transfers;
mod vocabulary;
