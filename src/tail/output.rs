//! How events are printed.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    event_merger::{EventMerger, LateDelivery, TailLine},
    line::LineFormat,
};

/// The JSON of a delivery that became final after its event was printed.
#[derive(Serialize)]
struct LateDeliveryJson<'a> {
    event: &'static str,
    id: i64,
    target: &'a str,
    state: &'a str,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    of: &'a str,
    call: &'a str,
}

/// Where events are printed, and how.
pub(super) struct TailOutput<W> {
    pub(super) out: W,
    pub(super) json: bool,
    pub(super) format: LineFormat,
}

impl<W: Write> TailOutput<W> {
    /// Prints the lines that are ready at `now`.
    pub(super) fn print(&mut self, merger: &mut EventMerger, now: Duration) -> io::Result<()> {
        let mut printed = false;
        while let Some(line) = merger.poll(now) {
            printed = true;
            match (line, self.json) {
                (TailLine::Event(entry), false) => writeln!(self.out, "{}", self.format.event(&entry))?,
                (TailLine::LateDelivery(late), false) => {
                    writeln!(self.out, "{}", self.format.late_delivery(&late, Timestamp::now()))?;
                }
                (TailLine::Event(entry), true) => self.json(&entry.record)?,
                (TailLine::LateDelivery(LateDelivery { delivery, of }), true) => {
                    self.json(&LateDeliveryJson {
                        event: "delivery",
                        id: delivery.id,
                        target: &delivery.target,
                        state: &delivery.state,
                        failures: delivery.failures,
                        reason: delivery.reason.as_deref(),
                        of: &of.event,
                        call: &of.call,
                    })?;
                }
            }
        }
        if printed { self.out.flush() } else { Ok(()) }
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.out.write_all(&line)
    }

    /// Prints a notice on standard error.
    #[expect(clippy::unused_self, reason = "it is a part of the output")]
    pub(super) fn print_notice(&self, text: &str) -> io::Result<()> {
        writeln!(anstream::stderr(), "({text})")
    }
}
