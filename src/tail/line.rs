//! Events and deliveries as lines of text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use ringwire_client::EventDelivery;
use ringwire_event::{AnsweredBy, CallEvent, Cause, EventKind};
use ringwire_terminal::{duration, plain};
use unicode_width::UnicodeWidthStr;

use super::{
    event_merger::{LateDelivery, TailEvent},
    filter::is_missed,
};
use crate::event_text::{
    EventTime, answered_by_text, call_style, cause_text, event_style, kind_details, party_name, short_call_id,
};

/// The maximum width of a text from outside, in columns.
const MAX_TEXT_WIDTH: usize = 40;

/// How lines are formatted.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineFormat {
    /// Whether more than ASCII may be used.
    pub(super) unicode: bool,
}

impl LineFormat {
    /// An event as one line. It has colours; the writer removes them where they are not wanted.
    pub(super) fn event(self, entry: &TailEvent) -> String {
        let event = &entry.record.event;
        let (call, kind) = (call_style(&event.call), event_style(&event.kind));
        let mut line = format!(
            "{:>12}  {call}{}{call:#}  {kind}{:<8}{kind:#}  {:<8}  {} {} {}",
            EventTime(event.time.or(entry.record.recorded_at)),
            left(&short_call_id(&event.call), 12),
            event.kind.name(),
            event.direction.as_str(),
            right(&event.from, 14),
            self.arrow(),
            left(&event.to, 14),
        );
        if let Some(queue) = &event.queue {
            let _ = write!(line, "  [{}]", cut(queue));
        }
        let (details, style) = event_details(entry);
        if !details.is_empty() {
            let _ = write!(line, "  {style}{details}{style:#}");
        }
        if event.recovered {
            let dim = Style::new().dimmed();
            let _ = write!(line, "  {dim}(recovered){dim:#}");
        }
        for delivery in &entry.record.deliveries {
            let _ = write!(line, "  {}", self.delivery_status(delivery));
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// A delivery that became final after its event was printed.
    pub(super) fn late_delivery(self, late: &LateDelivery, now: Timestamp) -> String {
        let LateDelivery { delivery, of } = late;
        let call = call_style(&of.call);
        let mut line = format!(
            "{:>12}  {call}{}{call:#}  {}  {} of {}",
            EventTime(Some(now)),
            left(&short_call_id(&of.call), 12),
            self.delivery_status(delivery),
            of.kind.unwrap_or("an earlier event"),
            plain(&of.call),
        );
        let attempts = delivery.failures + u32::from(delivery.state == "delivered");
        if attempts > 1 {
            let _ = write!(line, " after {attempts} attempts");
        }
        if let Some(reason) = delivery.reason.as_ref().filter(|_| delivery.state != "delivered") {
            let _ = write!(line, ": {}", plain(reason));
        }
        line
    }

    /// The status of a delivery: a sign, and a word if it is not delivered or pending.
    fn delivery_status(self, delivery: &EventDelivery) -> String {
        let (unicode, ascii, word, style) = match delivery.state.as_str() {
            "delivered" => ("\u{2713}", "ok", "", AnsiColor::Green.on_default()),
            "dead" => ("\u{2717}", "x", "dead", AnsiColor::Red.on_default().bold()),
            "expired" => ("\u{2013}", "-", "expired", AnsiColor::Yellow.on_default()),
            "dropped" => ("\u{2013}", "-", "dropped", AnsiColor::Yellow.on_default()),
            "pending" => ("\u{2026}", "...", "", Style::new().dimmed()),
            "retry" => ("\u{2026}", "...", "retrying", AnsiColor::Yellow.on_default()),
            "paused" => ("\u{2026}", "...", "paused", AnsiColor::Yellow.on_default()),
            _ => ("?", "?", "", Style::new().dimmed()),
        };
        let sign = if self.unicode { unicode } else { ascii };
        let text = format!("{} {sign} {word}", cut(&delivery.target));
        format!("{style}{}{style:#}", text.trim_end())
    }

    fn arrow(self) -> &'static str {
        if self.unicode { "\u{2192}" } else { "->" }
    }
}

/// The details of an event besides its kind, caller and callee.
fn event_details(entry: &TailEvent) -> (String, Style) {
    let event = &entry.record.event;
    let none = Style::new();
    match &event.kind {
        EventKind::NewCall { users } => {
            let caller = event.from_name.iter().filter(|name| **name != event.from);
            let caller = caller.map(|name| format!("\"{}\"", cut(name)));
            let names = users.iter().map(|user| cut(&party_name(user))).collect::<Vec<_>>().join(", ");
            let names = (!names.is_empty()).then_some(names);
            (caller.chain(names).collect::<Vec<_>>().join("  "), none)
        }
        EventKind::Answer { answered_by } => (cut(&answered_by_text(answered_by)), none),
        EventKind::Hangup { cause, answered_by } => outcome(entry, event, *cause, answered_by.as_ref()),
        kind => (kind_details(kind).map(|details| cut(&details)).unwrap_or_default(), none),
    }
}

/// The outcome of a call and its durations.
fn outcome(
    entry: &TailEvent,
    event: &CallEvent,
    cause: Cause,
    answered_by: Option<&AnsweredBy>,
) -> (String, Style) {
    let (mut details, style) = match answered_by {
        Some(answered_by) => {
            (format!("answered by {}", cut(&answered_by_text(answered_by))), Style::new().dimmed())
        }
        None if is_missed(event) => {
            (format!("missed: {}", cause_text(Some(cause.as_str()))), AnsiColor::Red.on_default().bold())
        }
        None => (cause_text(Some(cause.as_str())).to_owned(), Style::new().dimmed()),
    };
    for (kind, seconds) in [("rang", entry.rang), ("talked", entry.talked)] {
        if let Some(seconds) = seconds {
            let _ = write!(details, ", {kind} {}", duration(seconds));
        }
    }
    (details, style)
}

fn cut(text: &str) -> String {
    ringwire_terminal::cut(text, MAX_TEXT_WIDTH)
}

fn left(text: &str, width: usize) -> String {
    let text = cut(text);
    let fill = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

fn right(text: &str, width: usize) -> String {
    let text = cut(text);
    let fill = width.saturating_sub(text.width());
    format!("{}{text}", " ".repeat(fill))
}

#[cfg(test)]
mod tests {
    use ringwire_client::StreamEvent;
    use ringwire_event::Party;

    use super::*;
    use crate::tail::{event_merger::EventRef, test_events};

    fn delivery(target: &str, state: &str, failures: u32) -> EventDelivery {
        let reason = (state == "dead").then(|| "410 gone\u{1b}[2J".to_owned());
        EventDelivery { id: 7, target: target.into(), state: state.into(), failures, reason }
    }

    fn entry(kind: EventKind, change: impl FnOnce(&mut CallEvent)) -> TailEvent {
        let mut event = test_events::event("1795226702.0", 3, kind);
        event.time = None;
        change(&mut event);
        let deliveries = vec![delivery("zammad", "delivered", 0), delivery("crm", "pending", 0)];
        let record = StreamEvent { event, cursor: Some(4), recorded_at: None, deliveries };
        TailEvent { record, rang: Some(12), talked: None }
    }

    fn check(unicode: bool, entry: &TailEvent, expected: &str) {
        let line = LineFormat { unicode }.event(entry);
        assert_eq!(anstream::adapter::strip_str(&line).to_string(), expected);
    }

    #[test]
    fn an_event_is_a_line() {
        let alice = Party {
            name: Some("Alice".into()),
            extension: Some("101".into()),
            ..Party::endpoint("PJSIP/alice")
        };
        check(
            true,
            &entry(EventKind::NewCall { users: vec![alice.clone()] }, |event| {
                event.from_name = Some("Casey \u{202e}Customer".into());
                event.queue = Some("support".into());
            }),
            "           -  6702.0        newCall   in          491761234567 \u{2192} 4930100         [support]  \
             \"Casey \\u{202e}Customer\"  Alice (101)  zammad \u{2713}  crm \u{2026}",
        );
        check(
            false,
            &entry(EventKind::Hangup { cause: Cause::Cancel, answered_by: None }, |_| {}),
            "           -  6702.0        hangup    in          491761234567 -> 4930100         missed: caller gave \
             up, rang 12s  zammad ok  crm ...",
        );
        let mut answered = entry(
            EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice)) },
            |_| {},
        );
        answered.talked = Some(65);
        answered.record.deliveries = vec![delivery("zammad", "dead", 3), delivery("crm", "expired", 0)];
        check(
            true,
            &answered,
            "           -  6702.0        hangup    in          491761234567 \u{2192} 4930100         answered by Alice \
             (101), rang 12s, talked 1m05s  zammad \u{2717} dead  crm \u{2013} expired",
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let line =
            LineFormat { unicode: true }.event(&entry(EventKind::NewCall { users: Vec::new() }, |event| {
                event.from = "9".repeat(5000);
                event.from_name = Some("e\u{301}\u{301}\u{301}".repeat(5000));
                event.to = "\u{6f22}".repeat(5000);
            }));
        assert!(line.chars().count() < 400, "{line}");
    }

    #[test]
    fn a_late_delivery_names_its_event() {
        let of = |kind| EventRef { event: "1795226702.0/2".into(), kind, call: "1795226702.0".into() };
        let check = |delivery: EventDelivery, kind, expected: &str| {
            let line = LineFormat { unicode: true }
                .late_delivery(&LateDelivery { delivery, of: of(kind) }, Timestamp::UNIX_EPOCH);
            let line = anstream::adapter::strip_str(&line).to_string();
            assert_eq!(line.trim_start().strip_prefix("+0.000  "), Some(expected));
        };
        check(
            delivery("zammad", "delivered", 2),
            Some("answer"),
            "6702.0        zammad \u{2713}  answer of 1795226702.0 after 3 attempts",
        );
        check(
            delivery("zammad", "dead", 3),
            None,
            "6702.0        zammad \u{2717} dead  an earlier event of 1795226702.0 after 3 attempts: 410 gone\\u{1b}[2J",
        );
    }
}
