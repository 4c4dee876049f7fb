//! What is wrong with a configuration, and where.

use std::{fmt, path::PathBuf};

use ringwire_terminal::{Code, Failure};

/// One thing found in a configuration: what and where it is, and what to do about it. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
    key: Option<String>,
    what: String,
    expected: Option<String>,
    hint: Option<String>,
}

impl Finding {
    /// `what` was found in, or about, `file`.
    pub(super) fn new(file: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            column: None,
            key: None,
            what: what.into(),
            expected: None,
            hint: None,
        }
    }

    /// Found in `line`, counted from 1.
    pub(super) fn line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// Found in the character `column` of its line, counted from 1.
    pub(super) fn column(self, column: usize) -> Self {
        Self { column: Some(column), ..self }
    }

    /// Found at `key`: the whole path, `pbx.main.port`.
    pub(super) fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// What was expected instead.
    pub(super) fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// What to do.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Where and what it is, without what to do.
    pub fn without_hint(&self) -> String {
        Self { hint: None, ..self.clone() }.to_string()
    }

    /// What to do, where that is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The order in which findings are shown: as they stand in the file.
    pub(super) fn place(&self) -> impl Ord + use<> {
        (self.file.clone(), self.line, self.column, self.key.clone())
    }
}

/// `FILE:LINE:COLUMN: key: what is wrong; expected …; what to do`, as far as each is known.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.what)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

/// A configuration that cannot be used, with everything that was found wrong; one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<Finding>);

impl ConfigError {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(Finding::place);
        Self(findings)
    }

    /// Everything that was found wrong.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }
}

impl From<Finding> for ConfigError {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, finding)| {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{finding}")
        })
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Code::Config, error)
    }
}
