//! Sends requests to one target.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use ringwire_config::{Options, Target};
use ringwire_delivery::{RateLimiter, RepeatPolicy};
use ringwire_dialects::{
    CallMemory, DeliveryProgress, DeliveryStep, Dialect, StepContext, StepError, TargetRequest,
    UserListRequest, UserMap,
};
use ringwire_event::{CallEvent, EventKind};

use super::{
    address_guard::{self, Lookup},
    broker::Broker,
    failure::RequestFailure,
    headers::Headers,
    reply::{ReceivedReply, SendResult},
    scheme::Scheme,
    transport::{ExchangeOptions, OutgoingRequest, Transport},
    user_list::UserList,
};

/// How much of a reply is read, in bytes.
const MAX_REPLY: usize = 16 << 10;

/// The same where the dialect reads values from it.
const MAX_READ_REPLY: usize = 256 << 10;

/// The same for a page of a list of users.
const MAX_USERS_REPLY: usize = 4 << 20;

/// How many pages a list of users has at most.
const MAX_USER_PAGES: u32 = 500;

/// Sends requests to one target, over connections of its own. It holds the target's secrets and shows none. Clones share
/// what they have.
#[derive(Clone, Debug)]
pub struct Sender {
    dialect: Arc<dyn Dialect>,
    transport: Arc<Transport>,
    /// What takes the requests in place of a server of HTTP.
    broker: Option<Arc<Broker>>,
    headers: Headers,
    scheme: Option<Arc<Scheme>>,
    /// Whether the dialect reads more of a reply than its status and its kind.
    is_read: bool,
    limiter: Option<Arc<Mutex<RateLimiter>>>,
    users: Arc<UserList>,
    /// The channel variables that the target is sent.
    variables: Vec<String>,
    /// Whether it is sent the keys that are pressed.
    dtmf: bool,
}

impl Sender {
    /// A sender for `target`; `None` if no address is configured.
    ///
    /// # Errors
    /// No client can be built from these settings; the text says why.
    pub fn new(target: &Target) -> Result<Option<Self>, String> {
        Self::with_lookup(target, &address_guard::system_lookup())
    }

    /// The same with another lookup.
    fn with_lookup(target: &Target, lookup: &Lookup) -> Result<Option<Self>, String> {
        // The requests of a template may have URLs of their own.
        let is_template = matches!(target.options, Options::Template(_));
        if target.address.is_none() && !is_template {
            return Ok(None);
        }
        let dialect = Arc::clone(&target.dialect);
        let headers = Headers::new(&target.credentials)
            .map_err(|_| "a credential has characters that a header cannot have".to_owned())?;
        let home = target.state_folder.as_deref();
        let scheme = dialect.auth().map(|auth| Scheme::new(auth, &target.name, home)).transpose()?;
        let secrets = dialect.auth().map(Scheme::secrets).unwrap_or_default();
        let transport = Transport::new(target, lookup)?.redacting(secrets);
        Ok(Some(Self {
            broker: Broker::new(target, transport.guard())?.map(Arc::new),
            transport: Arc::new(transport),
            headers,
            scheme: scheme.map(Arc::new),
            is_read: is_template,
            limiter: dialect.rate().map(|rate| Arc::new(Mutex::new(RateLimiter::new(rate)))),
            users: Arc::default(),
            variables: target.variables.clone(),
            dtmf: target.dtmf,
            dialect,
        }))
    }

    /// Whether `event` is sent to the target.
    pub fn wants(&self, event: &CallEvent) -> bool {
        // A key that was pressed is not stored: read from the journal, the event says nothing.
        let is_known = match &event.kind {
            EventKind::Dtmf { digit, .. } => self.dtmf && digit.is_some(),
            _ => true,
        };
        is_known && self.dialect.wants(&event.with_variables(&self.variables))
    }

    /// Whether an event may take several requests, each of which may be one that is not repeated.
    pub fn takes_steps(&self) -> bool {
        self.is_read
    }

    /// Whether replies bring anything that later requests of a call contain.
    pub fn needs_memory(&self) -> bool {
        self.dialect.needs_memory()
    }

    /// The next request for `event`, of whose call this `memory` is kept, and of which this `progress` was made; `None` when
    /// all are done. `is_quiet` leaves out what disturbs people.
    ///
    /// # Errors
    /// It cannot be built from this event.
    pub fn next_step(
        &self,
        event: &CallEvent,
        memory: &CallMemory,
        progress: &DeliveryProgress,
        is_quiet: bool,
    ) -> Result<Option<DeliveryStep>, StepError> {
        let users = self.users.users();
        self.dialect.next_step(
            &event.with_variables(&self.variables),
            &StepContext { memory, progress, users: &users, is_quiet },
        )
    }

    /// Whether something is to be read from the target before requests are planned ([`Sender::prepare`]).
    pub fn is_unprepared(&self) -> bool {
        self.dialect.user_list().is_some() && self.users.is_due(Timestamp::now())
    }

    /// Reads what requests are planned with: the ids of the target's users. What was read before is used if that fails.
    ///
    /// # Errors
    /// It could not be read, now or before: the result of sending anything.
    pub async fn prepare(&self) -> Result<(), SendResult> {
        let Some(list) = self.dialect.user_list() else { return Ok(()) };
        let _others_wait = self.users.reading.lock().await;
        if !self.users.is_due(Timestamp::now()) {
            return Ok(());
        }
        let read = self.read_users(list).await;
        let now = Timestamp::now();
        match read {
            Ok(users) => self.users.set(users, now),
            Err(_) if self.users.keep(now) => {}
            Err(failure) => {
                let reason = format!("the list of users cannot be read: {}", failure.reason);
                let failure = RequestFailure { reason, is_unknown: false, ..failure };
                return Err(SendResult::failed(failure, RepeatPolicy::AsIs));
            }
        }
        Ok(())
    }

