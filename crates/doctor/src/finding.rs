//! What the doctor found, how bad it is, and how to fix it.

use ringwire_terminal::Code;
use serde::{Serialize, Serializer};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The configuration.
    Configuration,
    /// The access to the files that it names.
    Files,
    /// The systemd unit.
    Service,
    /// The running daemon.
    Daemon,
    /// The connection to a PBX.
    Pbx(String),
    /// The call events from a PBX.
    Calls(String),
    /// A target.
    Target(String),
    /// The journal.
    Journal,
    /// This machine.
    System,
}

impl Subject {
    /// The heading above its findings.
    pub fn title(&self) -> String {
        match self {
            Self::Configuration => "Configuration".to_owned(),
            Self::Files => "Files".to_owned(),
            Self::Service => "Service".to_owned(),
            Self::Daemon => "Daemon".to_owned(),
            Self::Pbx(name) => format!("PBX {name}"),
            Self::Calls(name) => format!("Calls of {name}"),
            Self::Target(name) => format!("Target {name}"),
            Self::Journal => "Journal".to_owned(),
            Self::System => "This machine".to_owned(),
        }
    }

    /// How early on a call's way the subject stands, the earliest first: a fault there hides all faults behind it.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Configuration => 0,
            Self::Service => 1,
            Self::Daemon => 2,
            Self::Pbx(_) => 3,
            Self::Calls(_) => 4,
            Self::Target(_) => 5,
            Self::Journal => 6,
            Self::Files => 7,
            Self::System => 8,
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.title())
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// It works, but needs attention.
    Warning,
    /// It is broken.
    Fault,
    /// It could not be checked.
    NotChecked,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong or right, in one line, without secrets.
    pub text: String,
    /// How to fix it: words, a command, or lines for the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The exit code of a fault.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub code: Option<Code>,
}

fn number<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => serializer.serialize_u8(code.number()),
        None => serializer.serialize_none(),
    }
}

/// The findings about one subject.
#[derive(Clone, Debug)]
pub struct Findings {
    subject: Subject,
    found: Vec<Finding>,
}

impl Findings {
    /// No findings yet.
    pub fn new(subject: Subject) -> Self {
        Self { subject, found: Vec::new() }
    }

    /// Adds that something is OK.
    pub fn ok(&mut self, text: impl Into<String>) {
        self.push(Severity::Ok, text.into(), None, None);
    }

    /// Adds a warning and its hint.
    pub fn warning(&mut self, text: impl Into<String>, hint: impl Into<String>) {
        self.push(Severity::Warning, text.into(), Some(hint.into()), None);
    }

    /// Adds a fault, its exit code and its hint.
    pub fn fault(&mut self, code: Code, text: impl Into<String>, hint: impl Into<String>) {
        self.push(Severity::Fault, text.into(), Some(hint.into()), Some(code));
    }

    /// Adds that something could not be checked, because of `why`.
    pub fn not_checked(&mut self, why: impl Into<String>) {
        self.push(Severity::NotChecked, why.into(), None, None);
    }

    /// The same, with what makes the check possible.
    pub fn not_checked_until(&mut self, why: impl Into<String>, hint: impl Into<String>) {
        self.push(Severity::NotChecked, why.into(), Some(hint.into()), None);
    }

    /// Whether there is no fault.
    #[cfg(test)]
    pub fn has_no_fault(&self) -> bool {
        self.found.iter().all(|finding| finding.severity != Severity::Fault)
    }

    /// Whether there are no findings.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn push(&mut self, severity: Severity, text: String, hint: Option<String>, code: Option<Code>) {
        let hint = hint.filter(|hint| !hint.is_empty());
        self.found.push(Finding { subject: self.subject.clone(), severity, text, hint, code });
    }
}

impl From<Findings> for Vec<Finding> {
    fn from(findings: Findings) -> Self {
        findings.found
    }
}
