//! Zammad and the servers in front of it fail in every way they do, and no call comes out wrong.
//!
//! The delivery machine, the dialect and the double of Zammad work together without sockets and in a time of their own,
//! so a fault with many calls takes no longer than its requests. `RINGWIRE_FAULT_CALLS=1000` makes more of them;
//! `--nocapture` shows the figures. What a socket adds is tested with the sender, and in the daemon's oracle.

mod calls;
mod fault;
mod weather;

use self::{fault::Fault, weather::Weather};

/// How many calls go through each fault unless told otherwise.
const CALLS: u32 = 200;

#[track_caller]
fn check(fault: Fault) {
    let calls = std::env::var("RINGWIRE_FAULT_CALLS").ok().map_or(CALLS, |calls| calls.parse().unwrap());
    // With fewer hits the circuit breaker stays closed, and more of the calls go through the fault.
    for one_in in [2, 5] {
        let figures = Weather::new(fault, one_in, 7).run(calls);
        println!("{fault:?}, one in {one_in}: {figures}");
        figures.assert_right();
    }
}

#[test]
fn replies_that_come_late() {
    check(Fault::LateReply);
}

#[test]
fn requests_that_are_processed_late() {
    check(Fault::LateProcessing);
}

#[test]
fn connections_that_are_refused() {
    check(Fault::NotSent);
}

#[test]
fn connections_that_are_cut_before_processing() {
    check(Fault::CutBefore);
}

#[test]
fn connections_that_are_cut_after_processing() {
    check(Fault::CutAfter);
}

#[test]
fn a_500_error_id_before_processing() {
    check(Fault::Error500);
}

#[test]
fn a_422_error_id_before_processing() {
    check(Fault::Error422);
}

#[test]
fn a_502_before_processing() {
    check(Fault::Page(502));
}

#[test]
fn a_503_before_processing() {
    check(Fault::Page(503));
}

#[test]
fn a_504_before_processing() {
    check(Fault::Page(504));
}

#[test]
fn a_504_after_processing() {
    check(Fault::GatewayTimeoutAfter);
}

#[test]
fn a_redirect_to_a_login_page() {
    check(Fault::Page(302));
}

#[test]
fn a_200_with_an_html_page() {
    check(Fault::Page(200));
}

#[test]
fn a_database_that_is_read_only_for_30_seconds() {
    check(Fault::ReadOnly);
}

#[test]
fn rows_that_vanish_in_mid_call() {
    check(Fault::Vanish);
}

#[test]
fn everything_at_once() {
    check(Fault::Any);
}

/// Nobody can tell these from failures before processing: they are counted, and not judged.
#[test]
fn failures_that_are_replied_although_the_request_was_processed_are_counted() {
    let figures = Weather::new(Fault::ErrorAfter, 2, 7).run(CALLS);
    println!("{:?}: {figures}", Fault::ErrorAfter);
    assert_eq!((figures.dead, figures.ringing), (0, 0));
}
