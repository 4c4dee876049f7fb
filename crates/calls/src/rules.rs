//! What an administrator configures for one PBX.

use std::time::Duration;

use ringwire_directory::{Directory, NumberPlan, Pattern};

/// What the tracker needs to know of a PBX to follow its calls.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The configured name of the PBX.
    pub pbx: String,
    /// Whether call ids stand behind the PBX's name; needed where there is more than one PBX.
    pub prefix_ids: bool,
    /// Contexts in which calls from outside start.
    pub inbound_contexts: Vec<Pattern>,
    /// Endpoints (`TECH/name`) that are trunks.
    pub trunks: Vec<Pattern>,
    /// How long the phones of a ring round are collected before the call is announced.
    pub gather: Duration,
    /// How numbers are written here.
    pub numbers: NumberPlan,
    /// Who has which phone.
    pub directory: Directory,
    /// The channel variables that events carry.
    pub variables: Vec<String>,
    /// Whether keys that are pressed are published.
    pub dtmf: bool,
    /// Whether agents of queues are followed.
    pub agents: bool,
    /// Whether states of devices are followed.
    pub devices: bool,
}

impl Rules {
    /// The contexts in which calls from outside start unless configured otherwise (call rules 2).
    pub const INBOUND_CONTEXTS: [&str; 10] = [
        "from-trunk*",
        "from-pstn*",
        "from-did*",
        "from-digital*",
        "from-dahdi*",
        "from-zaptel*",
        "from-sip-external",
        "ext-did*",
        "inbound*",
        "incoming*",
    ];

    /// How long a ring round is collected unless configured otherwise.
    pub const GATHER: Duration = Duration::from_millis(250);

    /// The rules for a PBX of which nothing but its name is known.
    #[must_use]
    pub fn new(pbx: impl Into<String>) -> Self {
        Self {
            pbx: pbx.into(),
            prefix_ids: false,
            inbound_contexts: Self::INBOUND_CONTEXTS.iter().map(|pattern| Pattern::new(pattern)).collect(),
            trunks: Vec::new(),
            gather: Self::GATHER,
            numbers: NumberPlan::default(),
            directory: Directory::default(),
            variables: Vec::new(),
            dtmf: false,
            agents: false,
            devices: false,
        }
    }
}
