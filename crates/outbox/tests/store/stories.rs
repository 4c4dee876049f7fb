//! What was concluded about calls: kept with them, and gone with them.

use std::time::Duration;

use ringwire_event::{Decision, ExplanationStep, RuleRef, SourceEvent};
use ringwire_outbox::store::{Personal, Report, Retention, Write};

use crate::support::{Journal, at, hangup, new_call};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn note(uniqueid: &str) -> ExplanationStep {
    ExplanationStep {
        time: Some(at(1)),
        source: Some(SourceEvent {
            event: "Newchannel".to_owned(),
            channel: Some("PJSIP/trunk-1".to_owned()),
            uniqueid: Some(uniqueid.to_owned()),
            with: "CallerIDNum 49176".to_owned(),
        }),
        decision: Decision::Started,
        rule: Some(RuleRef::rules(1)),
        text: "PJSIP/trunk starts a call".to_owned(),
        event: None,
    }
}

/// A call that is over, with its story.
fn over(journal: &Journal, call: &str) {
    journal.commit(new_call(call, 0), &[]);
    journal.commit(hangup(call, 2), &[]);
    tell(journal, call);
}

fn tell(journal: &Journal, call: &str) {
    journal
        .store
        .write(Write::Story { call: call.to_owned(), notes: vec![note(call), note("leg-of-it")].into() });
}

/// Sweeps, which also waits for what was written before.
fn sweep(journal: &Journal, personal: Option<(Duration, Personal)>, age: Duration) {
    journal.store.sweep(Retention { age, size: u64::MAX, personal }, at(24 * 3600));
    match journal.report() {
        Report::Swept(_) => {}
        other => panic!("expected to be swept, not {other:?}"),
    }
}

#[test]
fn a_story_is_kept_with_its_call_and_found_by_any_of_its_channels() {
    let journal = Journal::new();
    over(&journal, "main-1.0");
    journal.commit(new_call("living", 0), &[]);
    tell(&journal, "unknown");
    sweep(&journal, None, 30 * DAY);
    let reader = journal.reader();
    assert_eq!(reader.story("main-1.0").unwrap().unwrap(), [note("main-1.0"), note("leg-of-it")]);
    assert_eq!((reader.story("living").unwrap(), reader.story("unknown").unwrap()), (None, None));
    assert_eq!(reader.call_of_channel("leg-of-it").unwrap().as_deref(), Some("main-1.0"));
    assert_eq!(reader.call_of_channel("1.0").unwrap().as_deref(), Some("main-1.0"));
    assert_eq!(reader.call_of_channel("leg").unwrap(), None);
}

#[test]
fn a_story_goes_with_its_call() {
    let journal = Journal::new();
    over(&journal, "1.0");
    sweep(&journal, None, Duration::from_secs(60));
    assert_eq!(journal.reader().story("1.0").unwrap(), None);
    assert_eq!(journal.reader().call_of_channel("leg-of-it").unwrap(), None);
}

#[test]
fn a_story_goes_when_numbers_and_names_do_and_does_not_come_back() {
    for how in [Personal::Erase, Personal::Hash] {
        let journal = Journal::new();
        over(&journal, "1.0");
        let personal = Some((Duration::from_secs(60), how));
        sweep(&journal, personal, 30 * DAY);
        assert_eq!(journal.reader().story("1.0").unwrap(), None);
        tell(&journal, "1.0");
        sweep(&journal, personal, 30 * DAY);
        assert_eq!(journal.reader().story("1.0").unwrap(), None);
    }
}
