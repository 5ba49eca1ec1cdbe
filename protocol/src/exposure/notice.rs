//! What an authority says of one venue: window, severity, advice, revision; and the nine bytes that carry one hour of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::exposure::slot::{SLOT_SECONDS, slot_start, slots_of};

/// Length of an entry's body in bytes.
pub const BODY_BYTES: usize = 9;
/// Tail that an authority gives unless it says otherwise, in seconds: the air stays in the room.
pub const DEFAULT_TAIL_SECONDS: i64 = 30 * 60;

/// What the eighth byte of every body must be: a tag that fits by chance is dropped by it 255 times of 256.
const CHECK: u8 = 0xA5;

/// How serious an exposure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody infected was there: watch yourself.
    Caution,
    /// A cluster was found: see a doctor whether or not you have symptoms.
    Cluster,
}

impl Severity {
    /// The name in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caution => "caution",
            Self::Cluster => "cluster",
        }
    }
}

/// A notice's number within its authority: 24 random bits, shown as six hexadecimal digits.
///
/// ```
/// use techo_protocol::exposure::notice::{NoticeError, NoticeId};
/// let id: NoticeId = "00ff2a".parse()?;
/// assert_eq!((id.number(), id.to_string().as_str()), (0xFF2A, "00ff2a"));
/// assert_eq!("ff2a".parse::<NoticeId>(), Err(NoticeError::NotAnId));
/// # Ok::<(), NoticeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoticeId(u32);

impl NoticeId {
    /// The id whose 24 bits are the low bits of `number`.
    pub fn from_low_bits(number: u32) -> Self {
        Self(number & 0xFF_FFFF)
    }

    /// The number, under 2^24.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", self.0)
    }
}

crate::coded_errors! {
    /// What can be wrong with a notice.
    pub enum NoticeError {
        /// The text is not six hexadecimal digits.
        NotAnId = "notice.not_an_id", "This is not a notice's number.", "A notice's number has six characters, 0 to 9 and a to f; the list of notices shows them.";
    }
}

impl FromStr for NoticeId {
    type Err = NoticeError;

    fn from_str(text: &str) -> Result<Self, NoticeError> {
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoticeError::NotAnId);
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| NoticeError::NotAnId)
    }
}

/// A text in several languages, by BCP 47 language tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalisedText(pub BTreeMap<String, String>);

impl LocalisedText {
    /// The text in the first of `languages` that there is, else in English, else in any language.
    ///
    /// ```
    /// use techo_protocol::exposure::notice::LocalisedText;
    /// let text = LocalisedText([("en", "See a doctor."), ("ja", "受診してください。")].map(|(l, t)| (l.into(), t.into())).into());
    /// assert_eq!(text.best(&["ko", "ja"]), Some("受診してください。"));
    /// assert_eq!(text.best(&["ko"]), Some("See a doctor."));
    /// ```
    pub fn best(&self, languages: &[&str]) -> Option<&str> {
        languages
            .iter()
            .chain(&["en"])
            .find_map(|language| self.0.get(*language))
            .or_else(|| self.0.values().next())
            .map(String::as_str)
    }
}

/// The part of one hour that a notice covers, in minutes from the hour's start: `from <= to <= tail <= 60`.
///
/// Exposure is `[from, to)`, and its tail reaches to `tail`. An hour of tail only has `from == to == 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Minutes {
    /// Where the exposure begins.
    pub from: u8,
    /// Where the exposure ends.
    pub to: u8,
    /// Where its tail ends.
    pub tail: u8,
}

/// When a venue was an exposure, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Start, rounded down to the minute when published.
    pub from: i64,
    /// End, not included, rounded up to the minute when published.
    pub to: i64,
    /// How long after the end people are still warned, in seconds.
    pub tail: i64,
}

impl Window {
    /// Where the tail ends, in Unix seconds.
    pub fn tail_end(&self) -> i64 {
        self.to.saturating_add(self.tail.max(0))
    }

