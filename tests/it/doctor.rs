//! `ringwire doctor`, and `check --probe`, of set-ups that are broken in one way each.

mod bench;
mod calls;
mod daemon;
mod endpoint;
mod files;
mod journal;
mod pbx;
mod tls;

use serde_json::Value;

use self::bench::Bench;

/// Whether `check --probe` names a fault and its cure too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// It does, with the same words.
    Same,
    /// It does not look there.
    Blind,
}

/// The doctor finds at `bench` what has the words `says`, with what to do about it in the words `cure`, and exits with
/// `code`; where it is a fault, it is the first cause of all. `check --probe` does as `probe` says.
async fn check_broken(bench: &Bench, says: &[&str], cure: &[&str], code: i32, probe: Probe) {
    let told = bench.doctor(&["--json"]).await;
    let report: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    let has = |finding: &Value, key: &str, words: &[&str]| {
        let text = finding[key].as_str().unwrap_or_default();
        words.iter().all(|word| text.contains(word))
    };
    let is_it = |finding: &Value| {
        finding["severity"] != "ok" && has(finding, "says", says) && has(finding, "cure", cure)
    };
    let found = report["findings"].as_array().unwrap();
    assert!(found.iter().any(is_it), "neither {says:?} nor {cure:?} in {report:#}");
    assert_eq!(told.code, code, "{report:#}");
    assert_eq!(report["code"], code, "{report:#}");
    if code != 0 {
        assert!(is_it(&report["causes"][0]), "not the first cause: {says:?} of {report:#}");
    }
    if probe == Probe::Same {
        let told = bench.run(&["check", "--probe", "--timeout", bench.step()]).await;
        let text = format!("{}{}", told.stdout, told.stderr);
        for word in says.iter().chain(cure) {
            assert!(text.contains(word), "{word:?} is not in what check says:\n{text}");
        }
    }
}

#[tokio::test]
async fn a_sound_setup_has_no_fault() {
    let bench = Bench::sound().await;
    let told = bench.doctor(&[]).await;
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{}", told.stdout);
    for line in [
        "PBX main\n",
        "login: accepted as ringwire (AMI 11.0.0)",
        "Asterisk 22.0.0",
        "read = system is granted",
        "clock: that of the PBX and ours agree",
        "Target desk\n",
        "is reached; its address and token are right",
        "there is no journal yet, and this user can make it",
        "not checked",
        "Nothing is wrong",
    ] {
        assert!(told.stdout.contains(line), "{line:?} is not in:\n{}", told.stdout);
    }
    let told = bench.run(&["check", "--probe"]).await;
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{}", told.stdout);
}
