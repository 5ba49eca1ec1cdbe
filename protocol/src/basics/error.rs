//! How every error of Techo is made: a small enum an area, each variant with a stable code, a message and a hint.

use std::fmt;

use chrono::NaiveDate;

/// One line of the list of error codes (`docs/errors.md` is made from these).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Stable code, `area.what`. Scripts rely on it; it is never changed or reused.
    pub code: &'static str,
    /// What happened, for people. Braces stand for values, none of which is personal.
    pub message: &'static str,
    /// What the person can do next, in words that hold for every shell: a phone has no commands and no flags.
    pub hint: &'static str,
    /// The names of the values that this error carries.
    pub values: &'static [&'static str],
}

/// A value that stands in an error's message.
///
/// A number stays a number, so that a language can choose its plural form by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorValue {
    /// A count, or any other whole number.
    Number(i64),
    /// Anything else, as it is shown.
    Text(String),
}

impl fmt::Display for ErrorValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

macro_rules! whole_numbers {
    ($($ty:ty),+) => {
        $( impl From<$ty> for ErrorValue {
            fn from(number: $ty) -> Self {
                i64::try_from(number).map_or_else(|_| Self::Text(number.to_string()), Self::Number)
            }
        } )+
    };
}

whole_numbers!(u8, u16, u32, u64, usize, i64);

impl From<String> for ErrorValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for ErrorValue {
    fn from(text: &'static str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<NaiveDate> for ErrorValue {
    fn from(day: NaiveDate) -> Self {
        Self::Text(day.to_string())
    }
}

/// An error that scripts can tell apart and people can act on.
///
/// [`coded_errors!`](crate::coded_errors) and [`coded_union!`](crate::coded_union) implement it. No method has a default: an error that forgot
/// its values could not be said in another language.
pub trait Coded: std::error::Error {
    /// The stable code, `area.what`.
    fn code(&self) -> &'static str;
    /// What the person can do next, in words that hold for every shell. A shell that knows better says so, by the code.
    fn hint(&self) -> &'static str;
    /// The values that stand in the message, by name, so that it can be said in another language.
    fn values(&self) -> Vec<(&'static str, ErrorValue)>;
}

/// Declares one area's error enum with its codes, messages and hints, and its `CATALOGUE`.
///
/// A variant's fields may be named in the message; they must never hold personal data.
///
/// ```
/// use techo_protocol::{Coded, ErrorValue};
///
/// techo_protocol::coded_errors! {
///     /// What can be wrong with a kettle.
///     pub enum KettleError {
///         /// There is no water in it.
///         Empty = "kettle.empty", "The kettle is empty.", "Fill it.";
///         /// It holds less than it should.
///         Low { litres: u32 } = "kettle.low", "The kettle holds {litres} litres.", "Fill it.";
///     }
/// }
/// assert_eq!(KettleError::Low { litres: 1 }.to_string(), "The kettle holds 1 litres.");
/// assert_eq!(KettleError::Empty.code(), "kettle.empty");
/// assert_eq!(KettleError::Low { litres: 1 }.values(), [("litres", ErrorValue::Number(1))]);
/// assert_eq!(KettleError::CATALOGUE[1].values, ["litres"]);
/// assert_eq!(KettleError::CATALOGUE.len(), 2);
/// ```
#[macro_export]
macro_rules! coded_errors {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $({ $($field:ident : $ty:ty),+ $(,)? })?
                    = $code:literal, $message:literal, $hint:literal;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, $crate::thiserror::Error)]
        #[allow(missing_docs, reason = "the fields are named by the variant's message")]
        $vis enum $name {
            $( $(#[$variant_meta])* #[error($message)] $variant $({ $($field: $ty),+ })?, )+
        }

        impl $name {
            /// Every error of this area, for the list of codes.
            pub const CATALOGUE: &'static [$crate::ErrorInfo] = &[
                $( $crate::ErrorInfo { code: $code, message: $message, hint: $hint, values: &[ $( $( stringify!($field) ),+ )? ] }, )+
            ];
        }

        impl $crate::Coded for $name {
            fn code(&self) -> &'static str {
                match self { $( Self::$variant $({ $($field: _),+ })? => $code, )+ }
            }
            fn hint(&self) -> &'static str {
                match self { $( Self::$variant $({ $($field: _),+ })? => $hint, )+ }
            }
            fn values(&self) -> Vec<(&'static str, $crate::ErrorValue)> {
                match self {
                    $( Self::$variant $({ $($field),+ })? => vec![ $( $( (stringify!($field), $crate::ErrorValue::from($field.clone())) ),+ )? ], )+
                }
            }
        }
    };
}

/// Declares an error that is one of several areas' errors, with `From` each of them.
///
/// ```
/// use techo_protocol::Coded;
///
/// techo_protocol::coded_errors! {
///     /// What can be wrong with a kettle.
///     pub enum KettleError {
///         /// There is no water in it.
///         Empty = "kettle.empty", "The kettle is empty.", "Fill it.";
///     }
/// }
/// techo_protocol::coded_union! {
///     /// Why there is no tea.
///     pub enum TeaError {
///         /// The kettle.
///         Kettle(KettleError);
///     }
/// }
/// assert_eq!(TeaError::from(KettleError::Empty).code(), "kettle.empty");
/// ```
#[macro_export]
macro_rules! coded_union {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident($error:ty); )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, $crate::thiserror::Error)]
        $vis enum $name {
            $( $(#[$variant_meta])* #[error(transparent)] $variant(#[from] $error), )+
        }

        impl $crate::Coded for $name {
            fn code(&self) -> &'static str {
                match self { $( Self::$variant(error) => $crate::Coded::code(error), )+ }
            }
            fn hint(&self) -> &'static str {
                match self { $( Self::$variant(error) => $crate::Coded::hint(error), )+ }
            }
            fn values(&self) -> Vec<(&'static str, $crate::ErrorValue)> {
                match self { $( Self::$variant(error) => $crate::Coded::values(error), )+ }
            }
        }
    };
}
