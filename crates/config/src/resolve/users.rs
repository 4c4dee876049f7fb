//! Who has which phone: tables in the configuration, or lines of a CSV file.

use std::{collections::BTreeMap, path::Path};

use ringwire_directory::User;
use toml::Spanned;

use super::Resolver;
use crate::{finding::Finding, keys, raw::RawUser, resolved::Purpose, source};

/// What can be wrong with a user, and where to say so.
type Complaint<'a> = &'a dyn Fn(String) -> Finding;

/// What is known of the users so far: who has an endpoint or an extension.
#[derive(Default)]
struct Taken(BTreeMap<(&'static str, String), String>);

impl Resolver<'_> {
    /// The users in the tables, then those in the file; of two with one endpoint or extension the first counts.
    pub(super) fn users(
        &mut self,
        tables: Vec<Spanned<RawUser>>,
        file: Option<Spanned<String>>,
    ) -> Vec<User> {
        let mut users = Vec::new();
        let mut taken = Taken::default();
        for table in tables {
            let span = table.span();
            let document = self.document;
            self.add(&mut users, &mut taken, table.into_inner(), &|what| document.finding(&span, what));
        }
        if let Some(file) = file.filter(|_| self.purpose != Purpose::Inspect) {
            self.users_file(&file, &mut users, &mut taken);
        }
        users
    }

    fn add(&mut self, users: &mut Vec<User>, taken: &mut Taken, raw: RawUser, complaint: Complaint<'_>) {
        let user = user(raw);
        if user.endpoint.is_none() && user.extension.is_none() {
            let finding = complaint("the user has neither endpoint nor extension".to_owned());
            self.errors.push(finding.expected("at least one of them, to identify the user's phone"));
        }
        let label = user.name.clone().unwrap_or_else(|| "another user".to_owned());
        for (kind, value) in [("endpoint", &user.endpoint), ("extension", &user.extension)] {
            let Some(value) = value else { continue };
            if let Some(first) = taken.0.get(&(kind, value.to_lowercase())) {
                let what = format!("the {kind} {value} is already assigned to {first}; this one is ignored");
                self.warnings.push(complaint(what));
            } else {
                taken.0.insert((kind, value.to_lowercase()), label.clone());
            }
        }
        users.push(user);
    }

    fn users_file(&mut self, value: &Spanned<String>, users: &mut Vec<User>, taken: &mut Taken) {
        let path = self.path(value.get_ref());
        let text = match source::read(&path) {
            Ok(file) => file.text,
            Err(reason) => {
                let finding = self.wrong(&value.span(), format!("{}: {reason}", path.display()));
                self.errors.push(finding.expected("a CSV file of users"));
                return;
            }
        };
        match lines(&path, &text) {
            Ok(lines) => {
                for (line, raw) in lines {
                    self.add(users, taken, raw, &|what| Finding::new(&path, what).line(line));
                }
            }
            Err(findings) => self.errors.extend(findings),
        }
    }
}

/// The users in a CSV text, each with its line.
///
/// The first line names the columns, in any order and whatever their case; they stand between commas, or semicolons
/// if there is no comma. Lines that begin with `#` are left out.
fn lines(path: &Path, text: &str) -> Result<Vec<(usize, RawUser)>, Vec<Finding>> {
    let columns = keys::keys::<RawUser>();
    let header = text.lines().find(|line| !is_left_out(line)).unwrap_or_default();
    let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mistake = |error: csv::Error| vec![mistake(path, text, &error)];
    let headers = reader.headers().map_err(mistake)?;
    let header_line = line(text, headers.position());
    let headers: csv::StringRecord = headers.iter().map(str::to_lowercase).collect();
    let unknown: Vec<_> = headers
        .iter()
        .filter(|header| !columns.contains(header))
        .map(|header| {
            let finding = Finding::new(path, format!("unknown column {header:?}")).line(header_line);
            let finding = finding.expected(format!("some of {}", columns.join(", ")));
            match keys::meant(header, columns) {
                Some(meant) => finding.hint(format!("did you mean {meant}?")),
                None => finding,
            }
        })
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let user = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record?;
        Ok((line(text, record.position()), record.deserialize(Some(&headers))?))
    };
    reader.records().map(user).collect::<Result<_, _>>().map_err(mistake)
}

fn mistake(path: &Path, text: &str, error: &csv::Error) -> Finding {
    let finding = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Finding::new(path, format!("the line has {len} fields"))
                .expected(format!("{expected_len}, as the first line has"))
        }
        csv::ErrorKind::Deserialize { err, .. } => Finding::new(path, err.kind().to_string()),
        _ => Finding::new(path, "not valid CSV"),
    };
    finding.line(line(text, error.position()))
}

/// The line of the record at `position`, which is where the one before it ended: what is left out comes between.
fn line(text: &str, position: Option<&csv::Position>) -> usize {
    let byte = position.and_then(|position| position.byte().try_into().ok()).unwrap_or(0);
    let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
    1 + before.matches('\n').count() + rest.lines().take_while(|line| is_left_out(line)).count()
}

fn is_left_out(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

/// A user as it is meant: what is blank is not known.
fn user(raw: RawUser) -> User {
    let known =
        |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    User {
        endpoint: known(raw.endpoint),
        extension: known(raw.extension),
        name: known(raw.name),
        number: known(raw.number),
        email: known(raw.email),
        login: known(raw.login),
    }
}
