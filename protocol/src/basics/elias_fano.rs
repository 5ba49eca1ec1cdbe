//! A sorted list of numbers of `u` bits in about `2 + log2(2^u / n)` bits each, which can be searched without being decoded: a segment's tags
//! of 56 bits, revoked ids of 64.
//!
//! Elias-Fano (P. Elias, "Efficient storage and retrieval by content and address of static files", J. ACM 21, 1974): each tag's low bits stand
//! in an array of fixed width, its high bits as a one bit in a bucket of a unary vector. Half a bit an entry more than Golomb-Rice, and a
//! search skips whole words of the vector by counting bits (ADR 0003).

/// A tag to look for, and what the caller knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The number that is looked for in the list.
    pub tag: u64,
    /// Given back on a hit.
    pub id: u32,
}

/// How many low bits each of `count` tags of `width` bits keeps.
pub(crate) fn low_bits(count: u32, width: u32) -> u32 {
    width - count.max(1).ilog2()
}

/// Length of the high vector in bytes.
pub(crate) fn high_bytes(count: u32) -> usize {
    let buckets = 1_usize << count.max(1).ilog2();
    (count as usize + buckets).div_ceil(8)
}

/// Length of the low array in bytes.
pub(crate) fn low_bytes(count: u32, width: u32) -> usize {
    (count as usize * low_bits(count, width) as usize).div_ceil(8)
}

/// Writes strictly ascending tags of `width` bits, high vector first. Bits are least significant first.
pub(crate) fn write(tags: &[u64], count: u32, width: u32, out: &mut Vec<u8>) {
    let bits = low_bits(count, width);
    let mut high = vec![0_u8; high_bytes(count)];
    let mut low = vec![0_u8; low_bytes(count, width) + 8];
    for (index, &tag) in tags.iter().enumerate() {
        // A tag has `width` bits and there are `count` of them: the position is under count + buckets.
        let position = usize::try_from(tag >> bits).unwrap_or(0) + index;
        high[position / 8] |= 1 << (position % 8);
        let at = index * bits as usize;
        let value = (tag & ((1 << bits) - 1)) << (at % 8);
        for (byte, part) in low[at / 8..].iter_mut().zip(value.to_le_bytes()) {
            *byte |= part;
        }
    }
    low.truncate(low_bytes(count, width));
    out.extend_from_slice(&high);
    out.extend_from_slice(&low);
}

/// A written list, read in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TagList<'a> {
    high: &'a [u8],
    /// The low array and at least seven bytes that follow it in the file, so that each value is one unaligned load.
    low: &'a [u8],
    count: u32,
    bits: u32,
}

impl<'a> TagList<'a> {
    /// Splits `count` tags of `width` bits off `bytes`, which may go on after them. `None` where they are too short or the high vector does not hold `count` ones.
    pub(crate) fn read(bytes: &'a [u8], count: u32, width: u32) -> Option<Self> {
        let (high, rest) = bytes.split_at_checked(high_bytes(count))?;
        if rest.len() < low_bytes(count, width) + 8 {
            return None;
        }
        let list = Self {
            high,
            low: rest,
            count,
            bits: low_bits(count, width),
        };
        let ones: u32 = (0..high.len().div_ceil(8)).map(|word| list.word(word).count_ones()).sum();
        (ones == count).then_some(list)
    }

    #[inline]
    fn word(&self, index: usize) -> u64 {
        let at = index * 8;
        if let Some(bytes) = self.high.get(at..at + 8) {
            // The slice has 8 bytes.
            return u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        let mut last = [0; 8];
        let rest = self.high.get(at..).unwrap_or_default();
        last[..rest.len()].copy_from_slice(rest);
        u64::from_le_bytes(last)
    }

    #[inline]
    fn low(&self, index: usize) -> u64 {
        let at = index * self.bits as usize;
        let value = self
            .low
            .get(at / 8..at / 8 + 8)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_le_bytes);
        // With 57 low bits or fewer, which 64 tags of 56 bits or 128 of 64 give, one load always holds a value.
        (value >> (at % 8)) & ((1 << self.bits) - 1)
    }

