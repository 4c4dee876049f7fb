//! What a reply means by its status alone, for whatever a dialect does not know better.

use crate::{Reply, Verdict, excerpt::brief};

/// What the status of `reply` means.
pub(crate) fn by_status(reply: &Reply<'_>) -> Verdict {
    match reply.status {
        200..=299 => Verdict::Delivered(Vec::new()),
        300..=399 => Verdict::Refused { reason: redirected(reply) },
        401 => {
            misconfigured(reply, "the endpoint does not accept what the bridge proves itself by: correct it")
        }
        403 | 407 => {
            misconfigured(reply, "the bridge is turned away: allow it to post to the endpoint's address")
        }
        404 | 405 => {
            misconfigured(reply, "nothing takes posts at the endpoint's address: correct the address")
        }
        408 | 425 | 429 => Verdict::Retry { reason: said(reply) },
        410 => {
            Verdict::Gone { reason: format!("{}; the endpoint wants to hear nothing any more", said(reply)) }
        }
        400..=499 => Verdict::Refused { reason: said(reply) },
        _ => Verdict::Retry { reason: said(reply) },
    }
}

/// A verdict that says what to do.
pub(crate) fn misconfigured(reply: &Reply<'_>, advice: &str) -> Verdict {
    Verdict::Misconfigured { reason: format!("{}; {advice}", said(reply)) }
}

/// The status and what was said with it.
pub(crate) fn said(reply: &Reply<'_>) -> String {
    match brief(reply.body) {
        said if said.is_empty() => format!("HTTP {}", reply.status),
        said => format!("HTTP {}: {said}", reply.status),
    }
}

fn redirected(reply: &Reply<'_>) -> String {
    let status = reply.status;
    // The page that comes with a redirect says where it leads, with the token in it, and nothing else.
    match reply.redirect {
        Some(host) => format!(
            "HTTP {status}: it redirects to {}; redirects are not followed, so set the endpoint's address to the one \
             it redirects to",
            brief(host.as_bytes())
        ),
        None => format!(
            "HTTP {status}: redirects are not followed, so set the endpoint's address to the final one"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16) -> Reply<'static> {
        Reply { status, body: b"", redirect: None }
    }

    #[track_caller]
    fn check(statuses: impl IntoIterator<Item = u16>, expected: &str) {
        for status in statuses {
            let verdict = by_status(&reply(status));
            assert!(format!("{verdict:?}").starts_with(expected), "{status}: {verdict:?}");
        }
    }

    #[test]
    fn every_status_has_its_verdict() {
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
    fn a_redirect_names_the_host_it_leads_to_and_nothing_else() {
        let body = b"<a href=\"https://desk.example.com/t0ken\">t0ken</a>";
        let to = |redirect| match by_status(&Reply { status: 301, body, redirect }) {
            Verdict::Refused { reason } => reason,
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
