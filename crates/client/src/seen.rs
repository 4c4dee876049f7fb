//! Which events were received.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

/// How many are remembered. Repetitions come soon after: from memory while the disk cannot be written, and from the
/// journal when the stream is resumed.
const MAX_REMEMBERED: usize = 1 << 16;

/// The ids of the latest events.
#[derive(Debug, Default)]
pub struct SeenEvents {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl SeenEvents {
    /// Whether `id` is new; remembers it.
    pub fn is_new(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return false;
        }
        let id: Arc<str> = id.into();
        self.ids.insert(Arc::clone(&id));
        self.order.push_back(id);
        if self.order.len() > MAX_REMEMBERED
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
        let mut seen = SeenEvents::default();
        assert!(seen.is_new("a"));
        assert!(!seen.is_new("a"));
        for number in 0..MAX_REMEMBERED {
            assert!(seen.is_new(&number.to_string()));
        }
        assert!(seen.is_new("a"));
        assert!(!seen.is_new(&(MAX_REMEMBERED - 1).to_string()));
        assert_eq!((seen.ids.len(), seen.order.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
