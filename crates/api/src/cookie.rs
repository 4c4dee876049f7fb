//! The cookie by which the desk is known once somebody has signed in.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{connection::ListenerKind, sessions};

/// How its name begins.
const COOKIE: &str = "ringwire";

/// How many cookies of one name are looked at: another server on the host can set some for its own paths.
const COOKIES: usize = 8;

/// The names of the cookie. They contain the port, because browsers keep one jar for all ports of a host: two daemons
/// would sign each other out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionCookie {
    name: String,
}

impl SessionCookie {
    /// The cookie of the desk at `listener`.
    pub(crate) fn of(listener: ListenerKind) -> Self {
        let name = match listener {
            ListenerKind::Network { port } => format!("{COOKIE}-{port}"),
            ListenerKind::Socket => COOKIE.to_owned(),
        };
        Self { name }
    }

    /// Over https, with a name that browsers keep other hosts and plain http from setting (RFC 6265bis, 4.1.3.2).
    fn secure_name(&self) -> String {
        format!("__Host-{}", self.name)
    }

    /// The secrets that a request shows; the one that was set over https first.
    pub(crate) fn read<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let named = |name: String| {
            headers
                .get_all(header::COOKIE)
                .iter()
                .filter_map(|cookies| cookies.to_str().ok())
                .flat_map(|cookies| cookies.split(';'))
                .filter_map(move |cookie| cookie.trim().strip_prefix(&*name)?.strip_prefix('='))
                .take(COOKIES)
        };
        named(self.secure_name()).chain(named(self.name.clone()))
    }

    /// The headers that set the cookie to `secret`.
    pub(crate) fn set(&self, secret: &str, is_https: bool) -> HeaderMap {
        let age = sessions::LIFETIME.as_secs();
        if is_https {
            header_of([
                format!("{}={secret}; Max-Age={age}; {ATTRIBUTES}; Secure", self.secure_name()),
                format!("{}=; Max-Age=0; {ATTRIBUTES}", self.name),
            ])
        } else {
            // On the loopback interface there is no https, and some browsers would not send a `Secure` one.
            header_of([format!("{}={secret}; Max-Age={age}; {ATTRIBUTES}", self.name)])
        }
    }

    /// The headers that remove it.
    pub(crate) fn remove(&self) -> HeaderMap {
        header_of([
            format!("{}=; Max-Age=0; {ATTRIBUTES}; Secure", self.secure_name()),
            format!("{}=; Max-Age=0; {ATTRIBUTES}", self.name),
        ])
    }
}

const ATTRIBUTES: &str = "Path=/; HttpOnly; SameSite=Strict";

fn header_of<const N: usize>(cookies: [String; N]) -> HeaderMap {
    // They are made of what a header may have.
    let values = cookies.into_iter().filter_map(|cookie| HeaderValue::from_str(&cookie).ok());
    values.map(|value| (header::SET_COOKIE, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&str]) -> Vec<String> {
        let cookies = cookies.iter().map(|text| (header::COOKIE, HeaderValue::from_str(text).unwrap()));
        let headers: HeaderMap = cookies.collect();
        let cookie = SessionCookie::of(ListenerKind::Network { port: 8480 });
        cookie.read(&headers).map(str::to_owned).collect()
    }

    #[test]
    fn a_cookie_is_read_by_its_name_and_port() {
        assert_eq!(read(&["a=1; ringwire-8480=x; b=2"]), ["x"]);
        assert_eq!(read(&["ringwire-8480=x; __Host-ringwire-8480=y", "ringwire-8480=z"]), ["y", "x", "z"]);
        assert!(read(&["ringwire=x; ringwire-8481=y; ringwire-84800=z; ringwire-8480"]).is_empty());
        assert_eq!(read(&[&"ringwire-8480=x; ".repeat(100)]).len(), COOKIES);
    }
}
