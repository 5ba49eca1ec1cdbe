//! Whose a certificate is: what it says of its holder, beside what is known of the person whose record it goes to.
//!
//! What people call each other is not what stands in a passport ("Aki" is TANAKA AKIKO), so a person's own name counts as the same where one
//! word of it begins one of the holder's given names, or where it is the surname alone; and names in two scripts cannot be compared at all. Once a certificate is in the record, one that
//! is of the same person by [`is_same_person`] is theirs, whatever they are called.

use std::collections::BTreeSet;

use super::Person;
use crate::certificates::Holder;
use crate::certificates::holder::{is_same_person, name_components};

techo_protocol::coded_errors! {
    /// What a person should look at in something that was kept. It is kept all the same: names change, and are written in many ways.
    pub enum RecordWarning {
        /// The holder has another name.
        AnotherName = "vaccine.another_name", "The certificate names somebody else than this person.", "Check whose it is, and delete it again if it is not this person's.";
        /// The holder was born on another day.
        OtherBirthDate = "vaccine.other_birth_date", "The certificate names another birth date than this person's.", "Check whose it is, and delete it again if it is not this person's.";
        /// The same is in another person's record.
        InAnotherRecord = "vaccine.in_another_record", "This is in another person's record already.", "Check whose it is, and delete it from the other's record if it is this person's.";
        /// The certificate does not say the day of a dose.
        PartlyDated = "vaccine.partly_dated", "The certificate does not say the day of a dose, so that it is shown and not counted for the next one.", "Enter the dose by hand, with its day, if you know it.";
    }
}

/// What speaks against a certificate's holder being `person`. `others` are the holders of the certificates that are in the person's record.
pub(super) fn doubts(person: &Person, holder: &Holder, others: &[Holder]) -> Vec<RecordWarning> {
    let mut doubts = Vec::new();
    let is_known = others.iter().any(|other| is_same_person(other, holder));
    if !is_known && !may_be_called(&person.name, holder) {
        doubts.push(RecordWarning::AnotherName);
    }
    let born = person.born.map(|born| born.to_string());
    let known: Vec<&str> = match &born {
        Some(born) => vec![born],
        None => others.iter().filter_map(|other| other.born.as_deref()).collect(),
    };
    if let Some(stated) = holder.born.as_deref().map(str::trim).filter(|born| !born.is_empty())
        && !known.is_empty()
        && known.iter().all(|known| !is_one_day(known, stated))
    {
        doubts.push(RecordWarning::OtherBirthDate);
    }
    doubts
}

