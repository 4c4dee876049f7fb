//! Lines for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use ringwire_client::EventDelivery;
use ringwire_event::{AnsweredBy, CallEvent, Cause, EventKind};
use ringwire_terminal::{duration, plain};
use unicode_width::UnicodeWidthStr;

use super::{
    filter::is_missed,
    merge::{Late, Shown},
};
use crate::lines::{Time, name, short, style, style_of, took, why};

/// The widest that a text from outside becomes, in columns.
const WIDEST: usize = 40;

/// How lines are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    /// Whether more than ASCII may be used.
    pub(super) unicode: bool,
}

impl Writing {
    /// An event as one line. It is coloured; whoever prints it takes the colours out where they are not wanted.
    pub(super) fn event(self, shown: &Shown) -> String {
        let event = &shown.told.event;
        let (call, what) = (style_of(&event.call), style(&event.kind));
        let mut line = format!(
            "{:>12}  {call}{}{call:#}  {what}{:<8}{what:#}  {:<8}  {} {} {}",
            Time(event.time.or(shown.told.recorded_at)),
            left(&short(&event.call), 12),
            event.kind.name(),
            event.direction.as_str(),
            right(&event.from, 14),
            self.arrow(),
            left(&event.to, 14),
        );
        if let Some(queue) = &event.queue {
            let _ = write!(line, "  [{}]", cut(queue));
        }
        let (said, style) = said(shown);
        if !said.is_empty() {
            let _ = write!(line, "  {style}{said}{style:#}");
        }
        if event.recovered {
            let dim = Style::new().dimmed();
            let _ = write!(line, "  {dim}(recovered){dim:#}");
        }
        for delivery in &shown.told.deliveries {
            let _ = write!(line, "  {}", self.tick(delivery));
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// A delivery that has settled since its event was printed.
    pub(super) fn late(self, late: &Late, now: Timestamp) -> String {
        let Late { delivery, of } = late;
        let call = style_of(&of.call);
        let mut line = format!(
            "{:>12}  {call}{}{call:#}  {}  {} of {}",
            Time(Some(now)),
            left(&short(&of.call), 12),
            self.tick(delivery),
            of.what.unwrap_or("an earlier event"),
            plain(&of.call),
        );
        let tries = delivery.failures + u32::from(delivery.state == "delivered");
        if tries > 1 {
            let _ = write!(line, " after {tries} attempts");
        }
        if let Some(reason) = delivery.reason.as_ref().filter(|_| delivery.state != "delivered") {
            let _ = write!(line, ": {}", plain(reason));
        }
        line
    }

    /// One endpoint: how far it has come, in a sign and, where it is not well, a word.
    fn tick(self, delivery: &EventDelivery) -> String {
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

/// What there is to say of an event beside who called whom.
fn said(shown: &Shown) -> (String, Style) {
    let event = &shown.told.event;
    let none = Style::new();
    match &event.kind {
        EventKind::NewCall { users } => {
            let caller = event.from_name.iter().filter(|name| **name != event.from);
            let caller = caller.map(|name| format!("\"{}\"", cut(name)));
            let names = users.iter().map(|user| cut(&name(user))).collect::<Vec<_>>().join(", ");
            let names = (!names.is_empty()).then_some(names);
            (caller.chain(names).collect::<Vec<_>>().join("  "), none)
        }
        EventKind::Ringing { user } => (cut(&name(user)), none),
        EventKind::Answer { answered_by } => (cut(&took(answered_by)), none),
        EventKind::Hold { user } | EventKind::Unhold { user } => {
            (user.as_ref().map(|user| cut(&name(user))).unwrap_or_default(), none)
        }
        EventKind::Transfer { user, target, .. } => {
            let by = user.as_ref().map(|user| cut(&name(user)));
            let to = target.as_ref().map(|target| format!("to {}", cut(target)));
            (by.into_iter().chain(to).collect::<Vec<_>>().join(" "), none)
        }
        EventKind::Hangup { cause, answered_by } => outcome(shown, event, *cause, answered_by.as_ref()),
    }
}

/// What became of a call, and how long it took.
fn outcome(
    shown: &Shown,
    event: &CallEvent,
    cause: Cause,
    answered_by: Option<&AnsweredBy>,
) -> (String, Style) {
    let (mut said, style) = match answered_by {
        Some(answered_by) => (format!("answered by {}", cut(&took(answered_by))), Style::new().dimmed()),
        None if is_missed(event) => {
            (format!("missed: {}", why(Some(cause.as_str()))), AnsiColor::Red.on_default().bold())
        }
        None => (why(Some(cause.as_str())).to_owned(), Style::new().dimmed()),
    };
    for (what, seconds) in [("rang", shown.rang), ("talked", shown.talked)] {
        if let Some(seconds) = seconds {
            let _ = write!(said, ", {what} {}", duration(seconds));
        }
    }
    (said, style)
}

fn cut(text: &str) -> String {
    ringwire_terminal::cut(text, WIDEST)
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
    use crate::tail::merge::{Owed, testing};

    fn delivery(target: &str, state: &str, failures: u32) -> EventDelivery {
        let reason = (state == "dead").then(|| "410 gone\u{1b}[2J".to_owned());
        EventDelivery { id: 7, target: target.into(), state: state.into(), failures, reason }
    }

    fn shown(what: EventKind, change: impl FnOnce(&mut CallEvent)) -> Shown {
        let mut event = testing::event("1795226702.0", 3, what);
        event.time = None;
        change(&mut event);
        let deliveries = vec![delivery("zammad", "delivered", 0), delivery("crm", "pending", 0)];
        let told = StreamEvent { event, cursor: Some(4), recorded_at: None, deliveries };
        Shown { told, rang: Some(12), talked: None }
    }

    fn check(unicode: bool, shown: &Shown, expected: &str) {
        let line = Writing { unicode }.event(shown);
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
            &shown(EventKind::NewCall { users: vec![alice.clone()] }, |event| {
                event.from_name = Some("Casey \u{202e}Customer".into());
                event.queue = Some("support".into());
            }),
            "           -  6702.0        newCall   in          491761234567 \u{2192} 4930100         [support]  \
             \"Casey \\u{202e}Customer\"  Alice (101)  zammad \u{2713}  crm \u{2026}",
        );
        check(
            false,
            &shown(EventKind::Hangup { cause: Cause::Cancel, answered_by: None }, |_| {}),
            "           -  6702.0        hangup    in          491761234567 -> 4930100         missed: caller gave \
             up, rang 12s  zammad ok  crm ...",
        );
        let mut answered = shown(
            EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice)) },
            |_| {},
        );
        answered.talked = Some(65);
        answered.told.deliveries = vec![delivery("zammad", "dead", 3), delivery("crm", "expired", 0)];
        check(
            true,
            &answered,
            "           -  6702.0        hangup    in          491761234567 \u{2192} 4930100         answered by Alice \
             (101), rang 12s, talked 1m05s  zammad \u{2717} dead  crm \u{2013} expired",
        );
    }

    #[test]
    fn what_callers_choose_is_cut() {
        let line =
            Writing { unicode: true }.event(&shown(EventKind::NewCall { users: Vec::new() }, |event| {
                event.from = "9".repeat(5000);
                event.from_name = Some("e\u{301}\u{301}\u{301}".repeat(5000));
                event.to = "\u{6f22}".repeat(5000);
            }));
        assert!(line.chars().count() < 400, "{line}");
    }

    #[test]
    fn what_settles_later_says_of_what() {
        let of = |what| Owed { event: "1795226702.0/2".into(), what, call: "1795226702.0".into() };
        let check = |delivery: EventDelivery, what, expected: &str| {
            let line =
                Writing { unicode: true }.late(&Late { delivery, of: of(what) }, Timestamp::UNIX_EPOCH);
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
