//! The cookie by which the desk is known once somebody has signed in.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Its name.
pub(crate) const COOKIE: &str = "ringwire";

/// What cannot stand in a cookie (RFC 6265, section 4.1.1), and the sign that stands in for it.
const NOT_ALLOWED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// A token as it can stand in a cookie: as it is, if it is made as tokens should be.
pub(crate) fn encode(token: &str) -> String {
    utf8_percent_encode(token, NOT_ALLOWED).to_string()
}

/// The token that a cookie carries.
pub(crate) fn decode(cookie: &str) -> Vec<u8> {
    percent_decode_str(cookie).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_token_fits_into_a_cookie_and_back() {
        for (token, cookie) in [
            ("0123456789abcdef", "0123456789abcdef"),
            ("a+b/c==_-.~", "a+b/c==_-.~"),
            ("100%; \u{e4}", "100%25%3B%20%C3%A4"),
            ("", ""),
        ] {
            assert_eq!(encode(token), cookie);
            assert_eq!(decode(cookie), token.as_bytes());
        }
    }
}
