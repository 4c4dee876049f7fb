//! Prints findings for people, and as JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use ringwire_terminal::{Code, plain};
use serde::Serialize;

use crate::finding::{Finding, Severity, Subject};

/// How many causes are repeated at the end.
const CAUSES: usize = 5;

/// All findings and their summary.
#[derive(Debug, Serialize)]
pub struct Report {
    version: &'static str,
    at: Timestamp,
    /// The exit code.
    code: u8,
    faults: usize,
    warnings: usize,
    /// The faults, the most likely cause first.
    causes: Vec<Finding>,
    findings: Vec<Finding>,
}

impl Report {
    /// A report of `findings`, made at `at`.
    pub fn new(findings: Vec<Finding>, at: Timestamp) -> Self {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let mut causes: Vec<_> =
            findings.iter().filter(|finding| finding.severity == Severity::Fault).cloned().collect();
        causes.sort_by_key(|finding| finding.subject.rank());
        let code =
            causes.iter().filter_map(|finding| finding.code).map(Code::number).max().unwrap_or_default();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            at,
            code,
            faults: count(Severity::Fault),
            warnings: count(Severity::Warning),
            causes,
            findings,
        }
    }

    /// The number of faults.
    pub fn faults(&self) -> usize {
        self.faults
    }

    /// The exit code of the worst fault; `None` without faults.
    pub fn code(&self) -> Option<Code> {
        let codes = self.causes.iter().filter_map(|finding| finding.code);
        codes.max_by_key(|code| code.number())
    }

    /// Writes the report for people, in colour.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut subject: Option<&Subject> = None;
        for finding in &self.findings {
            if subject != Some(&finding.subject) {
                if subject.is_some() {
                    writeln!(out)?;
                }
                let bold = Style::new().bold();
                writeln!(out, "{bold}{}{bold:#}", plain(&finding.subject.title()))?;
                subject = Some(&finding.subject);
            }
            write_finding(out, finding)?;
        }
        self.write_summary(out)
    }

    /// Writes the report as JSON, on one line.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }

    fn write_summary(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out)?;
        if self.causes.is_empty() {
            let warnings = match self.warnings {
                0 => "Nothing is wrong.".to_owned(),
                1 => "Nothing is wrong, but there is 1 warning.".to_owned(),
                several => format!("Nothing is wrong, but there are {several} warnings."),
            };
            writeln!(out, "{warnings}")?;
            return writeln!(
                out,
                "If calls still do not show up, make one while the doctor listens (ringwire doctor --listen 60), then see \
                 what became of it (ringwire explain CALL)."
            );
        }
        writeln!(out, "To be fixed, the most likely cause first:")?;
        for (index, finding) in self.causes.iter().take(CAUSES).enumerate() {
            writeln!(out, "  {}. {}: {}", index + 1, plain(&finding.subject.title()), plain(&finding.text))?;
            write_cure(out, finding, "     ")?;
        }
        if self.causes.len() > CAUSES {
            writeln!(out, "  … and {} more, above.", self.causes.len() - CAUSES)?;
        }
        Ok(())
    }
}

/// Writes one finding: a mark and a word, the text, and the hint.
///
/// # Errors
/// It cannot be written.
pub fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let (mark, word, colour) = match finding.severity {
        Severity::Ok => ("✓", "ok", AnsiColor::Green),
        Severity::Warning => ("!", "warning", AnsiColor::Yellow),
        Severity::Fault => ("✗", "fault", AnsiColor::Red),
        Severity::NotChecked => ("–", "not checked", AnsiColor::Cyan),
    };
    let style = colour.on_default().bold();
    writeln!(out, "  {style}{mark} {word:<11}{style:#}  {}", plain(&finding.text))?;
    write_cure(out, finding, "                 ")
}

fn write_cure(out: &mut impl Write, finding: &Finding, indent: &str) -> io::Result<()> {
    let mut arrow = "→ ";
    for line in finding.hint.iter().flat_map(|hint| hint.lines()) {
        writeln!(out, "{indent}{arrow}{}", plain(line))?;
        arrow = "  ";
    }
    Ok(())
}
