//! Users, and what they are doing as far as calls show it.

use std::collections::BTreeMap;

use ringwire_event::{AnsweredBy, CallId, Direction, Party};
use serde::Serialize;

use crate::call::{CallState, LiveCall};

/// A user, and what that user is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LiveUser {
    /// The PBX.
    pub pbx: String,
    /// The user's device, and who it is.
    #[serde(flatten)]
    pub party: Party,
    /// What the user is doing, as far as calls show it.
    pub state: UserState,
    /// In which call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub call: Option<CallId>,
}

/// What a user is doing, as far as calls show it; of several calls the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum UserState {
    /// In no call.
    Free,
    /// Being rung, or calling.
    Ringing,
    /// In a call that is on hold.
    #[serde(rename = "held")]
    OnHold,
    /// Talking.
    Talking,
}

/// The users of `parties`, by PBX and endpoint, with what they are doing in `calls`.
pub(crate) fn users_in(parties: &BTreeMap<(String, String), Party>, calls: &[LiveCall]) -> Vec<LiveUser> {
    let mut busy: BTreeMap<(&str, &str), (UserState, &CallId)> = BTreeMap::new();
    for call in calls {
        for (party, state) in busy_users(call) {
            let known = busy.entry((&call.pbx, &party.endpoint)).or_insert((state, &call.id));
            if state > known.0 {
                *known = (state, &call.id);
            }
        }
    }
    let user = |((pbx, endpoint), party): (&(String, String), &Party)| {
        let (state, call) = busy
            .get(&(pbx.as_str(), endpoint.as_str()))
            .map_or((UserState::Free, None), |(state, call)| (*state, Some((*call).clone())));
        LiveUser { pbx: pbx.clone(), party: party.clone(), state, call }
    };
    parties.iter().map(user).collect()
}

/// The users in `call`, each with what the call makes them do.
fn busy_users(call: &LiveCall) -> impl Iterator<Item = (&Party, UserState)> {
    let state = match call.state {
        CallState::Ringing | CallState::Waiting => UserState::Ringing,
        CallState::Talking => UserState::Talking,
        CallState::OnHold => UserState::OnHold,
    };
    let answered_by = call.answered_by.as_ref().and_then(AnsweredBy::user);
    // Once it is answered, the other phones are silent; who calls out stays in the call.
    let is_rung = call.answered_by.is_none() || call.direction == Direction::Out;
    let rung = call.users.iter().filter(move |_| is_rung);
    answered_by.into_iter().chain(rung).map(move |party| (party, state))
}
