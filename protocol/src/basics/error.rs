//! How every error of Techo is made: a small enum an area, each variant with a stable code, a message and a hint.

/// One line of the list of error codes (`docs/errors.md` is made from these).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Stable code, `area.what`. Scripts rely on it; it is never changed or reused.
    pub code: &'static str,
    /// What happened, for people. Braces stand for values, none of which is personal.
    pub message: &'static str,
    /// What the person can do next.
    pub hint: &'static str,
}

/// An error that scripts can tell apart and people can act on.
pub trait Coded: std::error::Error {
    /// The stable code, `area.what`.
    fn code(&self) -> &'static str;
    /// What the person can do next.
    fn hint(&self) -> &'static str;

    /// The values that stand in the message, by name, so that it can be said in another language.
    fn values(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Declares one area's error enum with its codes, messages and hints, and its `CATALOGUE`.
///
/// A variant's fields may be named in the message; they must never hold personal data.
///
/// ```
/// use techo_protocol::Coded;
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
/// assert_eq!(KettleError::Low { litres: 1 }.values(), [("litres", "1".to_owned())]);
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
                $( $crate::ErrorInfo { code: $code, message: $message, hint: $hint }, )+
            ];
        }

        impl $crate::Coded for $name {
            fn code(&self) -> &'static str {
                match self { $( Self::$variant $({ $($field: _),+ })? => $code, )+ }
            }
            fn hint(&self) -> &'static str {
                match self { $( Self::$variant $({ $($field: _),+ })? => $hint, )+ }
            }
            fn values(&self) -> Vec<(&'static str, String)> {
                match self {
                    $( Self::$variant $({ $($field),+ })? => vec![ $( $( (stringify!($field), $field.to_string()) ),+ )? ], )+
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
            fn values(&self) -> Vec<(&'static str, String)> {
                match self { $( Self::$variant(error) => $crate::Coded::values(error), )+ }
            }
        }
    };
}
