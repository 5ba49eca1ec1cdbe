//! Texts for people, in Japanese or English by the locale, from `locales/*.ftl` (Fluent).

mod argument;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use techo_protocol::{Coded, ErrorValue};
use unic_langid::LanguageIdentifier;

pub use argument::Argument;

const ENGLISH: &str = include_str!("../locales/en.ftl");
const JAPANESE: &str = include_str!("../locales/ja.ftl");

/// The texts of one language; what it lacks is given in English.
pub struct Texts {
    bundles: Vec<FluentBundle<FluentResource>>,
    japanese: bool,
}

impl Texts {
    /// The language that the environment asks for.
    pub fn of_environment() -> Self {
        let asked = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default();
        Self::of_locale(&asked)
    }

    /// The language of a POSIX locale, such as `ja_JP.UTF-8`.
    pub fn of_locale(locale: &str) -> Self {
        let japanese = locale.to_ascii_lowercase().starts_with("ja");
        let mut bundles = Vec::new();
        if japanese {
            bundles.push(bundle("ja", JAPANESE));
        }
        bundles.push(bundle("en", ENGLISH));
        Self { bundles, japanese }
    }

    /// Whether dates and texts are Japanese.
    pub fn is_japanese(&self) -> bool {
        self.japanese
    }

    /// Language tags for the authority's own texts, best first.
    pub fn languages(&self) -> &'static [&'static str] {
        if self.japanese { &["ja", "en"] } else { &["en", "ja"] }
    }

    /// The text `id` with `arguments`; the id itself where there is no such text.
    pub fn of(&self, id: &str, arguments: &[(&str, &dyn Argument)]) -> String {
        let mut named = FluentArgs::new();
        for (name, value) in arguments {
            named.set((*name).to_owned(), value.in_text());
        }
        self.find(id, None, &named).unwrap_or_else(|| id.to_owned())
    }

    /// A text without arguments.
    pub fn plain(&self, id: &str) -> String {
        self.of(id, &[])
    }

    /// What happened, with the error's own values; in the error's own words where there are no others.
    pub fn message(&self, error: &dyn Coded) -> String {
        let mut values = error.values();
        self.say_what_the_relay_said(&mut values);
        self.of_code(error.code(), "message", &values)
            .unwrap_or_else(|| harmless(&error.to_string()))
    }

    /// What the person can do next on this command line; in the error's own words, which hold for every shell, where nothing else is said here.
    pub fn hint(&self, error: &dyn Coded) -> String {
        self.of_code(error.code(), "hint", &error.values())
            .unwrap_or_else(|| error.hint().to_owned())
    }

    /// A relay answers in English, with a code; what the code means is said here in the person's language.
    fn say_what_the_relay_said(&self, values: &mut [(&'static str, ErrorValue)]) {
        let code = values
            .iter()
            .find(|(name, _)| *name == "code")
            .map(|(_, code)| code.to_string());
        let said = code.and_then(|code| self.of_code(&code, "message", &[]));
        if let (Some(said), Some((_, title))) = (said, values.iter_mut().find(|(name, _)| *name == "title")) {
            *title = ErrorValue::Text(said.trim_end_matches(['.', '。']).to_owned());
        }
    }

    /// The `message` or `hint` of an error code, where the files of texts have one.
    pub fn of_code(&self, code: &str, part: &str, values: &[(&str, ErrorValue)]) -> Option<String> {
        let mut named = FluentArgs::new();
        for (name, value) in values {
            named.set((*name).to_owned(), value.in_text());
        }
        self.find(&error_id(code), Some(part), &named)
    }

    fn find(&self, id: &str, attribute: Option<&str>, arguments: &FluentArgs) -> Option<String> {
        self.bundles.iter().find_map(|bundle| {
            let message = bundle.get_message(id)?;
            let pattern = match attribute {
                None => message.value()?,
                Some(name) => message.get_attribute(name)?.value(),
            };
            Some(bundle.format_pattern(pattern, Some(arguments), &mut Vec::new()).into_owned())
        })
    }
}

/// A text without the characters that a terminal takes for commands, or that turn the reading direction of what follows:
/// names come from codes that anybody can print.
pub fn harmless(text: &str) -> String {
    let is_harmful = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.replace(is_harmful, "\u{FFFD}")
}

/// The id under which the texts of an error code stand.
fn error_id(code: &str) -> String {
    format!("error-{}", code.replace(['.', '_'], "-"))
}

fn bundle(language: &str, source: &str) -> FluentBundle<FluentResource> {
    // A test reads every line of both files; a faulty one is left out here rather than ending the program.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let mut bundle = FluentBundle::new(vec![language.parse::<LanguageIdentifier>().unwrap_or_default()]);
    // Marks around arguments would end up in terminals and files.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(source: &str) -> Vec<String> {
        FluentResource::try_new(source.to_owned()).expect("every line is Fluent");
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" =").map(|(id, _)| id.to_owned()))
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let commands = |source| {
            ids(source)
                .into_iter()
                .filter(|id| !id.starts_with("error-"))
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(commands(ENGLISH), commands(JAPANESE));
    }

    #[test]
    fn no_text_is_there_twice() {
        for source in [ENGLISH, JAPANESE] {
            let mut all = ids(source);
            let count = all.len();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count);
        }
    }

    #[test]
    fn every_error_is_said_in_japanese() {
        let texts = Texts::of_locale("ja");
        let missing: Vec<&str> = crate::errors::all()
            .into_iter()
            .map(|error| error.code)
            .filter(|code| {
                ["message", "hint"]
                    .iter()
                    .any(|part| texts.of_code(code, part, &[]).is_none())
            })
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    /// Every error of the catalogue, in every language, with the values that it carries: no place for a value stays open.
    #[test]
    fn every_error_fills_its_own_places() {
        let kinds = [ErrorValue::Number(1), ErrorValue::Number(2), ErrorValue::Text("x".to_owned())];
        let languages = ["en", "ja"].map(|language| (language, Texts::of_locale(language)));
        let mut open = Vec::new();
        for error in crate::errors::all() {
            for ((language, texts), kind) in languages
                .iter()
                .flat_map(|spoken| kinds.iter().map(move |kind| (spoken, kind)))
            {
                let values: Vec<(&str, ErrorValue)> = error.values.iter().map(|name| (*name, kind.clone())).collect();
                for (part, own) in [("message", error.message), ("hint", error.hint)] {
                    let own = values.iter().fold(own.to_owned(), |said, (name, value)| {
                        said.replace(&format!("{{{name}}}"), &value.to_string())
                    });
                    let said = texts.of_code(error.code, part, &values).unwrap_or(own);
                    if said.is_empty() || said.contains(['{', '}', '$']) {
                        open.push(format!("{language} {} {part}: {said}", error.code));
                    }
                }
            }
        }
        assert_eq!(open, Vec::<String>::new());
    }

    /// A count and the words after it up to the next mark or small word, where they name several: "2 log lines".
    fn several(said: &str) -> Vec<String> {
        // Words with an s at their end that name nothing.
        const VERBS: [&str; 14] = [
            "is",
            "was",
            "has",
            "does",
            "its",
            "this",
            "as",
            "asks",
            "checks",
            "counts",
            "holds",
            "registers",
            "shows",
            "ms",
        ];
        const END: [&str; 16] = [
            "to", "of", "in", "on", "with", "under", "and", "from", "for", "so", "at", "where", "that", "not", "will", "would",
        ];
        let words: Vec<&str> = said.split_whitespace().collect();
        let mut found = Vec::new();
        for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "2") {
            let mut named = Vec::new();
            for word in words[at + 1..].iter().take(3) {
                let bare = word.trim_end_matches([',', '.', ':', ';', ')', '?']);
                if END.contains(&bare) || VERBS.contains(&bare) || !bare.chars().all(|c| c.is_ascii_lowercase()) {
                    break;
                }
                named.push(bare);
                if bare != *word {
                    break;
                }
            }
            if named.iter().any(|word| word.ends_with('s')) {
                found.push(named.join(" "));
            }
        }
        found
    }

    /// Every English text and every message of an error in English, said with 2 and with 1 of everything: what is called several with 2 is called
    /// otherwise with 1.
    #[test]
    fn no_english_text_counts_one_thing_as_several() {
        let bundle = bundle("en", ENGLISH);
        let texts = Texts::of_locale("en");
        let names: std::collections::BTreeSet<&str> = ENGLISH
            .split("{ $")
            .skip(1)
            .filter_map(|rest| rest.split([' ', '}']).next())
            .collect();
        let of_id = |id: &str, count: i64| {
            let mut named = FluentArgs::new();
            for name in &names {
                named.set(*name, ErrorValue::Number(count).in_text());
            }
            let pattern = bundle.get_message(id)?.value()?;
            Some(bundle.format_pattern(pattern, Some(&named), &mut Vec::new()).into_owned())
        };
        let of_error = |error: &techo_protocol::ErrorInfo, count: i64| {
            let values: Vec<(&str, ErrorValue)> = error.values.iter().map(|name| (*name, ErrorValue::Number(count))).collect();
            let own = || {
                values.iter().fold(error.message.to_owned(), |said, (name, value)| {
                    said.replace(&format!("{{{name}}}"), &value.to_string())
                })
            };
            texts.of_code(error.code, "message", &values).unwrap_or_else(own)
        };
        let mut said: Vec<(String, String, String)> = Vec::new();
        for id in ids(ENGLISH) {
            if let (Some(one), Some(two)) = (of_id(&id, 1), of_id(&id, 2)) {
                said.push((id, one, two));
            }
        }
        for error in crate::errors::all() {
            said.push((error.code.to_owned(), of_error(&error, 1), of_error(&error, 2)));
        }
        let mut counted = 0;
        let mut wrong = Vec::new();
        for (id, one, two) in said {
            for named in several(&two) {
                counted += 1;
                if one.contains(&format!("1 {named}")) {
                    wrong.push(format!("{id}: 1 {named}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        assert!(counted > 100, "{counted} counts were found");
    }

    #[test]
    fn a_count_chooses_its_words() {
        let wrote = |texts: &Texts, count: usize| texts.of("diary-exported", &[("count", &count), ("file", &"f")]);
        let english = Texts::of_locale("en");
        assert!(wrote(&english, 1).starts_with("Wrote 1 visit to f. "));
        assert!(wrote(&english, 0).starts_with("Wrote 0 visits to f. "));
        assert!(
            wrote(&english, 12_345).starts_with("Wrote 12345 visits to f. "),
            "no grouping"
        );
        let wrong_count = |count| {
            let error = techo_protocol::household::recovery::RecoveryError::WrongCount { count };
            english.message(&error)
        };
        assert_eq!(wrong_count(1), "This is 1 word; recovery words are 12.");
        assert_eq!(wrong_count(11), "These are 11 words; recovery words are 12.");
    }

    #[test]
    fn an_error_inside_another_is_said_with_its_values() {
        use techo_protocol::basics::http::HttpError;
        let inner = || HttpError::Refused { status: 500 };
        let errors: [&dyn Coded; 4] = [
            &techo_core::device::DeviceError::from(inner()),
            &techo_core::exposure::fetch::FetchError::from(inner()),
            &techo_core::clinic::ExchangeError::from(inner()),
            &techo_authority::Error::from(inner()),
        ];
        for error in errors {
            assert_eq!(Texts::of_locale("ja").message(error), "中継サーバーに断られました(状態500)。");
            assert_eq!(Texts::of_locale("en").message(error), "The relay refused with status 500.");
        }
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        let texts = Texts::of_locale("en");
        let said = texts.of("scan-nothing", &[("file", &"\u{1b}[31m\u{9b}1m\u{202e}a\nb酒")]);
        assert!(said.starts_with("\u{fffd}[31m\u{fffd}1m\u{fffd}a\nb酒: "), "{said:?}");
    }

    #[test]
    fn the_locale_chooses() {
        assert!(Texts::of_locale("ja_JP.UTF-8").is_japanese());
        assert!(!Texts::of_locale("C.UTF-8").is_japanese());
        assert_eq!(Texts::of_locale("en").plain("error"), "error");
        assert_eq!(Texts::of_locale("ja").plain("error"), "エラー");
    }
}
