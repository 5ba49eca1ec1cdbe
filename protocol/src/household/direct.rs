//! Two devices of a household on one network, without a relay (docs/sync.md#nearby).
//!
//! Each device that is looking for the others announces an [`Advertisement`]: a salt of this session and 16 tags, of which each other listed
//! device recognises one and nobody else any. Of two that have found each other the one with the larger salt connects:
//!
//! | who | bytes |
//! |---|---|
//! | connecting | version:1 salt:16 tag:8, then the first message of the handshake: 48 |
//! | listening | the second message: 48. Nothing at all to a tag that it does not recognise |
//! | both | frames: length:2, then a Noise message of at most 65,535 bytes |
//!
//! The handshake is `Noise_KK_25519_AESGCM_SHA256` (Noise revision 34) with the agreement keys of the device list; both salts and the tag are
//! its prologue. KK wants the other's key before the first message, and the tag says which it is. A frame holds `last:1` and a part of a
//! [`Message`]. Any frame that is changed, repeated, left out or out of order ends the session: the nonces count.

mod advertisement;
mod handshake;
mod message;
mod noise;
mod session;

pub use advertisement::{ADVERTISED_TAGS, Advertisement, Salt};
pub use handshake::{ANSWER_BYTES, Accepted, Connecting, OPENING_BYTES, accept};
pub use message::{MOST_RECORDS, Message};
pub use session::{LARGEST_MESSAGE_BYTES, Session};

use crate::basics::random::RandomError;

/// Of the announcement and of what is said over the connection.
const VERSION: u8 = 1;

crate::coded_errors! {
    /// Why two devices could not talk directly.
    pub enum DirectError {
        /// The other end is no device of this household, or does not take this one for one.
        Stranger = "direct.stranger", "The other end is not a device of this household, or does not know this one.", "Compare the list of devices on both. A device that was removed must be paired again.";
        /// It is of a later format.
        NewerVersion = "direct.newer_version", "The other device uses a newer version of Techo.", "Update Techo on this device.";
        /// Changed, repeated, out of order, or not whole.
        Damaged = "direct.damaged", "What came from the other device was changed on its way, or is not whole. It was left out.", "Sync again. If this stays, use another network or a file.";
        /// More than a message can hold.
        TooLarge = "direct.too_large", "This is more than one device sends another directly.", "Sync through a relay or a file instead.";
        /// Not what is said at this point.
        Misunderstood = "direct.misunderstood", "The two devices did not understand each other.", "Update Techo on both devices, and sync again.";
    }
}

crate::coded_union! {
    /// Why a connection could not be begun.
    pub enum DirectFailure {
        /// The other end is none that this device talks to, or is not understood.
        Direct(DirectError);
        /// The source of randomness failed, so no ephemeral key could be drawn.
        Random(RandomError);
    }
}

#[cfg(test)]
mod tests;
