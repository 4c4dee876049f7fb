//! The address guard, over real connections.

use std::{io, net::IpAddr, sync::Mutex};

use ringwire_config::Reach;

use super::*;
use crate::address_guard::LookupFuture;

/// A lookup that finds each of `found` in turn; an empty one fails.
fn lookup(found: &[&[&str]]) -> Lookup {
    let addresses = |found: &&[&str]| found.iter().map(|address| address.parse().unwrap()).collect();
    let found: Vec<Vec<IpAddr>> = found.iter().rev().map(addresses).collect();
    let found = Mutex::new(found);
    Arc::new(move |_host| -> LookupFuture {
        let next = found.lock().unwrap().pop().unwrap_or_default();
        Box::pin(async move {
            if next.is_empty() { Err(io::Error::other("Name or service not known")) } else { Ok(next) }
        })
    })
}

/// The outcomes of sending to a name, once for each lookup.
async fn outcomes(origin: &str, allowed: &[&str], found: &[&[&str]]) -> Vec<DeliveryOutcome> {
    let mut target = target(origin);
    target.reach = Reach::new(allowed.iter().map(|net| net.parse().unwrap()).collect());
    target.connect_timeout = Duration::from_millis(200);
    let sender = Sender::with_lookup(&target, &lookup(found)).unwrap().unwrap();
    let mut outcomes = Vec::new();
    for _ in found {
        outcomes.push(sender.send(&hangup(), SendOptions::default()).await.outcome);
    }
    outcomes
}

async fn receiver() -> (Receiver, String) {
    let receiver = Receiver::start([ReceiverAction::Reply(TestReply::new(200, "{}"))]).await.unwrap();
    let origin = format!("http://desk.test:{}", receiver.address().port());
    (receiver, origin)
}

#[tokio::test]
async fn a_name_resolves_to_this_machine_and_passes_the_guard() {
    let (mut receiver, origin) = receiver().await;
    assert_eq!(
        outcomes(&origin, &[], &[&["169.254.169.254", "127.0.0.1"]]).await,
        [DeliveryOutcome::Delivered]
    );
    assert_eq!(receiver.next_request().await.unwrap().header("host"), origin.strip_prefix("http://"));
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_is_misconfigured() {
    let outcomes = outcomes("http://desk.test", &[], &[&["169.254.169.254"], &["fd00:ec2::254"]]).await;
    check_misconfigured(&outcomes[0], "desk.test resolves to 169.254.169.254, which is a link-local address");
    check_misconfigured(
        &outcomes[1],
        "set allow_addresses = [\"fd00:ec2::254\"] if the target has this address",
    );
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_refused_until_the_sender_is_rebuilt() {
    let (_receiver, origin) = receiver().await;
    // An address of RFC 5737, which is unreachable.
    let moved = outcomes(&origin, &[], &[&["192.0.2.1"], &["127.0.0.1"]]).await;
    assert!(matches!(moved[0], DeliveryOutcome::Retry { .. }), "{moved:?}");
    check_misconfigured(&moved[1], "desk.test resolved to a public address and now resolves to 127.0.0.1");
    check_misconfigured(&moved[1], "run systemctl reload ringwire");
    assert_eq!(outcomes(&origin, &[], &[&["127.0.0.1"]]).await, [DeliveryOutcome::Delivered]);
    let listed = outcomes(&origin, &["127.0.0.0/8"], &[&["192.0.2.1"], &["127.0.0.1"]]).await;
    assert_eq!(listed[1], DeliveryOutcome::Delivered);
}

#[tokio::test]
async fn a_name_that_is_not_found_is_retried() {
    let outcome = outcomes("http://desk.test", &[], &[&[]]).await.remove(0);
    check_retry(outcome, "cannot resolve desk.test: Name or service not known", None);
}

#[test]
fn an_address_in_the_url_is_refused_before_anything_is_sent() {
    let mut target = target("http://169.254.169.254");
    let refused = Sender::new(&target).unwrap_err();
    assert!(refused.contains("set allow_addresses = [\"169.254.169.254\"]"), "{refused}");
    target.reach = Reach::new(vec!["169.254.0.0/16".parse().unwrap()]);
    assert!(Sender::new(&target).is_ok());
}
