//! What a reply means by its HTTP status alone, where a dialect does not know better.

use crate::reply::{ReplyVerdict, TargetReply};

/// How much of an origin is shown, in characters.
const LONGEST_ORIGIN: usize = 200;

/// Judges `reply` by its status.
///
/// An HTML page comes from a server in between: it may show a wrong setting, but is never a verdict on the event.
pub(crate) fn judge_by_status(reply: &TargetReply<'_>) -> ReplyVerdict {
    match reply.status {
        301 | 308 => ReplyVerdict::Misconfigured { reason: describe_move(reply) },
        300..=399 => ReplyVerdict::Retry { reason: describe_redirect(reply) },
        401 => misconfigured(reply, "the target does not accept the credentials: correct them"),
        403 | 407 => misconfigured(reply, "ringwire is not allowed to post to the target's URL: allow it"),
        404 | 405 => misconfigured(reply, "nothing accepts posts at the target's URL: correct the URL"),
        200..=299 if !reply.is_page() => ReplyVerdict::Delivered(Vec::new()),
        200..=299 => ReplyVerdict::Retry { reason: describe_page(reply) },
        408 | 425 | 429 => ReplyVerdict::Retry { reason: describe_reply(reply) },
        400..=499 if reply.is_page() => ReplyVerdict::Retry { reason: describe_page(reply) },
        410 => ReplyVerdict::Gone {
            reason: format!("{}; the target wants no more events", describe_reply(reply)),
        },
        400..=499 => ReplyVerdict::Refused { reason: describe_reply(reply) },
        // A server in between has waited for the target in vain (520 and 524: Cloudflare).
        504 | 520 | 524 | 598 | 599 => ReplyVerdict::Unknown { reason: describe_reply(reply) },
        _ => ReplyVerdict::Retry { reason: describe_reply(reply) },
    }
}

/// The verdict [`ReplyVerdict::Misconfigured`], with advice.
pub(crate) fn misconfigured(reply: &TargetReply<'_>, advice: &str) -> ReplyVerdict {
    ReplyVerdict::Misconfigured { reason: format!("{}; {advice}", describe_reply(reply)) }
}

/// Describes a reply by its status and the kind of its body. What the body says may hold callers' numbers: it is stored
/// with the attempt, for those who may see replies.
pub(crate) fn describe_reply(reply: &TargetReply<'_>) -> String {
    let kind = match reply.body.trim_ascii_start().first() {
        None => return format!("HTTP {}", reply.status),
        Some(b'<') => "HTML",
        Some(b'{' | b'[') => "JSON",
        Some(_) => "text",
    };
    format!("HTTP {} ({kind})", reply.status)
}

/// Describes an HTML page in place of a reply of the target.
pub(crate) fn describe_page(reply: &TargetReply<'_>) -> String {
    format!("{}; this page is not from the target but from a server in front of it", describe_reply(reply))
}

/// Describes a redirect for good: the URL is wrong.
fn describe_move(reply: &TargetReply<'_>) -> String {
    let status = reply.status;
    // The body of a redirect repeats the URL with the token in it, and nothing else.
    match reply.redirect {
        Some(origin) => format!(
            "HTTP {status}: the target has moved to {}; redirects are not followed, so set the target's URL to its new \
             address",
            origin_text(origin)
        ),
        None => format!(
            "HTTP {status}: the target has moved; redirects are not followed, so set the target's URL to its new address"
        ),
    }
}

/// Describes a redirect for now, as to a login or maintenance page.
fn describe_redirect(reply: &TargetReply<'_>) -> String {
    let status = reply.status;
    match reply.redirect {
        Some(origin) => {
            let origin = origin_text(origin);
            format!(
                "HTTP {status}: it redirects to {origin}; redirects are not followed, so set the target's URL to the one \
                 it redirects to if this lasts"
            )
        }
        None => format!("HTTP {status}: redirects are not followed"),
    }
}

/// The origin of a URL, without anything that a terminal would act on.
fn origin_text(origin: &str) -> String {
    origin.chars().take(LONGEST_ORIGIN).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &'static [u8]) -> TargetReply<'static> {
        TargetReply { status, content_type: None, headers: &[], body, redirect: None }
    }

    #[track_caller]
    fn check_body(statuses: impl IntoIterator<Item = u16>, body: &'static [u8], expected: &str) {
        for status in statuses {
            let verdict = judge_by_status(&reply(status, body));
            assert!(format!("{verdict:?}").starts_with(expected), "{status}: {verdict:?}");
        }
    }

    #[track_caller]
    fn check(statuses: impl IntoIterator<Item = u16>, expected: &str) {
        check_body(statuses, b"", expected);
    }

    #[test]
    fn each_status_has_a_verdict() {
        check(200..300, "Delivered");
        check([301, 308], "Misconfigured");
        check((300..400).filter(|status| ![301, 308].contains(status)), "Retry");
        check([401, 403, 404, 405, 407], "Misconfigured");
        check([408, 425, 429], "Retry");
        check([410], "Gone");
        let listed = [401, 403, 404, 405, 407, 408, 410, 425, 429];
        check((400..500).filter(|status| !listed.contains(status)), "Refused");
        let unknown = [504, 520, 524, 598, 599];
        check(unknown, "Unknown");
        check((0..200).chain(500..1000).filter(|status| !unknown.contains(status)), "Retry");
    }

    #[test]
    fn an_html_page_is_never_a_verdict_on_the_event() {
        let page = b"\r\n<!DOCTYPE html><title>Maintenance</title>";
        check_body((200..300).chain([400, 402, 406, 410, 413, 422, 499]).chain(500..504), page, "Retry");
        check_body([504], page, "Unknown");
        check_body([401, 403, 404, 405, 407], page, "Misconfigured");
        let page =
            TargetReply { content_type: Some("Text/HTML; charset=utf-8"), ..reply(200, b"Please wait") };
        assert!(matches!(judge_by_status(&page), ReplyVerdict::Retry { .. }));
    }

    #[test]
    fn a_redirect_shows_only_scheme_and_host() {
        let body = b"<a href=\"https://desk.example.com/t0ken\">t0ken</a>";
        let to = |status, redirect| match judge_by_status(&TargetReply {
            status,
            content_type: None,
            headers: &[],
            body,
            redirect,
        }) {
            ReplyVerdict::Misconfigured { reason } | ReplyVerdict::Retry { reason } => reason,
            verdict => panic!("{verdict:?}"),
        };
        assert!(
            to(301, Some("https://desk.example.com"))
                .starts_with("HTTP 301: the target has moved to https://desk.example.com; redirects are not")
        );
        assert!(to(308, Some("a\u{1b}[31m")).starts_with("HTTP 308: the target has moved to a\\u{1b}[31m; "));
        assert!(to(301, None).starts_with("HTTP 301: the target has moved; redirects are not followed"));
        assert!(
            to(302, Some("https://sso.example.com"))
                .starts_with("HTTP 302: it redirects to https://sso.example.com; redirects are not followed")
        );
        for status in [301, 302] {
            assert!(!to(status, Some("x")).contains("t0ken") && !to(status, None).contains("t0ken"));
        }
    }
}
