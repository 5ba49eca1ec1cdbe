//! Padmé: sizes that say little and cost at most 12 % (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019, section 4).

/// The smallest Padmé size that is at least `size`.
///
/// ```
/// use techo_protocol::basics::padme::padme;
/// assert_eq!(padme(1_000), 1_024);
/// assert!((993..=1_024).all(|size| padme(size) == 1_024), "32 sizes look like one");
/// ```
pub fn padme(size: u64) -> u64 {
    if size < 2 {
        return size;
    }
    let exponent = size.ilog2();
    let mantissa_bits = exponent.checked_ilog2().map_or(0, |bits| bits + 1);
    let mask = (1_u64 << exponent.saturating_sub(mantissa_bits)) - 1;
    size.checked_add(mask).map_or(size, |sum| sum & !mask)
}

#[cfg(test)]
mod tests {
    use super::padme;

    #[test]
    fn sizes_of_the_paper() {
        assert_eq!(padme(9), 10);
        assert_eq!(padme(1_000), 1_024);
        assert_eq!(padme(100_000), 100_352);
    }

    #[test]
    fn never_smaller_and_never_an_eighth_more() {
        for size in 1..100_000_u64 {
            let padded = padme(size);
            assert!(padded >= size && padded * 100 <= size * 112, "{size} became {padded}");
            assert_eq!(padme(padded), padded);
        }
    }
}
