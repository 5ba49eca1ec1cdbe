//! The recovery words of a household: 12 words that open it when every device is lost (docs/sync.md#recovery-words).
//!
//! The words are 128 random bits and a checksum, written with a word list of BIP-39. They are made when a person asks, and stored nowhere: devices
//! keep only the public halves ([`RecoveryPublic`]). Everything comes from the *entropy*, by HKDF-SHA256 with the salt `techo recovery v1`
//! and a label each, so the same words in another language's list give the same keys; BIP-39's own seed has no place here.
//!
//! | label | gives |
//! |---|---|
//! | `locator` | 16 bytes by which a relay finds the household's epoch record |
//! | `signing key` | seed of an Ed25519 key (RFC 8032): signs what is asked with the words |
//! | `sealing key` | seed of an X25519 key (RFC 9180, section 7.1.3): opens the record's slot for recovery |

use bip39::{Language as WordList, Mnemonic};
use ring::hkdf;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::basics::hpke_seal::HpkePrivate;
use crate::basics::keys::{PublicKey, SigningKey};
use crate::basics::random::{Random, RandomError};
use crate::basics::secret::Secret;

/// How many words there are.
pub const WORDS: usize = 12;

/// Length of the entropy that the words stand for, in bytes.
const ENTROPY_BYTES: usize = 16;

/// Longest text that is looked at, in bytes. Twelve words have 200 at most.
const LONGEST_TEXT: usize = 4_096;

crate::coded_errors! {
    /// What can be wrong with words that somebody typed. No word is ever part of it.
    pub enum RecoveryError {
        /// There are more or fewer than twelve words.
        WrongCount { count: usize } = "recovery.wrong_count", "These are {count} words; recovery words are 12.", "Type all 12 words, in their order, with a space between them.";
        /// Not in the word list, counted from 1.
        UnknownWord { position: usize } = "recovery.unknown_word", "Word number {position} is not in the list of words.", "Compare it with what you wrote down, letter by letter.";
        /// All are in the list, and they do not belong together.
        WrongChecksum = "recovery.wrong_checksum", "Each word is in the list, but they do not belong together: one is another, or they are in another order.", "Compare them with what you wrote down, and their order.";
    }
}

/// The languages of the word lists. Vietnamese has none of its own, and uses the English one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, and everybody whose language has no list.
    English,
    /// Japanese, whose words are in hiragana.
    Japanese,
    /// Korean, whose words are in Hangul.
    Korean,
    /// Chinese, in simplified characters: each word is one character.
    SimplifiedChinese,
}

impl Language {
    /// Every language. No word is in the lists of two.
    pub const ALL: [Self; 4] = [Self::English, Self::Japanese, Self::Korean, Self::SimplifiedChinese];

    /// The list for somebody who reads a language, by its tag (BCP 47: `ja`, `ko-KR`, `vi`). Traditional characters have no list here.
    ///
    /// ```
    /// use techo_protocol::household::recovery::Language;
    /// assert_eq!(Language::of_tag("zh-CN"), Language::SimplifiedChinese);
    /// assert_eq!(Language::of_tag("zh-TW"), Language::English, "traditional characters have no list");
    /// ```
    pub fn of_tag(tag: &str) -> Self {
        let tag = tag.to_ascii_lowercase();
        let traditional = ["hant", "tw", "hk", "mo"];
        let mut parts = tag.split(['-', '_', '.']);
        match parts.next() {
            Some("ja") => Self::Japanese,
            Some("ko") => Self::Korean,
            Some("zh") if !parts.any(|part| traditional.contains(&part)) => Self::SimplifiedChinese,
            _ => Self::English,
        }
    }

    fn list(self) -> WordList {
        match self {
            Self::English => WordList::English,
            Self::Japanese => WordList::Japanese,
            Self::Korean => WordList::Korean,
            Self::SimplifiedChinese => WordList::SimplifiedChinese,
        }
    }

    fn knows(self, word: &str) -> bool {
        self.list().find_word(word).is_some()
    }
}

/// Twelve words. They are wiped from memory when they are dropped, and never shown by `Debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryWords {
    entropy: Secret<ENTROPY_BYTES>,
    language: Language,
}

/// What the words give.
#[derive(Debug)]
pub struct RecoveryKeys {
    /// By which a relay finds the household.
    pub locator: [u8; 16],
    /// Signs what is asked with the words.
    pub signing: SigningKey,
    /// Opens what is sealed for recovery.
    pub sealing: HpkePrivate,
}

/// The public halves, which devices keep and the epoch record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecoveryPublic {
    /// By which a relay finds the household.
    #[serde(with = "serde_bytes")]
    pub locator: [u8; 16],
    /// Checks what was signed with the words.
    pub signing: PublicKey,
    /// What is for recovery is sealed to it ([`crate::basics::hpke_seal::seal_to`]).
    #[serde(with = "serde_bytes")]
    pub sealing: [u8; 32],
}

