//! Visiting a PBX: as the daemon does, and out again.

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

use super::{limits::Limits, listener::Listener, network};
use crate::facts::{Heard, Visit};
use crate::judge::pbx::{LoggedIn, PbxFacts, Refused};

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often the channels are listed while listening.
const GLANCE: Duration = Duration::from_secs(1);

/// Logs in to `pbx`, asks what the daemon asks, listens if that is wanted, and logs out.
pub async fn visit(pbx: &Pbx, limits: Limits) -> Visit {
    let mut facts = PbxFacts {
        name: pbx.name.clone(),
        host: pbx.host.clone(),
        port: pbx.port,
        username: pbx.login.as_ref().map(|login| login.username.clone()),
        secret: pbx.login.as_ref().and_then(|login| odd(login.secret.expose_secret())),
        dns: None,
        source: None,
        certificate: None,
        is_pinned: pbx.tls.as_ref().is_some_and(|tls| matches!(tls.trust, TlsTrust::Pinned(_))),
        login: None,
        now: Timestamp::now(),
    };
    let Some(settings) = ConnectionSettings::of(pbx) else {
        return Visit { facts, heard: None, calls: None };
    };
    facts.dns = network::resolve(&pbx.host, limits.step).await;
    let address = match &facts.dns {
        None => pbx.host.parse().ok(),
        Some(Ok(addresses)) => addresses.first().copied(),
        Some(Err(_)) => return Visit { facts, heard: None, calls: None },
    };
    facts.source = address.and_then(|address| network::source(address, pbx.port));
    let mut options = settings.options();
    options.timeouts.connect = options.timeouts.connect.min(limits.step);
    options.timeouts.banner = options.timeouts.banner.min(limits.step);
    options.timeouts.login = options.timeouts.login.min(limits.step);
    options.timeouts.response = options.timeouts.response.min(limits.step);
    let connected = AmiClient::connect(&options).await;
    let was_trusted = matches!(&connected, Ok(_) | Err(ConnectError::Login(_)));
    let mut heard = None;
    facts.login = Some(match connected {
        Ok((client, incoming)) => {
            let (logged_in, listened) = Box::pin(look_around(pbx, &client, incoming, limits)).await;
            heard = listened;
            Ok(logged_in)
        }
        Err(error) => Err(error),
    });
    if let Some(tls) = pbx.tls.as_ref().filter(|_| was_trusted && !facts.is_pinned)
        && let Some(address) = address
    {
        let name = tls.server_name.as_deref().unwrap_or(&pbx.host);
        facts.certificate = network::certificate((address, pbx.port).into(), name, limits.step).await;
    }
    Visit { facts, heard, calls: None }
}

/// What is odd about a secret, in words that do not show it.
fn odd(secret: &str) -> Option<&'static str> {
    if secret.trim() != secret {
        Some("has blanks at its beginning or end, which are taken for part of it")
    } else if secret.starts_with("secret") && secret.contains('=') {
        Some("looks like a line of manager.conf: \"secret =\" is taken for part of it")
    } else {
        None
    }
}

