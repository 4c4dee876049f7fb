//! The explanations of calls: kept with them, and removed with them.

use std::time::Duration;

use ringwire_event::{Decision, ExplanationStep, RuleRef, SourceEvent};
use ringwire_outbox::{PersonalDataPolicy, RetentionPolicy, StoreReport, StoreWrite};

use crate::support::{Journal, at, hangup, new_call};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn step(uniqueid: &str) -> ExplanationStep {
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

/// A call that is over, with its explanation.
fn ended_call(journal: &Journal, call: &str) {
    journal.commit(new_call(call, 0), &[]);
    journal.commit(hangup(call, 2), &[]);
    explain(journal, call);
}

fn explain(journal: &Journal, call: &str) {
    journal.store.write(StoreWrite::Explanation {
        call: call.to_owned(),
        explanation: vec![step(call), step("leg-of-it")].into(),
    });
}

/// Sweeps, which also waits for what was written before.
fn sweep(journal: &Journal, personal_data: Option<(Duration, PersonalDataPolicy)>, age: Duration) {
    journal.store.sweep(RetentionPolicy { age, size: u64::MAX, personal_data }, at(24 * 3600));
    match journal.report() {
        StoreReport::Swept(_) => {}
        other => panic!("expected to be swept, not {other:?}"),
    }
}

#[test]
fn an_explanation_is_kept_with_its_call_and_found_by_any_of_its_channels() {
    let journal = Journal::new();
    ended_call(&journal, "main-1.0");
    journal.commit(new_call("living", 0), &[]);
    explain(&journal, "unknown");
    sweep(&journal, None, 30 * DAY);
    let reader = journal.reader();
    assert_eq!(reader.explanation("main-1.0").unwrap().unwrap(), [step("main-1.0"), step("leg-of-it")]);
    assert_eq!((reader.explanation("living").unwrap(), reader.explanation("unknown").unwrap()), (None, None));
    assert_eq!(reader.call_with_channel("leg-of-it").unwrap().as_deref(), Some("main-1.0"));
    assert_eq!(reader.call_with_channel("1.0").unwrap().as_deref(), Some("main-1.0"));
    assert_eq!(reader.call_with_channel("leg").unwrap(), None);
}

#[test]
fn an_explanation_goes_with_its_call() {
    let journal = Journal::new();
    ended_call(&journal, "1.0");
    sweep(&journal, None, Duration::from_secs(60));
    assert_eq!(journal.reader().explanation("1.0").unwrap(), None);
    assert_eq!(journal.reader().call_with_channel("leg-of-it").unwrap(), None);
}

#[test]
fn an_explanation_goes_when_numbers_and_names_do_and_does_not_come_back() {
    for how in [PersonalDataPolicy::Erase, PersonalDataPolicy::Hash] {
        let journal = Journal::new();
        ended_call(&journal, "1.0");
        let personal = Some((Duration::from_secs(60), how));
        sweep(&journal, personal, 30 * DAY);
        assert_eq!(journal.reader().explanation("1.0").unwrap(), None);
        explain(&journal, "1.0");
        sweep(&journal, personal, 30 * DAY);
        assert_eq!(journal.reader().explanation("1.0").unwrap(), None);
    }
}
