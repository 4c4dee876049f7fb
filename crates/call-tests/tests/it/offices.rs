//! Calls of whole offices, recorded on Asterisk 16 and 22 with a country configured: what Zammad must be posted for each.

use ringwire_calls::Rules;
use ringwire_directory::NumberPlan;

use crate::captures::{difference, expected, only_granted, recordings};
use crate::support::{follow, offices};

#[test]
fn every_call_of_an_office() {
    let mut wrong = String::new();
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
            if let Some(difference) = difference(&published, &expected(&offices(), name, variant)) {
                wrong.push_str(&format!("{name} {way}: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rules() -> Rules {
    Rules { numbers: NumberPlan::new(Some("DE"), Vec::new()).unwrap(), ..Rules::new("pbx") }
}
