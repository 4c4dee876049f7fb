//! What a reply means by its HTTP status alone, where a dialect does not know better.

use crate::{
    excerpt::brief_excerpt,
    reply::{ReplyVerdict, TargetReply},
};

/// Judges `reply` by its status.
pub(crate) fn judge_by_status(reply: &TargetReply<'_>) -> ReplyVerdict {
    match reply.status {
        200..=299 => ReplyVerdict::Delivered(Vec::new()),
        300..=399 => ReplyVerdict::Refused { reason: describe_redirect(reply) },
        401 => misconfigured(reply, "the target does not accept the credentials: correct them"),
        403 | 407 => misconfigured(reply, "ringwire is not allowed to post to the target's URL: allow it"),
        404 | 405 => misconfigured(reply, "nothing accepts posts at the target's URL: correct the URL"),
        408 | 425 | 429 => ReplyVerdict::Retry { reason: describe_reply(reply) },
        410 => ReplyVerdict::Gone {
            reason: format!("{}; the target wants no more events", describe_reply(reply)),
        },
        400..=499 => ReplyVerdict::Refused { reason: describe_reply(reply) },
        _ => ReplyVerdict::Retry { reason: describe_reply(reply) },
    }
}

/// The verdict [`ReplyVerdict::Misconfigured`], with advice.
pub(crate) fn misconfigured(reply: &TargetReply<'_>, advice: &str) -> ReplyVerdict {
    ReplyVerdict::Misconfigured { reason: format!("{}; {advice}", describe_reply(reply)) }
}

/// Describes a reply by its status and an excerpt of its body.
pub(crate) fn describe_reply(reply: &TargetReply<'_>) -> String {
    match brief_excerpt(reply.body) {
        text if text.is_empty() => format!("HTTP {}", reply.status),
        text => format!("HTTP {}: {text}", reply.status),
    }
}

fn describe_redirect(reply: &TargetReply<'_>) -> String {
    let status = reply.status;
    // The body of a redirect repeats the URL with the token in it, and nothing else.
    match reply.redirect {
        Some(host) => format!(
            "HTTP {status}: it redirects to {}; redirects are not followed, so set the target's URL to the one it \
             redirects to",
            brief_excerpt(host.as_bytes())
        ),
        None => {
            format!("HTTP {status}: redirects are not followed, so set the target's URL to the final one")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16) -> TargetReply<'static> {
        TargetReply { status, body: b"", redirect: None }
    }

    #[track_caller]
    fn check(statuses: impl IntoIterator<Item = u16>, expected: &str) {
        for status in statuses {
            let verdict = judge_by_status(&reply(status));
            assert!(format!("{verdict:?}").starts_with(expected), "{status}: {verdict:?}");
        }
    }

    #[test]
    fn each_status_has_a_verdict() {
        check(200..300, "Delivered");
        check(300..400, "Refused");
        check([401, 403, 404, 405, 407], "Misconfigured");
        check([408, 425, 429], "Retry");
        check([410], "Gone");
        let listed = [401, 403, 404, 405, 407, 408, 410, 425, 429];
        check((400..500).filter(|status| !listed.contains(status)), "Refused");
        check((0..200).chain(500..1000), "Retry");
    }

    #[test]
    fn a_redirect_shows_only_the_host() {
        let body = b"<a href=\"https://desk.example.com/t0ken\">t0ken</a>";
        let to = |redirect| match judge_by_status(&TargetReply { status: 301, body, redirect }) {
            ReplyVerdict::Refused { reason } => reason,
            verdict => panic!("{verdict:?}"),
        };
        assert!(
            to(Some("desk.example.com"))
                .starts_with("HTTP 301: it redirects to desk.example.com; redirects are not")
        );
        assert!(to(Some("a\u{1b}[31m")).starts_with("HTTP 301: it redirects to a\\u{1b}[31m; "));
        assert!(to(None).starts_with("HTTP 301: redirects are not followed"));
        assert!(!to(Some("x")).contains("t0ken") && !to(None).contains("t0ken"));
    }
}
