//! How to connect to a PBX.

use ringwire_ami::{AmiLogin, AmiOptions, TlsOptions, WantedEvents};
use ringwire_calls::Rules;
use secrecy::ExposeSecret;

use super::resolved::Pbx;

/// Where to connect to a PBX, and as whom.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    host: String,
    port: u16,
    login: AmiLogin,
    tls: Option<TlsOptions>,
    /// Whether the PBX is asked to keep to itself what nobody reads.
    pub filter_events: bool,
    /// What it sends nevertheless.
    pub wanted: WantedEvents,
}

impl ConnectionSettings {
    /// Those of `pbx`; `None` where it has no login.
    pub fn of(pbx: &Pbx) -> Option<Self> {
        let login = pbx.login.clone()?;
        let (host, tls) = (pbx.host.clone(), pbx.tls.clone());
        let Rules { variables, agents, devices, .. } = &pbx.rules;
        let wanted = WantedEvents { variables: variables.clone(), agents: *agents, devices: *devices };
        Some(Self { host, port: pbx.port, login, tls, filter_events: pbx.filter_events, wanted })
    }

    /// What the client is given.
    pub fn options(&self) -> AmiOptions {
        let mut options = AmiOptions::new(self.host.clone(), self.login.clone());
        options.port = self.port;
        options.tls.clone_from(&self.tls);
        options
    }

    /// Whether a connection made with `other` would be the same.
    pub fn same(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.login, &other.login);
        (&self.host, self.port, &self.tls, self.filter_events, &self.wanted)
            == (&other.host, other.port, &other.tls, other.filter_events, &other.wanted)
            && (&ours.username, ours.method, &ours.events)
                == (&theirs.username, theirs.method, &theirs.events)
            && ours.secret.expose_secret() == theirs.secret.expose_secret()
    }
}
