//! Judges the running daemon: whether it answers, is ready, and is of the installed version.

use ringwire_live::Diagnosis;
use ringwire_terminal::Code;

use super::wording::split_hint;
use crate::{
    facts::daemon::{DaemonAnswer, DaemonFacts, DaemonReply},
    finding::{Findings, Subject},
};

/// Judges the daemon.
pub(crate) fn judge(facts: &DaemonFacts) -> Findings {
    let mut findings = Findings::new(Subject::Daemon);
    let at = &facts.address;
    let restart = "systemctl restart ringwire";
    match &facts.reply {
        DaemonReply::Answered(answer) => judge_answer(&mut findings, facts, answer),
        DaemonReply::NoApi => findings.not_checked_until(
            "the configuration disables the API, so the daemon cannot report which events it received",
            "remove socket = \"\" from [api]",
        ),
        DaemonReply::PermissionDenied => findings.not_checked_until(
            format!("this user may not connect to {at}"),
            "run the doctor as root or as a member of the daemon's group: sudo ringwire doctor",
        ),
        DaemonReply::NoResponse => findings.fault(
            Code::Unavailable,
            format!("the daemon at {at} accepts the connection but does not answer: it hangs"),
            format!("see the log: journalctl -u ringwire -n 50; then run: {restart}"),
        ),
        DaemonReply::OtherProgram(text) => findings.fault(
            Code::Config,
            format!("another program answers at {at}: {text}"),
            format!("find out which: ss -xlp | grep ringwire; or set another socket in [api], then run: {restart}"),
        ),
        DaemonReply::Refused | DaemonReply::NoSocket if facts.has_journal || facts.is_active => findings.fault(
            Code::Unavailable,
            format!("a daemon runs, but does not answer at {at}"),
            format!(
                "if it is an older release, or socket in [api] was changed, run: {restart}; otherwise name its address: \
                 ringwire doctor --api ADDRESS"
            ),
        ),
        DaemonReply::Refused | DaemonReply::NoSocket => findings.warning(
            format!("the daemon is not running: nothing answers at {at}, and no process uses the journal"),
            "start it: systemctl start ringwire (or ringwire run)",
        ),
    }
    findings
}

fn judge_answer(findings: &mut Findings, facts: &DaemonFacts, answer: &DaemonAnswer) {
    match &answer.version {
        Some(version) if version != facts.version => findings.warning(
            format!("the daemon is version {version}, but this program is {}", facts.version),
            "run the installed version: systemctl restart ringwire",
        ),
        Some(version) => findings.ok(format!("the daemon answers at {} (version {version})", facts.address)),
        None => findings.ok(format!("the daemon answers at {}", facts.address)),
    }
    if answer.ready.ready {
        findings.ok("the daemon is ready");
    }
    for component in answer.ready.components.iter().filter(|component| !component.ok) {
        let reason = component.reason.as_deref().unwrap_or(&component.state);
        let (text, hint) = split_hint(reason);
        let hint = component.hint.as_deref().or(hint).unwrap_or("see the log: journalctl -u ringwire -n 50");
        let text = format!("{} is not OK: {text}", component.name);
        let is_required = !component.name.starts_with("target");
        let code = if component.name == "journal" { Code::Io } else { Code::Unavailable };
        if is_required {
            findings.fault(code, format!("not ready: {text}"), hint);
        } else {
            findings.fault(Code::Unavailable, text, hint);
        }
    }
    if !answer.ready.ready && answer.ready.components.iter().all(|component| component.ok) {
        findings.fault(
            Code::Unavailable,
            "the daemon is not ready and reports no reason",
            "see the log: journalctl -u ringwire -n 50",
        );
    }
    match &answer.diagnosis {
        None => findings
            .not_checked("the daemon does not report which events it received: it is an older release, or the role is not admin"),
        Some(diagnosis) => judge_configuration_age(findings, facts, diagnosis),
    }
}

/// Warns if the configuration was changed since the daemon read it.
fn judge_configuration_age(findings: &mut Findings, facts: &DaemonFacts, diagnosis: &Diagnosis) {
    let read = diagnosis.configured.unwrap_or(diagnosis.started);
    if let Some(changed) = facts.changed.filter(|changed| *changed > read) {
        let caveat = if diagnosis.configured.is_some() { "" } else { " (unless it was reloaded since)" };
        findings.warning(
            format!(
                "the configuration was changed at {}, but the daemon read it at {}{caveat}",
                changed.strftime("%Y-%m-%d %H:%M:%S UTC"),
                read.strftime("%Y-%m-%d %H:%M:%S UTC")
            ),
            "systemctl reload ringwire",
        );
    }
}
