//! One recorded message of the manager interface, as bytes.

use bytes::Bytes;

/// The lines of a message, without the empty line at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AmiBlock(pub(super) Bytes);

impl AmiBlock {
    /// The names and values of the headers, in order. A line without a colon has an empty value.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.split(|&byte| byte == b'\n').map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match line.iter().position(|&byte| byte == b':') {
                Some(colon) => {
                    let (name, value) = line.split_at(colon);
                    let value = value.strip_prefix(b":").unwrap_or(value);
                    (name, value.strip_prefix(b" ").unwrap_or(value))
                }
                None => (line, &[][..]),
            }
        })
    }

    /// The first value of `name`, ignoring case.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The name of the event; `None` for a response or stray data.
    pub(super) fn event_name(&self) -> Option<&[u8]> {
        let (name, value) = self.headers().next()?;
        name.eq_ignore_ascii_case(b"Event").then_some(value)
    }

    /// Whether it is an item of a list that a client requested. Items have the `ActionID` of the request; unlike events
    /// for all clients, they have no `Privilege` or only a single class (AMI notes 1.6).
    pub(super) fn is_list_item(&self) -> bool {
        let is_for_all =
            self.get("Privilege").is_some_and(|classes| classes.split(|&b| b == b',').any(|c| c == b"all"));
        self.get("ActionID").is_some() && !is_for_all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &'static str) -> AmiBlock {
        AmiBlock(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn headers_are_split_at_the_first_colon_and_found_in_any_case() {
        let block = block("Event: VarSet\r\nUniqueID: 1.0\r\nValue: a: b\r\nEmpty:\r\nnothing\nTight:x");
        let expected: [(&[u8], &[u8]); 6] = [
            (b"Event", b"VarSet"),
            (b"UniqueID", b"1.0"),
            (b"Value", b"a: b"),
            (b"Empty", b""),
            (b"nothing", b""),
            (b"Tight", b"x"),
        ];
        assert_eq!(block.headers().collect::<Vec<_>>(), expected);
        assert_eq!(block.get("uniqueid"), Some(&b"1.0"[..]));
        assert_eq!(block.event_name(), Some(&b"VarSet"[..]));
    }

    #[test]
    fn events_for_all_clients_are_not_list_items() {
        for (text, expected) in [
            ("Event: CoreShowChannel\r\nActionID: 1", true),
            ("Event: Status\r\nPrivilege: Call\r\nActionID: 1", true),
            ("Event: OriginateResponse\r\nPrivilege: call,all\r\nActionID: 1", false),
            ("Event: UserEvent\r\nPrivilege: user,all\r\nActionID: 1", false),
            ("Event: Hangup\r\nPrivilege: call,all", false),
        ] {
            assert_eq!(block(text).is_list_item(), expected, "{text}");
        }
    }
}
