//! A daemon under some load and in trouble, for a few seconds; `examples/soak.rs` is the long form.

use std::time::Duration;

use ringwire_testkit::SimulatorOptions;
use ringwire_testkit::soak::SoakTest;

#[tokio::test]
async fn every_call_is_told_once_through_stalls_cuts_and_restarts() {
    let soak = SoakTest {
        program: env!("CARGO_BIN_EXE_ringwire").into(),
        simulator: SimulatorOptions { rate: 100.0, pace: 0.2, seed: 42, ..SimulatorOptions::default() },
        length: Duration::from_secs(6),
        period: Duration::from_secs(3),
        stalls: vec![Duration::from_millis(300)],
        away: Duration::from_millis(100),
        concurrency: 64,
    };
    let report = soak.run(|_| {}).await.unwrap();
    assert!(report.is_clean(), "{}\n{}\n{}", report.verdict, report.status, report.log);
    // Each makes the daemon connect anew, unless it was still at it because of the one before.
    let connections = report.samples.last().unwrap().simulator.connections;
    assert!(connections >= 3 && report.verdict.lost > 0, "{connections} connections\n{}", report.verdict);
}
