//! The texts that the steps of one explanation refer to.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

/// The longest text that is kept whole, in bytes: names come from outside.
const LONGEST: usize = 200;

/// How much room is made at a time, in bytes and in texts. A table is small and one belongs to every live call, so it does
/// not double.
const ROOM: usize = 96;

/// Stands for a text that found no room.
const LOST: &str = "…";

/// A text of a [`TextTable`]: a name, a number, a header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TextRef(NonZeroU16);

/// What can be carried from one table to another.
pub(super) trait CarryTexts: Copy {
    /// The same with the references that `carry` gives for its own.
    fn carry(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self;
}

impl CarryTexts for TextRef {
    fn carry(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self {
        carry(self)
    }
}

impl<T: CarryTexts> CarryTexts for Option<T> {
    fn carry(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self {
        self.map(|inner| inner.carry(carry))
    }
}

/// Short texts, each kept once. They are never removed one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextTable {
    bytes: String,
    /// Where each text ends.
    ends: Vec<u16>,
}

impl TextTable {
    /// The reference of `text`, which is added if it is new and cut if it is long.
    pub fn intern(&mut self, text: &str) -> TextRef {
        self.intern_list(std::iter::once(text))
    }

    /// The reference of a list of names, which [`TextTable::list`] takes apart.
    pub fn intern_list<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> TextRef {
        let begin = self.bytes.len();
        for name in names {
            if self.bytes.len() > begin {
                self.bytes.push('\n');
            }
            if self.bytes.capacity() - self.bytes.len() < name.len() {
                self.bytes.reserve_exact(name.len() + ROOM);
            }
            self.bytes.push_str(name);
        }
        if self.bytes.len() > begin + LONGEST {
            let end = self.bytes.floor_char_boundary(begin + LONGEST - LOST.len());
            self.bytes.truncate(end);
            self.bytes.push_str(LOST);
        }
        let known = self.find(begin);
        if known.is_some() {
            self.bytes.truncate(begin);
        }
        known.or_else(|| self.add()).unwrap_or(TextRef(NonZeroU16::MAX))
    }

    /// The text that `reference` stands for.
    #[must_use]
    pub fn get(&self, reference: TextRef) -> &str {
        let index = usize::from(reference.0.get()) - 1;
        let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied();
        end.and_then(|end| self.bytes.get(usize::from(begin)..usize::from(end))).unwrap_or(LOST)
    }

    /// The names of a list.
    pub fn list(&self, reference: TextRef) -> impl Iterator<Item = &str> {
        self.get(reference).split('\n')
    }

    /// All texts, in the order of their references.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut begin = 0;
        self.ends.iter().map(move |end| {
            let end = usize::from(*end);
            self.bytes.get(std::mem::replace(&mut begin, end)..end).unwrap_or(LOST)
        })
    }

    /// How long the texts are together, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A text equal to what stands behind `begin`.
    fn find(&self, begin: usize) -> Option<TextRef> {
        let (known, wanted) = self.bytes.as_bytes().split_at_checked(begin)?;
        let mut from = 0;
        for (index, end) in self.ends.iter().enumerate() {
            let end = usize::from(*end);
            if end - from == wanted.len() && known.get(from..end) == Some(wanted) {
                return reference(index);
            }
            from = end;
        }
        None
    }

    /// Makes a text of what stands behind the last one, unless the table is full.
    fn add(&mut self) -> Option<TextRef> {
        let (Some(added), Ok(end)) = (reference(self.ends.len()), u16::try_from(self.bytes.len())) else {
            self.bytes.truncate(self.ends.last().copied().map_or(0, usize::from));
            return None;
        };
        if self.ends.len() == self.ends.capacity() {
            self.ends.reserve_exact(ROOM / 6);
        }
        self.ends.push(end);
        Some(added)
    }
}

/// A table with the texts of a stored one, under the same references.
impl<'a> FromIterator<&'a str> for TextTable {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut table = Self::default();
        for text in texts {
            table.bytes.push_str(text);
            table.add();
        }
        table
    }
}

/// The reference of the text at `index`; the highest one stands for what found no room.
fn reference(index: usize) -> Option<TextRef> {
    let number = u16::try_from(index + 1).ok().filter(|number| *number < u16::MAX)?;
    NonZeroU16::new(number).map(TextRef)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_reference_and_are_kept_once() {
        let mut table = TextTable::default();
        let [one, two, again] = ["alice", "", "alice"].map(|text| table.intern(text));
        assert_eq!((one, table.get(two), table.get(again), table.size()), (again, "", "alice", 5));
        assert_eq!(table.iter().collect::<TextTable>(), table);
    }

    #[test]
    fn a_list_is_taken_apart_again() {
        let mut table = TextTable::default();
        let names = table.intern_list(["PJSIP/a", "PJSIP/b"]);
        assert_eq!(table.list(names).collect::<Vec<_>>(), ["PJSIP/a", "PJSIP/b"]);
    }

    #[test]
    fn long_texts_are_cut_and_a_full_table_takes_no_more() {
        let mut table = TextTable::default();
        let long = table.intern(&"ü".repeat(300));
        assert!(table.get(long).len() <= LONGEST && table.get(long).ends_with(LOST));
        let first = table.intern(&format!("{:190}", 0));
        let last = (0..400).map(|n| table.intern(&format!("{n:190}"))).last().unwrap();
        assert_eq!(table.get(last), LOST);
        assert!(table.size() <= usize::from(u16::MAX));
        assert_eq!(table.intern(&format!("{:190}", 0)), first);
    }
}
