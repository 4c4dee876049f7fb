//! One thing has one name, and it is the field's: a word on these lists has a better one. `docs/glossary.md` defines the few
//! words that are ours.

use std::collections::BTreeSet;

use crate::{
    source::{Source, tokens},
    tree::{files, text},
};

/// Names of types and constants, whole, and what is meant instead.
const NAMES: [(&str, &str); 38] = [
    ("What", "EventKind"),
    ("Taker", "AnsweredBy"),
    ("StoryNote", "ExplanationStep"),
    ("Note", "ExplanationStep"),
    ("Conclusion", "Decision"),
    ("Heard", "SourceEvent"),
    ("Ch", "ChannelKey"),
    ("Plumbing", "Auxiliary"),
    ("Quiet", "Unannounced"),
    ("Occasion", "AnnounceReason"),
    ("Why", "HangupReason"),
    ("Outline", "ChannelSummary"),
    ("Stories", "Explanations"),
    ("Oddities", "StreamErrors"),
    ("ODDITIES", "STREAM_ERRORS"),
    ("Outlook", "Lookahead"),
    ("ECONOMY", "EVENT_FILTERS"),
    ("Owing", "PendingDeliveries"),
    ("Want", "LoadRequest"),
    ("Notice", "StateChange"),
    ("Standing", "TargetState"),
    ("Terms", "DeliveryPolicy"),
    ("Introduction", "resend_opening"),
    ("Order", "Command"),
    ("Orders", "Commands"),
    ("Desk", "LiveState"),
    ("Told", "PublishedEvent"),
    ("Parts", "HealthComponents"),
    ("Follow", "TrackerTask"),
    ("Dispatch", "DeliveryTask"),
    ("Board", "StatusReporter"),
    ("Window", "ApiListener"),
    ("Say", "an internal event"),
    ("Tell", "an internal event"),
    ("Left", "RecoveredState"),
    ("Wish", "a resync request"),
    ("Held", "Misconfigured"),
    ("Reconciled", "InSync"),
];

/// Parts of names in code, and what is meant instead. Names of more than four parts are sentences, as those of tests are, and
/// may have any words.
const PARTS: [(&str, &str); 29] = [
    ("told", "published, sent, reported"),
    ("tell", "publish, send, report"),
    ("teller", "publisher"),
    ("said", "published, sent, reported"),
    ("say", "publish, send, report"),
    ("saying", "announcement"),
    ("heard", "received"),
    ("owed", "pending"),
    ("owes", "pending"),
    ("owing", "pending"),
    ("taker", "answered_by"),
    ("story", "explanation, timeline"),
    ("stories", "explanations"),
    ("oddity", "stream error"),
    ("oddities", "stream errors"),
    ("outlook", "lookahead"),
    ("economy", "event filters"),
    ("plumbing", "auxiliary"),
    ("debris", "stray data"),
    ("hush", "redaction"),
    ("hushed", "redacted"),
    ("wish", "request"),
    ("wishes", "requests"),
    ("wished", "requested"),
    ("standing", "state"),
    ("introduce", "resend_opening"),
    ("introduction", "resend_opening"),
    ("tries", "attempts"),
    ("born", "created_at"),
];

/// Keys of JSON, of metrics' labels and of selectors on the page, as they stand between quotation marks.
const KEYS: [(&str, &str); 21] = [
    ("taker", "answeredBy"),
    ("what", "kind"),
    ("words", "text"),
    ("heard", "source"),
    ("concluded", "decision"),
    ("story", "explanation"),
    ("told", "published"),
    ("said", "published"),
    ("owed", "pending"),
    ("tries", "attempts"),
    ("began", "startedAt"),
    ("recorded", "recordedAt"),
    ("changed", "changedAt"),
    ("due", "dueAt"),
    ("took", "durationMs"),
    ("born", "createdAt"),
    ("place", "cursor"),
    ("standing", "state"),
    ("parts", "components"),
    ("oddities", "streamErrors"),
    ("reconciled", "inSync"),
];

/// What people must not be shown, in any letter case: log texts, help, heads of columns, names of metrics.
const TEXTS: [(&str, &str); 33] = [
    ("is told", "is reported, is sent"),
    ("are told", "are reported, are sent"),
    ("was told", "was reported, was sent"),
    ("be told", "be reported, be sent"),
    (" owed", "pending"),
    ("given up", "permanently failed"),
    ("takes no events", "target failing, events are queued and retried"),
    ("refuses all events", "target misconfigured, events are held"),
    ("what is left waits", "undelivered events stay queued"),
    ("socket to be asked at", "cannot create the API socket"),
    ("is no table; expected", "give the section a name"),
    ("who counts", "this row is ignored"),
    ("told in brief", "condensed"),
    ("hear of", "receive"),
    ("hears of", "receives"),
    ("heard of", "received"),
    ("called in vain", "missed calls"),
    ("say in words", "explain"),
    ("in words what", "explain"),
    ("to tell,", "pending"),
    ("  way  ", "DIRECTION"),
    ("taken by", "ANSWERED BY"),
    ("  standing  ", "STATUS"),
    ("  began  ", "STARTED"),
    ("oddities", "stream errors"),
    ("a fault of our own", "internal error"),
    ("the counter", "the API server"),
    ("ringwire_endpoint_", "ringwire_target_"),
    ("ringwire_ami_reconciled", "ringwire_ami_in_sync"),
    ("ringwire_ami_oddities", "ringwire_ami_stream_errors"),
    ("data-story", "data-explanation"),
    ("crates/cti", "crates/dialects"),
    ("\n[endpoint.", "[target."),
];

