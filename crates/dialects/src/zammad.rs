//! Zammad's generic CTI endpoint.
//!
//! Three events are posted: newCall, answer and hangup. What they hold, and what the replies mean, is decided by
//! what Zammad's code does with them (Zammad contract, sections 1 to 3), not by its documents: they differ.

mod options;
mod post;
mod verdict;

use ringwire_event::{CallEvent, Direction};

use self::post::Side;
use crate::filter::Filter;
use crate::{Body, Dialect, Reply, Request, Verdict};

pub use self::options::{Format, To, ZammadOptions};

/// Zammad's generic CTI endpoint.
#[derive(Clone, Debug)]
pub struct Zammad {
    format: Format,
    to: To,
    internal: bool,
    trunks: Filter,
    dids: Filter,
}

impl Zammad {
    /// The name of this dialect.
    pub const NAME: &'static str = "zammad";

    /// The dialect with `options`.
    #[must_use]
    pub fn new(options: &ZammadOptions) -> Self {
        Self {
            format: options.format,
            to: options.to,
            internal: options.internal,
            trunks: Filter::names(&options.trunks),
            dids: Filter::numbers(&options.dids),
        }
    }

    /// On which side of Zammad's call log the call of `event` belongs; `None` where it is filtered out.
    ///
    /// This looks at nothing but the direction, the trunk and the number dialled, which are the same in every
    /// event of a call: a call whose newCall went out and whose hangup did not would ring for ever.
    fn side(&self, event: &CallEvent) -> Option<Side> {
        match event.direction {
            Direction::In => (self.trunks.passes(event.trunk.as_deref())
                && self.dids.passes(Some(&event.to)))
            .then_some(Side::In),
            Direction::Out => self.trunks.passes(event.trunk.as_deref()).then_some(Side::Out),
            // Zammad knows two directions. As `out` it would count the call as done whatever becomes of it, look
            // the colleague up among the customers and offer another caller id; as `in` it shows who calls whom,
            // whether it was missed, and brings the screen up for whoever answers.
            Direction::Internal => self.internal.then_some(Side::In),
        }
    }
}

impl Dialect for Zammad {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn request(&self, event: &CallEvent) -> Option<Request> {
        let fields = post::fields(event, self.side(event)?, self.to)?;
        let body = match self.format {
            Format::Json => Body::Json(fields),
            Format::Form => Body::Form(fields),
        };
        // Without it an error that comes from an exception is an HTML page (Zammad contract, section 1).
        Some(Request { method: "POST", headers: vec![("Accept", "application/json".to_owned())], body })
    }

    fn verdict(&self, event: &CallEvent, reply: &Reply<'_>) -> Verdict {
        verdict::of(event, reply)
    }
}

#[cfg(test)]
mod tests;
