//! Which web pages may call the API, and under which host names it answers.
//!
//! A browser lets any page send requests to the loopback interface. Two things keep pages of others out: a name of
//! their own that they let resolve to 127.0.0.1 is not answered (DNS rebinding), and the cookie counts only for requests
//! that the browser says come from the daemon's own page; `SameSite` does not look at ports.

use axum::http::{HeaderMap, Method, header};

use crate::access::AccessTable;

/// Whether a request may have `host` as its Host.
pub(crate) fn is_own_host(host: &str, access: &AccessTable) -> bool {
    let host = host.to_ascii_lowercase();
    let name = without_port(&host);
    let loopback = name == "localhost"
        || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback || access.is_host(&host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Whether the cookie of a request counts: only the daemon's own page can have sent it.
pub(crate) fn cookie_counts(method: &Method, headers: &HeaderMap, access: &AccessTable) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).map(str::to_ascii_lowercase);
    let own = origin.as_deref().map(|origin| {
        let host = text(header::HOST).map(str::to_ascii_lowercase);
        let at = origin.split_once("://").map(|(_, at)| at);
        (at.is_some() && at == host.as_deref()) || access.allows(origin)
    });
    // Where the browser says that the request comes from (Fetch Metadata); "none" is the user, who typed the address.
    let site = headers.get("sec-fetch-site").map(|site| {
        let site = site.as_bytes();
        site == b"same-origin" || (site == b"none" && method.is_safe()) || own == Some(true)
    });
    match (own, site) {
        (Some(own), site) => own && site.unwrap_or(true),
        (None, Some(site)) => site,
        // No current browser: the client has the cookie, and no page can make it send it.
        (None, None) => method.is_safe(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::access::{Access, AccessControl};

    fn access() -> std::sync::Arc<AccessTable> {
        AccessControl::new(Access {
            tokens: Vec::new(),
            allow_origins: vec!["https://desk.example.com".into()],
            trusted_proxies: Vec::new(),
        })
        .table()
    }

    #[test]
    fn only_names_of_this_machine_and_configured_ones_are_answered() {
        for (host, own) in [
            ("localhost", true),
            ("LOCALHOST:8480", true),
            ("127.0.0.1:8480", true),
            ("127.9.9.9", true),
            ("[::1]:8480", true),
            ("[::1]", true),
            ("::1", true),
            ("desk.example.com", true),
            ("desk.example.com:8480", false),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example:8480", false),
            ("192.168.1.2:8480", false),
            ("[::2]:80", false),
            ("", false),
            ("localhost:", true),
            ("127.0.0.1:80:80", false),
        ] {
            assert_eq!(is_own_host(host, &access()), own, "{host}");
        }
    }

    #[test]
    fn the_cookie_counts_only_for_the_daemons_own_page() {
        let check = |method: Method, origin: &str, site: &str, counts: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8480"));
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            let got = cookie_counts(&method, &headers, &access());
            assert_eq!(got, counts, "{method} {origin} {site}");
        };
        check(Method::GET, "", "same-origin", true);
        check(Method::GET, "", "none", true);
        check(Method::GET, "", "", true);
        check(Method::GET, "", "cross-site", false);
        check(Method::GET, "", "same-site", false);
        check(Method::GET, "http://127.0.0.1:3000", "same-site", false);
        check(Method::POST, "http://127.0.0.1:8480", "same-origin", true);
        check(Method::POST, "http://127.0.0.1:8480", "", true);
        check(Method::POST, "https://desk.example.com", "same-origin", true);
        check(Method::POST, "https://desk.example.com", "cross-site", true);
        check(Method::POST, "http://127.0.0.1:3000", "", false);
        check(Method::POST, "http://evil.example", "cross-site", false);
        check(Method::POST, "null", "", false);
        check(Method::POST, "", "", false);
        check(Method::POST, "", "none", false);
        check(Method::POST, "http://127.0.0.1:8480", "cross-site", true);
        check(Method::DELETE, "http://evil.example", "same-origin", false);
    }
}
