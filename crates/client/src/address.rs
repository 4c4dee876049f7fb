//! Where the local API is.

use std::{fmt, net::IpAddr, path::PathBuf};

use anyhow::anyhow;
use reqwest::Url;
use ringwire_terminal::{Code, Failure};

/// What is accepted as an address.
const EXPECTED: &str = "expected the path of a socket, or http://127.0.0.1:PORT";

/// Where the API of a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiAddress {
    /// A Unix socket.
    Socket(PathBuf),
    /// A port of the loopback interface: `http://127.0.0.1:8480/`.
    Http(Url),
}

impl fmt::Display for ApiAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => path.display().fmt(f),
            Self::Http(url) => f.write_str(url.as_str().trim_end_matches('/')),
        }
    }
}

impl ApiAddress {
    /// The address that `text` gives: the path of a socket, or `http://` and a port of the loopback interface.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::new(Code::Usage, anyhow!("{text:?}: {why}")).hint(EXPECTED);
        if !text.contains("://") {
            return Ok(Self::Socket(text.into()));
        }
        let url: Url = text.parse().map_err(|error| wrong(&format!("{error}")))?;
        if url.scheme() != "http" {
            return Err(wrong("the scheme must be http, because the API is local"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("credentials are not allowed here; use --token-file or $RINGWIRE_TOKEN"));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if !loopback {
            return Err(wrong("not a loopback address, so the token would cross the network unencrypted")
                .hint("expected http://127.0.0.1:PORT; use `ssh -L` to reach another machine"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(wrong("expected no path and no query"));
        }
        Ok(Self::Http(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        match (ApiAddress::parse(text), expected) {
            (Ok(address), Ok(expected)) => assert_eq!(address.to_string(), expected, "{text}"),
            (Err(failure), Err(expected)) => {
                let message = failure.to_string();
                assert!(message.contains(expected), "{text}: {message}");
            }
            (given, _) => panic!("{text}: {given:?}"),
        }
    }

    #[test]
    fn a_path_is_a_socket_and_a_url_is_on_this_machine() {
        check("/run/ringwire/ringwire.sock", Ok("/run/ringwire/ringwire.sock"));
        check("ringwire.sock", Ok("ringwire.sock"));
        check("http://127.0.0.1:8480", Ok("http://127.0.0.1:8480"));
        check("http://127.0.0.1:8480/", Ok("http://127.0.0.1:8480"));
        check("http://[::1]:8480", Ok("http://[::1]:8480"));
        check("http://localhost:8480", Ok("http://localhost:8480"));
        check("https://127.0.0.1:8480", Err("must be http"));
        check("http://192.0.2.1:8480", Err("ssh -L"));
        check("http://pbx.example:8480", Err("unencrypted"));
        check("http://anna:token@127.0.0.1", Err("--token-file"));
        check("http://127.0.0.1:8480/api/v1", Err("no path"));
        check("http://127.0.0.1:99999", Err("port"));
    }
}
