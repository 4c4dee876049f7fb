//! What a running daemon has received lately: `GET /api/v1/diagnosis`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a daemon has received lately from each PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// When the daemon was started.
    pub started: Timestamp,
    /// When it read its configuration last; not reported by every release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<Timestamp>,
    /// The PBXs, by name.
    pub pbxs: Vec<PbxDiagnosis>,
}

/// What was received lately from one PBX.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PbxDiagnosis {
    /// Its name in the configuration.
    pub name: String,
    /// How far back this reaches, in seconds.
    pub window: u32,
    /// The events, by class.
    pub events: EventCounts,
    /// When an event came last, however long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Timestamp>,
    /// The calls that were announced, by direction.
    pub calls: CallCounts,
    /// Where the calls began that were taken for internal, most calls first.
    pub internal_contexts: Vec<InternalContext>,
    /// Whose phones rang that the directory does not know, most often first.
    pub unknown_users: Vec<UnknownUser>,
    /// The errors in the stream of this connection, by kind.
    pub stream_errors: BTreeMap<String, u64>,
}

/// Events, by the class of manager.conf that they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCounts {
    /// Channels, dialling, bridges.
    pub call: u64,
    /// Queues and agents.
    pub agent: u64,
    /// Steps of the dialplan, variables.
    pub dialplan: u64,
    /// The server itself, registrations.
    pub system: u64,
    /// All others.
    pub other: u64,
}

impl EventCounts {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.call + self.agent + self.dialplan + self.system + self.other
    }
}

/// Calls, by direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallCounts {
    /// From outside.
    #[serde(rename = "in")]
    pub inbound: u64,
    /// To the outside.
    #[serde(rename = "out")]
    pub outbound: u64,
    /// Between phones.
    pub internal: u64,
}

impl CallCounts {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.inbound + self.outbound + self.internal
    }
}

/// Where calls began that were taken for internal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InternalContext {
    /// The context of the channel that began them.
    pub context: String,
    /// Its endpoint, `TECH/name`; of phones in the directory one stands for all in the context.
    pub endpoint: String,
    /// How many calls.
    pub calls: u64,
}

/// A phone that rang and that the directory does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownUser {
    /// Its endpoint, `TECH/name`.
    pub endpoint: String,
    /// How often it rang.
    pub rung: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_of_the_api() {
        let json = r#"{"started":"2026-11-21T08:00:00Z","pbxs":[{"name":"main","window":300,"events":{"call":123,"agent":4,"dialplan":0,"system":1,"other":0},"lastEvent":"2026-11-21T09:00:00Z","calls":{"in":3,"out":1,"internal":9},"internalContexts":[{"context":"from-provider","endpoint":"PJSIP/provider","calls":9}],"unknownUsers":[{"endpoint":"PJSIP/alice","rung":3}],"streamErrors":{"truncated":2}}]}"#;
        let diagnosis: Diagnosis = serde_json::from_str(json).unwrap();
        assert_eq!(diagnosis.pbxs[0].calls.inbound, 3);
        assert_eq!(serde_json::to_string(&diagnosis).unwrap(), json);
    }
}
