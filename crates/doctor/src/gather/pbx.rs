//! Probes a PBX: logs in as the daemon does, and out again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{
    Action, AmiClient, ConnectError, IncomingPackets, Packet, SendActionError, TlsTrust, event_filter_actions,
};
use ringwire_config::{ConnectionSettings, Pbx};
use secrecy::ExposeSecret;
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use super::{limits::ProbeLimits, listener::EventListener, network};
use crate::facts::pbx::{ListenResult, PbxFacts, PbxProbe, PbxSession, RefusedActions};

/// The time limit of the logoff.
const LOGOFF_TIMEOUT: Duration = Duration::from_secs(2);

/// How often channels are listed while listening.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// Logs in to `pbx`, sends the requests of the daemon, listens if `limits` say so, and logs out.
pub async fn probe_pbx(pbx: &Pbx, limits: ProbeLimits) -> PbxProbe {
    let mut facts = PbxFacts {
        name: pbx.name.clone(),
        host: pbx.host.clone(),
        port: pbx.port,
        username: pbx.login.as_ref().map(|login| login.username.clone()),
        secret_problem: pbx.login.as_ref().and_then(|login| check_secret(login.secret.expose_secret())),
        dns: None,
        source: None,
        certificate: None,
        is_pinned: pbx.tls.as_ref().is_some_and(|tls| matches!(tls.trust, TlsTrust::Pinned(_))),
        login: None,
        now: Timestamp::now(),
    };
    let Some(settings) = ConnectionSettings::of(pbx) else {
        return PbxProbe { facts, listened: None, calls: None };
    };
    facts.dns = network::resolve(&pbx.host, limits.step_timeout).await;
    let address = match &facts.dns {
        None => pbx.host.parse().ok(),
        Some(Ok(addresses)) => addresses.first().copied(),
        Some(Err(_)) => return PbxProbe { facts, listened: None, calls: None },
    };
    facts.source = address.and_then(|address| network::source_address(address, pbx.port));
    let mut options = settings.options();
    options.timeouts.connect = options.timeouts.connect.min(limits.step_timeout);
    options.timeouts.banner = options.timeouts.banner.min(limits.step_timeout);
    options.timeouts.login = options.timeouts.login.min(limits.step_timeout);
    options.timeouts.response = options.timeouts.response.min(limits.step_timeout);
    let connected = AmiClient::connect(&options).await;
    let was_trusted = matches!(&connected, Ok(_) | Err(ConnectError::Login(_)));
    let mut listened = None;
    facts.login = Some(match connected {
        Ok((client, incoming)) => {
            let (session, result) = Box::pin(query_pbx(pbx, &client, incoming, limits)).await;
            listened = result;
            Ok(session)
        }
        Err(error) => Err(error),
    });
    if let Some(tls) = pbx.tls.as_ref().filter(|_| was_trusted && !facts.is_pinned)
        && let Some(address) = address
    {
        let name = tls.server_name.as_deref().unwrap_or(&pbx.host);
        facts.certificate = network::certificate((address, pbx.port).into(), name, limits.step_timeout).await;
    }
    PbxProbe { facts, listened, calls: None }
}

/// What is suspicious about a secret, in words that do not show it.
fn check_secret(secret: &str) -> Option<&'static str> {
    if secret.trim() != secret {
        Some("begins or ends with blanks, which count as part of it")
    } else if secret.starts_with("secret") && secret.contains('=') {
        Some("looks like a line of manager.conf: \"secret =\" counts as part of it")
    } else {
        None
    }
}

