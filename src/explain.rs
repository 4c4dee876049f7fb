//! `ringwire explain`: why a call was reported the way it was.

mod args;
mod from_daemon;
mod from_journal;
mod from_recording;
mod output;

use std::path::Path;

use anyhow::anyhow;
use ringwire_terminal::{Code, Failure};

pub(crate) use self::args::Args;
use self::output::ExplanationOutput;

/// Runs the command.
///
/// # Errors
/// The call is unknown, or the recording, the journal or the configuration cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = ExplanationOutput::new(anstream::stdout().lock(), args.json, args.brief);
    if args.what == "-" || Path::new(&args.what).exists() {
        from_recording::explain(args, &mut out)?;
    } else {
        for (given, option) in
            [(args.call.is_some(), "--call"), (args.to.is_some(), "--to"), (args.pbx.is_some(), "--pbx")]
        {
            if given {
                return Err(Failure::new(
                    Code::Usage,
                    anyhow!("{option} applies to recordings only, and there is no file {}", args.what),
                ));
            }
        }
        from_journal::explain(args, &mut out)?;
    }
    out.print_document_links()?;
    Ok(out.flush()?)
}
