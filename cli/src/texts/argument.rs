//! What may stand in a text. A number stays a number, so that a language can choose its plural form by it.

use fluent_bundle::FluentValue;
use techo_protocol::ErrorValue;

use super::harmless;

/// The largest whole number that Fluent, which counts in `f64`, shows as it is.
const LARGEST: i64 = 1 << f64::MANTISSA_DIGITS;

/// A value that stands in a text.
pub trait Argument {
    /// The value as Fluent takes it: a whole number, or a text that commands no terminal.
    fn in_text(&self) -> FluentValue<'static>;
}

impl<T: Argument + ?Sized> Argument for &T {
    fn in_text(&self) -> FluentValue<'static> {
        (**self).in_text()
    }
}

impl Argument for ErrorValue {
    fn in_text(&self) -> FluentValue<'static> {
        match self {
            Self::Number(number) if (-LARGEST..=LARGEST).contains(number) => (*number).into(),
            other => harmless(&other.to_string()).into(),
        }
    }
}

macro_rules! numbers {
    ($($ty:ty),+ $(,)?) => {
        $( impl Argument for $ty {
            fn in_text(&self) -> FluentValue<'static> {
                i64::try_from(*self).map_or_else(|_| ErrorValue::Text(self.to_string()), ErrorValue::Number).in_text()
            }
        } )+
    };
}

macro_rules! shown {
    ($($ty:ty),+ $(,)?) => {
        $( impl Argument for $ty {
            fn in_text(&self) -> FluentValue<'static> {
                harmless(&self.to_string()).into()
            }
        } )+
    };
}

numbers!(u8, u16, u32, u64, usize, i64, i128);
shown!(
    str,
    String,
    std::path::Display<'_>,
    chrono::NaiveDate,
    techo_authority::municipality::coverage::AgeBand,
    techo_authority::venues::VenueNumber,
    techo_core::diary::EntryId,
    techo_core::vault::DamagedRow,
    techo_protocol::basics::municipality_code::MunicipalityCode,
    techo_protocol::exposure::case_code::CaseCode,
    techo_protocol::exposure::notice::NoticeId,
    techo_protocol::vaccination::product::Product,
    techo_protocol::vaccination::ticket::TicketNumber,
);
