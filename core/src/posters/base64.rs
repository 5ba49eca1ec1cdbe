//! Base64 as posters carry it.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::PosterError;

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64 of either alphabet, padded or not: real posters were made by all kinds of generators, and some mix them.
///
/// # Errors
/// [`PosterError::Malformed`]
pub(super) fn any(text: &str) -> Result<Vec<u8>, PosterError> {
    let url_alphabet = text.replace('+', "-").replace('/', "_");
    ANY_PADDING.decode(url_alphabet).map_err(|_| PosterError::Malformed)
}

/// Decodes the one form that a JWS allows: URL alphabet, no padding (RFC 7515, section 2).
///
/// # Errors
/// [`PosterError::Malformed`]
pub(super) fn jose(text: &str) -> Result<Vec<u8>, PosterError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| PosterError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posters_may_be_padded_or_not_and_of_either_alphabet() {
        for text in ["-_8=", "+/8=", "-_8", "+/8", "-/8"] {
            assert_eq!(any(text), Ok(vec![0xfb, 0xff]), "{text}");
        }
        for text in ["-_8 ", "-", "é", "-_8=="] {
            assert_eq!(any(text), Err(PosterError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_jws_has_one_form() {
        assert_eq!(jose("-_8"), Ok(vec![0xfb, 0xff]));
        for text in ["-_8=", "+/8", "-_9"] {
            assert_eq!(jose(text), Err(PosterError::Malformed), "{text}");
        }
    }
}
