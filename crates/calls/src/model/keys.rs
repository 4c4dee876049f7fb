//! What channels and calls are referred to by.

slotmap::new_key_type! {
    /// A channel, for as long as it lives.
    pub(crate) struct ChannelKey;
    /// A call, for as long as any of its channels lives.
    pub(crate) struct CallKey;
}
