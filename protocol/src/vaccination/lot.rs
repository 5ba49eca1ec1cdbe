//! When two spellings are one lot: at a site, in a town's lists and on a phone alike.

use crate::basics::folding::folded;

/// A lot as it is compared: in half width and upper case, without blanks and hyphens, which people leave out or add as they type.
///
/// ```
/// use techo_protocol::vaccination::lot::comparable;
/// for typed in ["ey5420", "EY 5420", "EY-5420", "ＥＹ５４２０", "EY5420"] {
///     assert_eq!(comparable(typed), "EY5420");
/// }
/// ```
pub fn comparable(lot: &str) -> String {
    let lot = folded(lot);
    let plain: String = lot
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    // Two lots without any letter or digit are not the same for that.
    if plain.is_empty() { lot.trim().to_owned() } else { plain }
}

/// Whether two texts name one lot.
pub fn is_same(one: &str, other: &str) -> bool {
    comparable(one) == comparable(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spelling_is_passed_over() {
        assert!(is_same("fe 8162", "FE-8162"));
        assert!(!is_same("EY5420", "EY5421"));
        assert!(!is_same("EY5420", "EV5420"));
        assert!(!is_same("--", "/"));
        assert!(!is_same("", "A"));
    }
}
