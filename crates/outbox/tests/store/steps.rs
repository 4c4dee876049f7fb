//! How far deliveries have come, and what is remembered of calls.

use std::time::Duration;

use ringwire_delivery::{DeliveryId, PriorAttempt};
use ringwire_outbox::{
    DeliverySteps, DeliveryUpdate, MemoryChange, MemoryUpdate, OperatorCommand, ProgressUpdate,
    RetentionPolicy, StoreReport, StoreWrite, StoredDeliveryState, submit_commands,
};

use crate::support::{Journal, answer, at, hangup, new_call, target};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn memory(call: &str, change: MemoryChange) -> MemoryUpdate {
    MemoryUpdate { target: target("portal"), call: call.to_owned(), change }
}

fn set(text: &str) -> MemoryChange {
    MemoryChange::Set(text.to_owned())
}

/// Saves that a request has arrived, and waits for that to be on disk.
fn save(journal: &Journal, delivery: i64, progress: &str, memory: Option<MemoryUpdate>) {
    let (delivery, progress) = (DeliveryId(delivery), progress.to_owned());
    journal.store.write(StoreWrite::Progress(ProgressUpdate { delivery, progress, memory }));
    assert!(matches!(journal.report(), StoreReport::ProgressSaved(saved) if saved == [delivery]));
}

/// The progress of a delivery, and what is remembered of its call.
fn steps(journal: &Journal, delivery: i64, call: &str) -> (Option<String>, Option<String>) {
    let steps = journal.reader().delivery_steps(DeliveryId(delivery), &target("portal"), call).unwrap();
    let DeliverySteps { progress, memory } = steps;
    (progress, memory)
}

fn end(journal: &Journal, delivery: i64, state: StoredDeliveryState) {
    journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
        delivery: DeliveryId(delivery),
        state,
        failures: None,
        due_at: None,
        reason: None,
        may_have_arrived: false,
        at: at(1),
    }));
}

#[test]
fn progress_and_what_a_reply_said_are_on_disk_before_they_are_reported() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["portal"]);
    assert_eq!(steps(&journal, 1, "a"), (None, None));
    journal.store.write(StoreWrite::OpenAttempt(DeliveryId(1)));
    assert!(matches!(journal.report(), StoreReport::AttemptsOpened(_)));
    save(&journal, 1, "[1]", Some(memory("a", set("{}"))));
    assert_eq!(steps(&journal, 1, "a"), (Some("[1]".into()), Some("{}".into())));
    let prior = journal.reader().pending(&target("portal"), DeliveryId(0), 1).unwrap().deliveries[0].prior;
    assert_eq!(prior, PriorAttempt::None, "no request of it is on its way");
    save(&journal, 1, "[1,2]", None);
    let journal = journal.reopened();
    assert_eq!(steps(&journal, 1, "a"), (Some("[1,2]".into()), Some("{}".into())));
    assert_eq!(steps(&journal, 1, "b"), (Some("[1,2]".into()), None));
    let others = journal.reader().delivery_steps(DeliveryId(1), &target("desk"), "a").unwrap();
    assert_eq!(others.memory, None, "another target knows nothing of it");
}

#[test]
fn what_is_remembered_goes_when_the_target_does_not_know_the_call() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["portal"]);
    save(&journal, 1, "[1]", Some(memory("a", set("1"))));
    save(&journal, 1, "[]", Some(memory("a", MemoryChange::Forget)));
    assert_eq!(steps(&journal, 1, "a"), (Some("[]".into()), None));
}

#[test]
fn what_is_remembered_goes_with_the_end_of_the_call_unless_something_may_be_retried() {
    let journal = Journal::new();
    for call in ["over", "dead"] {
        journal.commit(new_call(call, 0), &["portal"]);
        journal.commit(hangup(call, 1), &["portal"]);
        journal.store.write(StoreWrite::Memory(memory(call, set("1"))));
    }
    end(&journal, 1, StoredDeliveryState::Delivered);
    end(&journal, 3, StoredDeliveryState::Dead);
    for (delivery, call) in [(2, "over"), (4, "dead")] {
        save(&journal, delivery, "[]", Some(memory(call, MemoryChange::EndOfCall)));
        assert!(steps(&journal, 1, call).1.is_some(), "its hangup is still to be delivered");
        end(&journal, delivery, StoredDeliveryState::Delivered);
        journal.store.write(StoreWrite::Memory(memory(call, MemoryChange::EndOfCall)));
    }
    let journal = journal.reopened();
    assert_eq!(steps(&journal, 1, "over").1, None);
    assert_eq!(steps(&journal, 1, "dead").1, Some("1".into()));
}

#[test]
fn nothing_is_remembered_of_a_call_that_is_removed() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["portal"]);
    journal.commit(hangup("a", 1), &["portal"]);
    let remember = || journal.store.write(StoreWrite::Memory(memory("a", set("1"))));
    remember();
    for delivery in [1, 2] {
        end(&journal, delivery, StoredDeliveryState::Delivered);
    }
    let policy = RetentionPolicy { age: DAY, size: u64::MAX, personal_data: None };
    let sweep = |seconds| {
        journal.store.sweep(policy.clone(), at(seconds));
        journal.report()
    };
    assert!(matches!(sweep(0), StoreReport::Swept(swept) if swept.removed == 0));
    assert!(steps(&journal, 1, "a").1.is_some());
    assert!(matches!(sweep(3 * 24 * 3600), StoreReport::Swept(swept) if swept.removed == 1));
    assert_eq!(steps(&journal, 1, "a").1, None);
    // A reply that comes later says nothing that anybody needs.
    remember();
    let journal = journal.reopened();
    assert_eq!(steps(&journal, 1, "a").1, None);
}

#[test]
fn a_delivery_that_is_retried_goes_on_where_it_was_and_what_had_arrived_begins_anew() {
    let journal = Journal::new();
    for event in [new_call("a", 0), answer("a", 1)] {
        journal.commit(event, &["portal"]);
    }
    save(&journal, 1, "[1]", None);
    save(&journal, 2, "[2]", None);
    end(&journal, 1, StoredDeliveryState::Dead);
    end(&journal, 2, StoredDeliveryState::Delivered);
    submit_commands(&journal.path, &[OperatorCommand::Retry(DeliveryId(1))], at(2)).unwrap();
    assert_eq!(steps(&journal, 1, "a").0, Some("[1]".into()));
    assert_eq!(steps(&journal, 2, "a").0, None);
}

#[test]
fn what_a_busy_journal_only_stages_is_remembered_too() {
    let journal = Journal::new();
    // So many that groups of them are staged.
    for call in 0..400 {
        journal.write(new_call(&call.to_string(), 0), &["portal"]);
    }
    let mut committed = 0;
    while committed < 400 {
        committed += journal.committed().0.len();
    }
    for (call, change) in [("7", set("7")), ("8", set("8")), ("8", MemoryChange::Forget)] {
        let delivery = DeliveryId(call.parse::<i64>().unwrap() + 1);
        let memory = Some(memory(call, change));
        journal.store.write(StoreWrite::Progress(ProgressUpdate { delivery, progress: "[]".into(), memory }));
    }
    let mut saved = Vec::new();
    while saved.len() < 3 {
        let StoreReport::ProgressSaved(more) = journal.report() else { panic!("nothing else is written") };
        saved.extend(more);
    }
    let journal = journal.reopened();
    assert_eq!(steps(&journal, 8, "7"), (Some("[]".into()), Some("7".into())));
    assert_eq!(steps(&journal, 9, "8"), (Some("[]".into()), None));
}
