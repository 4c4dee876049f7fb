//! One-to-one replacements that cannot be undone without the seed.

use ring::hmac;

use super::seed::AnonymiserSeed;

/// How often the halves of a text are mixed: one round more on each side than needed against an attacker who knows many
/// pairs.
const ROUNDS: u8 = 8;

/// A character as its index in an alphabet of `radix` characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) value: u16,
    /// At least 2, and greater than the value.
    pub(super) radix: u16,
}

impl Symbol {
    fn rotate(&mut self, by: u16, backwards: bool) {
        let by = by % self.radix;
        let by = if backwards { self.radix - by } else { by };
        self.value = (self.value + by) % self.radix;
    }
}

/// A keyed permutation of texts, over any alphabets.
pub(super) struct Cipher {
    key: hmac::Key,
}

impl Cipher {
    pub(super) fn new(seed: &AnonymiserSeed) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, seed.bytes()) }
    }

    /// Replaces a text by another of the same length over the same alphabets: different texts by different ones, and no
    /// text by itself. Each `domain` has its own permutation.
    ///
    /// The replacement is the successor in an order that depends on the seed: the text is mixed (a Feistel network over
    /// the halves, as in NIST SP 800-38G), incremented by one, and mixed back. So all texts of an alphabet form one
    /// cycle.
    pub(super) fn replace(&self, domain: u8, text: &mut [Symbol]) {
        if let [only] = text {
            let by = self.noise(domain, ROUNDS, &[Symbol { value: 0, radix: only.radix }], 1);
            only.rotate(1 + by.first().copied().unwrap_or(0) % (only.radix - 1), false);
            return;
        }
        self.mix(domain, text, false);
        for symbol in text.iter_mut().rev() {
            symbol.rotate(1, false);
            if symbol.value != 0 {
                break;
            }
        }
        self.mix(domain, text, true);
    }

    fn mix(&self, domain: u8, text: &mut [Symbol], backwards: bool) {
        let (left, right) = text.split_at_mut(text.len() / 2);
        for round in 0..ROUNDS {
            let round = if backwards { ROUNDS - 1 - round } else { round };
            let (changed, other) = if round % 2 == 0 { (&mut *left, &*right) } else { (&mut *right, &*left) };
            let noise = self.noise(domain, round, other, changed.len());
            changed.iter_mut().zip(noise).for_each(|(symbol, by)| symbol.rotate(by, backwards));
        }
    }

    /// `count` pseudo-random numbers derived from `symbols`.
    fn noise(&self, domain: u8, round: u8, symbols: &[Symbol], count: usize) -> Vec<u16> {
        let mut bytes = Vec::with_capacity(symbols.len() * 4);
        bytes.extend(symbols.iter().flat_map(|symbol| symbol.value.to_le_bytes()));
        bytes.extend(symbols.iter().flat_map(|symbol| symbol.radix.to_le_bytes()));
        self.numbers(domain, round, &bytes, count)
    }

    /// `count` pseudo-random numbers derived from `bytes`.
    pub(super) fn numbers(&self, domain: u8, round: u8, bytes: &[u8], count: usize) -> Vec<u16> {
        let first = self.hash(&[&[domain, round, 0], &(count as u64).to_le_bytes(), bytes]);
        let mut numbers = pairs(first.as_ref());
        let mut block = 0_u64;
        while numbers.len() < count {
            block += 1;
            let more = self.hash(&[&[domain, round, 1], &block.to_le_bytes(), first.as_ref()]);
            numbers.extend(pairs(more.as_ref()));
        }
        numbers.truncate(count);
        numbers
    }

    fn hash(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        parts.iter().for_each(|part| context.update(part));
        context.sign()
    }
}

fn pairs(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks();
    pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn next(seed: u8, radices: &[u16], text: &[u16]) -> Vec<u16> {
        let mut symbols: Vec<_> = text
            .iter()
            .zip(radices)
            .map(|(value, radix)| Symbol { value: value % radix, radix: *radix })
            .collect();
        Cipher::new(&AnonymiserSeed::new([seed; 32])).replace(0, &mut symbols);
        symbols.iter().map(|symbol| symbol.value).collect()
    }

    #[test]
    fn all_texts_of_an_alphabet_form_one_cycle() {
        for radices in [&[2][..], &[26], &[10, 10], &[9, 10, 10], &[2, 3, 5, 7], &[26, 26]] {
            let all: usize = radices.iter().map(|radix| usize::from(*radix)).product();
            let (mut seen, mut text) = (BTreeSet::new(), vec![0; radices.len()]);
            // The cycle of a single character has the seed's stride, which need not be 1.
            let cycle = if radices.len() == 1 { 2 } else { all };
            while seen.insert(text.clone()) {
                let after = next(7, radices, &text);
                assert_ne!(after, text);
                text = after;
            }
            assert!(seen.len() >= cycle, "{radices:?}: {} of {all}", seen.len());
        }
    }

    proptest! {
        #[test]
        fn every_text_changes_and_keeps_its_alphabets(
            seed: u8,
            symbols in prop::collection::vec((2..1000_u16, any::<u16>()), 1..200),
        ) {
            let radices: Vec<_> = symbols.iter().map(|(radix, _)| *radix).collect();
            let text: Vec<_> = symbols.iter().map(|(radix, value)| value % radix).collect();
            let after = next(seed, &radices, &text);
            prop_assert_ne!(&after, &text);
            prop_assert!(after.iter().zip(&radices).all(|(value, radix)| value < radix));
        }

        #[test]
        fn another_seed_gives_another_text(seed: u8, text in prop::collection::vec(0..10_u16, 12)) {
            prop_assert_ne!(next(seed, &[10; 12], &text), next(seed.wrapping_add(1), &[10; 12], &text));
        }
    }
}
