//! A Zammad that logs which events are posted about each call.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::receiver::{HttpReply, HttpRequest, Receiver, ReceiverAction};

/// How many posts about one call are kept.
const KEPT_POSTS: usize = 8;

/// The event in a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostKind {
    /// newCall.
    NewCall,
    /// answer.
    Answer,
    /// hangup.
    Hangup,
}

/// The posts about one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallPosts {
    /// The caller's number in the first post.
    pub from: String,
    /// The first eight events in order, without repeats.
    pub events: Vec<PostKind>,
    /// The number of posts with an `Idempotency-Key` that was posted before.
    pub repeats: u32,
    /// The number of posts that are not in `events`, because there were too many.
    pub omitted: u32,
    keys: Vec<u64>,
}

impl CallPosts {
    fn add(&mut self, post: PostKind, key: Option<u64>) {
        if let Some(key) = key {
            if self.keys.contains(&key) {
                self.repeats += 1;
                return;
            }
            if self.keys.len() < KEPT_POSTS {
                self.keys.push(key);
            }
        }
        if self.events.len() < KEPT_POSTS {
            self.events.push(post);
        } else {
            self.omitted += 1;
        }
    }
}

/// The posts about all calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostLog {
    /// The posts of each call, by its id.
    pub calls: BTreeMap<String, CallPosts>,
    /// The number of all posts.
    pub posts: u64,
    /// The number of invalid posts.
    pub invalid: u64,
}

/// The parameters of a post that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event: String,
    call_id: String,
    #[serde(default)]
    from: String,
}

impl PostLog {
    /// Adds a post to Zammad: JSON, or a form.
    pub fn add(&mut self, request: &HttpRequest) {
        self.posts += 1;
        let is_json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let body: Option<Body> = match is_json {
            true => serde_json::from_slice(&request.body).ok(),
            false => serde_urlencoded::from_bytes(&request.body).ok(),
        };
        let post = body.as_ref().and_then(|body| match body.event.as_str() {
            "newCall" => Some(PostKind::NewCall),
            "answer" => Some(PostKind::Answer),
            "hangup" => Some(PostKind::Hangup),
            _ => None,
        });
        let (Some(body), Some(post)) = (body, post) else {
            self.invalid += 1;
            return;
        };
        let key = request.header("idempotency-key").map(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish()
        });
        let posts = self.calls.entry(body.call_id).or_default();
        if posts.events.is_empty() {
            posts.from = body.from;
        }
        posts.add(post, key);
    }
}

/// A Zammad on a port of the loopback interface that accepts and logs every post, until it is dropped.
#[derive(Debug)]
pub struct PostLogServer {
    address: SocketAddr,
    log: Arc<Mutex<PostLog>>,
    posts: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl PostLogServer {
    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start() -> io::Result<Self> {
        let mut receiver = Receiver::start([ReceiverAction::Reply(HttpReply::new(200, "{}"))]).await?;
        let address = receiver.address();
        let log = Arc::new(Mutex::new(PostLog::default()));
        let (count, posts) = watch::channel(0);
        let counting = Arc::clone(&log);
        let task = tokio::spawn(async move {
            while let Some(request) = receiver.next_request().await {
                let mut log = counting.lock().unwrap_or_else(PoisonError::into_inner);
                log.add(&request);
                count.send_replace(log.posts);
            }
        });
        Ok(Self { address, log, posts, task })
    }

    /// The address on which it listens; every path is accepted.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of posts so far.
    #[must_use]
    pub fn posts(&self) -> watch::Receiver<u64> {
        self.posts.clone()
    }

    /// Reads the log.
    pub fn read<T>(&self, read: impl FnOnce(&PostLog) -> T) -> T {
        read(&self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for PostLogServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: &str, body: &'static str, key: Option<&str>) -> HttpRequest {
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(key.map(|key| ("idempotency-key".to_owned(), key.to_owned())));
        HttpRequest { method: "POST".into(), path: "/".into(), headers, body: body.into(), connection: 0 }
    }

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn posts_are_logged_by_call_and_repeats_are_counted() {
        let mut log = PostLog::default();
        let new = r#"{"event": "newCall", "callId": "a", "from": "49", "user": ["Alice"]}"#;
        log.add(&request(JSON, new, Some("1")));
        log.add(&request(FORM, "event=answer&callId=a&from=50&user%5B%5D=x", Some("2")));
        log.add(&request(JSON, new, Some("1")));
        log.add(&request(JSON, new, None));
        log.add(&request(JSON, "{}", None));
        let a = &log.calls["a"];
        assert_eq!((a.from.as_str(), a.repeats, a.omitted), ("49", 1, 0));
        assert_eq!(a.events, [PostKind::NewCall, PostKind::Answer, PostKind::NewCall]);
        assert_eq!((log.posts, log.invalid, log.calls.len()), (5, 1, 1));
    }

    #[test]
    fn the_log_of_a_call_is_bounded() {
        let mut log = PostLog::default();
        for _ in 0..20 {
            log.add(&request(JSON, r#"{"event": "hangup", "callId": "a"}"#, None));
        }
        assert_eq!((log.calls["a"].events.len(), log.calls["a"].omitted), (KEPT_POSTS, 12));
    }
}
