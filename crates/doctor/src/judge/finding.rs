//! What was found, how bad it is, and what to do about it.

use ringwire_terminal::Code;
use serde::{Serialize, Serializer};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The configuration.
    Configuration,
    /// Who may read the files that it is in or names.
    Files,
    /// The systemd unit.
    Service,
    /// The daemon that runs.
    Daemon,
    /// The connection to a PBX.
    Pbx(String),
    /// What is heard from a PBX.
    Calls(String),
    /// An endpoint.
    Endpoint(String),
    /// The journal.
    Journal,
    /// This machine.
    System,
}

impl Subject {
    /// What stands above its findings.
    pub fn title(&self) -> String {
        match self {
            Self::Configuration => "Configuration".to_owned(),
            Self::Files => "Files".to_owned(),
            Self::Service => "Service".to_owned(),
            Self::Daemon => "Daemon".to_owned(),
            Self::Pbx(name) => format!("PBX {name}"),
            Self::Calls(name) => format!("Calls of {name}"),
            Self::Endpoint(name) => format!("Target {name}"),
            Self::Journal => "Journal".to_owned(),
            Self::System => "This machine".to_owned(),
        }
    }

    /// How soon a fault here keeps calls from appearing, the soonest first: what stands earlier on the way hides all
    /// that comes after it.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Configuration => 0,
            Self::Service => 1,
            Self::Daemon => 2,
            Self::Pbx(_) => 3,
            Self::Calls(_) => 4,
            Self::Endpoint(_) => 5,
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
    /// It is as it should be.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It is to be put right.
    Fault,
    /// It could not be looked at.
    NotChecked,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a line. No secret is in it.
    pub says: String,
    /// What to do about it: words, a command, or lines for the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The exit code that says this; of a fault only.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub code: Option<Code>,
}

fn number<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => serializer.serialize_u8(code.number()),
        None => serializer.serialize_none(),
    }
}

/// What was found about one subject.
#[derive(Clone, Debug)]
pub struct Findings {
    subject: Subject,
    found: Vec<Finding>,
}

impl Findings {
    /// Nothing yet.
    pub fn new(subject: Subject) -> Self {
        Self { subject, found: Vec::new() }
    }

    /// It is as it should be.
    pub fn ok(&mut self, says: impl Into<String>) {
        self.push(Severity::Ok, says.into(), None, None);
    }

    /// It works, and should be looked at.
    pub fn warning(&mut self, says: impl Into<String>, cure: impl Into<String>) {
        self.push(Severity::Warning, says.into(), Some(cure.into()), None);
    }

    /// It is to be put right.
    pub fn fault(&mut self, code: Code, says: impl Into<String>, cure: impl Into<String>) {
        self.push(Severity::Fault, says.into(), Some(cure.into()), Some(code));
    }

    /// It could not be looked at, because of `why`.
    pub fn unchecked(&mut self, why: impl Into<String>) {
        self.push(Severity::NotChecked, why.into(), None, None);
    }

    /// The same, with what to do to have it looked at.
    pub fn unchecked_until(&mut self, why: impl Into<String>, cure: impl Into<String>) {
        self.push(Severity::NotChecked, why.into(), Some(cure.into()), None);
    }

    /// Whether nothing is at fault so far.
    #[cfg(test)]
    pub fn is_sound(&self) -> bool {
        self.found.iter().all(|finding| finding.severity != Severity::Fault)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn push(&mut self, severity: Severity, says: String, cure: Option<String>, code: Option<Code>) {
        let cure = cure.filter(|cure| !cure.is_empty());
        self.found.push(Finding { subject: self.subject.clone(), severity, says, cure, code });
    }
}

impl From<Findings> for Vec<Finding> {
    fn from(findings: Findings) -> Self {
        findings.found
    }
}

/// What is said and what is advised of words that say both, as in `it has expired; renew it there`.
pub(crate) fn parted(words: &str) -> (&str, Option<&str>) {
    const ADVICE: [&str; 8] =
        [": correct ", ": set ", ": update ", ": put ", ": have ", ": copy ", ": allow ", ": switch "];
    if let Some((says, cure)) = words.split_once("; ") {
        return (says, Some(cure));
    }
    let colon = ADVICE.iter().filter_map(|advice| words.find(advice)).min();
    match colon.and_then(|at| Some((words.get(..at)?, words.get(at + 2..)?))) {
        Some((says, cure)) => (says, Some(cure)),
        None => (words, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_where_the_advice_begins() {
        for (words, expected) in [
            ("it expired 3 days ago; renew it there", ("it expired 3 days ago", Some("renew it there"))),
            (
                "h leads to ::1, which is odd: correct the URL",
                ("h leads to ::1, which is odd", Some("correct the URL")),
            ),
            ("cannot connect: Connection refused", ("cannot connect: Connection refused", None)),
        ] {
            assert_eq!(parted(words), expected);
        }
    }
}