impl RecoveryWords {
    /// Makes new words.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`] when the source of randomness fails.
    pub fn generate(language: Language, random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            entropy: Secret::generate(random)?,
            language,
        })
    }

    /// The words as they are shown: with a space between them, composed characters (Unicode's NFC).
    pub fn text(&self) -> Zeroizing<String> {
        let words =
            Mnemonic::from_entropy_in(self.language.list(), self.entropy.expose()).expect("16 bytes are an entropy of BIP-39");
        let mut text = Zeroizing::new(String::with_capacity(LONGEST_TEXT));
        for (at, word) in words.words().enumerate() {
            if at > 0 {
                text.push(' ');
            }
            text.extend(word.nfc());
        }
        text
    }

    /// Which list they are of.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Reads words as people type them: with any white space, in any case, full or half width, composed or not; one-character words
    /// (Chinese) also without anything between them. Without a language the list is taken that knows most of the words.
    ///
    /// # Errors
    /// [`RecoveryError`], which says the place of a word and never the word.
    ///
    /// ```
    /// use techo_protocol::household::recovery::{Language, RecoveryWords};
    /// let words = RecoveryWords::generate(Language::Japanese, &techo_protocol::basics::random::SystemRandom::new())?;
    /// assert!(RecoveryWords::parse(None, &words.text()).unwrap() == words);
    /// # Ok::<(), techo_protocol::basics::random::RandomError>(())
    /// ```
    pub fn parse(language: Option<Language>, text: &str) -> Result<Self, RecoveryError> {
        let text = normalised(text);
        let language = language.unwrap_or_else(|| language_of(&text));
        let words: Vec<&str> = match language {
            Language::SimplifiedChinese => text.split("").filter(|c| !c.trim().is_empty()).collect(),
            _ => text.split_whitespace().collect(),
        };
        if words.len() != WORDS {
            return Err(RecoveryError::WrongCount { count: words.len() });
        }
        let joined = Zeroizing::new(words.join(" "));
        let mnemonic = Mnemonic::parse_in(language.list(), joined.as_str()).map_err(|error| match error {
            bip39::Error::UnknownWord(index) => RecoveryError::UnknownWord { position: index + 1 },
            // The count is right, and the list is given: there is nothing else that it refuses.
            _ => RecoveryError::WrongChecksum,
        })?;
        let (entropy, length) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let entropy = Secret::of_slice(&entropy[..length]).ok_or(RecoveryError::WrongCount { count: words.len() })?;
        Ok(Self { entropy, language })
    }

    /// The keys that the words give.
    ///
    /// ```
    /// use techo_protocol::household::recovery::{RecoveryError, RecoveryWords};
    /// let text = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    /// let words = RecoveryWords::parse(None, text)?;
    /// assert_eq!(words.keys().public(), RecoveryWords::parse(None, &text.to_uppercase())?.keys().public());
    /// assert_eq!(RecoveryWords::parse(None, &text.replace("wave", "waves")), Err(RecoveryError::UnknownWord { position: 5 }));
    /// # Ok::<(), RecoveryError>(())
    /// ```
    pub fn keys(&self) -> RecoveryKeys {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"techo recovery v1").extract(self.entropy.expose());
        RecoveryKeys {
            locator: *derived(&secret, b"locator").expose(),
            signing: SigningKey::from_seed(derived(&secret, b"signing key").expose()),
            sealing: HpkePrivate::from_seed(derived(&secret, b"sealing key").expose()),
        }
    }
}

impl RecoveryKeys {
    /// The public halves of the words' keys, which devices keep in the words' place.
    pub fn public(&self) -> RecoveryPublic {
        RecoveryPublic {
            locator: self.locator,
            signing: self.signing.public(),
            sealing: self.sealing.public(),
        }
    }
}

/// Decomposed as the word lists are (NFKD), and in lower case.
fn normalised(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(LONGEST_TEXT));
    let most = text.char_indices().take_while(|(at, _)| *at < LONGEST_TEXT);
    out.extend(most.flat_map(|(_, c)| c.to_lowercase()).nfkd().flat_map(char::to_lowercase));
    out
}

/// The language whose list knows most of the words; the first where none knows any.
fn language_of(text: &str) -> Language {
    let known = |language: Language| {
        let words = text.split_whitespace().filter(|word| language.knows(word)).count();
        match language {
            Language::SimplifiedChinese => words.max(text.split("").filter(|c| language.knows(c)).count()),
            _ => words,
        }
    };
    // `max_by_key` takes the last of equals.
    let last = Language::ALL.into_iter().rev().max_by_key(|language| known(*language));
    last.unwrap_or(Language::English)
}

fn derived<const N: usize>(secret: &hkdf::Prk, label: &[u8]) -> Secret<N> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = [label];
    let okm = secret.expand(&label, Length(N));
    okm.and_then(|okm| Secret::filled(|out| okm.fill(out)))
        .expect("32 bytes at most are one block of HKDF-SHA256")
}

#[cfg(test)]
mod tests;
