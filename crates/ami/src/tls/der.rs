//! Finds the public key in a certificate, of any version.

/// The tag of a sequence.
const SEQUENCE: u8 = 0x30;
/// The tag of a certificate's version, which certificates of version 1 do not have.
const VERSION: u8 = 0xa0;

/// The `SubjectPublicKeyInfo` of a certificate in DER form, of any version of X.509.
///
/// The libraries that verify chains reject version 1, which cannot tell what a certificate is for. A pinned certificate
/// needs no purpose, and Asterisk's own `ast_tls_cert` creates that version with OpenSSL before 3.2.
pub(crate) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    /// Serial number, algorithm, issuer, validity and subject stand before the key.
    const BEFORE: usize = 5;
    let certificate = DerElement::parse_first(certificate).filter(|element| element.tag == SEQUENCE)?;
    let signed = DerElement::parse_first(certificate.content).filter(|element| element.tag == SEQUENCE)?;
    let version = DerElement::parse_first(signed.content)?;
    let mut rest = if version.tag == VERSION { version.rest } else { signed.content };
    for _ in 0..BEFORE {
        rest = DerElement::parse_first(rest)?.rest;
    }
    DerElement::parse_first(rest).filter(|element| element.tag == SEQUENCE).map(|element| element.whole)
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
    fn bytes_that_are_not_a_certificate_have_no_key() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80],
            &[0x30, 0x84, 0, 0, 0, 1, 0],
            &[0x30, 2, 0x30, 0],
        ] {
            assert_eq!(public_key(bytes), None, "{bytes:?}");
        }
    }
}
