//! What can be seen of a PBX from outside.

use ringwire_ami::{Action, Client, Incoming, LinkError, Packet, SendError, economy};

use super::Findings;
use crate::config::Pbx;
use crate::runtime::{Settings, is_refused};

/// Logs in to `pbx`, asks what the daemon asks, and logs out.
pub(super) async fn probe(pbx: &Pbx) -> Findings {
    let mut findings = Findings::default();
    let Some(settings) = Settings::of(pbx) else {
        findings.bad("no login is configured", "set username and secret_file");
        return findings;
    };
    let options = settings.options();
    let (client, mut incoming) = match Client::connect(&options).await {
        Ok(connected) => connected,
        Err(error) => {
            findings.bad(error.to_string(), error.hint());
            return findings;
        }
    };
    findings.good(format!("logged in as {} (AMI {})", options.login.username, incoming.version()));
    let version = incoming.version();
    // The answers are awaited while what else the PBX says is taken.
    let asked = async {
        let filter = economy(version).into_iter().next().filter(|_| pbx.filter_events);
        let asked = ask(&client, filter, &mut findings).await;
        client.logoff().await;
        asked
    };
    let (asked, heard) = tokio::join!(asked, listen(&mut incoming));
    match (asked, heard) {
        (Err(error), _) => findings.bad(error.to_string(), ""),
        (_, Err(error)) => findings.bad(error.to_string(), error.hint()),
        (Ok(()), Ok(true)) => findings.good("read = system is granted"),
        (Ok(()), Ok(false)) => findings.bad(
            "the PBX did not say that it is fully booted",
            "give its user in manager.conf read = system,call,agent; or Asterisk is still starting",
        ),
    }
    findings
}

/// Asks what the daemon asks, with one `filter` where it asks for filters.
async fn ask(client: &Client, filter: Option<Action>, findings: &mut Findings) -> Result<(), SendError> {
    match send(client, "CoreSettings").await? {
        response if is_refused(&response) => {
            findings.bad("CoreSettings is refused: Asterisk's version is not known", WRITE);
        }
        response => match response.text("AsteriskVersion") {
            Some(version) => findings.good(format!("Asterisk {version}")),
            None => findings.good("it does not tell Asterisk's version"),
        },
    }
    let core = is_refused(&send(client, "CoreShowChannels").await?);
    let status = is_refused(&send(client, "Status").await?);
    let lists = "the list of channels, to learn of calls that begin or end while there is no connection";
    match (core, status) {
        (true, true) => findings.bad(format!("refused: {lists}"), WRITE),
        _ => findings.good(format!("granted: {lists}")),
    }
    if let Some(filter) = filter {
        match is_refused(&client.send(&filter).await?) {
            true => findings.bad("refused: filters, to be sent no more events than are needed", WRITE),
            false => findings.good("granted: filters, to be sent no more events than are needed"),
        }
    }
    // It needs no privilege; without app_queue there is none.
    let queues = send(client, "QueueStatus").await?;
    let known = queues.get("Response").is_some_and(|response| response.eq_ignore_ascii_case(b"Success"));
    findings.good(if known {
        "the list of queues"
    } else {
        "this PBX has no queues (app_queue is not loaded)"
    });
    Ok(())
}

const WRITE: &str =
    "give its user in manager.conf write = system, or write = reporting with filter_events = false";

async fn send(client: &Client, name: &str) -> Result<Packet, SendError> {
    match Action::new(name) {
        Ok(action) => client.send(&action).await,
        // None of the names above has anything in it that an action refuses.
        Err(_) => Err(SendError::Closed),
    }
}

/// Takes what comes until the connection ends; says whether the PBX reported that it is up, which only a user with
/// `read = system` hears (AMI contract 1.5).
async fn listen(incoming: &mut Incoming) -> Result<bool, LinkError> {
    let mut booted = false;
    while let Some(packet) = incoming.next().await {
        booted |= packet?.event() == Some(b"FullyBooted");
    }
    Ok(booted)
}
