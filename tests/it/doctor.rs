//! `ringwire doctor`, and `check --probe`, of set-ups with one fault each.

mod bench;
mod calls;
mod daemon;
mod files;
mod journal;
mod pbx;
mod target;
mod tls;

use serde_json::Value;

use self::bench::Bench;

/// Whether `check --probe` reports the same finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// It does.
    Same,
    /// It does not check this.
    Blind,
}

/// Checks that the doctor reports a finding that contains `text`, with a hint that contains `hint`, and exits with
/// `code`; a fault must be the first cause. `probe` says whether `check --probe` reports it too.
async fn check_broken(bench: &Bench, text: &[&str], hint: &[&str], code: i32, probe: Probe) {
    let output = bench.doctor(&["--json"]).await;
    let report: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let has = |finding: &Value, key: &str, words: &[&str]| {
        let text = finding[key].as_str().unwrap_or_default();
        words.iter().all(|word| text.contains(word))
    };
    let is_it = |finding: &Value| {
        finding["severity"] != "ok" && has(finding, "text", text) && has(finding, "hint", hint)
    };
    let found = report["findings"].as_array().unwrap();
    assert!(found.iter().any(is_it), "neither {text:?} nor {hint:?} in {report:#}");
    assert_eq!(output.code, code, "{report:#}");
    assert_eq!(report["code"], code, "{report:#}");
    if code != 0 {
        assert!(is_it(&report["causes"][0]), "not the first cause: {text:?} of {report:#}");
    }
    if probe == Probe::Same {
        let output = bench.run(&["check", "--probe", "--timeout", bench.step()]).await;
        let printed = format!("{}{}", output.stdout, output.stderr);
        for word in text.iter().chain(hint) {
            assert!(printed.contains(word), "{word:?} is not in the output of check:\n{printed}");
        }
    }
}

#[tokio::test]
async fn a_healthy_setup_has_no_fault() {
    let bench = Bench::healthy().await;
    let output = bench.doctor(&[]).await;
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{}", output.stdout);
    for line in [
        "PBX main\n",
        "login: accepted as ringwire (AMI 11.0.0)",
        "Asterisk 22.0.0",
        "read = system is granted",
        "clock: the PBX and this machine agree",
        "Target desk\n",
        "answers; its URL and token are valid",
        "the journal does not exist yet, and this user can create it",
        "not checked",
        "Nothing is wrong",
    ] {
        assert!(output.stdout.contains(line), "{line:?} is not in:\n{}", output.stdout);
    }
    let output = bench.run(&["check", "--probe"]).await;
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{}", output.stdout);
}
