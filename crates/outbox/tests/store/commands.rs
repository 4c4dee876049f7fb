//! The operator's commands take effect, with a daemon and without.

use ringwire_delivery::{DeliveryId, TargetState};
use ringwire_outbox::{
    AppliedCommand, CommandReceipt, DeliveryUpdate, OperatorCommand, StoreReport, StoreWrite,
    StoredDeliveryState, submit_commands,
};

use crate::support::{Journal, at, new_call, target};

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
