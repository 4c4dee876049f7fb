//! What became of values, so that it need not be worked out again: for speed alone.

use std::collections::HashMap;

use super::class::Class;

/// How many values are remembered, and the longest that are, in bytes: a few megabytes.
const COUNT: usize = 16 << 10;
const LONGEST: usize = 64;

/// How a value is read, and so what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) class: Class,
    pub(super) escaped: bool,
    pub(super) may_grow: bool,
}

/// What became of each value.
type Values = HashMap<Box<[u8]>, Box<[u8]>>;

#[derive(Debug, Default)]
pub(super) struct Memory {
    values: HashMap<Kind, Values>,
    count: usize,
}

impl Memory {
    pub(super) fn get(&self, kind: Kind, raw: &[u8]) -> Option<&[u8]> {
        self.values.get(&kind)?.get(raw).map(|made| &**made)
    }

    pub(super) fn put(&mut self, kind: Kind, raw: &[u8], made: &[u8]) {
        if raw.len() > LONGEST {
            return;
        }
        if self.count == COUNT {
            self.values.clear();
            self.count = 0;
        }
        self.count += 1;
        self.values.entry(kind).or_default().insert(raw.into(), made.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded() {
        let mut memory = Memory::default();
        let kind = Kind { class: Class::Text, escaped: false, may_grow: true };
        for number in 0..3 * COUNT {
            memory.put(kind, number.to_string().as_bytes(), b"x");
            assert_eq!(memory.get(kind, number.to_string().as_bytes()), Some(&b"x"[..]));
        }
        memory.put(kind, &[0; LONGEST + 1], b"x");
        assert_eq!(memory.get(kind, &[0; LONGEST + 1]), None);
        assert!(memory.values.values().map(HashMap::len).sum::<usize>() <= COUNT);
    }
}
