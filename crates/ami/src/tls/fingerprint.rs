//! The SHA-256 fingerprint of a certificate.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};

/// The SHA-256 of a certificate's DER form: what `openssl x509 -noout -fingerprint -sha256` shows.
///
/// It is parsed with or without colons, in any case, and after `sha256:` or any text that ends with `=`, so that the
/// output of openssl can be pasted. It is displayed as openssl does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// Why text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// It contains a character that is neither a hexadecimal digit nor a colon.
    #[error("a SHA-256 fingerprint has only hexadecimal digits and colons, not {0:?}")]
    Character(char),
    /// It has this number of digits instead of 64.
    #[error(
        "a SHA-256 fingerprint has 64 hexadecimal digits, not {0}: ask for it with 'openssl x509 -noout -fingerprint -sha256 -in FILE'"
    )]
    Length(usize),
}

impl Fingerprint {
    /// The fingerprint of a certificate in DER form.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        for (byte, hashed) in bytes.iter_mut().zip(digest(&SHA256, certificate).as_ref()) {
            *byte = *hashed;
        }
        Self(bytes)
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let text = text.rsplit('=').next().unwrap_or_default().trim();
        let text = match text.split_at_checked(7) {
            Some((label, rest)) if label.eq_ignore_ascii_case("sha256:") => rest.trim_start(),
            _ => text,
        };
        let (mut bytes, mut count) = ([0; 32], 0);
        for character in text.chars().filter(|character| *character != ':') {
            let digit = character.to_digit(16).ok_or(FingerprintError::Character(character))?;
            if let (Some(byte), Ok(digit)) = (bytes.get_mut(count / 2), u8::try_from(digit)) {
                *byte = *byte << 4 | digit;
            }
            count += 1;
        }
        if count == 64 { Ok(Self(bytes)) } else { Err(FingerprintError::Length(count)) }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if at == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of "abc", from FIPS 180-4.
    const ABC: &str =
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";

    #[test]
    fn fingerprints_are_parsed_in_all_usual_forms_and_displayed_as_openssl_does() {
        let abc = Fingerprint::of(b"abc");
        assert_eq!(abc.to_string(), ABC);
        let plain = ABC.replace(':', "").to_lowercase();
        let forms = [
            ABC,
            &plain,
            &format!("sha256 Fingerprint={ABC}"),
            &format!("SHA256:{plain}\n"),
            &format!(" {ABC} "),
        ];
        for form in forms {
            assert_eq!(form.parse(), Ok(abc), "{form:?}");
        }
    }

    #[test]
    fn invalid_fingerprints_are_rejected_with_the_reason() {
        let check = |text: &str, expected| assert_eq!(text.parse::<Fingerprint>(), Err(expected), "{text:?}");
        check("", FingerprintError::Length(0));
        check(&ABC[..59], FingerprintError::Length(40));
        check(&format!("{ABC}:00"), FingerprintError::Length(66));
        check("pin", FingerprintError::Character('p'));
        check("ab cd", FingerprintError::Character(' '));
        check("aä", FingerprintError::Character('ä'));
    }
}