    /// Waits until the target may be sent another request, if it takes only so many in a time.
    pub async fn wait_for_turn(&self) {
        let Some(limiter) = &self.limiter else { return };
        let now = Timestamp::now();
        // Nothing panics while it is locked.
        let at = limiter.lock().unwrap_or_else(PoisonError::into_inner).reserve(now);
        tokio::time::sleep(Duration::try_from(at.duration_since(now)).unwrap_or_default()).await;
    }

    /// Sends one request for `event` under the id `key`, which is the same for each attempt, and judges the reply. One that
    /// may not be repeated goes over a fresh connection, and has more time for its reply.
    pub async fn send_step(&self, event: &CallEvent, step: &DeliveryStep, key: &str) -> SendResult {
        if let Some(broker) = &self.broker {
            return broker.publish(event, step, key).await;
        }
        let is_unrepeatable = step.repeat == RepeatPolicy::Never;
        let limit = if self.is_read { MAX_READ_REPLY } else { MAX_REPLY };
        let options = ExchangeOptions { is_unrepeatable, limit, is_read: self.is_read };
        match self.exchange(&step.request, key, options).await {
            Ok(reply) => {
                let judged = self.dialect.judge_reply(event, step, &reply.as_reply());
                reply.into_result(judged, step.repeat)
            }
            Err(failure) => SendResult::failed(failure, step.repeat),
        }
    }

    /// Sees whether the target can be reached, by a request that does nothing.
    ///
    /// # Errors
    /// It cannot; why.
    pub async fn probe(&self) -> Result<(), RequestFailure> {
        if let Some(broker) = &self.broker {
            return broker.check().await;
        }
        let request = TargetRequest { method: "HEAD".to_owned(), ..TargetRequest::default() };
        self.post(&request, "check").await.map(|_| ())
    }

    /// Sends `request` for the event `id`, and reads up to 16 KiB of the reply.
    ///
    /// # Errors
    /// There is no complete reply.
    pub async fn post(&self, request: &TargetRequest, id: &str) -> Result<ReceivedReply, RequestFailure> {
        let options = ExchangeOptions { is_unrepeatable: false, limit: MAX_REPLY, is_read: self.is_read };
        self.exchange(request, id, options).await
    }

    /// Makes a request; once more where an access token turns out to be void before its time.
    async fn exchange(
        &self,
        request: &TargetRequest,
        id: &str,
        options: ExchangeOptions,
    ) -> Result<ReceivedReply, RequestFailure> {
        let (outgoing, token) = self.outgoing(request, id).await?;
        let reply = self.transport.exchange(outgoing, options).await?;
        let (Some(Scheme::Token(tokens, _)), Some(token), 401) =
            (self.scheme.as_deref(), token, reply.status)
        else {
            return Ok(reply);
        };
        tokens.discard(&token).await;
        let (outgoing, _) = self.outgoing(request, id).await?;
        self.transport.exchange(outgoing, options).await
    }

    /// A request with what authenticates it, and the access token in it.
    async fn outgoing(
        &self,
        request: &TargetRequest,
        id: &str,
    ) -> Result<(OutgoingRequest, Option<secrecy::SecretString>), RequestFailure> {
        let mut url = self.transport.url_of(request)?;
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::POST);
        let body = request.body.encode();
        let now = Timestamp::now();
        let is_trusted = self.transport.is_trusted(&url);
        let mut headers = match is_trusted {
            true => self.headers.for_attempt(id, now, &body),
            false => Headers::without_credentials(id),
        };
        add(&mut headers, request)?;
        let scheme = self.scheme.as_deref().filter(|_| is_trusted);
        let token = match scheme {
            Some(scheme) => scheme.apply(&self.transport, (&mut url, &mut headers), (id, now, &body)).await?,
            None => None,
        };
        let secrets = token.iter().cloned().collect();
        Ok((OutgoingRequest { method, url, headers, body, secrets }, token))
    }

    /// The users of the target, from all pages of its list.
    async fn read_users(&self, list: &UserListRequest) -> Result<UserMap, RequestFailure> {
        let mut users = Vec::new();
        let mut next = Some(list.first.clone());
        for page in 1..=MAX_USER_PAGES {
            let Some(request) = next.take() else { break };
            self.wait_for_turn().await;
            let options = ExchangeOptions { is_unrepeatable: false, limit: MAX_USERS_REPLY, is_read: true };
            let reply = self.exchange(&request, &format!("users/{page}"), options).await?;
            let body = reply.whole.unwrap_or_default();
            match reply.status {
                200..=299 => users.extend(list.users_on(&body).map_err(RequestFailure::temporary)?),
                401 | 403 | 404 => {
                    let reason = format!("HTTP {}; allow ringwire to read the users there", reply.status);
                    return Err(RequestFailure::permanent(reason));
                }
                status => return Err(RequestFailure::temporary(format!("HTTP {status}"))),
            }
            next = list.next_request(&body, page);
        }
        Ok(users.into_iter().collect())
    }
}

/// Adds the headers of `request`, and the kind of its body.
fn add(headers: &mut HeaderMap, request: &TargetRequest) -> Result<(), RequestFailure> {
    let invalid = || RequestFailure::permanent("a header of the request has characters that it cannot have");
    for (name, value) in request.other_headers() {
        let name = HeaderName::try_from(name).map_err(|_| invalid())?;
        headers.append(name, HeaderValue::try_from(value).map_err(|_| invalid())?);
    }
    if let Some(kind) = request.content_type() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(kind).map_err(|_| invalid())?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