/// Whether two birth dates may be one day: of some people only the year or the month is known.
fn is_one_day(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// Whether somebody whom people call `name` may be this holder. A surname alone, beside a given name that is another, is a sister's or a twin's.
fn may_be_called(name: &str, holder: &Holder) -> bool {
    let called = name_components(name);
    let (surname, given) = (name_components(&holder.surname), name_components(&holder.given));
    // Where nobody said which of the names are given names, every one may be.
    let is_divided = surname != given;
    let stated: BTreeSet<String> = if is_divided {
        surname.union(&given).cloned().collect()
    } else {
        name_components(&holder.name).union(&given).cloned().collect()
    };
    let comparable = |of: &BTreeSet<String>| -> Vec<&String> {
        called
            .iter()
            .filter(|name| of.iter().any(|other| script(other) == script(name)))
            .collect()
    };
    let is_one_of = |name: &str, of: &BTreeSet<String>| of.iter().any(|other| begins(name, other) || begins(other, name));
    let matched = |of: &BTreeSet<String>| comparable(of).into_iter().filter(|name| is_one_of(name, of)).count();
    let all = comparable(&stated).len();
    if all == 0 {
        // Of nothing that can be compared, nothing can be said.
        return true;
    }
    if is_divided {
        let by_surname = matched(&surname);
        matched(&given) > 0 || (by_surname > 0 && (by_surname == called.len() || comparable(&given).is_empty()))
    } else {
        matched(&stated) >= all.min(2)
    }
}

/// Whether a short name begins a long one; an initial is too little.
fn begins(short: &str, long: &str) -> bool {
    short == long || (short.chars().count() > 1 && long.starts_with(short))
}

#[derive(PartialEq, Eq)]
enum Script {
    Hiragana,
    Katakana,
    Han,
    Other,
}

/// The script of a name, by its first letter (Unicode blocks; Latin and everything else that has an order of letters is one).
fn script(name: &str) -> Script {
    match name.chars().next() {
        Some('\u{3040}'..='\u{309f}') => Script::Hiragana,
        Some('\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}') => Script::Katakana,
        Some('\u{3005}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}') => Script::Han,
        _ => Script::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::EntryId;

    fn holder(surname: &str, given: &str, born: &str) -> Holder {
        Holder {
            name: format!("{given} {surname}"),
            surname: surname.into(),
            given: given.into(),
            born: Some(born.into()).filter(|born: &String| !born.is_empty()),
        }
    }

    fn person(name: &str, born: &str) -> Person {
        Person {
            born: born.parse().ok(),
            ..Person::called(EntryId([1; 16]), name)
        }
    }

    #[test]
    fn a_short_name_is_the_long_one_and_another_is_not() {
        let of = |name: &str, surname: &str, given: &str| doubts(&person(name, ""), &holder(surname, given, ""), &[]);
        for name in ["Aki", "aki", "Akiko", "Tanaka", "Akiko Tanaka", "Grandma Aki"] {
            assert_eq!(of(name, "TANAKA", "AKIKO"), [], "{name}");
        }
        for name in ["Yui", "A", "Kiko", "Suzuki Yui"] {
            assert_eq!(of(name, "TANAKA", "AKIKO"), [RecordWarning::AnotherName], "{name}");
        }
        for name in ["Yui Tanaka", "Tanaka Yui"] {
            assert_eq!(of(name, "TANAKA", "AKIKO"), [RecordWarning::AnotherName], "{name}, a sister");
        }
        let undivided = Holder {
            name: "TANAKA AKIKO".into(),
            ..Holder::default()
        };
        assert_eq!(doubts(&person("Akiko Tanaka", ""), &undivided, &[]), []);
        assert_eq!(doubts(&person("Aki", ""), &undivided, &[]), []);
        assert_eq!(
            doubts(&person("Yui Tanaka", ""), &undivided, &[]),
            [RecordWarning::AnotherName]
        );
        assert_eq!(of("明子", "TANAKA", "AKIKO"), [], "two scripts cannot be compared");
        assert_eq!(of("明子", "田中", "明子"), []);
        assert_eq!(of("唯", "田中", "明子"), [RecordWarning::AnotherName]);
    }

    #[test]
    fn a_birth_date_is_compared_as_far_as_it_is_known() {
        let of = |born: &str, stated: &str| doubts(&person("Aki", born), &holder("TANAKA", "AKI", stated), &[]);
        assert_eq!(of("1980-01-01", "1980-01-01"), []);
        assert_eq!(of("1980-01-01", "1980"), []);
        assert_eq!(of("1980-01-01", "1981"), [RecordWarning::OtherBirthDate]);
        assert_eq!(of("1980-01-01", ""), []);
        assert_eq!(of("", "1980-01-01"), []);
    }

    #[test]
    fn what_is_in_the_record_says_whose_the_next_one_is() {
        let first = holder("TANAKA", "AKIKO", "1980-01-01");
        let grandma = person("Grandma", "");
        assert_eq!(doubts(&grandma, &first, &[]), [RecordWarning::AnotherName]);
        assert_eq!(doubts(&grandma, &first, std::slice::from_ref(&first)), []);
        let other = holder("TANAKA", "YUI", "2010-02-03");
        assert_eq!(
            doubts(&grandma, &other, std::slice::from_ref(&first)),
            [RecordWarning::AnotherName, RecordWarning::OtherBirthDate]
        );
    }
}
