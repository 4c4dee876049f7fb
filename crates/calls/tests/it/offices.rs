//! Calls of whole offices, recorded on Asterisk 16 and 22 with a country configured: what Zammad must be posted for each.

use std::collections::BTreeSet;

use ringwire_calls::{NumberPlan, Rules};

use crate::captures::{difference, expected, only_granted, recordings};
use crate::support::{follow, offices};

/// Recordings that do not give what is expected yet. One that does must go from here.
const NOT_YET: [&str; 7] = [
    "16/pres-prohib-dialplan",
    "16/queue-member-dnd",
    "16/transfer-app-302",
    "22/big-group-dnd-2ms",
    "22/pres-prohib-dialplan",
    "22/queue-member-dnd",
    "22/transfer-app-302",
];

#[test]
fn every_call_of_an_office() {
    let mut wrong = BTreeSet::new();
    let mut unexpected = String::new();
    for recording in recordings(&offices()) {
        let name = recording.name.as_str();
        let granted = only_granted(&recording.bytes);
        let ways = [
            ("with its clock", recording.bytes.as_slice(), recording.times.as_ref(), ""),
            ("without a clock", &recording.bytes, None, ""),
            ("with the least privileges", &granted, None, ".least-privileges"),
        ];
        for (way, bytes, times, variant) in ways {
            let published = follow(rules(), &[(bytes, times)]);
            let Some(difference) = difference(&published, &expected(&offices(), name, variant)) else {
                continue;
            };
            wrong.insert(name.to_owned());
            if !NOT_YET.contains(&name) {
                unexpected.push_str(&format!("{name} {way}: {difference}"));
            }
        }
    }
    assert!(unexpected.is_empty(), "{unexpected}");
    let right: Vec<_> = NOT_YET.iter().filter(|name| !wrong.contains(**name)).collect();
    assert!(right.is_empty(), "these are right by now, so they must go from NOT_YET: {right:?}");
}

fn rules() -> Rules {
    Rules { numbers: NumberPlan::new(Some("DE"), Vec::new()).unwrap(), ..Rules::new("pbx") }
}
