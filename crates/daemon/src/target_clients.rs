//! The targets that can be sent to.

use anyhow::anyhow;
use ringwire_config::{Options, Target};
use ringwire_delivery::{DeliveryPolicy, RepeatPolicy, RepeatRules};
use ringwire_sender::Sender;
use ringwire_terminal::{Code, Failure};

use super::messages::TargetClient;

/// Creates the clients of all targets.
pub(super) fn target_clients(targets: &[Target]) -> Result<Vec<TargetClient>, String> {
    let client = |target: &Target| match Sender::new(target) {
        Ok(Some(sender)) => {
            let (in_flight, lifetimes, late) = (target.concurrency, target.lifetimes, target.late);
            let repeats = match target.options {
                Options::Zammad(_) => target.dialect.repeat_rules(),
                // Each request says on its own what may be repeated.
                Options::Template(_) => RepeatRules::all(RepeatPolicy::Quietly),
            };
            let policy = DeliveryPolicy { in_flight, lifetimes, late, repeats, ..DeliveryPolicy::default() };
            let (name, dialect) = (target.name.as_str().into(), target.dialect.name().into());
            let hangup_timeout = target.connect_timeout + target.hangup_timeout;
            Ok(TargetClient { name, policy, dialect, sender, hangup_timeout })
        }
        Ok(None) => Err(format!("target {}: no URL is set", target.name)),
        Err(reason) => Err(format!("target {}: {reason}", target.name)),
    };
    targets.iter().map(client).collect()
}

/// The configuration cannot be used, for this `reason`.
pub(super) fn unusable(reason: String) -> Failure {
    Failure::new(Code::Config, anyhow!(reason))
}
