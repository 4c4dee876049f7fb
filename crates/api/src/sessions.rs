//! Sessions of the desk: the random secret in the cookie, and what the server keeps of it.
//!
//! A browser sends its cookie to every server on the same host, whatever the port, so the cookie must not be the token:
//! what another server reads of it ends with the session. The server keeps a hash of the secret, and which token it
//! was exchanged for; a session counts only as long as that token does. The sessions are stored beside the journal, so that
//! an update of the daemon signs nobody out; what is stored opens nothing by itself.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use ring::{
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::sleep};
use utoipa::ToSchema;

use crate::access::{AccessTable, Principal, Role, SessionId};

/// How long somebody stays signed in.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How many sessions there are at most; beyond, the oldest ends. A person has one in each browser.
const SESSIONS: usize = 1000;

/// The number of random bytes in a cookie.
const SECRET: usize = 32;

/// The sessions, which clones share.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    file: PathBuf,
    open: Mutex<BTreeMap<SessionId, Session>>,
    /// Changes when sessions end.
    ends: watch::Sender<()>,
    /// Held while the file is written, so that the last state is the one that stays.
    saving: tokio::sync::Mutex<()>,
}

/// What is stored of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    /// The name of the token that it was exchanged for.
    token: String,
    /// The token itself, authenticated with the secret: it proves that the token is still the same, and is of no use to
    /// whoever does not have the secret.
    proof: String,
    started_at: Timestamp,
    expires_at: Timestamp,
}

/// A session, as an admin sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionInfo {
    /// The name of the token.
    name: String,
    role: Role,
    /// When somebody signed in.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Sessions {
    /// The sessions that an earlier process has stored beside `journal`. A file that cannot be read has none.
    pub(crate) fn open(journal: &Path) -> Self {
        let mut file = journal.as_os_str().to_owned();
        file.push(".sessions");
        let file = PathBuf::from(file);
        let stored = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self(Arc::new(Inner {
            file,
            open: Mutex::new(stored.unwrap_or_default()),
            ends: watch::Sender::new(()),
            saving: tokio::sync::Mutex::default(),
        }))
    }

    /// Starts a session for whoever has shown `token`, which is `client`'s; gives the secret for the cookie.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn start(&self, client: &Principal, token: &[u8], now: Timestamp) -> io::Result<String> {
        let mut secret = [0; SECRET];
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|_| io::Error::other("the system gives no random bytes"))?;
        let secret = hex(&secret);
        let session = Session {
            token: client.name.to_string(),
            proof: hex(hmac::sign(&key(&secret), digest(&SHA256, token).as_ref()).as_ref()),
            started_at: now,
            expires_at: now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX),
        };
        let mut open = self.lock();
        open.retain(|_, session| session.expires_at > now);
        while open.len() >= SESSIONS {
            let oldest = open.iter().min_by_key(|(_, session)| session.started_at);
            let Some(oldest) = oldest.map(|(id, _)| Arc::clone(id)) else { break };
            open.remove(&oldest);
        }
        open.insert(id(&secret), session);
        drop(open);
        self.0.ends.send_replace(());
        Ok(secret)
    }

    /// Whose session has the secret `secret`, if it is one that counts.
    pub(crate) fn find(&self, secret: &str, access: &AccessTable, now: Timestamp) -> Option<Principal> {
        let id = id(secret);
        let session = self.lock().get(&id).cloned().filter(|session| session.expires_at > now)?;
        let (token, client) = access.by_name(&session.token)?;
        let proof = unhex(&session.proof)?;
        hmac::verify(&key(secret), token, &proof).ok()?;
        Some(Principal { session: Some(id), ..client.clone() })
    }

    /// Ends the session with the secret `secret`; `false` if there is none.
    pub(crate) fn end(&self, secret: &str) -> bool {
        let ended = self.lock().remove(&id(secret)).is_some();
        if ended {
            self.0.ends.send_replace(());
        }
        ended
    }

    /// Ends all sessions; gives how many there were.
    pub(crate) fn end_all(&self) -> usize {
        let ended = std::mem::take(&mut *self.lock()).len();
        self.0.ends.send_replace(());
        ended
    }

    /// The sessions that count, the oldest first.
    pub(crate) fn list(&self, access: &AccessTable, now: Timestamp) -> Vec<SessionInfo> {
        let open = self.lock();
        let mut list: Vec<_> = open
            .values()
            .filter(|session| session.expires_at > now)
            .filter_map(|session| {
                let (_, client) = access.by_name(&session.token)?;
                let Session { started_at, expires_at, .. } = *session;
                Some(SessionInfo { name: client.name.to_string(), role: client.role, started_at, expires_at })
            })
            .collect();
        list.sort_by_key(|session| session.started_at);
        list
    }

    /// Returns when the session `id` has ended, by whatever.
    pub(crate) async fn ended(self, id: SessionId) {
        let mut ends = self.0.ends.subscribe();
        loop {
            let Some(expires_at) = self.lock().get(&id).map(|session| session.expires_at) else { return };
            let left = Duration::try_from(expires_at.duration_since(Timestamp::now())).unwrap_or_default();
            tokio::select! {
                _ = ends.changed() => {}
                () = sleep(left) => return,
            }
        }
    }

    /// Stores the sessions for the next process.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) async fn save(&self) -> io::Result<()> {
        let _turn = self.0.saving.lock().await;
        let text = serde_json::to_vec(&*self.lock())?;
        let file = self.0.file.clone();
        tokio::task::spawn_blocking(move || write(&file, &text)).await.map_err(io::Error::other)?
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, Session>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces the file by one for its owner alone, whole or not at all.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text)?;
    file.persist(path)?;
    Ok(())
}

