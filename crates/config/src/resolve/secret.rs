//! Secrets, from where they are kept.

use std::{ops::Range, path::Path};

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use toml::Spanned;

use super::Resolver;
use crate::{raw::RawSecret, source};

/// The keys that may say where one secret is kept; exactly one of them has to.
pub(crate) struct Sources {
    /// What the keys are called: `NAME_file`, `NAME_env`, `NAME_credential`, `NAME`.
    pub(crate) name: &'static str,
    /// What the secret is, for errors.
    pub(crate) what: &'static str,
    pub(crate) file: Option<Spanned<String>>,
    pub(crate) environment: Option<Spanned<String>>,
    pub(crate) credential: Option<Spanned<String>>,
    pub(crate) inline: Option<Spanned<RawSecret>>,
}

impl Sources {
    /// Whether one of the keys is there, and where the first of them is.
    pub(super) fn given(&self) -> Option<Range<usize>> {
        let named =
            [&self.file, &self.environment, &self.credential].into_iter().flatten().map(Spanned::span);
        named.chain(self.inline.as_ref().map(Spanned::span)).next()
    }
}

/// A secret, and the place that named it.
pub(crate) struct Found {
    pub(crate) secret: SecretString,
    pub(crate) span: Range<usize>,
    /// Whether it stands in the configuration itself.
    pub(crate) inline: bool,
}

/// Whether `secret` has no line break or other control character in it.
pub(super) fn is_one_line(secret: &SecretString) -> bool {
    !secret.expose_secret().chars().any(char::is_control)
}

