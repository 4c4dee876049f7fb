//! From what was typed to what it means.

mod address;
mod api;
mod asked_for;
mod broker;
mod certificate;
mod credentials;
mod journal;
mod pbx;
mod routes;
mod secret;
mod target;
mod template;
mod users;

use std::{
    fmt::Display,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
};

use toml::Spanned;

use super::{
    document::Document,
    finding::{ConfigError, Finding},
    raw::{RawConfig, Words},
    resolved::{Config, Log, Pbx, Purpose, Target},
    routes::Routes,
    source::Environment,
};

/// Turns the raw configuration into the resolved one, and collects what is wrong with it on the way.
pub(super) struct Resolver<'a> {
    document: &'a Document<'a>,
    environment: Environment<'a>,
    purpose: Purpose,
    /// Whether only its owner can read the configuration.
    private: bool,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl<'a> Resolver<'a> {
    /// A resolver for `document`, in which `errors` were found so far.
    pub(super) fn new(
        document: &'a Document<'a>,
        environment: Environment<'a>,
        purpose: Purpose,
        private: bool,
        errors: Vec<Finding>,
    ) -> Self {
        Self { document, environment, purpose, private, errors, warnings: Vec::new() }
    }

    /// What `raw` means.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn config(mut self, raw: RawConfig) -> Result<Config, ConfigError> {
        // A table that could not be read may have been the one that something else wants.
        let complete = self.errors.is_empty();
        if complete {
            self.expect_something(&raw);
        }
        self.warnings.extend(raw.warnings);
        let log = raw.log.map_or_else(Log::default, |section| Log {
            level: section.value.level.unwrap_or_default(),
            format: section.value.format.unwrap_or_default(),
        });
        let journal =
            self.purpose.opens_journal().then(|| self.journal(raw.journal.map(|section| section.value)));
        let api = self.purpose.opens_journal().then(|| self.api(raw.api.map(|section| section.value)));
        let several = raw.pbxs.len() > 1;
        let mut pbxs: Vec<_> = raw.pbxs.into_iter().map(|section| self.pbx(section, several)).collect();
        let mut targets: Vec<_> = raw.targets.into_iter().map(|section| self.target(section)).collect();
        let state_folder = journal.as_ref().and_then(|journal| Some(journal.path.parent()?.to_owned()));
        targets.iter_mut().for_each(|target| target.state_folder.clone_from(&state_folder));
        if self.purpose == Purpose::Replay && pbxs.is_empty() {
            pbxs.push(Pbx::embedded());
        }
        if self.purpose == Purpose::Replay && targets.is_empty() {
            targets.push(Target::embedded());
        }
        self.ask_for(&mut pbxs, &targets);
        let routes = if complete { self.routes(raw.routes, &pbxs, &targets) } else { Routes::default() };
        if !self.errors.is_empty() {
            return Err(ConfigError::new(self.errors));
        }
        self.warnings.sort_by_key(Finding::place);
        let file = Some(self.document.file().to_owned());
        Ok(Config { file, pbxs, targets, routes, journal, api, log, warnings: self.warnings })
    }

    fn expect_something(&mut self, raw: &RawConfig) {
        if !self.purpose.reaches_pbxs() {
            return;
        }
        let missing = |what: &str| Finding::new(self.document.file(), what);
        match (raw.pbxs.is_empty(), raw.targets.is_empty()) {
            (true, true) if self.purpose.reaches_targets() => self.errors.push(
                missing("no PBX and no target is configured")
                    .expected("a section [pbx.NAME] for the PBX to connect to, and [target.NAME] for the system to notify")
                    .hint("see examples/ringwire.toml"),
            ),
            (true, _) => self.errors.push(
                missing("no PBX is configured")
                    .expected("a section [pbx.NAME] with host, username and secret_file")
                    .hint("see examples/ringwire.toml"),
            ),
            (false, true) if self.purpose.reaches_targets() => self.warnings.push(
                missing("no target is configured, so no call is reported")
                    .hint("add a section [target.NAME] with dialect and url_file"),
            ),
            (false, _) => {}
        }
    }

    /// `what` is wrong at `span`.
    fn wrong(&self, span: &Range<usize>, what: impl Into<String>) -> Finding {
        self.document.finding(span, what)
    }

    /// Something that is wrong at `span`, what should be there, and what to do if that is not plain.
    pub(super) fn fault(
        &mut self,
        span: &Range<usize>,
        what: impl Into<String>,
        expected: &str,
        hint: impl Into<String>,
    ) {
        let finding = self.wrong(span, what).expected(expected);
        let hint = hint.into();
        self.errors.push(if hint.is_empty() { finding } else { finding.hint(hint) });
    }

    /// A name for something configured: it stands in call ids, logs and metrics.
    pub(super) fn check_name(&mut self, span: &Range<usize>, path: &str, name: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            let finding = self.wrong(span, format!("{name:?} is not a valid name")).key(path);
            self.errors.push(finding.expected("1 to 64 letters, digits, dots, dashes or underscores"));
        }
    }

    /// A number within `range`, or the default.
    pub(super) fn within<T: PartialOrd + Display + Copy>(
        &mut self,
        value: Option<Spanned<T>>,
        range: RangeInclusive<T>,
        unit: &str,
        default: T,
    ) -> T {
        let Some(value) = value else { return default };
        if !range.contains(value.get_ref()) {
            let what = format!("{} is out of range", value.get_ref());
            let expected = format!("{unit} from {} to {}", range.start(), range.end());
            self.errors.push(self.wrong(&value.span(), what).expected(expected));
        }
        value.into_inner()
    }

    /// Text on one line, not empty.
    pub(super) fn text(&mut self, value: &Spanned<String>, expected: &str) -> String {
        let text = value.get_ref().trim();
        if text.is_empty() {
            self.errors.push(self.wrong(&value.span(), "must not be empty").expected(expected));
        } else if text.chars().any(char::is_control) {
            let finding = self.wrong(&value.span(), "contains a line break or another control character");
            self.errors.push(finding.expected(expected));
        }
        text.to_owned()
    }

    /// The texts of a list, none empty; none where the key is not there.
    fn texts(&mut self, words: Option<&Words>, expected: &str) -> Vec<String> {
        words
            .map_or_else(Vec::new, |words| words.words.iter().map(|word| self.text(word, expected)).collect())
    }

    /// A path, which is relative to the configuration file.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.document.file().parent().unwrap_or(Path::new("")).join(path)
    }
}
