//! One form for texts that people type and other systems write, so that they can be compared and searched.
//!
//! The same word comes in half and full width (ﾌｧｲｻﾞｰ, ＥＹ５４２０) and composed or not (ガ as one character, or カ and a mark, as macOS
//! and some keyboards give it). Unicode's compatibility composition (NFKC, Unicode Standard Annex #15) makes one of them. It is for
//! comparing only: it also turns a variant of a character that stands in somebody's name (神, U+FA19) into another, so what is kept is
//! what was written.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// A text in one width and composition.
///
/// ```
/// use techo_protocol::basics::folding::folded;
/// assert_eq!(folded("ﾌｧｲｻﾞｰ"), "ファイザー");
/// assert_eq!(folded("カ\u{3099}スト"), "ガスト");
/// assert_eq!(folded("カ゛スト"), "ガスト", "a mark that was typed by itself");
/// assert_eq!(folded("ＥＹ５４２０"), "EY5420");
/// ```
pub fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    // NFKC makes a blank and a mark of a voiced mark that stands by itself, and so parts it from its letter.
    let joined = text.chars().map(|c| match c {
        '\u{309b}' => '\u{3099}',
        '\u{309c}' => '\u{309a}',
        c => c,
    });
    Cow::Owned(joined.nfkc().collect())
}

/// A text as it is searched for: folded, and in lower case.
///
/// ```
/// use techo_protocol::basics::folding::searchable;
/// assert!(searchable("ｶﾞｽﾄ 堺店").contains(&searchable("ガスト")));
/// assert_eq!(searchable("ＣＡＦÉ"), searchable("cafe\u{301}"));
/// ```
pub fn searchable(text: &str) -> String {
    // Lower case may come apart again: İ is i and a dot.
    folded(&folded(text).to_lowercase()).into_owned()
}

/// Whether two texts are one, in whatever width and composition each was typed; blanks at their ends do not count.
///
/// ```
/// use techo_protocol::basics::folding::is_same;
/// assert!(is_same("ｱｷ", "アキ "));
/// assert!(!is_same("Aki", "aki"), "another case is another name");
/// ```
pub fn is_same(one: &str, other: &str) -> bool {
    folded(one).trim() == folded(other).trim()
}

/// The first of `all` that is called `name`: as it is written, or, where none is, in another width and composition. `others` says whether it is not
/// the only one.
///
/// ```
/// use techo_protocol::basics::folding::called;
/// let people = ["\u{fa19}", "神", "アキ"];
/// let find = |name: &str| called(&people, name, |person| person).map(|(person, others)| (*person, others));
/// assert_eq!(find("神"), Some(("神", false)), "a variant is another name where both are there");
/// assert_eq!(find("ｱｷ"), Some(("アキ", false)));
/// assert_eq!(find("ユイ"), None);
/// ```
pub fn called<'a, T>(all: &'a [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<(&'a T, bool)> {
    let name = name.trim();
    let found = |is_meant: &dyn Fn(&str) -> bool| {
        let mut found = all.iter().filter(|one| is_meant(name_of(one)));
        let first = found.next()?;
        Some((first, found.next().is_some()))
    };
    found(&|other| other == name).or_else(|| found(&|other| is_same(other, name)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_s_variant_is_kept_where_it_is_kept_and_equal_where_it_is_compared() {
        assert_eq!(folded("\u{fa19}戸"), folded("神戸"));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,20}") {
            let once = folded(&text).into_owned();
            prop_assert_eq!(folded(&once), once.clone());
            let once = searchable(&text);
            prop_assert_eq!(searchable(&once), once.clone());
        }
    }
}
