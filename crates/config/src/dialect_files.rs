//! Dialect files on the command line: listed, shown and tested.

use std::{io::Write, path::Path, sync::Arc};

use anyhow::anyhow;
use ringwire_dialects::{
    Dialect as _, SKELETON, TemplateDialect, TemplateFile, dialect_names, run_examples, shipped_file,
    shipped_names, shipped_text,
};
use ringwire_terminal::{Cell, Code, Column, Failure, Table, count};

use crate::source;

/// The dialect file called `what`: one that is shipped, or the path of one, which has a slash or ends in `.toml`.
///
/// # Errors
/// There is none, it cannot be read, or it is wrong: everything that is, each with its line and column.
pub fn open_dialect(what: &str) -> Result<Arc<TemplateFile>, Failure> {
    if let Some(file) = shipped_file(what) {
        return Ok(file);
    }
    let text = dialect_text(what)?;
    TemplateFile::parse(&text).map(Arc::new).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{what}:{mistake}")).collect();
        Failure::new(Code::Data, anyhow!(lines.join("\n")))
    })
}

/// Prints the names of all dialects, and what they speak to.
///
/// # Errors
/// It cannot be written.
pub fn list_dialects(out: &mut impl Write) -> Result<(), Failure> {
    let mut table = Table::new(&["NAME", "SYSTEM"].map(Column::left));
    for name in dialect_names() {
        table.row([Cell::new(name), Cell::new("Zammad: CTI (generic); not a file")]);
    }
    for file in shipped_names().filter_map(shipped_file) {
        table.row([Cell::new(file.name()), Cell::new(file.title())]);
    }
    Ok(table.print(out)?)
}

/// Prints the dialect file called `what`, or one to start from.
///
/// # Errors
/// There is none, or it cannot be written.
pub fn print_dialect(what: Option<&str>, out: &mut impl Write) -> Result<(), Failure> {
    let text = what.map_or_else(|| Ok(SKELETON.to_owned()), dialect_text)?;
    Ok(out.write_all(text.as_bytes())?)
}

/// Runs the examples of the dialect files called `what`, or of all that are shipped, and prints how they went.
///
/// # Errors
/// A file is wrong, or does not do what its examples say.
pub fn test_dialects(what: &[String], out: &mut impl Write) -> Result<(), Failure> {
    let all: Vec<String> = shipped_names().map(str::to_owned).collect();
    let mut failed = 0;
    for what in if what.is_empty() { &all } else { what } {
        let file = open_dialect(what)?;
        if let Ok(dialect) = TemplateDialect::new(Arc::clone(&file), &file.example_settings()) {
            writeln!(out, "{what}: {}", describe(&dialect))?;
        }
        for report in run_examples(&file) {
            let verdict = if report.failures.is_empty() { "ok" } else { "FAILED" };
            let requests = count(report.requests, "request", "requests");
            writeln!(out, "  {verdict:<6}  {} ({requests})", report.name)?;
            for failure in &report.failures {
                writeln!(out, "          line {}: {}", failure.line, failure.what)?;
            }
            failed += report.failures.len();
        }
    }
    match failed {
        0 => Ok(()),
        failed => {
            let failed = count(failed, "example does", "examples do");
            Err(Failure::new(Code::Data, anyhow!("{failed} not give what was expected")))
        }
    }
}

/// Which events are sent, and what else the dialect uses, in one line.
fn describe(dialect: &TemplateDialect) -> String {
    let file = dialect.file();
    let mut parts = Vec::new();
    let events: Vec<_> = file.events().collect();
    if !events.is_empty() {
        parts.push(format!("sends {}", events.join(", ")));
    }
    if !file.listens().is_empty() {
        let actions: Vec<_> =
            file.listens().iter().map(|rule| format!("{} for {}", rule.path, rule.action)).collect();
        parts.push(format!("listens at {}", actions.join(", ")));
    }
    if dialect.user_list().is_some() {
        parts.push("reads the list of users".to_owned());
    }
    parts.join("; ")
}

/// The text of the dialect file called `what`.
fn dialect_text(what: &str) -> Result<String, Failure> {
    if let Some(text) = shipped_text(what) {
        return Ok(text.to_owned());
    }
    if what.contains('/') || Path::new(what).extension().is_some_and(|extension| extension == "toml") {
        let file = source::read(Path::new(what));
        return file
            .map(|file| file.text.to_string())
            .map_err(|reason| Failure::new(Code::NoInput, anyhow!("{what}: {reason}")));
    }
    if dialect_names().contains(&what) {
        let error = anyhow!("{what} is not a file");
        return Err(Failure::new(Code::Usage, error).hint("it is built in; docs/zammad.md describes it"));
    }
    let known: Vec<_> = shipped_names().collect();
    let hint = format!("expected one of: {}, or the path of a file", known.join(", "));
    Err(Failure::new(Code::Usage, anyhow!("{what}: no dialect of this name")).hint(hint))
}
