//! Frames as bytes again.

use ringwire_ami::AmiVersion;

/// The first line a server of this version says.
pub(crate) fn banner(version: AmiVersion) -> String {
    format!("Asterisk Call Manager/{version}\r\n")
}

/// Appends a packet with the blank line behind it, which some servers forget.
pub(crate) fn packet(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    if !bytes.ends_with(b"\n\r\n") && !bytes.ends_with(b"\n\n") {
        out.extend_from_slice(if bytes.ends_with(b"\n") { b"\r\n" } else { b"\r\n\r\n" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_has_its_blank_line() {
        for (bytes, expected) in [
            ("Event: A\r\n\r\n", "Event: A\r\n\r\n"),
            ("Event: A\n\n", "Event: A\n\n"),
            ("Event: A\r\n", "Event: A\r\n\r\n"),
            ("Response: Follows\r\n\n--END COMMAND--", "Response: Follows\r\n\n--END COMMAND--\r\n\r\n"),
        ] {
            let mut out = Vec::new();
            packet(bytes.as_bytes(), &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn a_banner_is_read_as_the_version_it_was_made_of() {
        let text = banner(AmiVersion::new(2, 10, 6));
        assert_eq!(
            AmiVersion::parse(text.trim_end().rsplit('/').next().unwrap().as_bytes()),
            Some(AmiVersion::new(2, 10, 6))
        );
    }
}
