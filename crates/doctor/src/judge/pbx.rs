//! The way to a PBX: its name, its address, TLS, the login, and what it lets its user do.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{ConnectError, LoginError};
use ringwire_terminal::Code;

use super::{
    certificate::{self, Certificate},
    finding::{Findings, Subject},
};

/// What was seen of a PBX from here.
#[derive(Debug)]
pub(crate) struct PbxFacts {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// Its host, as it is configured.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Who logs in; `None` where no login is configured.
    pub(crate) username: Option<String>,
    /// What is odd about the secret, without it.
    pub(crate) secret: Option<&'static str>,
    /// Where its name leads, or why it leads nowhere; `None` where the host is an address.
    pub(crate) dns: Option<Result<Vec<IpAddr>, String>>,
    /// The address of this machine that it sees.
    pub(crate) source: Option<IpAddr>,
    /// Its certificate; `None` without TLS, or where none was shown.
    pub(crate) certificate: Option<Certificate>,
    /// Whether its certificate is pinned: then dates do not count.
    pub(crate) is_pinned: bool,
    /// What came of logging in; `None` where it was not tried.
    pub(crate) login: Option<Result<LoggedIn, ConnectError>>,
    /// When this was looked at.
    pub(crate) now: Timestamp,
}

/// What was seen by who was let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoggedIn {
    /// The version of the manager protocol.
    pub(crate) ami: String,
    /// Asterisk's version, if it tells it.
    pub(crate) asterisk: Option<String>,
    /// Which of these are refused.
    pub(crate) refused: Refused,
    /// Whether it was asked for a filter.
    pub(crate) filters: bool,
    /// Whether it said that it is booted, which only who has `read = system` hears (AMI contract 1.5).
    pub(crate) booted: bool,
    /// Whether it knows queues.
    pub(crate) queues: bool,
    /// How many channels there are; `None` where it does not list them.
    pub(crate) channels: Option<usize>,
    /// How far its clock is ahead of ours; `None` where it does not tell the time.
    pub(crate) ahead: Option<SignedDuration>,
    /// How the connection broke while it was asked, and what to do.
    pub(crate) broke: Option<(String, &'static str)>,
}

/// What the PBX refuses its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its settings, and so its version.
    pub(crate) settings: bool,
    /// The list of channels, in both forms.
    pub(crate) lists: bool,
    /// Filters.
    pub(crate) filters: bool,
}

/// The clocks of two machines that are set may differ so much.
const SET: SignedDuration = SignedDuration::from_secs(5);

/// From here on a clock is wrong.
const WRONG: SignedDuration = SignedDuration::from_secs(60);

const WRITE: &str =
    "in manager.conf, give the user write = system,reporting; then run: asterisk -rx 'manager reload'";

/// What is wrong on the way to the PBX.
pub(crate) fn judge(facts: &PbxFacts) -> Findings {
    let mut findings = Findings::new(Subject::Pbx(facts.name.clone()));
    let Some(username) = &facts.username else {
        findings.fault(Code::Config, "no login is configured", "set username and secret_file");
        return findings;
    };
    let name = &facts.name;
    if let Some(odd) = facts.secret {
        findings.warning(
            format!("the secret in the file {odd}"),
            format!("write nothing but the secret into the file of pbx.{name}.secret_file: printf %s SECRET > FILE"),
        );
    }
    match &facts.dns {
        None => {}
        Some(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            findings.ok(format!("DNS: {} leads to {}", facts.host, addresses.join(", ")));
        }
        Some(Err(why)) => {
            findings.fault(
                Code::Unavailable,
                format!("DNS: the name {} cannot be resolved: {why}", facts.host),
                format!(
                    "correct host of [pbx.{name}], or have the name resolved (try: getent hosts {}); an address will do as well",
                    facts.host
                ),
            );
            return findings;
        }
    }
    match &facts.login {
        None => findings.unchecked("nobody tried to connect"),
        Some(Err(error)) => refused(&mut findings, facts, username, error),
        Some(Ok(logged_in)) => {
            reached(&mut findings, facts);
            findings.ok(format!("login: accepted as {username} (AMI {})", logged_in.ami));
            privileges(&mut findings, logged_in);
        }
    }
    findings
}

/// What was passed on the way when a later step was reached.
fn reached(findings: &mut Findings, facts: &PbxFacts) {
    findings.ok(format!("TCP: {} port {} answers", facts.host, facts.port));
    if facts.is_pinned {
        findings.ok("TLS: it shows the certificate that is pinned");
    } else if let Some(certificate) = &facts.certificate {
        let renew = "renew the certificate of tlscertfile in manager.conf, then: touch manager.conf, and asterisk -rx \
                     'manager reload'";
        certificate::judge(findings, certificate, facts.now, renew);
    }
}