fn id(secret: &str) -> SessionId {
    hex(digest(&SHA256, secret.as_bytes()).as_ref()).into()
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).ok());
    digits.map(|digits| u8::from_str_radix(digits?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::access::{Access, AccessControl, Token};

    const ANNA: &str = "mFqT8bXw2LrZ5kPd";

    fn access(secret: &str) -> Arc<AccessTable> {
        let token = Token { name: "anna".into(), role: Role::Agent, secret: secret.into() };
        AccessControl::new(Access { tokens: vec![token], ..Access::default() }).table()
    }

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_hours(24 * days)
    }

    #[tokio::test]
    async fn a_session_ends_with_its_time_its_token_or_an_order_and_not_with_the_process() {
        let home = tempfile::tempdir().unwrap();
        let journal = home.path().join("journal.db");
        let sessions = Sessions::open(&journal);
        let anna = access(ANNA);
        let client = anna.find(ANNA.as_bytes()).unwrap();
        let start = || sessions.start(client, ANNA.as_bytes(), at(0)).unwrap();
        let (one, two) = (start(), start());
        assert!(one != two && one.len() == 2 * SECRET && !one.contains(ANNA));
        let name = |sessions: &Sessions, secret: &str, access: &AccessTable, now| {
            sessions.find(secret, access, now).map(|client| client.name.to_string())
        };
        assert_eq!(name(&sessions, &one, &anna, at(29)).as_deref(), Some("anna"));
        assert_eq!(name(&sessions, &one, &anna, at(31)), None, "it has expired");
        assert_eq!(name(&sessions, ANNA, &anna, at(0)), None, "the token is no session");
        assert_eq!(name(&sessions, &one, &access("another-0123456789"), at(0)), None, "another token");
        assert_eq!(name(&sessions, &one, &AccessControl::new(Access::default()).table(), at(0)), None);

        sessions.save().await.unwrap();
        let stored = home.path().join("journal.db.sessions");
        let text = fs::read_to_string(&stored).unwrap();
        assert!(!text.contains(ANNA) && !text.contains(&one) && !text.contains(&two), "{text}");
        assert_eq!(fs::metadata(&stored).unwrap().permissions().mode() & 0o777, 0o600);
        let next = Sessions::open(&journal);
        assert_eq!(name(&next, &two, &anna, at(1)).as_deref(), Some("anna"));
        assert_eq!(next.list(&anna, at(1)).len(), 2);

        assert!(next.end(&one) && !next.end(&one));
        assert_eq!(name(&next, &one, &anna, at(1)), None);
        assert_eq!(next.end_all(), 1);
        assert_eq!(name(&next, &two, &anna, at(1)), None);
    }

    #[test]
    fn there_are_never_too_many() {
        let home = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&home.path().join("journal.db"));
        let anna = access(ANNA);
        let client = anna.find(ANNA.as_bytes()).unwrap();
        let first = sessions.start(client, ANNA.as_bytes(), at(-1)).unwrap();
        let mut started: Vec<_> =
            (0..SESSIONS).map(|_| sessions.start(client, ANNA.as_bytes(), at(0)).unwrap()).collect();
        let last = started.pop();
        assert_eq!(sessions.list(&anna, at(0)).len(), SESSIONS);
        assert!(sessions.find(&first, &anna, at(0)).is_none());
        assert!(sessions.find(&last.unwrap(), &anna, at(0)).is_some());
    }
}
