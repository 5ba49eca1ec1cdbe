//! Whole numbers in as few bytes as they need (LEB128), one way to write each.

/// Most bytes of one number.
const MOST_BYTES: usize = 10;

/// Appends a number.
pub(crate) fn write(mut number: u64, out: &mut Vec<u8>) {
    loop {
        // Seven bits fit a byte.
        let low = (number & 0x7f).to_le_bytes()[0];
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Takes a number off the front; `None` where there is none, it is too large, or it is written longer than it needs.
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for at in 0..MOST_BYTES {
        let byte = *bytes.get(at)?;
        let low = u64::from(byte & 0x7f);
        let shift = u32::try_from(7 * at).ok()?;
        if low.checked_shl(shift)? >> shift != low {
            return None;
        }
        number |= low << shift;
        if byte & 0x80 == 0 {
            *bytes = bytes.get(at + 1..)?;
            return (at == 0 || byte != 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_in_one_way_only() {
        for bytes in [
            &[][..],
            &[0x80],
            &[0x80, 0],
            &[0xff; 10],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(read(&mut &bytes[..]), None, "{bytes:?}");
        }
        let mut out = Vec::new();
        write(300, &mut out);
        assert_eq!(out, [0xac, 2]);
    }

    proptest! {
        #[test]
        fn numbers_come_back(number in any::<u64>()) {
            let mut out = Vec::new();
            write(number, &mut out);
            out.push(7);
            let mut rest = &out[..];
            prop_assert_eq!(read(&mut rest), Some(number));
            prop_assert_eq!(rest, &[7]);
        }
    }
}
