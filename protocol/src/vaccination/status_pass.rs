//! Status passes: what a municipality says of a person's vaccination, shown at a door one field at a time.
//!
//! A pass is some thirty SD-JWTs (RFC 9901, ES256), one for each day, with keys, salts and ids of their own, so that checkers of different
//! days cannot join what they saw. Everything that stands in such a [`Credential`] is either the same for all or fixed in its form, so a code
//! carries only what varies and a checker writes the RFC's text anew, byte for byte, and verifies that:
//!
//! ```text
//! {"alg":"ES256","kid":"<thumbprint of the issuer's key>","typ":"dc+sd-jwt"}
//! {"iss":"urn:techo:authority:<id>","nbf":N,"exp":N,"vct":"urn:techo:status:1","jti":"<id>","_sd_alg":"sha-256","_sd":[<8 digests, ascending>],
//!  "cnf":{"jwk":{"crv":"P-256","kty":"EC","x":"…","y":"…"}}}                 (one line, without spaces)
//! ["<salt>","<field>",<value>]                                              a disclosure
//! {"alg":"ES256","typ":"kb+jwt"}
//! {"iat":N,"aud":"urn:techo:door","nonce":"…","sd_hash":"…"}                the key binding
//! ```
//!
//! What a code holds ([`Presentation`]) is `8471` and then, as one decimal number:
//!
//! ```text
//! version:1 shown:1 issuer key id:4 day:2 id:8 holder's key:64 issuer's signature:64
//! digests of what is not shown, 32 each, ascending
//! for each shown field, lowest first: salt:16 value (1 or 2 bytes; a text with its length:1 before it)
//! signed at:4 holder's signature:64
//! ```
//! `shown` has a bit for each field, and its highest where the nonce is the checker's and not the minute.

mod check;
mod credential;
mod field;
mod pass_file;
mod presentation;
mod request;

use crate::basics::reader::Unreadable;

pub use check::{Checked, Door, Refused};
pub use credential::{Credential, CredentialId, Issuer, NewCredential};
pub use field::{Field, LONGEST_NAME_BYTES, Status, Value, initials};
pub use pass_file::{DayValues, Opened, Pass, PassFile};
pub use presentation::{Presentation, is_form, is_nonce};
pub use request::{Request, RequestKeys};

/// Digests in every credential. What is not a field is a decoy (RFC 9901, section 4.2.7), so their number says nothing.
pub const DIGESTS: usize = 8;
/// Most credentials in a pass: one for each day.
pub const MOST_CREDENTIALS: usize = 30;
/// A shown code is signed anew so often, in seconds.
pub const SIGNED_EVERY_SECONDS: i64 = 20;
/// A shown code counts for so long, in seconds; clocks may differ by as much.
pub const SHOWN_SECONDS: i64 = 60;
/// A door remembers what it was shown for so long, in seconds.
pub const REMEMBERED_SECONDS: i64 = 120;
/// A credential counts so long before and after its day, in seconds: for whoever is at a door at midnight.
pub const DAY_MARGIN_SECONDS: i64 = 600;

crate::coded_errors! {
    /// What can be wrong with a status pass or its request.
    pub enum StatusPassError {
        /// It is something else.
        NotAPass = "status_pass.not_a_pass", "This is not a status pass.", "Ask the municipality for the file that it issued.";
        /// It is something else than a request.
        NotARequest = "status_pass.not_a_request", "This is not a request for a status pass.", "Make a request on the phone that is to keep the pass.";
        /// It is of a later format.
        NewerVersion = "status_pass.newer_version", "This status pass is of a newer version than this program knows.", "Update Techo.";
        /// It cannot be read, or its signatures do not fit.
        Damaged = "status_pass.damaged", "This status pass or request is damaged.", "Copy it again from where it came, or scan it again.";
        /// It was sealed to another phone's request.
        NotForUs = "status_pass.not_for_us", "This status pass was issued for another request.", "Add it on the phone that made the request, for the person that it was made for.";
        /// The pass has no credential for today.
        Expired = "status_pass.expired", "This status pass is not for this day.", "Ask the municipality for a new one.";
        /// The pass does not say that.
        NoSuchField = "status_pass.no_such_field", "This status pass does not have one of these fields.", "Choose from status, doses, last_dose, valid_until, name and initials; a pass has a name only if it was issued with one.";
        /// A value that no pass holds.
        CannotBeWritten = "status_pass.cannot_be_written", "No status pass can hold this.", "A name has 1 to 80 bytes and no control characters; a nonce 1 to 64 letters, digits, hyphens and underscores.";
        /// The source of randomness failed, so no key or salt could be drawn.
        NoRandomness = "status_pass.no_randomness", "This device cannot make random numbers now.", "Restart the device and try again.";
    }
}

impl From<Unreadable> for StatusPassError {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Other => Self::NotAPass,
            Unreadable::Newer => Self::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => Self::Damaged,
        }
    }
}

impl From<crate::basics::random::RandomError> for StatusPassError {
    fn from(_: crate::basics::random::RandomError) -> Self {
        Self::NoRandomness
    }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