    /// The slots that the window and its tail touch, each with the minutes covered in it.
    ///
    /// ```
    /// // 10:50 to 11:10, with a tail of half an hour: two hours are published.
    /// use techo_protocol::exposure::notice::{DEFAULT_TAIL_SECONDS, Minutes, Window};
    /// let window = Window { from: 10 * 3_600 + 50 * 60, to: 11 * 3_600 + 10 * 60, tail: DEFAULT_TAIL_SECONDS };
    /// let hours: Vec<_> = window.hours().collect();
    /// assert_eq!(hours[0], (10, Minutes { from: 50, to: 60, tail: 60 }));
    /// assert_eq!(hours[1], (11, Minutes { from: 0, to: 10, tail: 40 }));
    /// ```
    pub fn hours(&self) -> impl Iterator<Item = (u32, Minutes)> + use<> {
        let window = *self;
        slots_of(window.from, window.tail_end()).map(move |slot| {
            let start = slot_start(slot);
            let minutes = |time: i64, round_up: i64| {
                let seconds = time.saturating_sub(start).clamp(0, SLOT_SECONDS);
                u8::try_from((seconds + round_up) / 60).unwrap_or(60)
            };
            let from = minutes(window.from, 0);
            let to = minutes(window.to, 59).max(from);
            (
                slot,
                Minutes {
                    from,
                    to,
                    tail: minutes(window.tail_end(), 59).max(to),
                },
            )
        })
    }
}

/// What one entry of a segment says of one venue-hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Body {
    /// The part of the hour that is covered.
    pub minutes: Minutes,
    /// How serious it is.
    pub severity: Severity,
    /// The authority's advice, a number of its own list.
    pub advice: u8,
    /// Which notice this is an hour of.
    pub notice: NoticeId,
    /// Counts up from 1; a higher one replaces what the person saw.
    pub revision: u8,
    /// This hour is no longer covered, or the whole notice was withdrawn.
    pub withdrawn: bool,
    /// The segment holds a text for this entry.
    pub has_text: bool,
}

impl Body {
    /// The nine bytes, before they are masked.
    ///
    /// From the highest bit: from 6, to 6, tail 6, severity 2, withdrawn 1, text 1, zero 2, advice 8, revision 8, check 8, notice 24.
    pub fn to_bytes(&self) -> [u8; BODY_BYTES] {
        let severity: u128 = match self.severity {
            Severity::Caution => 1,
            Severity::Cluster => 2,
        };
        let bits = (u128::from(self.minutes.from) << 66)
            | (u128::from(self.minutes.to) << 60)
            | (u128::from(self.minutes.tail) << 54)
            | (severity << 52)
            | (u128::from(self.withdrawn) << 51)
            | (u128::from(self.has_text) << 50)
            | (u128::from(self.advice) << 40)
            | (u128::from(self.revision) << 32)
            | (u128::from(CHECK) << 24)
            | u128::from(self.notice.0);
        let mut out = [0; BODY_BYTES];
        out.copy_from_slice(&bits.to_be_bytes()[16 - BODY_BYTES..]);
        out
    }