async fn look_around(
    pbx: &Pbx,
    client: &AmiClient,
    mut incoming: IncomingPackets,
    limits: Limits,
) -> (LoggedIn, Option<Heard>) {
    let version = incoming.version();
    let mut listener = Listener::new(pbx);
    let enough = Notify::new();
    let mut seen = LoggedIn { ami: version.to_string(), ..LoggedIn::default() };
    let mut listened = None;
    let asking = async {
        let filter = event_filter_actions(version).into_iter().next().filter(|_| pbx.filter_events);
        let asked = ask(client, filter, &mut seen).await;
        if let (Ok(()), Some(length)) = (&asked, limits.listen) {
            let began = Instant::now();
            let heard_enough = async {
                // What comes and goes meanwhile shows in the lists, be it told of or not.
                while timeout(GLANCE, enough.notified()).await.is_err() {
                    let _ = send(client, "CoreShowChannels").await;
                }
            };
            let _ = timeout(length, heard_enough).await;
            listened = Some((began.elapsed().as_secs(), Timestamp::now()));
        }
        let _ = timeout(FAREWELL, client.logoff()).await;
        asked
    };
    // The answers are awaited while what else the PBX says is taken.
    let (asked, ended) = tokio::join!(asking, listener.run(&mut incoming, &enough));
    seen.booted = listener.booted;
    seen.channels = listener.lists.first().map(std::collections::BTreeSet::len);
    seen.broke = match (asked, ended) {
        (Err(error), _) => Some((error.to_string(), "see the Asterisk log, and try again")),
        (_, Err(error)) => Some((error.to_string(), error.hint())),
        (Ok(()), Ok(())) => None,
    };
    let heard = listened.map(|(seconds, until)| Heard {
        window: listener.observations.window(&pbx.name, until),
        seconds,
        changed: listener.lists.windows(2).any(|pair| matches!(pair, [one, other] if one != other)),
        until,
    });
    (seen, heard)
}

/// Asks what the daemon asks, with one `filter` where it asks for filters.
async fn ask(client: &AmiClient, filter: Option<Action>, seen: &mut LoggedIn) -> Result<(), SendActionError> {
    let mut refused = Refused::default();
    let settings = send(client, "CoreSettings").await?;
    refused.settings = settings.is_permission_denied();
    seen.asterisk = settings.text("AsteriskVersion").map(|version| version.into_owned());
    let before = Timestamp::now();
    let pong = send(client, "Ping").await?;
    seen.ahead = ahead(&pong, before, Timestamp::now());
    let core = send(client, "CoreShowChannels").await?.is_permission_denied();
    let status = send(client, "Status").await?.is_permission_denied();
    refused.lists = core && status;
    if let Some(filter) = filter {
        seen.filters = true;
        refused.filters = client.send(&filter).await?.is_permission_denied();
    }
    // It needs no privilege; without app_queue there is none.
    let queues = send(client, "QueueStatus").await?;
    seen.queues = queues.get("Response").is_some_and(|response| response.eq_ignore_ascii_case(b"Success"));
    seen.refused = refused;
    Ok(())
}

async fn send(client: &AmiClient, name: &str) -> Result<Packet, SendActionError> {
    match Action::new(name) {
        Ok(action) => client.send(&action).await,
        // None of the names above has anything in it that an action refuses.
        Err(_) => Err(SendActionError::Closed),
    }
}

/// How far the clock of who answered is ahead of ours (Asterisk 1.8 and later say the time with a pong).
fn ahead(pong: &Packet, before: Timestamp, after: Timestamp) -> Option<SignedDuration> {
    let said = pong.text("Timestamp")?;
    let (seconds, fraction) = said.split_once('.').unwrap_or((&said, "0"));
    let micros: i32 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let theirs = Timestamp::new(seconds.parse().ok()?, micros.checked_mul(1000)?).ok()?;
    // What lies between ours is how long the question and its answer took.
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
    fn a_pong_tells_how_far_the_clocks_are_apart() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        for (said, expected) in [
            ("1800000000.500000", Some(SignedDuration::ZERO)),
            ("1800000061.000000", Some(SignedDuration::from_secs(60))),
            ("1799999400.0", Some(SignedDuration::from_secs(-600))),
            ("soon", None),
        ] {
            let text = format!("Response: Success\r\nPing: Pong\r\nTimestamp: {said}\r\n");
            let pong = Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap();
            assert_eq!(ahead(&pong, at(0), at(1)), expected, "{said}");
        }
    }

    #[test]
    fn a_secret_is_looked_at_and_not_shown() {
        assert_eq!(odd("hunter2"), None);
        assert!(odd("hunter2 ").is_some_and(|said| said.contains("blanks") && !said.contains("hunter2")));
        assert!(odd("secret = hunter2").is_some_and(|said| said.contains("manager.conf")));
    }
}
