//! Judges the connection to a PBX: its name, its address, TLS, the login, and the privileges of the user.

use std::net::IpAddr;

use jiff::SignedDuration;
use ringwire_ami::{ConnectError, LoginError};
use ringwire_terminal::Code;

use super::certificate;
use crate::{
    facts::pbx::{PbxFacts, PbxSession},
    finding::{Findings, Subject},
};

/// The clocks of two synchronized machines may differ by this much.
const SYNCHRONIZED: SignedDuration = SignedDuration::from_secs(5);

/// From this difference on a clock is wrong.
const WRONG: SignedDuration = SignedDuration::from_secs(60);

const WRITE_CURE: &str =
    "in manager.conf, set write = system,reporting for the user, then run: asterisk -rx 'manager reload'";

/// Judges the connection to a PBX.
pub(crate) fn judge(facts: &PbxFacts) -> Findings {
    let mut findings = Findings::new(Subject::Pbx(facts.name.clone()));
    let Some(username) = &facts.username else {
        findings.fault(
            Code::Config,
            "no login is configured",
            format!("set username and secret_file in [pbx.{}]", facts.name),
        );
        return findings;
    };
    let name = &facts.name;
    if let Some(problem) = facts.secret_problem {
        findings.warning(
            format!("the secret {problem}"),
            format!("write only the secret to the file of pbx.{name}.secret_file: printf %s SECRET > FILE"),
        );
    }
    match &facts.dns {
        None => {}
        Some(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            findings.ok(format!("DNS: {} resolves to {}", facts.host, addresses.join(", ")));
        }
        Some(Err(why)) => {
            findings.fault(
                Code::Unavailable,
                format!("DNS: the name {} cannot be resolved: {why}", facts.host),
                format!(
                    "correct host in [pbx.{name}], or set it to an IP address; try: getent hosts {}",
                    facts.host
                ),
            );
            return findings;
        }
    }
    match &facts.login {
        None => findings.not_checked("no connection was tried"),
        Some(Err(error)) => judge_refusal(&mut findings, facts, username, error),
        Some(Ok(logged_in)) => {
            report_reached(&mut findings, facts);
            findings.ok(format!("login: accepted as {username} (AMI {})", logged_in.ami));
            judge_session(&mut findings, logged_in);
        }
    }
    findings
}

/// Reports the steps before the login as passed.
fn report_reached(findings: &mut Findings, facts: &PbxFacts) {
    findings.ok(format!("TCP: {} port {} accepts connections", facts.host, facts.port));
    if facts.is_pinned {
        findings.ok("TLS: the server presents the pinned certificate");
    } else if let Some(certificate) = &facts.certificate {
        let renew = "renew the certificate of tlscertfile in manager.conf, then run: touch /etc/asterisk/manager.conf && \
                     asterisk -rx 'manager reload'";
        certificate::judge(findings, certificate, facts.now, renew);
    }
}

/// Judges why the connection or the login failed, and at which step.
fn judge_refusal(findings: &mut Findings, facts: &PbxFacts, username: &str, error: &ConnectError) {
    let step = match error {
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => "TCP",
        ConnectError::Tls(_) => "TLS",
        ConnectError::Login(LoginError::NoBanner | LoginError::BannerTimeout | LoginError::NotAmi(_)) => {
            "banner"
        }
        ConnectError::Login(_) | ConnectError::Io(_) | ConnectError::InvalidLogin(_) => "login",
    };
    match error {
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => {}
        ConnectError::Tls(_) => {
            findings.ok(format!("TCP: {} port {} accepts connections", facts.host, facts.port));
        }
        ConnectError::Login(_) | ConnectError::Io(_) | ConnectError::InvalidLogin(_) => {
            report_reached(findings, facts);
        }
    }
    if matches!(error, ConnectError::Login(LoginError::InUse)) {
        findings.warning(
            format!("login: {username} is already logged in and may log in only once, so nothing more was checked"),
            "if the running daemon is logged in, nothing is wrong; otherwise set allowmultiplelogin = yes in manager.conf",
        );
        return;
    }
    let permit = facts.source.map(|source| match source {
        IpAddr::V4(_) => format!("permit = {source}/255.255.255.255"),
        IpAddr::V6(_) => format!("permit = {source}/128"),
    });
    let hint = match error {
        ConnectError::Login(LoginError::Credentials) => {
            let permit = permit.map_or_else(String::new, |permit| format!(" (add {permit})"));
            format!(
                "find the reason in Asterisk's log: grep -E 'nonexistent user|IP ACL|failed to authenticate' \
                 /var/log/asterisk/messages*\n\
                 nonexistent user: manager.conf has no section [{username}]; correct username in [pbx.{}]\n\
                 failed to pass IP ACL: deny, permit or acl in [{username}] exclude this machine{permit}\n\
                 failed to authenticate: the secret differs from secret in [{username}] of manager.conf\n\
                 apply changes to manager.conf: asterisk -rx 'manager reload'",
                facts.name
            )
        }
        ConnectError::Login(LoginError::NoBanner | LoginError::Closed) => {
            let permit = permit.map_or_else(String::new, |permit| {
                format!("; or add {permit} to [{username}] in manager.conf")
            });
            format!("{}{permit}", error.hint())
        }
        _ => error.hint().to_owned(),
    };
    findings.fault(Code::Unavailable, format!("{step}: {error}"), hint);
}

