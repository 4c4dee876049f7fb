//! Encodes frames as bytes again.

use ringwire_ami::AmiVersion;

/// The banner of a server of this version, with its line end.
pub(crate) fn encode_banner(version: AmiVersion) -> String {
    format!("Asterisk Call Manager/{version}\r\n")
}

/// Appends a packet, with the blank line after it, which some servers omit.
pub(crate) fn append_packet(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    if !bytes.ends_with(b"\n\r\n") && !bytes.ends_with(b"\n\n") {
        out.extend_from_slice(if bytes.ends_with(b"\n") { b"\r\n" } else { b"\r\n\r\n" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_ends_with_a_blank_line() {
        for (bytes, expected) in [
            ("Event: A\r\n\r\n", "Event: A\r\n\r\n"),
            ("Event: A\n\n", "Event: A\n\n"),
            ("Event: A\r\n", "Event: A\r\n\r\n"),
            ("Response: Follows\r\n\n--END COMMAND--", "Response: Follows\r\n\n--END COMMAND--\r\n\r\n"),
        ] {
            let mut out = Vec::new();
            append_packet(bytes.as_bytes(), &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn an_encoded_banner_is_parsed_as_its_version() {
        let text = encode_banner(AmiVersion::new(2, 10, 6));
        assert_eq!(
            AmiVersion::parse(text.trim_end().rsplit('/').next().unwrap().as_bytes()),
            Some(AmiVersion::new(2, 10, 6))
        );
    }
}
