//! Steps as earlier releases stored them, under other names.

use jiff::Timestamp;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{Error as _, IntoDeserializer};
use serde::{Deserialize, Deserializer};

use super::rule::{RuleRef, deserialize_rule};
use super::step::{Decision, ExplanationStep, SourceEvent};

/// A step of an explanation in the journal of an earlier release.
#[derive(Deserialize)]
pub(super) struct LegacyStep {
    #[serde(default)]
    time: Option<Timestamp>,
    #[serde(default, rename = "heard")]
    source: Option<SourceEvent>,
    #[serde(rename = "concluded", deserialize_with = "decision")]
    decision: Decision,
    #[serde(default, deserialize_with = "deserialize_rule")]
    rule: Option<RuleRef>,
    #[serde(rename = "words")]
    text: String,
    #[serde(default)]
    event: Option<String>,
}

impl From<LegacyStep> for ExplanationStep {
    fn from(step: LegacyStep) -> Self {
        let LegacyStep { time, source, decision, rule, text, event } = step;
        Self { time, source, decision, rule, text, event }
    }
}

fn decision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
    let name = String::deserialize(deserializer)?;
    let name = match name.as_str() {
        "classed" => "classified",
        "helper" => "auxiliary",
        "began" => "started",
        "tied" => "joined",
        "rings" => "ringing",
        "said" => "published",
        "verdict" => "legResult",
        "over" => "ended",
        "takenUp" => "resumed",
        "more" => "omitted",
        same => same,
    };
    let name: StrDeserializer<'_, Error> = name.into_deserializer();
    Decision::deserialize(name).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Explanation};

    #[test]
    fn what_an_earlier_release_stored_is_shown_as_it_is() {
        let json = r#"[{"time":"2026-11-21T02:05:02.603Z","heard":{"event":"Hangup","uniqueid":"1.7"},"concluded":"over","rule":"rules 4.1","words":"the caller is gone"},{"concluded":"said","words":"says hangup","event":"1.1/3"},{"concluded":"takenUp","words":"…"},{"concluded":"notGivenUp","words":"…"}]"#;
        let read: Explanation = serde_json::from_str(json).unwrap();
        let steps = read.steps();
        assert_eq!(
            (steps[0].text.as_str(), steps[1].event.as_deref()),
            ("the caller is gone", Some("1.1/3"))
        );
        let decisions: Vec<_> = steps.iter().map(|step| step.decision).collect();
        assert_eq!(
            decisions,
            [Decision::Ended, Decision::Published, Decision::Resumed, Decision::NotGivenUp]
        );
        assert!(read.has_uniqueid("1.7") && steps[0].time.is_some() && steps[0].rule.is_some());
        let stored = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Explanation>(&stored).unwrap().steps(), steps);
    }
}