impl Resolver<'_> {
    /// The secret that `sources` of the table at `path` lead to; `None` where it is not read, or an error was told.
    pub(super) fn secret(&mut self, sources: Sources, table: &Range<usize>, path: &str) -> Option<Found> {
        let Sources { name, what, file, environment, credential, inline } = sources;
        let given: Vec<_> = [file.as_ref(), environment.as_ref(), credential.as_ref()]
            .into_iter()
            .flatten()
            .map(Spanned::span)
            .chain(inline.as_ref().map(Spanned::span))
            .collect();
        if let [_, second, ..] = given.as_slice() {
            let finding = self.wrong(second, format!("more than one source is set for {what}"));
            let keys = format!("one of {name}_file, {name}_env, {name}_credential and {name}");
            self.errors.push(finding.expected(keys).hint("keep one"));
            return None;
        }
        if !self.reads_secrets_of(path) {
            return None;
        }
        let Some(span) = given.into_iter().next() else {
            let finding = self.wrong(table, format!("{what} is missing")).key(format!("{path}.{name}_file"));
            let keys = format!("{name}_file, {name}_env, {name}_credential or {name}");
            self.errors
                .push(finding.expected(keys).hint("a file that only ringwire can read is recommended"));
            return None;
        };
        let is_inline = inline.is_some();
        let secret = match (file, environment, credential, inline) {
            (Some(file), ..) => self.secret_file(&file),
            (_, Some(variable), ..) => self.secret_variable(&variable),
            (_, _, Some(credential), _) => self.secret_credential(&credential),
            (.., inline) => inline.map(|secret| secret.into_inner().0),
        }?;
        if secret.expose_secret().is_empty() {
            self.errors.push(self.wrong(&span, format!("{what} is empty")).expected("text"));
            return None;
        }
        Some(Found { secret, span, inline: is_inline })
    }

    /// Whether what is in the table at `path` is connected to, and its secrets are wanted.
    pub(super) fn reads_secrets_of(&self, path: &str) -> bool {
        if path.starts_with("pbx.") { self.purpose.reaches_pbxs() } else { self.purpose.reaches_targets() }
    }

    /// The same for a secret of one line, which may stand in the configuration itself only where nobody else can
    /// read that.
    pub(crate) fn kept_secret(
        &mut self,
        sources: Sources,
        table: &Range<usize>,
        path: &str,
    ) -> Option<Found> {
        let name = sources.name;
        let found = self.secret(sources, table, path)?;
        if found.inline && !self.private {
            let finding = self.wrong(&found.span, "the secret is in a file that others can read");
            let file = self.document.file().display();
            self.errors.push(
                finding.expected("mode 0600").hint(format!("chmod 600 {file}, or move it to {name}_file")),
            );
        }
        if !is_one_line(&found.secret) {
            let finding =
                self.wrong(&found.span, "the secret contains a line break or another control character");
            self.errors.push(finding.expected("one line of text"));
            return None;
        }
        Some(found)
    }

    /// The same, where there may be none.
    pub(super) fn kept_secret_if_any(
        &mut self,
        sources: Sources,
        table: &Range<usize>,
        path: &str,
    ) -> Option<Found> {
        sources.given()?;
        self.kept_secret(sources, table, path)
    }

    /// The text of a file, without the line break at its end.
    pub(super) fn secret_file(&mut self, value: &Spanned<String>) -> Option<SecretString> {
        let path = self.path(value.get_ref());
        match source::read(&path) {
            Ok(file) => {
                self.warn_of_public(&file, &path, &value.span());
                Some(trimmed(&file.text))
            }
            Err(reason) => {
                let finding = self.wrong(&value.span(), format!("{}: {reason}", path.display()));
                let hint = "make it readable by the user that ringwire runs as";
                self.errors.push(finding.expected("a file with nothing but the secret in it").hint(hint));
                None
            }
        }
    }

    /// Warns if everyone can read `file`, in which there is a secret.
    pub(super) fn warn_of_public(&mut self, file: &source::TextFile, path: &Path, span: &Range<usize>) {
        if file.is_public() {
            let what = format!("{} can be read by everyone", path.display());
            let hint = format!("chmod o= {}", path.display());
            self.warnings.push(self.wrong(span, what).hint(hint));
        }
    }

    pub(super) fn secret_variable(&mut self, value: &Spanned<String>) -> Option<SecretString> {
        let name = value.get_ref();
        let found = (self.environment)(name).map(|secret| secret.into_string().map(Zeroizing::new));
        let what = match found {
            Some(Ok(secret)) => return Some(trimmed(&secret)),
            Some(Err(_)) => format!("${name} is not UTF-8 text"),
            None => format!("${name} is not set"),
        };
        let finding =
            self.wrong(&value.span(), what).expected("an environment variable that holds the secret");
        self.errors.push(finding.hint("with systemd, set it with EnvironmentFile="));
        None
    }

    /// A credential of the systemd unit (systemd.exec(5), `LoadCredential=`).
    pub(super) fn secret_credential(&mut self, value: &Spanned<String>) -> Option<SecretString> {
        const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
        let name = value.get_ref();
        let expected = "the name of a credential of the systemd unit";
        let hint = format!("add LoadCredential={name}:/path/of/the/file to the unit");
        if name.is_empty() || name.contains('/') || name == ".." || name == "." {
            self.errors.push(self.wrong(&value.span(), format!("invalid name {name:?}")).expected(expected));
            return None;
        }
        let Some(directory) = (self.environment)(DIRECTORY) else {
            let finding =
                self.wrong(&value.span(), format!("${DIRECTORY} is not set: systemd passed no credentials"));
            self.errors.push(finding.expected(expected).hint(hint));
            return None;
        };
        match source::read(&Path::new(&directory).join(name)) {
            Ok(file) => Some(trimmed(&file.text)),
            Err(reason) => {
                let finding = self.wrong(&value.span(), format!("credential {name:?}: {reason}"));
                self.errors.push(finding.expected(expected).hint(hint));
                None
            }
        }
    }
}

/// The secret without the line break that editors and `echo` leave at its end.
fn trimmed(text: &str) -> SecretString {
    text.trim_end_matches(['\r', '\n']).into()
}
