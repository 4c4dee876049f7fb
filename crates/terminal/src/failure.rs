//! How a command fails: what to tell the person, and the exit code for the program that called it.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::AnsiColor;

/// Exit codes, as sysexits has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The command line was wrong (64).
    Usage,
    /// What was read is not what it should be (65).
    Data,
    /// A file that was named cannot be read (66).
    NoInput,
    /// A PBX or an endpoint cannot be reached or refuses (69).
    Unavailable,
    /// A fault of our own (70).
    Software,
    /// Reading or writing failed (74).
    Io,
    /// The configuration is wrong (78).
    Config,
}

impl Code {
    /// The number of it.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::Io => 74,
            Self::Config => 78,
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.number())
    }
}

/// Why a command ends without having done its work.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    error: anyhow::Error,
    hint: Option<String>,
    quiet: bool,
}

impl Failure {
    /// A failure with `code`, told by `error`.
    pub fn new(code: Code, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let quiet = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|error| error.kind() == io::ErrorKind::BrokenPipe);
        Self { code, error, hint: None, quiet }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The exit code. Whoever closed the pipe has read enough: that is no failure.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        if self.quiet { ExitCode::SUCCESS } else { self.code.into() }
    }

    /// Prints the failure on standard error, unless the output was closed.
    pub fn report(&self) {
        if !self.quiet {
            let style = AnsiColor::Red.on_default().bold();
            let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {self}");
        }
    }
}

/// What is printed after `error: `: the whole chain, then the hint on a line of its own.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)?;
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Reading and writing fail for many reasons, all of them outside.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Code::Io, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit_code(), ExitCode::SUCCESS);
    }

    #[test]
    fn the_hint_stands_apart() {
        let failure = Failure::new(Code::Config, anyhow::anyhow!("no file")).hint("write one");
        assert_eq!(failure.to_string(), "no file\n\nhint: write one");
        assert_eq!(failure.exit_code(), ExitCode::from(78));
    }
}
