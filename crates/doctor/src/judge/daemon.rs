//! The daemon that runs: whether it answers, whether it is ready, and whether it is the one that should run.

use jiff::Timestamp;
use ringwire_live::Diagnosis;
use ringwire_terminal::Code;
use serde::Deserialize;

use super::finding::{Findings, Subject, parted};

/// What was seen of the daemon.
#[derive(Clone, Debug)]
pub(crate) struct DaemonFacts {
    /// Where it should answer.
    pub(crate) address: String,
    /// What came of asking there.
    pub(crate) reply: Reply,
    /// Whether some daemon has the journal.
    pub(crate) has_journal: bool,
    /// Whether systemd says that it runs.
    pub(crate) is_active: bool,
    /// When the configuration, or a file that it names, was changed last.
    pub(crate) changed: Option<Timestamp>,
    /// The version of this program.
    pub(crate) version: &'static str,
}

/// What came of asking a daemon.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The configuration says that there is no API.
    Off,
    /// There is nothing to connect to.
    Absent,
    /// A socket is there, and nobody listens at it.
    Refused,
    /// This user may not connect to it.
    Denied,
    /// Somebody listens, and does not answer.
    Silent,
    /// Something else answers; what it says.
    Foreign(String),
    /// It answers.
    Answered(Box<Answer>),
}

/// What a daemon says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Its components.
    pub(crate) ready: Ready,
    /// Its version, if it tells it.
    pub(crate) version: Option<String>,
    /// What it has heard; `None` where it does not tell.
    pub(crate) diagnosis: Option<Diagnosis>,
}

/// `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Ready {
    /// Whether it does its work.
    pub(crate) ready: bool,
    /// Its components.
    #[serde(default)]
    pub(crate) components: Vec<Component>,
}

/// A component of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Component {
    /// Which: `pbx main`, `journal`, `endpoint helpdesk`.
    pub(crate) name: String,
    /// Whether it does well.
    pub(crate) ok: bool,
    /// How it does, in a word.
    #[serde(default)]
    pub(crate) state: String,
    /// Why.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// What to do.
    #[serde(default)]
    pub(crate) hint: Option<String>,
}

impl DaemonFacts {
    /// What the daemon has heard, if it says.
    pub(crate) fn diagnosis(&self) -> Option<&Diagnosis> {
        match &self.reply {
            Reply::Answered(answer) => answer.diagnosis.as_ref(),
            _ => None,
        }
    }
}

/// What is wrong with the daemon.
pub(crate) fn judge(facts: &DaemonFacts) -> Findings {
    let mut findings = Findings::new(Subject::Daemon);
    let at = &facts.address;
    let restart = "systemctl restart ringwire";
    match &facts.reply {
        Reply::Answered(answer) => answered(&mut findings, facts, answer),
        Reply::Off => findings.unchecked_until(
            "the configuration has no API, so the daemon cannot be asked what it has heard",
            "take socket = \"\" out of [api]",
        ),
        Reply::Denied => findings.unchecked_until(
            format!("this user may not connect to {at}"),
            "run it as root or as a member of the daemon's group: sudo ringwire doctor",
        ),
        Reply::Silent => findings.fault(
            Code::Unavailable,
            format!("the daemon at {at} takes the connection and does not answer: it is stuck"),
            format!("journalctl -u ringwire -n 50; then: {restart}"),
        ),
        Reply::Foreign(said) => findings.fault(
            Code::Config,
            format!("something else than ringwire answers at {at}: {said}"),
            format!("find out what (ss -xlp | grep ringwire), or set another socket in [api]; then: {restart}"),
        ),
        Reply::Refused | Reply::Absent if facts.has_journal || facts.is_active => findings.fault(
            Code::Unavailable,
            format!("a daemon runs, but none answers at {at}"),
            format!(
                "if it is an older release, or socket in [api] was changed: {restart}; else name its address: ringwire doctor \
                 --api ADDRESS"
            ),
        ),
        Reply::Refused | Reply::Absent => findings.warning(
            format!("no daemon runs: nobody answers at {at}, and nobody has the journal"),
            "start it: systemctl start ringwire (or ringwire run)",
        ),
    }
    findings
}

fn answered(findings: &mut Findings, facts: &DaemonFacts, answer: &Answer) {
    match &answer.version {
        Some(version) if version != facts.version => findings.warning(
            format!("the daemon is version {version}, and this program is {}", facts.version),
            "systemctl restart ringwire, so that the installed one runs",
        ),
        Some(version) => findings.ok(format!("it answers at {} (version {version})", facts.address)),
        None => findings.ok(format!("it answers at {}", facts.address)),
    }
    if answer.ready.ready {
        findings.ok("it is ready");
    }
    for component in answer.ready.components.iter().filter(|component| !component.ok) {
        let reason = component.reason.as_deref().unwrap_or(&component.state);
        let (says, cure) = parted(reason);
        let cure = component.hint.as_deref().or(cure).unwrap_or("journalctl -u ringwire -n 50 says more");
        let says = format!("{} does not do well: {says}", component.name);
        let counts = !component.name.starts_with("target");
        let code = if component.name == "journal" { Code::Io } else { Code::Unavailable };
        if counts {
            findings.fault(code, format!("not ready: {says}"), cure);
        } else {
            findings.fault(Code::Unavailable, says, cure);
        }
    }
    if !answer.ready.ready && answer.ready.components.iter().all(|component| component.ok) {
        findings.fault(
            Code::Unavailable,
            "it is not ready, and does not say why",
            "journalctl -u ringwire -n 50",
        );
    }
    match &answer.diagnosis {
        None => findings
            .unchecked("it does not tell what it has heard: it is an older release, or not asked as admin"),
        Some(diagnosis) => stale(findings, facts, diagnosis),
    }
}

/// Whether the configuration was changed since the daemon has read it.
fn stale(findings: &mut Findings, facts: &DaemonFacts, diagnosis: &Diagnosis) {
    let read = diagnosis.configured.unwrap_or(diagnosis.started);
    if let Some(changed) = facts.changed.filter(|changed| *changed > read) {
        let perhaps =
            if diagnosis.configured.is_some() { "" } else { ", unless it was told to reload since" };
        findings.warning(
            format!(
                "the configuration was changed at {}, and the daemon has read it at {}{perhaps}",
                changed.strftime("%Y-%m-%d %H:%M:%S UTC"),
                read.strftime("%Y-%m-%d %H:%M:%S UTC")
            ),
            "systemctl reload ringwire",
        );
    }
}