/// Why the PBX did not let in who asked, and how far it went.
fn refused(findings: &mut Findings, facts: &PbxFacts, username: &str, error: &ConnectError) {
    let step = match error {
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => "TCP",
        ConnectError::Tls(_) => "TLS",
        ConnectError::Login(LoginError::NoBanner | LoginError::BannerTimeout | LoginError::NotAmi(_)) => {
            "greeting"
        }
        ConnectError::Login(_) | ConnectError::Io(_) | ConnectError::InvalidLogin(_) => "login",
    };
    match error {
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => {}
        ConnectError::Tls(_) => findings.ok(format!("TCP: {} port {} answers", facts.host, facts.port)),
        ConnectError::Login(_) | ConnectError::Io(_) | ConnectError::InvalidLogin(_) => {
            reached(findings, facts);
        }
    }
    if matches!(error, ConnectError::Login(LoginError::InUse)) {
        findings.warning(
            format!("login: {username} is logged in already and may be only once, so no more was looked at"),
            "if it is the running daemon that is logged in, all is well; else set allowmultiplelogin = yes in manager.conf",
        );
        return;
    }
    let permit = facts.source.map(|source| match source {
        IpAddr::V4(_) => format!("permit = {source}/255.255.255.255"),
        IpAddr::V6(_) => format!("permit = {source}/128"),
    });
    let cure = match error {
        ConnectError::Login(LoginError::Credentials) => {
            let permit =
                permit.map_or_else(String::new, |permit| format!(" ({permit} lets this machine in)"));
            format!(
                "Asterisk's log says which it is: grep -E 'nonexistent user|IP ACL|failed to authenticate' \
                 /var/log/asterisk/messages*\n\
                 nonexistent user: there is no section [{username}] in manager.conf; correct username of [pbx.{}]\n\
                 failed to pass IP ACL: deny, permit or acl of [{username}] keep this machine out{permit}\n\
                 failed to authenticate: the secret is another one than secret of [{username}] in manager.conf\n\
                 what is changed in manager.conf holds after: asterisk -rx 'manager reload'",
                facts.name
            )
        }
        ConnectError::Login(LoginError::NoBanner | LoginError::Closed) => {
            let permit = permit.map_or_else(String::new, |permit| {
                format!("; {permit} in manager.conf [{username}] lets this machine in")
            });
            format!("{}{permit}", error.hint())
        }
        _ => error.hint().to_owned(),
    };
    findings.fault(Code::Unavailable, format!("{step}: {error}"), cure);
}

/// What the PBX lets its user do, and what it says of itself.
fn privileges(findings: &mut Findings, facts: &LoggedIn) {
    let LoggedIn { asterisk, refused, filters, booted, queues, channels, ahead, broke, .. } = facts;
    if let Some((what, hint)) = broke {
        findings.fault(Code::Unavailable, format!("the connection did not last: {what}"), *hint);
        return;
    }
    match asterisk {
        _ if refused.settings => {
            findings.warning("CoreSettings is refused: Asterisk's version is not known", WRITE);
        }
        Some(version) => findings.ok(format!("Asterisk {version}")),
        None => findings.ok("it does not tell Asterisk's version"),
    }
    if *booted {
        findings.ok("read = system is granted");
    } else {
        findings.fault(
            Code::Unavailable,
            "read = system is missing: the PBX did not say that it is fully booted, and would not say that it restarts",
            "in manager.conf, give the user read = system,call,agent; then run: asterisk -rx 'manager reload' (or Asterisk \
             is still starting: try again)",
        );
    }
    let lists = "the list of channels, to learn of calls that begin or end while there is no connection";
    match (refused.lists, channels) {
        (true, _) => {
            findings.fault(Code::Unavailable, format!("write: the user may not have {lists}"), WRITE);
        }
        (false, Some(1)) => findings.ok(format!("granted: {lists}; there is 1 now")),
        (false, Some(channels)) => findings.ok(format!("granted: {lists}; there are {channels} now")),
        (false, None) => findings.ok(format!("granted: {lists}")),
    }
    if *filters {
        if refused.filters {
            findings.warning(
                "write: the user may not filter, so the PBX sends more events than are needed",
                format!("{WRITE}; or set filter_events = false"),
            );
        } else {
            findings.ok("granted: filters, to be sent no more events than are needed");
        }
    }
    findings.ok(if *queues { "it lists its queues" } else { "it has no queues (app_queue is not loaded)" });
    match ahead {
        None => findings.unchecked("clock: the PBX does not tell the time"),
        Some(ahead) => clock(findings, *ahead),
    }
}

fn clock(findings: &mut Findings, ahead: SignedDuration) {
    let off = ahead.abs();
    let which = if ahead.is_negative() { "behind" } else { "ahead of" };
    let says = format!(
        "clock: that of the PBX is {off:#} {which} ours",
        off = SignedDuration::from_secs(off.as_secs())
    );
    let cure = "find out which is wrong (date -u on both), and set it by NTP: timedatectl set-ntp true";
    if off >= WRONG {
        findings.fault(Code::Unavailable, says, cure);
    } else if off >= SET {
        findings.warning(says, cure);
    } else {
        findings.ok("clock: that of the PBX and ours agree");
    }
}
