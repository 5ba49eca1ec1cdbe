use proptest::prelude::*;

use super::{correct, multiply, power};

/// Appends `parity` check codewords, by division through the generator polynomial (ISO/IEC 18004:2015, section 7.5.2).
fn encode(data: &[u8], parity: usize) -> Vec<u8> {
    let mut generator = vec![1_u8];
    for i in 0..parity {
        let mut next = vec![0; generator.len() + 1];
        for (j, &c) in generator.iter().enumerate() {
            next[j] ^= c;
            next[j + 1] ^= multiply(c, power(i));
        }
        generator = next;
    }
    let mut rest = data.to_vec();
    rest.resize(data.len() + parity, 0);
    for i in 0..data.len() {
        let factor = rest[i];
        for (j, &g) in generator.iter().enumerate() {
            rest[i + j] ^= multiply(factor, g);
        }
    }
    [data, &rest[data.len()..]].concat()
}

/// The example of ISO/IEC 18004:2015, Annex I: "01234567" in version 1-M.
#[test]
fn the_standards_example_is_whole() {
    let block = [
        0x10, 0x20, 0x0C, 0x56, 0x61, 0x80, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xA5, 0x24, 0xD4, 0xC1,
        0xED, 0x36, 0xC7, 0x87, 0x2C, 0x55,
    ];
    let mut corrected = block;
    corrected[3] ^= 0xFF;
    assert_eq!(correct(&mut corrected, 10), Some(()));
    assert_eq!(corrected, block);
    assert_eq!(encode(&block[..16], 10), block);
}

#[test]
fn a_block_of_no_sense_is_refused() {
    assert_eq!(correct(&mut [], 0), None);
    assert_eq!(correct(&mut [1, 2, 3], 3), None);
    assert_eq!(correct(&mut [0; 256], 10), None);
}

proptest! {
    #[test]
    fn up_to_half_the_parity_is_corrected(
        data in prop::collection::vec(any::<u8>(), 1..150),
        parity in 2_usize..31,
        errors in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 0..16),
    ) {
        let whole = encode(&data, parity);
        let mut damaged = whole.clone();
        for &(index, change) in errors.iter().take(parity / 2) {
            damaged[index.index(whole.len())] ^= change;
        }
        prop_assert_eq!(correct(&mut damaged, parity), Some(()));
        prop_assert_eq!(damaged, whole);
    }

    #[test]
    fn whatever_is_answered_is_a_codeword(mut block in prop::collection::vec(any::<u8>(), 2..256), parity in 1_usize..31) {
        if correct(&mut block, parity).is_some() {
            let data = block.len() - parity;
            prop_assert_eq!(encode(&block[..data], parity), block);
        }
    }
}
