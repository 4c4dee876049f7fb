//! The operator's commands take effect, with a daemon and without.

use ringwire_delivery::{DeliveryId, PriorAttempt, TargetState};
use ringwire_outbox::{
    AppliedCommand, CommandReceipt, DeliveryUpdate, OperatorCommand, StoreReport, StoreWrite,
    StoredDeliveryState, submit_commands,
};

use crate::support::{Journal, answer, at, hangup, new_call, target};

fn state(journal: &Journal, id: i64) -> String {
    journal.reader().delivery(DeliveryId(id)).unwrap().unwrap().delivery.state
}

#[test]
fn a_running_daemon_applies_commands_from_the_file() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let ask = |wanted| submit_commands(&journal.path, &[wanted], at(1)).unwrap();
    assert_eq!(ask(OperatorCommand::Drop(DeliveryId(1))), CommandReceipt::ByDaemon);
    assert!(matches!(journal.report(), StoreReport::CommandApplied(AppliedCommand::Drop(_, DeliveryId(1)))));
    assert_eq!(state(&journal, 1), "dropped");
    assert_eq!(ask(OperatorCommand::Retry(DeliveryId(1))), CommandReceipt::ByDaemon);
    assert!(
        matches!(journal.report(), StoreReport::CommandApplied(AppliedCommand::Retry(_, pending)) if pending.id == DeliveryId(1))
    );
    assert_eq!(ask(OperatorCommand::Pause(target("zammad"))), CommandReceipt::ByDaemon);
    assert!(matches!(journal.report(), StoreReport::CommandApplied(AppliedCommand::Pause(_))));
    assert_eq!(state(&journal, 1), "paused");
    ask(OperatorCommand::Resume(target("zammad")));
    assert_eq!(state(&journal, 1), "pending");
}

#[test]
fn a_command_takes_effect_at_the_next_start_where_no_daemon_runs() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    journal.commit(new_call("b", 0), &["zammad"]);
    for id in [1, 2] {
        journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery: DeliveryId(id),
            state: StoredDeliveryState::Dead,
            failures: Some(10),
            due_at: None,
            reason: Some("refused".to_owned()),
            at: at(1),
        }));
    }
    let Journal { home, path, store, .. } = journal;
    store.close(at(2));
    assert_eq!(
        submit_commands(&path, &[OperatorCommand::RetryAll(target("zammad"))], at(3)).unwrap(),
        CommandReceipt::AtNextStart
    );
    assert_eq!(
        submit_commands(&path, &[OperatorCommand::Pause(target("zammad"))], at(3)).unwrap(),
        CommandReceipt::AtNextStart
    );
    let journal = Journal::in_home(home);
    assert_eq!(journal.pending("zammad"), [DeliveryId(1), DeliveryId(2)]);
    let states = journal.reader().recovered_state().unwrap().target_states;
    assert_eq!(states, [(target("zammad"), TargetState::Paused { reason: "by the operator".to_owned() })]);
}

#[test]
fn there_must_be_a_journal_to_command_something() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    assert!(submit_commands(&path, &[OperatorCommand::Pause(target("zammad"))], at(0)).is_err());
    assert!(!path.exists());
}

/// Ends the delivery `id` in `state`.
fn end(journal: &Journal, id: i64, state: StoredDeliveryState) {
    journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: DeliveryId(id),
        state,
        failures: None,
        due_at: None,
        reason: None,
        at: at(1),
    }));
}

#[test]
fn what_the_target_got_of_the_call_follows_a_retried_delivery() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad", "crm"]);
    journal.commit(answer("a", 1), &["zammad", "crm"]);
    journal.commit(hangup("a", 2), &["zammad", "crm"]);
    journal.commit(new_call("b", 2), &["zammad"]);
    end(&journal, 1, StoredDeliveryState::Dead);
    end(&journal, 3, StoredDeliveryState::Expired);
    for delivered in [2, 4, 5, 6, 7] {
        end(&journal, delivered, StoredDeliveryState::Delivered);
    }
    submit_commands(&journal.path, &[OperatorCommand::Retry(DeliveryId(1))], at(3)).unwrap();
    let page = journal.reader().pending(&target("zammad"), DeliveryId(0), 10).unwrap();
    let pending: Vec<_> = page.deliveries.iter().map(|pending| (pending.id.0, pending.prior)).collect();
    assert_eq!(pending, [(1, PriorAttempt::None), (3, PriorAttempt::None), (5, PriorAttempt::Delivered)]);
    assert!(journal.pending("crm").is_empty());
}

#[test]
fn an_unknown_delivery_is_retried_or_dropped_by_its_number_only() {
    let journal = Journal::new();
    for call in ["a", "b"] {
        journal.commit(hangup(call, 0), &["zammad"]);
    }
    end(&journal, 1, StoredDeliveryState::Unknown);
    end(&journal, 2, StoredDeliveryState::Unknown);
    submit_commands(&journal.path, &[OperatorCommand::RetryAll(target("zammad"))], at(1)).unwrap();
    assert_eq!((state(&journal, 1), state(&journal, 2)), ("unknown".to_owned(), "unknown".to_owned()));
    let each = [OperatorCommand::Retry(DeliveryId(1)), OperatorCommand::Drop(DeliveryId(2))];
    submit_commands(&journal.path, &each, at(2)).unwrap();
    assert_eq!((state(&journal, 1), state(&journal, 2)), ("pending".to_owned(), "dropped".to_owned()));
}

#[test]
fn an_attempt_that_may_not_be_repeated_is_on_disk_before_it_is_reported() {
    let journal = Journal::new();
    let prior =
        || journal.reader().pending(&target("zammad"), DeliveryId(0), 10).unwrap().deliveries[0].prior;
    journal.commit(hangup("a", 0), &["zammad"]);
    assert_eq!(prior(), PriorAttempt::None);
    journal.store.write(StoreWrite::OpenAttempt(DeliveryId(1)));
    assert!(matches!(journal.report(), StoreReport::AttemptsOpened(opened) if opened == [DeliveryId(1)]));
    assert_eq!(prior(), PriorAttempt::Open);
    for (may_have_arrived, expected) in [(false, PriorAttempt::None), (true, PriorAttempt::Unknown)] {
        journal.store.write(StoreWrite::EndAttempt { delivery: DeliveryId(1), may_have_arrived });
        // What comes next is written after it.
        journal.store.write(StoreWrite::OpenAttempt(DeliveryId(2)));
        assert!(matches!(journal.report(), StoreReport::AttemptsOpened(_)));
        assert_eq!(prior(), expected);
    }
    let journal = journal.reopened();
    assert_eq!(journal.reader().recovered_state().unwrap().last_delivery, DeliveryId(1));
}
