//! Whether two certificates are of one person: the names in one form, and the day of birth. Never by name alone.
//!
//! The rules are those of Germany's Corona-Warn-App: one surname and one given name in common, which may be the other way round, because
//! countries write several, add titles, and swap them.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::verified::Holder;

/// Titles that some countries write into names.
const TITLES: [&str; 1] = ["DR"];

/// Whether two holders are one person. Twins that share a second name are taken for one, so a person is asked before anything is merged.
///
/// ```
/// use techo_core::certificates::Holder;
/// use techo_core::certificates::holder::is_same_person;
///
/// let holder = |surname: &str, given: &str| Holder {
///     surname: surname.into(),
///     given: given.into(),
///     born: Some("1980-01-01".into()),
///     ..Holder::default()
/// };
/// assert!(is_same_person(&holder("MUELLER<LUEDENSCHEIDT", "JUERGEN"), &holder("Jürgen", "Dr. Müller")));
/// let unknown = Holder { born: None, ..holder("SATO", "AKI") };
/// assert!(!is_same_person(&unknown, &unknown), "never by name alone");
/// ```
pub fn is_same_person(a: &Holder, b: &Holder) -> bool {
    let born = |holder: &Holder| {
        holder
            .born
            .as_deref()
            .map(str::trim)
            .filter(|born| !born.is_empty())
            .map(str::to_owned)
    };
    let (born_a, born_b) = (born(a), born(b));
    if born_a.is_none() || born_a != born_b {
        return false;
    }
    let names = |holder: &Holder| (name_components(&holder.surname), name_components(&holder.given));
    let ((surname_a, given_a), (surname_b, given_b)) = (names(a), names(b));
    if surname_a.is_empty() && given_a.is_empty() {
        return false;
    }
    let meet = |a: &BTreeSet<String>, b: &BTreeSet<String>| (a.is_empty() && b.is_empty()) || !a.is_disjoint(b);
    (meet(&surname_a, &surname_b) && meet(&given_a, &given_b)) || (meet(&surname_a, &given_b) && meet(&given_a, &surname_b))
}

/// The names in a text: capitals, without accents, each once and no titles (ICAO Doc 9303, part 3, section 6, for German letters).
///
/// ```
/// use techo_core::certificates::holder::name_components;
///
/// assert_eq!(name_components("Dr. Jürgen Müller"), name_components("MUELLER<<JUERGEN"));
/// assert_ne!(name_components("かき"), name_components("がき"), "the marks of kana are no accents");
/// ```
pub fn name_components(text: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    for character in text.nfc().flat_map(char::to_uppercase) {
        match character {
            'Ä' | 'Æ' => plain.push_str("AE"),
            'Ö' | 'Ø' | 'Œ' => plain.push_str("OE"),
            'Ü' => plain.push_str("UE"),
            'ẞ' => plain.push_str("SS"),
            'Å' => plain.push_str("AA"),
            '\'' | '’' => {}
            other => plain.extend(
                std::iter::once(other)
                    .nfd()
                    .filter(|c| !is_combining_mark(*c) || is_kana_mark(*c))
                    .nfc(),
            ),
        }
    }
    plain
        .split(|c: char| c.is_whitespace() || matches!(c, '<' | '.' | '-' | ','))
        .filter(|name| !name.is_empty() && !TITLES.contains(name))
        .map(str::to_owned)
        .collect()
}

/// The marks that make が of か are no accents.
fn is_kana_mark(character: char) -> bool {
    matches!(character, '\u{3099}' | '\u{309A}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(surname: &str, given: &str, born: &str) -> Holder {
        Holder {
            surname: surname.into(),
            given: given.into(),
            born: Some(born.into()).filter(|born: &String| !born.is_empty()),
            ..Holder::default()
        }
    }

    #[test]
    fn nobody_is_known_by_a_name_alone() {
        let (with, without) = (holder("SATO", "AKI", "1980-01-01"), holder("SATO", "AKI", ""));
        assert!(is_same_person(&with, &with));
        assert!(!is_same_person(&without, &without));
        assert!(!is_same_person(&with, &without));
        assert!(!is_same_person(&holder("", "", "1980-01-01"), &holder("", "", "1980-01-01")));
    }

    #[test]
    fn names_have_one_form() {
        let one = |text: &str| name_components(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(one("Dr. José  O’Brien-Núñez"), "JOSE NUNEZ OBRIEN");
        assert_eq!(one("か\u{3099}とう\u{3000}花子"), "がとう 花子");
    }
}