/// Judges the privileges of the user, and what the PBX reports about itself.
fn judge_session(findings: &mut Findings, facts: &PbxSession) {
    let PbxSession {
        asterisk,
        refused,
        requested_filter,
        fully_booted,
        has_queues,
        channels,
        clock_ahead,
        interrupted,
        ..
    } = facts;
    if let Some((what, hint)) = interrupted {
        findings.fault(Code::Unavailable, format!("the connection broke: {what}"), *hint);
        return;
    }
    match asterisk {
        _ if refused.settings => {
            findings.warning("the PBX refuses CoreSettings, so Asterisk's version is unknown", WRITE_CURE);
        }
        Some(version) => findings.ok(format!("Asterisk {version}")),
        None => findings.ok("the PBX does not report Asterisk's version"),
    }
    if *fully_booted {
        findings.ok("read = system is granted");
    } else {
        findings.fault(
            Code::Unavailable,
            "read = system is missing: the PBX did not send FullyBooted, and would not report a restart",
            "in manager.conf, set read = system,call,agent for the user, then run: asterisk -rx 'manager reload' (if \
             Asterisk is still starting, try again)",
        );
    }
    match (refused.lists, channels) {
        (true, _) => {
            findings.fault(Code::Unavailable, "write: the user may not list channels, so calls that start or end during a disconnect are missed", WRITE_CURE);
        }
        (false, Some(1)) => findings.ok("write: the user may list channels; there is 1 now"),
        (false, Some(channels)) => {
            findings.ok(format!("write: the user may list channels; there are {channels} now"));
        }
        (false, None) => findings.ok("write: the user may list channels"),
    }
    if *requested_filter {
        if refused.filters {
            findings.warning(
                "write: the user may not set event filters, so the PBX sends events that are not needed",
                format!("{WRITE_CURE}; or set filter_events = false"),
            );
        } else {
            findings.ok("write: the user may set event filters");
        }
    }
    findings.ok(if *has_queues {
        "the PBX lists its queues"
    } else {
        "the PBX has no queues (app_queue is not loaded)"
    });
    match clock_ahead {
        None => findings.not_checked("clock: the PBX does not report its time"),
        Some(ahead) => judge_clock(findings, *ahead),
    }
}

fn judge_clock(findings: &mut Findings, ahead: SignedDuration) {
    let offset = ahead.abs();
    let which = if ahead.is_negative() { "behind" } else { "ahead of" };
    let text =
        format!("clock: the PBX is {:#} {which} this machine", SignedDuration::from_secs(offset.as_secs()));
    let hint =
        "find out which clock is wrong (date -u on both), and synchronize it: timedatectl set-ntp true";
    if offset >= WRONG {
        findings.fault(Code::Unavailable, text, hint);
    } else if offset >= SYNCHRONIZED {
        findings.warning(text, hint);
    } else {
        findings.ok("clock: the PBX and this machine agree");
    }
}
