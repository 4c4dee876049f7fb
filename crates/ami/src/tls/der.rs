//! Finds the public key and the dates in a certificate, of any version.

/// The tag of a sequence.
const SEQUENCE: u8 = 0x30;
/// The tag of a date whose year has two digits.
const UTC_TIME: u8 = 0x17;
/// The tag of a date whose year has four digits.
const GENERALIZED_TIME: u8 = 0x18;
/// The tag of a certificate's version, which certificates of version 1 do not have.
const VERSION: u8 = 0xa0;

/// The `SubjectPublicKeyInfo` of a certificate in DER form, of any version of X.509.
///
/// The libraries that verify chains reject version 1, which cannot tell what a certificate is for. A pinned certificate
/// needs no purpose, and Asterisk's own `ast_tls_cert` creates that version with OpenSSL before 3.2.
pub(crate) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    /// Serial number, algorithm, issuer, validity and subject stand before the key.
    const BEFORE: usize = 5;
    signed_field(certificate, BEFORE).map(|element| element.whole)
}

/// The dates from which and until which a certificate in DER form is valid, as `YYYYMMDDhhmmss` in UTC; `None` if the
/// bytes are no certificate. Nothing is verified.
///
/// Years of two digits are those from 1950 to 2049 (RFC 5280, 4.1.2.5.1).
#[must_use]
pub fn validity_dates(certificate: &[u8]) -> Option<(String, String)> {
    /// Serial number, algorithm and issuer stand before the dates.
    const BEFORE: usize = 3;
    let not_before = DerElement::parse_first(signed_field(certificate, BEFORE)?.content)?;
    let not_after = DerElement::parse_first(not_before.rest)?;
    Some((full_date(&not_before)?, full_date(&not_after)?))
}

/// The sequence that stands after `before` other fields in the signed part of a certificate, the version not counted.
fn signed_field(certificate: &[u8], before: usize) -> Option<DerElement<'_>> {
    let certificate = DerElement::parse_first(certificate).filter(|element| element.tag == SEQUENCE)?;
    let signed = DerElement::parse_first(certificate.content).filter(|element| element.tag == SEQUENCE)?;
    let version = DerElement::parse_first(signed.content)?;
    let mut rest = if version.tag == VERSION { version.rest } else { signed.content };
    for _ in 0..before {
        rest = DerElement::parse_first(rest)?.rest;
    }
    DerElement::parse_first(rest).filter(|element| element.tag == SEQUENCE)
}

fn full_date(element: &DerElement<'_>) -> Option<String> {
    let text = str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match (element.tag, text.len()) {
        (UTC_TIME, 12) if is_digits => Some(format!("{}{text}", if text < "50" { "20" } else { "19" })),
        (GENERALIZED_TIME, 14) if is_digits => Some(text.to_owned()),
        _ => None,
    }
}

/// One element of DER.
struct DerElement<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
    rest: &'a [u8],
}

impl<'a> DerElement<'a> {
    /// Parses the element that `bytes` begin with. Certificates have tags of one byte and lengths of up to three only.
    fn parse_first(bytes: &'a [u8]) -> Option<Self> {
        let (header, length) = match *bytes {
            [_, length @ 0..=0x7f, ..] => (2, usize::from(length)),
            [_, 0x81, length, ..] => (3, usize::from(length)),
            [_, 0x82, high, low, ..] => (4, usize::from(high) << 8 | usize::from(low)),
            [_, 0x83, high, middle, low, ..] => {
                (5, usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low))
            }
            _ => return None,
        };
        let (whole, rest) = bytes.split_at_checked(header + length)?;
        Some(Self { tag: *bytes.first()?, content: whole.get(header..)?, whole, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_one_to_three_bytes_are_parsed() {
        let check = |bytes: &[u8], content: usize, rest: usize| {
            let element = DerElement::parse_first(bytes).unwrap();
            assert_eq!((element.content.len(), element.rest.len()), (content, rest), "{bytes:?}");
        };
        check(&[0x30, 0], 0, 0);
        check(&[0x30, 1, 7, 9], 1, 1);
        check(&[[0x30, 0x81, 0x80].as_slice(), &[0; 0x80]].concat(), 0x80, 0);
        check(&[[0x30, 0x82, 1, 0].as_slice(), &[0; 0x102]].concat(), 0x100, 2);
        check(&[[0x30, 0x83, 1, 0, 0].as_slice(), &[0; 0x10000]].concat(), 0x10000, 0);
    }

    #[test]
    fn dates_are_read_with_four_digits_of_the_year() {
        let check = |from: (i32, u8, u8), until: (i32, u8, u8), expected: (&str, &str)| {
            let mut parameters = rcgen::CertificateParams::new(["pbx.test".to_owned()]).unwrap();
            parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
            parameters.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
            let certificate = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let (from, until) = validity_dates(certificate.der()).unwrap();
            assert_eq!((from.as_str(), until.as_str()), expected);
        };
        check((2026, 11, 21), (2027, 2, 28), ("20261121000000", "20270228000000"));
        check((1999, 1, 1), (2049, 12, 31), ("19990101000000", "20491231000000"));
        check((1950, 1, 1), (2050, 1, 1), ("19500101000000", "20500101000000"));
    }

    #[test]
    fn bytes_that_are_not_a_certificate_have_no_key_and_no_dates() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80],
            &[0x30, 0x84, 0, 0, 0, 1, 0],
            &[0x30, 2, 0x30, 0],
        ] {
            assert_eq!(public_key(bytes), None, "{bytes:?}");
            assert_eq!(validity_dates(bytes), None, "{bytes:?}");
        }
    }
}
