//! Ids of calls.

use std::collections::{BTreeMap, VecDeque};

/// How many ids are remembered: far more calls than start in the second that a restarted PBX could count again.
const REMEMBERED: usize = 16_384;

/// The longest id an endpoint is given (Zammad keeps 250 characters).
const LONGEST: usize = 250;

/// Gives out ids of calls, each once.
///
/// A Uniqueid comes again when a PBX restarts within a second, or when a recording is played twice; the later
/// call's id then ends in `~2`, `~3` and so on. The same history gives the same ids.
#[derive(Debug, Default)]
pub(crate) struct CallIds {
    used: BTreeMap<u64, u32>,
    order: VecDeque<u64>,
}

impl CallIds {
    /// An id for the call that the channel `uniqueid` started, behind `prefix` where there is one.
    pub(crate) fn give(&mut self, prefix: Option<&str>, uniqueid: &str) -> String {
        let mut id = prefix.map_or_else(|| uniqueid.to_owned(), |prefix| format!("{prefix}-{uniqueid}"));
        let hash = fnv(id.as_bytes());
        if id.len() > LONGEST - 12 {
            let mut end = LONGEST - 32;
            while !id.is_char_boundary(end) {
                end -= 1;
            }
            id.truncate(end);
            id.push_str(&format!("~{hash:016x}"));
        }
        let times = self.used.entry(hash).or_insert(0);
        *times += 1;
        if *times > 1 {
            id.push_str(&format!("~{times}"));
        } else {
            self.order.push_back(hash);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.used.remove(&oldest);
            }
        }
        id
    }

    /// Takes note of an id that was given before, by another process: it is not given again.
    pub(crate) fn remember(&mut self, id: &str) {
        let (base, times) = numbered(id);
        let hash = fnv(base.as_bytes());
        let known = self.used.entry(hash).or_insert(0);
        if *known == 0 {
            self.order.push_back(hash);
        }
        *known = times.max(*known);
    }

    /// The Uniqueid that `id` was made of, behind `prefix` where there is one.
    pub(crate) fn root<'a>(prefix: Option<&str>, id: &'a str) -> &'a str {
        let (base, _) = numbered(id);
        let behind = |prefix: &str| base.strip_prefix(prefix)?.strip_prefix('-');
        prefix.and_then(behind).unwrap_or(base)
    }
}

/// An id without its number, and the number.
fn numbered(id: &str) -> (&str, u32) {
    let number =
        |(base, number): (&'_ str, &str)| Some((base.len(), number.parse().ok().filter(|times| *times > 1)?));
    match id.rsplit_once('~').and_then(number) {
        Some((end, times)) => (id.get(..end).unwrap_or(id), times),
        None => (id, 1),
    }
}

/// FNV-1a: an id may not depend on the release that made it, and the standard library's hash does.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_given_once() {
        let mut ids = CallIds::default();
        assert_eq!(ids.give(None, "1795226702.0"), "1795226702.0");
        assert_eq!(ids.give(None, "1795226702.0"), "1795226702.0~2");
        assert_eq!(ids.give(Some("main"), "1795226702.0"), "main-1795226702.0");
    }

    #[test]
    fn long_ids_are_cut_and_stay_apart() {
        let mut ids = CallIds::default();
        let (one, two) = (
            ids.give(None, &format!("{}1", "ü".repeat(300))),
            ids.give(None, &format!("{}2", "ü".repeat(300))),
        );
        assert!(one.len() <= LONGEST && two.len() <= LONGEST && one != two);
    }

    #[test]
    fn memory_is_bounded() {
        let mut ids = CallIds::default();
        for n in 0..2 * REMEMBERED {
            ids.give(None, &n.to_string());
        }
        assert!(ids.used.len() <= REMEMBERED && ids.order.len() <= REMEMBERED);
    }
}
