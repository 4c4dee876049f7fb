//! Which events were said.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

/// How many are remembered. What is said again comes soon after: from memory while the disk cannot be written, and
/// from the journal when the stream is taken up again.
const REMEMBERED: usize = 1 << 16;

/// The ids of the events that were said last.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Seen {
    /// Whether `id` is new; it is not from now on.
    pub(super) fn is_new(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return false;
        }
        let id: Arc<str> = id.into();
        self.ids.insert(Arc::clone(&id));
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered() {
        let mut seen = Seen::default();
        assert!(seen.is_new("a"));
        assert!(!seen.is_new("a"));
        for number in 0..REMEMBERED {
            assert!(seen.is_new(&number.to_string()));
        }
        assert!(seen.is_new("a"));
        assert!(!seen.is_new(&(REMEMBERED - 1).to_string()));
        assert_eq!((seen.ids.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
    }
}
