//! A channel in summary, for those who look at what is followed.

/// A channel that is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelSummary<'a> {
    /// Its Uniqueid.
    pub uniqueid: &'a str,
    /// Its name, serial included.
    pub name: &'a str,
    /// Its endpoint, `TECH/name`.
    pub endpoint: &'a str,
    /// `external` (a trunk), `device` (a phone) or `auxiliary` (of the PBX: never a party).
    pub kind: &'static str,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, which is as much of its ChannelState as matters.
    pub state: &'static str,
    /// Whether it is a phone or a trunk, rather than an auxiliary channel of the PBX (call rules 1).
    pub party: bool,
    /// The Uniqueid of the channel that started its call; `None` if it is in no call, or in one that is over or of which
    /// the originator is not known.
    pub call: Option<&'a str>,
    /// Whether somebody answered the call.
    pub answered: bool,
    /// The id of its call, if that is announced and not over.
    pub id: Option<&'a str>,
    /// The number at its end: the one dialled on it, else its own or the caller's, as the PBX shows it.
    pub number: Option<&'a str>,
    /// The dialplan's context in which it was created.
    pub context: &'a str,
    /// The extension in the dialplan that it was last seen at.
    pub exten: &'a str,
    /// The bridge it is in.
    pub bridge: Option<&'a str>,
    /// Whether it holds the other party.
    pub hold: bool,
    /// Its place in the order in which channels and calls came.
    pub sequence: u64,
}