async fn query_pbx(
    pbx: &Pbx,
    client: &AmiClient,
    mut incoming: IncomingPackets,
    limits: ProbeLimits,
) -> (PbxSession, Option<ListenResult>) {
    let version = incoming.version();
    let mut listener = EventListener::new(pbx);
    let enough = Notify::new();
    let mut session = PbxSession { ami: version.to_string(), ..PbxSession::default() };
    let mut listened = None;
    let requests = async {
        let filter = event_filter_actions(version, &ringwire_ami::WantedEvents::default())
            .into_iter()
            .next()
            .filter(|_| pbx.filter_events);
        let sent = send_requests(client, filter, &mut session).await;
        if let (Ok(()), Some(length)) = (&sent, limits.listen) {
            let started = Instant::now();
            let listening = async {
                // Lists show channels that come and go even if the PBX sends no events of them.
                while timeout(LIST_INTERVAL, enough.notified()).await.is_err() {
                    let _ = send(client, "CoreShowChannels").await;
                }
            };
            let _ = timeout(length, listening).await;
            listened = Some((started.elapsed().as_secs(), Timestamp::now()));
        }
        let _ = timeout(LOGOFF_TIMEOUT, client.logoff()).await;
        sent
    };
    // Events are received while responses are awaited.
    let (sent, ended) = tokio::join!(requests, listener.run(&mut incoming, &enough));
    session.fully_booted = listener.fully_booted;
    session.channels = listener.lists.first().map(std::collections::BTreeSet::len);
    session.interrupted = match (sent, ended) {
        (Err(error), _) => Some((error.to_string(), "see the Asterisk log and try again")),
        (_, Err(error)) => Some((error.to_string(), error.hint())),
        (Ok(()), Ok(())) => None,
    };
    let result = listened.map(|(seconds, until)| ListenResult {
        diagnosis: listener.observations.window(&pbx.name, until),
        seconds,
        channels_changed: listener.lists.windows(2).any(|pair| matches!(pair, [one, other] if one != other)),
        until,
    });
    (session, result)
}

/// Sends the requests that the daemon sends, with one `filter` if the daemon sets filters.
async fn send_requests(
    client: &AmiClient,
    filter: Option<Action>,
    session: &mut PbxSession,
) -> Result<(), SendActionError> {
    let mut refused = RefusedActions::default();
    let settings = send(client, "CoreSettings").await?;
    refused.settings = settings.is_permission_denied();
    session.asterisk = settings.text("AsteriskVersion").map(|version| version.into_owned());
    let before = Timestamp::now();
    let pong = send(client, "Ping").await?;
    session.clock_ahead = clock_ahead(&pong, before, Timestamp::now());
    let core = send(client, "CoreShowChannels").await?.is_permission_denied();
    let status = send(client, "Status").await?.is_permission_denied();
    refused.lists = core && status;
    if let Some(filter) = filter {
        session.requested_filter = true;
        refused.filters = client.send(&filter).await?.is_permission_denied();
    }
    // QueueStatus needs no privilege; without app_queue it does not exist.
    let queues = send(client, "QueueStatus").await?;
    session.has_queues =
        queues.get("Response").is_some_and(|response| response.eq_ignore_ascii_case(b"Success"));
    session.refused = refused;
    Ok(())
}

async fn send(client: &AmiClient, name: &str) -> Result<Packet, SendActionError> {
    match Action::new(name) {
        Ok(action) => client.send(&action).await,
        // The names above are all valid for an action.
        Err(_) => Err(SendActionError::Closed),
    }
}

/// How far the clock of the PBX is ahead of ours (Asterisk 1.8 and later send the time with a pong).
fn clock_ahead(pong: &Packet, before: Timestamp, after: Timestamp) -> Option<SignedDuration> {
    let time = pong.text("Timestamp")?;
    let (seconds, fraction) = time.split_once('.').unwrap_or((&time, "0"));
    let micros: i32 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let theirs = Timestamp::new(seconds.parse().ok()?, micros.checked_mul(1000)?).ok()?;
    // A time between ours only shows how long request and response took.
    if theirs < before {
        Some(theirs.duration_since(before))
    } else if theirs > after {
        Some(theirs.duration_since(after))
    } else {
        Some(SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ringwire_ami::AmiVersion;

    use super::*;

    #[test]
    fn a_pong_shows_the_clock_difference() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        for (time, expected) in [
            ("1800000000.500000", Some(SignedDuration::ZERO)),
            ("1800000061.000000", Some(SignedDuration::from_secs(60))),
            ("1799999400.0", Some(SignedDuration::from_secs(-600))),
            ("soon", None),
        ] {
            let text = format!("Response: Success\r\nPing: Pong\r\nTimestamp: {time}\r\n");
            let pong = Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap();
            assert_eq!(clock_ahead(&pong, at(0), at(1)), expected, "{time}");
        }
    }

    #[test]
    fn a_secret_is_checked_but_not_shown() {
        assert_eq!(check_secret("hunter2"), None);
        assert!(
            check_secret("hunter2 ")
                .is_some_and(|problem| problem.contains("blanks") && !problem.contains("hunter2"))
        );
        assert!(check_secret("secret = hunter2").is_some_and(|problem| problem.contains("manager.conf")));
    }
}