    /// Every tag, in order.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u64)) {
        let mut index = 0_usize;
        for number in 0..self.high.len().div_ceil(8) {
            let mut word = self.word(number);
            let base = (number as u64) * 64;
            while word != 0 {
                let bucket = base + u64::from(word.trailing_zeros()) - index as u64;
                visit((bucket << self.bits) | self.low(index));
                index += 1;
                word &= word - 1;
            }
        }
    }

    /// Calls `hit(id, index of the entry)` for each target that is there. Targets must be sorted by tag; one pass over the vector.
    pub(crate) fn search(&self, targets: &[Target], mut hit: impl FnMut(u32, usize)) {
        let words = self.high.len().div_ceil(8);
        let mut number = 0;
        let mut word = self.word(0);
        // Zeros in the words before `number`: the buckets that have ended there.
        let mut ended = 0_u64;
        for target in targets {
            let bucket = target.tag >> self.bits;
            let low = target.tag & ((1 << self.bits) - 1);
            loop {
                let zeros = u64::from(word.count_zeros());
                if ended + zeros >= bucket || number + 1 >= words {
                    break;
                }
                ended += zeros;
                number += 1;
                word = self.word(number);
            }
            // The bucket's ones follow its predecessor's ending zero, which is in this word: `ended` stays below every later bucket.
            let skip = bucket.saturating_sub(ended);
            let start = if skip == 0 { 0 } else { position_of_zero(word, skip) + 1 };
            let mut position = number as u64 * 64 + u64::from(start);
            loop {
                let at = usize::try_from(position).unwrap_or(usize::MAX);
                if self.word(at / 64) >> (at % 64) & 1 == 0 {
                    break;
                }
                let Some(index) = position.checked_sub(bucket).and_then(|i| usize::try_from(i).ok()) else {
                    break;
                };
                let here = self.low(index);
                if here == low {
                    hit(target.id, index);
                }
                if here >= low || index + 1 >= self.count as usize {
                    break;
                }
                position += 1;
            }
        }
    }
}

/// Where the `nth` zero of `word` stands, counted from 1; 63 where there are fewer.
#[inline]
fn position_of_zero(word: u64, nth: u64) -> u32 {
    let mut zeros = !word;
    let mut left = nth;
    // Halve the word until the zero is found: six steps instead of up to 63.
    let mut position = 0_u32;
    let mut width = 32_u32;
    while width > 0 {
        let half = zeros & ((1_u64 << width) - 1);
        let here = u64::from(half.count_ones());
        if left > here {
            left -= here;
            position += width;
            zeros >>= width;
        } else {
            zeros = half;
        }
        width /= 2;
    }
    position
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::exposure::tag::TAG_BITS;

    fn written(tags: &BTreeSet<u64>) -> (Vec<u8>, u32) {
        let sorted: Vec<u64> = tags.iter().copied().collect();
        let count = u32::try_from(sorted.len()).unwrap();
        let mut out = Vec::new();
        write(&sorted, count, TAG_BITS, &mut out);
        out.extend_from_slice(&[0xFF; 8]);
        (out, count)
    }

    /// Tags that crowd into few buckets as well as spread ones.
    fn tags() -> impl Strategy<Value = BTreeSet<u64>> {
        let tag = prop_oneof![0..1_u64 << TAG_BITS, 0..200_u64, (1_u64 << TAG_BITS) - 200..1_u64 << TAG_BITS];
        prop::collection::btree_set(tag, 64..400)
    }

    proptest! {
        #[test]
        fn tags_come_back(tags in tags()) {
            let (bytes, count) = written(&tags);
            let mut back = BTreeSet::new();
            TagList::read(&bytes, count, TAG_BITS).unwrap().for_each(|tag| { back.insert(tag); });
            prop_assert_eq!(back, tags);
        }

        #[test]
        fn a_search_finds_all_that_is_there_and_nothing_else(tags in tags(), others in prop::collection::btree_set(0..1_u64 << TAG_BITS, 0..50), near in 0..300_u64) {
            let (bytes, count) = written(&tags);
            let wanted: BTreeSet<u64> = tags.iter().copied().step_by(3).chain(others).chain([near, 0, (1 << TAG_BITS) - 1]).collect();
            let targets: Vec<Target> = wanted.iter().zip(0..).map(|(&tag, id)| Target { tag, id }).collect();
            let mut found = BTreeSet::new();
            TagList::read(&bytes, count, TAG_BITS).unwrap().search(&targets, |id, index| { found.insert((targets[id as usize].tag, index)); });
            let expected: BTreeSet<_> = tags.iter().enumerate().filter(|(_, tag)| wanted.contains(tag)).map(|(i, &tag)| (tag, i)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000), count in 64..300_u32, tag in 0..1_u64 << TAG_BITS) {
            if let Some(list) = TagList::read(&bytes, count, TAG_BITS) {
                list.for_each(|_| ());
                list.search(&[Target { tag, id: 0 }], |_, index| assert!(index < count as usize));
            }
        }
    }

    #[test]
    fn zeros_are_found() {
        for word in [0_u64, 0b1011, u64::MAX >> 1, 0x5555_5555_5555_5555] {
            let mut nth = 0;
            for bit in 0..64 {
                if word >> bit & 1 == 0 {
                    nth += 1;
                    assert_eq!(position_of_zero(word, nth), bit, "zero {nth} of {word:b}");
                }
            }
        }
    }
}
