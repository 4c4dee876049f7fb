//! A receiver that counts.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::receiver::{Act, Receiver, Reply, Request};

/// How much is kept of the posts about one call.
const KEPT: usize = 8;

/// What a post tells of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// It came.
    NewCall,
    /// It was taken.
    Answer,
    /// It is over.
    Hangup,
}

/// What was posted about one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posts {
    /// The caller's number, as the first post had it.
    pub from: String,
    /// The posts in order, without repeats, the first eight of them.
    pub order: Vec<Post>,
    /// Posts that came again under the same `Idempotency-Key`.
    pub repeats: u32,
    /// Posts that are not in `order`, for there were too many.
    pub more: u32,
    keys: Vec<u64>,
}

impl Posts {
    fn take(&mut self, post: Post, key: Option<u64>) {
        if let Some(key) = key {
            if self.keys.contains(&key) {
                self.repeats += 1;
                return;
            }
            if self.keys.len() < KEPT {
                self.keys.push(key);
            }
        }
        if self.order.len() < KEPT {
            self.order.push(post);
        } else {
            self.more += 1;
        }
    }
}

/// What was posted about all calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By the ids of the calls.
    pub calls: BTreeMap<String, Posts>,
    /// How many posts came in all.
    pub posts: u64,
    /// How many of them could not be understood.
    pub strange: u64,
}

/// What is read of a post to Zammad.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event: String,
    call_id: String,
    #[serde(default)]
    from: String,
}

impl Tally {
    /// Takes a post as Zammad gets it: JSON, or a form.
    pub fn take(&mut self, request: &Request) {
        self.posts += 1;
        let json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let body: Option<Body> = match json {
            true => serde_json::from_slice(&request.body).ok(),
            false => serde_urlencoded::from_bytes(&request.body).ok(),
        };
        let post = body.as_ref().and_then(|body| match body.event.as_str() {
            "newCall" => Some(Post::NewCall),
            "answer" => Some(Post::Answer),
            "hangup" => Some(Post::Hangup),
            _ => None,
        });
        let (Some(body), Some(post)) = (body, post) else {
            self.strange += 1;
            return;
        };
        let key = request.header("idempotency-key").map(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish()
        });
        let posts = self.calls.entry(body.call_id).or_default();
        if posts.order.is_empty() {
            posts.from = body.from;
        }
        posts.take(post, key);
    }
}

/// A Zammad on a port of the loopback interface that takes every post and counts, until it is dropped.
#[derive(Debug)]
pub struct TallyServer {
    address: SocketAddr,
    tally: Arc<Mutex<Tally>>,
    posts: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl TallyServer {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start() -> io::Result<Self> {
        let mut receiver = Receiver::start([Act::Answer(Reply::new(200, "{}"))]).await?;
        let address = receiver.address();
        let tally = Arc::new(Mutex::new(Tally::default()));
        let (count, posts) = watch::channel(0);
        let counting = Arc::clone(&tally);
        let task = tokio::spawn(async move {
            while let Some(request) = receiver.request().await {
                let mut tally = counting.lock().unwrap_or_else(PoisonError::into_inner);
                tally.take(&request);
                count.send_replace(tally.posts);
            }
        });
        Ok(Self { address, tally, posts, task })
    }

    /// Where it listens; every path will do.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many posts have come.
    #[must_use]
    pub fn posts(&self) -> watch::Receiver<u64> {
        self.posts.clone()
    }

    /// What has come so far.
    pub fn read<T>(&self, read: impl FnOnce(&Tally) -> T) -> T {
        read(&self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for TallyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: &str, body: &'static str, key: Option<&str>) -> Request {
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(key.map(|key| ("idempotency-key".to_owned(), key.to_owned())));
        Request { method: "POST".into(), path: "/".into(), headers, body: body.into() }
    }

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn posts_are_counted_by_call_and_repeats_told_from_doubles() {
        let mut tally = Tally::default();
        let new = r#"{"event": "newCall", "callId": "a", "from": "49", "user": ["Alice"]}"#;
        tally.take(&request(JSON, new, Some("1")));
        tally.take(&request(FORM, "event=answer&callId=a&from=50&user%5B%5D=x", Some("2")));
        tally.take(&request(JSON, new, Some("1")));
        tally.take(&request(JSON, new, None));
        tally.take(&request(JSON, "{}", None));
        let a = &tally.calls["a"];
        assert_eq!((a.from.as_str(), a.repeats, a.more), ("49", 1, 0));
        assert_eq!(a.order, [Post::NewCall, Post::Answer, Post::NewCall]);
        assert_eq!((tally.posts, tally.strange, tally.calls.len()), (5, 1, 1));
    }

    #[test]
    fn little_is_kept_of_a_call_however_much_is_posted() {
        let mut tally = Tally::default();
        for _ in 0..20 {
            tally.take(&request(JSON, r#"{"event": "hangup", "callId": "a"}"#, None));
        }
        assert_eq!((tally.calls["a"].order.len(), tally.calls["a"].more), (KEPT, 12));
    }
}