    /// Reads unmasked bytes; `None` where they are not a body, which is how a tag that fitted by chance shows.
    ///
    /// ```
    /// use techo_protocol::exposure::notice::{Body, Minutes, NoticeId, Severity};
    /// let body = Body {
    ///     minutes: Minutes { from: 0, to: 30, tail: 60 },
    ///     severity: Severity::Caution,
    ///     advice: 1,
    ///     notice: NoticeId::from_low_bits(7),
    ///     revision: 1,
    ///     withdrawn: false,
    ///     has_text: false,
    /// };
    /// assert_eq!(Body::from_bytes(&body.to_bytes()), Some(body));
    /// assert_eq!(Body::from_bytes(&[0x5A; 9]), None, "what another mask gives is no body");
    /// ```
    pub fn from_bytes(bytes: &[u8; BODY_BYTES]) -> Option<Self> {
        let mut wide = [0; 16];
        wide[16 - BODY_BYTES..].copy_from_slice(bytes);
        let bits = u128::from_be_bytes(wide);
        // The masks keep every value inside the type it is turned into.
        let field = |shift: u32, width: u32| u32::try_from((bits >> shift) & ((1 << width) - 1)).unwrap_or(u32::MAX);
        let byte = |shift, width| u8::try_from(field(shift, width)).unwrap_or(u8::MAX);
        let minutes = Minutes {
            from: byte(66, 6),
            to: byte(60, 6),
            tail: byte(54, 6),
        };
        let severity = match field(52, 2) {
            1 => Severity::Caution,
            2 => Severity::Cluster,
            _ => return None,
        };
        let ordered = minutes.from <= minutes.to && minutes.to <= minutes.tail && minutes.tail <= 60;
        if !ordered || field(48, 2) != 0 || byte(24, 8) != CHECK || byte(32, 8) == 0 {
            return None;
        }
        Some(Self {
            minutes,
            severity,
            advice: byte(40, 8),
            notice: NoticeId(field(0, 24)),
            revision: byte(32, 8),
            withdrawn: field(51, 1) == 1,
            has_text: field(50, 1) == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_body() -> impl Strategy<Value = Body> {
        (
            0..=60_u8,
            0..=60_u8,
            0..=60_u8,
            any::<(bool, u8, u32, bool, bool)>(),
            1..=255_u8,
        )
            .prop_map(|(a, b, c, (cluster, advice, notice, withdrawn, has_text), revision)| {
                let mut m = [a, b, c];
                m.sort_unstable();
                Body {
                    minutes: Minutes {
                        from: m[0],
                        to: m[1],
                        tail: m[2],
                    },
                    severity: if cluster { Severity::Cluster } else { Severity::Caution },
                    advice,
                    notice: NoticeId::from_low_bits(notice),
                    revision,
                    withdrawn,
                    has_text,
                }
            })
    }

    proptest! {
        #[test]
        fn a_body_comes_back(body in any_body()) {
            prop_assert_eq!(Body::from_bytes(&body.to_bytes()), Some(body));
        }

        #[test]
        fn what_reads_as_a_body_writes_the_same_bytes(bytes in any::<[u8; BODY_BYTES]>()) {
            if let Some(body) = Body::from_bytes(&bytes) {
                prop_assert_eq!(body.to_bytes(), bytes);
            }
        }

        #[test]
        fn the_hours_of_a_window_cover_it_and_nothing_else(from in 0..100_000_i64, length in 1..2_000_i64, tail in 0..120_i64) {
            let window = Window { from: from * 60, to: (from + length) * 60, tail: tail * 60 };
            let covered: i64 = window.hours().map(|(_, m)| i64::from(m.tail - m.from)).sum();
            let exposed: i64 = window.hours().map(|(_, m)| i64::from(m.to - m.from)).sum();
            prop_assert_eq!(covered, length + tail);
            prop_assert_eq!(exposed, length);
        }
    }

    #[test]
    fn vector() {
        let body = Body {
            minutes: Minutes {
                from: 30,
                to: 60,
                tail: 60,
            },
            severity: Severity::Cluster,
            advice: 3,
            notice: NoticeId::from_low_bits(0xAB_CDEF),
            revision: 2,
            withdrawn: false,
            has_text: true,
        };
        assert_eq!(hex::encode(body.to_bytes()), "7bcf240302a5abcdef");
    }

    #[test]
    fn chance_is_dropped() {
        let random = crate::basics::random::SeededRandom::new(4);
        let read = (0..100_000).filter(|_| {
            let bytes: [u8; BODY_BYTES] = crate::basics::random::Random::bytes(&random).unwrap();
            Body::from_bytes(&bytes).is_some()
        });
        assert!(
            read.count() < 100,
            "fewer than one in a thousand random bodies may read as one"
        );
    }

    #[test]
    fn a_tail_alone_fills_its_hour() {
        let window = Window {
            from: 0,
            to: 3600,
            tail: 1800,
        };
        let hours: Vec<_> = window.hours().collect();
        assert_eq!(
            hours[1],
            (
                1,
                Minutes {
                    from: 0,
                    to: 0,
                    tail: 30
                }
            )
        );
    }

    #[test]
    fn ids_are_six_digits() {
        assert_eq!("00aB12".parse::<NoticeId>().unwrap().to_string(), "00ab12");
        assert_eq!("+00b12".parse::<NoticeId>(), Err(NoticeError::NotAnId));
    }
}
