//! This machine: its clock and its limit of open files.

/// The facts about this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemFacts {
    /// Whether its clock is synchronized; `None` if unknown.
    pub(crate) synchronised: Option<bool>,
    /// The limit of open files of the daemon or, if none runs, of this process.
    pub(crate) open_files: Option<u64>,
}
