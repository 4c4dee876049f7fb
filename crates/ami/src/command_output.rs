//! The output of a command as Asterisk 13 and older send it: free text between a first line and an end mark.

/// The first line of a response that is followed by free text.
pub(crate) const FOLLOWS: &[u8] = b"Response: Follows";
/// The mark at the end of the text.
pub(crate) const END_COMMAND: &[u8] = b"--END COMMAND--";

/// Whether a packet is the output of a command.
pub(crate) fn is_command_output(packet: &[u8]) -> bool {
    let first = packet.get(..FOLLOWS.len()).is_some_and(|first| first.eq_ignore_ascii_case(FOLLOWS));
    first && matches!(packet.get(FOLLOWS.len()), None | Some(b'\r' | b'\n'))
}
