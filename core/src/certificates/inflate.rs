//! Unpacking with a bound: a few bytes can stand for gigabytes.

use miniz_oxide::inflate::{DecompressError, TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

use super::reason::Reason;

/// Inflates a zlib stream (RFC 1950), to at most `most` bytes.
pub(super) fn zlib(packed: &[u8], most: usize) -> Result<Vec<u8>, Reason> {
    decompress_to_vec_zlib_with_limit(packed, most).map_err(|error| reason(&error))
}

/// Inflates a bare stream (RFC 1951), to at most `most` bytes.
pub(super) fn raw(packed: &[u8], most: usize) -> Result<Vec<u8>, Reason> {
    decompress_to_vec_with_limit(packed, most).map_err(|error| reason(&error))
}

fn reason(error: &DecompressError) -> Reason {
    match error.status {
        TINFLStatus::HasMoreOutput => Reason::TooLarge,
        _ => Reason::Compression,
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    use super::*;

    #[test]
    fn a_bomb_goes_no_further_than_the_bound() {
        let zeros = vec![0; 1 << 20];
        let (packed, bare) = (compress_to_vec_zlib(&zeros, 9), compress_to_vec(&zeros, 9));
        assert!(packed.len() < 2_000, "{}", packed.len());
        assert_eq!(zlib(&packed, 1 << 16), Err(Reason::TooLarge));
        assert_eq!(raw(&bare, 1 << 16), Err(Reason::TooLarge));
        assert_eq!(zlib(&packed, 1 << 20), Ok(zeros.clone()));
        assert_eq!(raw(&bare, 1 << 20), Ok(zeros));
    }

    #[test]
    fn a_torn_stream_is_refused() {
        let packed = compress_to_vec_zlib(b"a certificate, a certificate", 9);
        for length in 0..packed.len() {
            assert_eq!(zlib(&packed[..length], 100), Err(Reason::Compression), "{length}");
        }
        let mut changed = packed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(zlib(&changed, 100), Err(Reason::Compression), "the checksum is checked");
    }
}
