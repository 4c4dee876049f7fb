//! `docs/internal-events.md` is generated from what events do when they are emitted.

mod capture;
mod examples;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;

use self::{
    capture::{Capture, Line},
    examples::{AREAS, PBX, TARGET, examples},
};
use super::{EventEmitter, InternalEvent, JournalEvent};
use crate::{FeedFrame, LiveState, PbxState};

/// The document, from this crate's directory.
const DOCUMENT: &str = "../../docs/internal-events.md";

const PREAMBLE: &str = "\
# Internal events

Everything that an operator may learn from the daemon while it runs. Each event has the same log text each time; what varies is in fields. Log lines at debug level are not shown by default (`[log] level`). An event without a text is not logged. Metrics are those that change with the event; components are those of `/readyz`, of the desk and of `ringwire top`; frames are those of `/events`; the status is the line that `systemctl status` shows.

This file is generated: `UPDATE_DOCS=1 cargo test -p ringwire-live`.
";

/// What one event does.
#[derive(Debug, Default)]
struct Effects {
    line: Option<Line>,
    metrics: BTreeSet<String>,
    components: BTreeSet<String>,
    frames: BTreeSet<&'static str>,
    status: Option<String>,
}

/// Emits `event` in a daemon that works, or in one whose journal fails and whose PBX is disconnected.
fn emit(event: InternalEvent<'static>, is_troubled: bool) -> Effects {
    let live = LiveState::new(Timestamp::UNIX_EPOCH);
    let status = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&status);
    let emitter = EventEmitter::new(
        live.clone(),
        move |line| line.clone_into(&mut shown.lock().unwrap()),
        || Timestamp::UNIX_EPOCH,
    );
    live.components().add_pbx(PBX, "pbx.example.com:5038", Timestamp::UNIX_EPOCH);
    let capture = Capture::default();
    let mut effects = Effects::default();
    tracing::subscriber::with_default(capture.clone(), || {
        if is_troubled {
            live.components().record_connection(PBX, "2.10.4");
            live.components().set_pbx_state(PBX, PbxState::Refused, None, Timestamp::UNIX_EPOCH);
            emitter.emit(JournalEvent::Failing { error: "disk full", hint: "free some space" });
            emitter.emit(super::DaemonEvent::ConfigurationRejected { error: "no" });
            capture.take();
        }
        let mut feed = live.feed().subscribe();
        let (metrics, components) = (live.metrics().encode(), components(&live));
        status.lock().unwrap().clear();
        emitter.emit(event);
        let after = live.metrics().encode();
        let is_new = |line: &&str| !line.starts_with('#') && !metrics.lines().any(|before| before == *line);
        effects.metrics = after.lines().filter(is_new).map(metric_name).collect();
        effects.components = self::components(&live).difference(&components).cloned().collect();
        while let Ok(frame) = feed.try_recv() {
            effects.frames.insert(match frame {
                FeedFrame::Call(_) => "call",
                FeedFrame::Delivery(..) => "delivery",
                FeedFrame::Health(_) => "health",
                FeedFrame::Agent(_) => "agent",
                FeedFrame::Reset => "reset",
            });
        }
    });
    effects.status = Some(status.lock().unwrap().clone()).filter(|line| !line.is_empty() && !is_troubled);
    effects.line = capture.take().into_iter().next();
    effects
}

fn components(live: &LiveState) -> BTreeSet<String> {
    let shown = |component: crate::Component| format!("`{}`: {}", component.name, component.state);
    live.components().report(Timestamp::UNIX_EPOCH).components.into_iter().map(shown).collect()
}

/// The name of the metric that a line of OpenMetrics text belongs to.
fn metric_name(line: &str) -> String {
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    let name =
        ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    format!("`{name}`")
}

fn document() -> String {
    let mut text = PREAMBLE.to_owned();
    let examples = examples();
    for (area, about, events) in AREAS {
        let _ = write!(
            text,
            "\n## {about}\n\n| event | level | text | fields | metrics, components, frames, status | when |\n|---|---|---|---|---|---|\n"
        );
        for (name, when) in events {
            let mut alike = examples.iter().filter(|example| example.name() == (area, *name));
            let example =
                alike.next().unwrap_or_else(|| panic!("there is no example of {area}Event::{name}"));
            let (mut effects, troubled) = (emit(example.clone(), false), emit(example.clone(), true));
            effects.metrics.extend(troubled.metrics);
            effects.components.extend(troubled.components);
            let _ = writeln!(text, "{}", row(name, when.trim(), &effects));
        }
    }
    text
}

fn row(name: &str, when: &str, effects: &Effects) -> String {
    let (level, message, fields) = match &effects.line {
        Some(Line { level, message, fields }) => {
            let fields = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" ");
            (level.to_string().to_lowercase(), format!("`{message}`"), fields)
        }
        None => Default::default(),
    };
    let frames = effects.frames.iter().map(|frame| format!("frame `{frame}`"));
    let status = effects.status.iter().map(|line| format!("status `{line}`"));
    let follows: Vec<_> =
        effects.metrics.iter().chain(&effects.components).cloned().chain(frames).chain(status).collect();
    format!("| `{name}` | {level} | {message} | {fields} | {} | {when} |", follows.join(", "))
}

#[test]
fn every_event_is_in_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document, "{DOCUMENT} is not up to date: UPDATE_DOCS=1 cargo test -p ringwire-live");
}

#[test]
fn log_texts_are_plain_and_phone_numbers_are_logged_at_debug_only() {
    for event in examples() {
        let Some(Line { level, message, fields }) = emit(event, false).line else { continue };
        let first = message.split(' ').next().unwrap_or_default();
        let is_name = first.chars().skip(1).any(|c| c.is_uppercase());
        assert!(is_name || !first.starts_with(char::is_uppercase), "{message}");
        assert!(!message.ends_with('.') && !message.contains(['{', '\n']), "{message}");
        let has_numbers = fields.iter().any(|field| ["from", "to", "number"].contains(&field.as_str()));
        assert!(!has_numbers || level >= tracing::Level::DEBUG, "{message}");
    }
}

#[test]
fn the_status_line_names_each_component() {
    let status = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&status);
    let show = move |line: &str| line.clone_into(&mut shown.lock().unwrap());
    let emitter = EventEmitter::new(LiveState::new(Timestamp::UNIX_EPOCH), show, || Timestamp::UNIX_EPOCH);
    for event in examples() {
        if matches!(
            event,
            InternalEvent::Pbx(super::PbxEvent::Connected { .. })
                | InternalEvent::Target(super::TargetEvent::Failing { .. })
        ) {
            emitter.emit(event);
        }
    }
    assert_eq!(
        *status.lock().unwrap(),
        format!("pbx {PBX}: connected; target {TARGET}: failing: connection refused")
    );
}
