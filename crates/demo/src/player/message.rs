//! Messages of the manager interface.

/// A message that is being written.
#[derive(Default)]
pub(super) struct AmiMessage(Vec<u8>);

impl AmiMessage {
    /// The response to the action with this `ActionID`.
    pub(super) fn response(kind: &str, id: Option<&str>) -> Self {
        Self::default().with("Response", kind).with_id(id)
    }

    /// A complete response whose only header is `Message`.
    pub(super) fn text_response(kind: &str, id: Option<&str>, text: &str) -> Vec<u8> {
        Self::response(kind, id).with("Message", text).end()
    }

    pub(super) fn event(name: &str) -> Self {
        Self::default().with("Event", name)
    }

    pub(super) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.0.extend_from_slice(part);
        }
        self
    }

    pub(super) fn with_id(self, id: Option<&str>) -> Self {
        match id {
            Some(id) => self.with("ActionID", id),
            None => self,
        }
    }

    /// The complete message, with the empty line at its end.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}