/// Places that must go on knowing an old word: where, which, and why.
const ALLOWED: [(&str, &str, &str); 17] = [
    ("crates/api/src/extract.rs", "Parts", "the type of the `http` crate that extractors receive"),
    ("crates/event/src/kind.rs", "taker", "journals of earlier releases have it"),
    ("crates/event/src/explanation/legacy.rs", "heard", "journals of earlier releases have it"),
    ("crates/event/src/explanation/legacy.rs", "concluded", "journals of earlier releases have it"),
    ("crates/event/src/explanation/legacy.rs", "words", "journals of earlier releases have it"),
    ("crates/event/src/explanation/legacy.rs", "began", "journals of earlier releases have it"),
    ("crates/event/src/explanation/legacy.rs", "said", "journals of earlier releases have it"),
    ("crates/event/src/explanation/classify.rs", "Held", "a party on hold"),
    ("crates/event/src/explanation/classify.rs", "Left", "a party that leaves the call"),
    ("crates/event/src/explanation/decisions.rs", "Held", "a party on hold"),
    ("crates/event/src/explanation/decisions.rs", "Left", "a party that leaves the call"),
    ("crates/event/src/explanation/render.rs", "Held", "a party on hold"),
    ("crates/event/src/explanation/render.rs", "Left", "a party that leaves the call"),
    ("crates/event/src/explanation/step.rs", "Held", "a party on hold"),
    ("crates/event/src/explanation/step.rs", "Left", "a party that leaves the call"),
    ("crates/calls/src/tracker/explaining/calls.rs", "Held", "a party on hold"),
    ("crates/calls/src/tracker/explaining/channels.rs", "Left", "a party that leaves the call"),
];

/// Texts of history, definitions of old words, and recordings.
fn is_exempt(path: &str) -> bool {
    const EXEMPT: [&str; 6] =
        ["CHANGELOG.md", "docs/glossary.md", "tests/house/", "/fixtures/", "/migrations", "fuzz/corpus/"];
    EXEMPT.iter().any(|exempt| path.contains(exempt))
}

/// Each old word in `path`, as `path word`, with what is meant instead.
fn old_words(path: &str) -> BTreeSet<(String, &'static str)> {
    let text = text(path);
    let mut found = BTreeSet::new();
    let mut note = |word: &str, instead: &'static str| {
        found.insert((format!("{path} {}", word.trim()), instead));
    };
    let shown = if path.ends_with(".rs") {
        let source = Source::new(&text);
        for name in tokens(&source.code) {
            if let Some((_, instead)) = NAMES.iter().find(|(old, _)| *old == name) {
                note(name, instead);
            }
            let parts = parts(name);
            if parts.len() <= 4 {
                for (old, instead) in PARTS.iter().filter(|(old, _)| parts.iter().any(|part| part == old)) {
                    note(old, instead);
                }
            }
        }
        let is_test = path.contains("/tests") || path.starts_with("tests/");
        let strings: Vec<_> = source.strings.into_iter().map(|(_, string)| string).collect();
        for (old, instead) in KEYS {
            let quoted = format!("\"{old}\"");
            if strings.iter().any(|string| string == old || string.contains(&quoted)) {
                note(old, instead);
            }
        }
        if is_test { String::new() } else { strings.join("\n") }
    } else {
        for (old, instead) in KEYS {
            if text.contains(&format!("\"{old}\"")) {
                note(old, instead);
            }
        }
        text
    };
    let shown = shown.to_lowercase();
    for (old, instead) in TEXTS.iter().filter(|(old, _)| shown.contains(old)) {
        note(old, instead);
    }
    found
}

/// The words that `name` is made of, in small letters.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = '_';
    for char in name.chars() {
        if char == '_' || (char.is_uppercase() && before.is_lowercase()) {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut()
            && char != '_'
        {
            last.extend(char.to_lowercase());
        }
        before = char;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn every_thing_has_its_one_name() {
    const EXTENSIONS: [&str; 11] =
        ["rs", "md", "js", "mjs", "css", "html", "json", "toml", "yml", "snap", "service"];
    let files = files("", &EXTENSIONS);
    let found: BTreeSet<_> =
        files.iter().filter(|path| !is_exempt(path)).flat_map(|path| old_words(path)).collect();
    let is_allowed = |line: &str| ALLOWED.iter().any(|(path, word, _)| line == format!("{path} {word}"));
    let old: Vec<_> = found
        .iter()
        .filter(|(line, _)| !is_allowed(line))
        .map(|(line, instead)| format!("{line} -> {instead}"))
        .collect();
    assert!(old.is_empty(), "old words, and what to write instead:\n{}", old.join("\n"));
    for (path, word, _) in ALLOWED {
        let line = format!("{path} {word}");
        assert!(found.iter().any(|(found, _)| *found == line), "ALLOWED names what is not there: {line}");
    }
}

#[test]
fn a_name_is_made_of_words() {
    assert_eq!(parts("what_is_owed"), ["what", "is", "owed"]);
    assert_eq!(parts("StoryNote"), ["story", "note"]);
    assert_eq!(parts("TOLD_TWICE"), ["told", "twice"]);
}
