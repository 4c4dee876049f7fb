//! A list of channels that is coming in.

use slotmap::{SecondaryMap, SlotMap};

use super::channel::Channel;
use super::keys::ChannelKey;

/// The answer to `CoreShowChannels` or `Status`, as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct ChannelList {
    pub items: Vec<ListedChannel>,
    /// How many items have come, with those that are no longer kept.
    count: usize,
    /// How many full lists this connection has given.
    pub complete: u32,
    /// `CoreShowChannels` is allowed, so `Status` adds nothing.
    pub is_core: bool,
}

/// One channel of the list.
#[derive(Debug)]
pub(crate) struct ListedChannel {
    pub ch: ChannelKey,
    /// Not known before this list.
    pub adopted: bool,
    /// Dialled, rather than running the dialplan.
    pub outgoing: bool,
    pub linkedid: Option<String>,
    pub connected: Option<String>,
    pub bridge: Option<String>,
    pub bridged_with: Option<String>,
    pub application: String,
    pub data: Option<String>,
}

impl ListedChannel {
    /// What it dials, where its application is `Dial`: `TECH/…`, one for each channel. Asterisk 1.4 parts arguments by `|`.
    pub(crate) fn dial_strings(&self) -> impl Iterator<Item = &str> {
        self.first_argument("Dial").into_iter().flat_map(|dialled| dialled.split('&')).map(str::trim)
    }

    /// The queue that it is in, or that gave it to an agent.
    pub(crate) fn queue(&self) -> Option<&str> {
        self.first_argument("Queue")
    }

    fn first_argument(&self, application: &str) -> Option<&str> {
        let data = self.data.as_deref().filter(|_| self.application.eq_ignore_ascii_case(application))?;
        data.split([',', '|']).next().filter(|argument| !argument.is_empty())
    }
}

impl ChannelList {
    /// Takes the next item.
    pub(crate) fn push(&mut self, item: ListedChannel) {
        self.count += 1;
        self.items.push(item);
    }

    /// Leaves out the next item, which counts all the same.
    pub(crate) fn skip(&mut self) {
        self.count += 1;
    }

    /// Takes the items out, with the number of those that came.
    pub(crate) fn take(&mut self) -> (Vec<ListedChannel>, usize) {
        (std::mem::take(&mut self.items), std::mem::take(&mut self.count))
    }

    /// Keeps a list that never ends from growing: of a channel its last item counts, of one that is gone none.
    pub(crate) fn bound(&mut self, channels: &SlotMap<ChannelKey, Channel>) {
        if self.items.len() <= 1_000 + 2 * channels.len() {
            return;
        }
        let mut places = SecondaryMap::new();
        let mut kept: Vec<ListedChannel> = Vec::new();
        for mut item in std::mem::take(&mut self.items) {
            if !channels.contains_key(item.ch) {
                continue;
            }
            match places.get(item.ch).and_then(|place: &usize| kept.get_mut(*place)) {
                Some(known) => {
                    item.adopted |= known.adopted;
                    *known = item;
                }
                None => {
                    places.insert(item.ch, kept.len());
                    kept.push(item);
                }
            }
        }
        self.items = kept;
    }
}
