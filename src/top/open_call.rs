//! The call whose explanation or deliveries are shown.

use ringwire_client::CallDetail;

/// A call whose explanation or deliveries are shown.
#[derive(Clone, Debug)]
pub(super) struct OpenCall {
    /// The call.
    pub(super) call: String,
    /// What is known of it, or why nothing is; `None` until the daemon has answered.
    pub(super) details: Option<Result<CallDetail, String>>,
    /// Whether its deliveries are shown, rather than what happened.
    pub(super) deliveries: bool,
    /// How far down it is scrolled.
    pub(super) scroll: usize,
}
