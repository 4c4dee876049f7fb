//! Mutates a recording as a network, a caller or a busy PBX would: packets are lost, repeated and swapped, and values
//! move from one header to another. Random bytes would mostly be stray data.

/// Mutates the first `size` bytes of `data` and returns the new size; `None` if this mutation is impossible.
pub fn mutate(data: &mut [u8], size: usize, seed: u32) -> Option<usize> {
    let stream = data.get(..size)?.to_vec();
    let mut blocks = blocks(&stream);
    let mut random = RandomNumbers(seed.wrapping_mul(2_654_435_761) | 1);
    let count = blocks.len();
    if count < 3 {
        return None;
    }
    let (one, other) = (random.below(count), random.below(count));
    match random.below(8) {
        0 => drop(blocks.remove(one)),
        1 => blocks.insert(other, blocks.get(one)?.clone()),
        2 => blocks.swap(one, other),
        3 => {
            let moved = blocks.remove(one);
            blocks.insert(other.min(blocks.len()), moved);
        }
        4 => blocks.truncate(one.max(2)),
        5 => {
            let header = pick_line(blocks.get(one)?, &mut random)?;
            blocks.get_mut(one)?.drain(header);
        }
        // The value of another header, mostly one of the same name.
        _ => {
            let (into, from) = (pick_line(blocks.get(one)?, &mut random)?, blocks.get(other)?.clone());
            let key = key(blocks.get(one)?.get(into.clone())?).to_vec();
            let same = lines(&from).find(|line| self::key(&from[line.clone()]) == key);
            let from = from.get(same.or_else(|| pick_line(&from, &mut random))?)?;
            let value = &from[self::key(from).len()..];
            let line: Vec<u8> = key.iter().chain(value).copied().collect();
            blocks.get_mut(one)?.splice(into, line);
        }
    }
    let changed = blocks.concat();
    data.get_mut(..changed.len())?.copy_from_slice(&changed);
    Some(changed.len())
}

fn blocks(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut blocks = vec![Vec::new()];
    for line in stream.split_inclusive(|byte| *byte == b'\n') {
        if let Some(block) = blocks.last_mut() {
            block.extend_from_slice(line);
        }
        if matches!(line, b"\n" | b"\r\n") {
            blocks.push(Vec::new());
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// The ranges of the lines of a block, except the first and the blank one.
fn lines(block: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut begin = 0;
    let lines = block.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let range = begin..begin + line.len();
        begin = range.end;
        range
    });
    lines.skip(1).filter(|range| range.len() > 2)
}

fn pick_line(block: &[u8], random: &mut RandomNumbers) -> Option<std::ops::Range<usize>> {
    let lines: Vec<_> = lines(block).collect();
    lines.get(random.below(lines.len().max(1))).cloned()
}

fn key(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b':').next().unwrap_or_default()
}

struct RandomNumbers(u32);

impl RandomNumbers {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }
}
