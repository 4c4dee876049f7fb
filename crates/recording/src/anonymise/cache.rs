//! Caches the replacements of values, for speed.

use std::collections::HashMap;

use super::class::ValueClass;

/// How many values are cached: a few megabytes.
const CAPACITY: usize = 16 << 10;
/// Longer values are not cached, in bytes.
const LONGEST_VALUE: usize = 64;

/// How a value is read, which decides its replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CacheKey {
    pub(super) class: ValueClass,
    pub(super) escaped: bool,
    pub(super) may_grow: bool,
}

/// The replacement of each value.
type Replacements = HashMap<Box<[u8]>, Box<[u8]>>;

#[derive(Debug, Default)]
pub(super) struct ReplacementCache {
    values: HashMap<CacheKey, Replacements>,
    count: usize,
}

impl ReplacementCache {
    pub(super) fn get(&self, kind: CacheKey, raw: &[u8]) -> Option<&[u8]> {
        self.values.get(&kind)?.get(raw).map(|replacement| &**replacement)
    }

    pub(super) fn insert(&mut self, kind: CacheKey, raw: &[u8], replacement: &[u8]) {
        if raw.len() > LONGEST_VALUE {
            return;
        }
        if self.count == CAPACITY {
            self.values.clear();
            self.count = 0;
        }
        self.count += 1;
        self.values.entry(kind).or_default().insert(raw.into(), replacement.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = ReplacementCache::default();
        let kind = CacheKey { class: ValueClass::Text, escaped: false, may_grow: true };
        for number in 0..3 * CAPACITY {
            cache.insert(kind, number.to_string().as_bytes(), b"x");
            assert_eq!(cache.get(kind, number.to_string().as_bytes()), Some(&b"x"[..]));
        }
        cache.insert(kind, &[0; LONGEST_VALUE + 1], b"x");
        assert_eq!(cache.get(kind, &[0; LONGEST_VALUE + 1]), None);
        assert!(cache.values.values().map(HashMap::len).sum::<usize>() <= CAPACITY);
    }
}
