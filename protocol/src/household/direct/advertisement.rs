//! What a device announces on its network, and what the others recognise in it.
//!
//! ```text
//! version:1 salt:16 tags:16 x 8        as base64url without padding: 194 characters, one TXT entry
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::{DirectError, VERSION};
use crate::basics::agreement::{AgreementKey, AgreementPublic};
use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::{ByteReader, Unreadable};

/// How many tags each announcement has, whatever the number of devices.
pub const ADVERTISED_TAGS: usize = 16;

const SALT_BYTES: usize = 16;
pub(super) const TAG_BYTES: usize = 8;
const BYTES: usize = 1 + SALT_BYTES + ADVERTISED_TAGS * TAG_BYTES;

/// A tag that the two devices of a pair can compute, and nobody else.
pub(super) type Tag = [u8; TAG_BYTES];

/// A session's salt: random each time, so that two announcements of one device have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt(pub [u8; SALT_BYTES]);

impl Salt {
    /// A new one.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn new(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self(random_bytes(random)?))
    }

    /// Whether the device of this salt is the one that connects, of two that have found each other.
    pub fn connects_to(&self, other: &Self) -> bool {
        self > other
    }
}

/// What a device announces.
///
/// ```
/// use techo_protocol::basics::{agreement::AgreementKey, random::SystemRandom};
/// use techo_protocol::household::direct::Advertisement;
/// let [phone, tablet, neighbour] = [1, 2, 3].map(|seed| AgreementKey::from_seed(&[seed; 32]));
/// let said = Advertisement::new(&phone, &[tablet.public()], &SystemRandom::new()).unwrap();
/// let heard = Advertisement::read(&said.write()).unwrap();
/// assert_eq!(heard.recognise(&tablet, &[phone.public()]), Some(0));
/// assert_eq!(heard.recognise(&neighbour, &[phone.public()]), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertisement {
    /// The salt of its session.
    pub salt: Salt,
    tags: [Tag; ADVERTISED_TAGS],
}

impl Advertisement {
    /// The announcement of a new session, for the first 16 of `peers`. Tags that nobody needs are random.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn new(own: &AgreementKey, peers: &[AgreementPublic], random: &dyn Random) -> Result<Self, RandomError> {
        let salt = Salt::new(random)?;
        let mut tags = [Tag::default(); ADVERTISED_TAGS];
        for tag in &mut tags {
            *tag = random_bytes(random)?;
        }
        let known = peers
            .iter()
            .filter_map(|peer| announced(own, peer, &salt, &own.public(), peer));
        for (tag, known) in tags.iter_mut().zip(known) {
            *tag = known;
        }
        // By random numbers, so that a place says nothing of the device list.
        let mut placed = [(0, Tag::default()); ADVERTISED_TAGS];
        for (place, tag) in placed.iter_mut().zip(tags) {
            *place = (u64::from_be_bytes(random_bytes(random)?), tag);
        }
        placed.sort_unstable();
        Ok(Self {
            salt,
            tags: placed.map(|(_, tag)| tag),
        })
    }

    /// Which of `peers` announced this to the device of `own`, by its place among them; `None` where it is of no listed device.
    pub fn recognise(&self, own: &AgreementKey, peers: &[AgreementPublic]) -> Option<usize> {
        peers
            .iter()
            .position(|peer| announced(own, peer, &self.salt, peer, &own.public()).is_some_and(|tag| self.tags.contains(&tag)))
    }

    /// As text, for a TXT entry.
    pub fn write(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.salt.0);
        bytes.extend_from_slice(self.tags.as_flattened());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text that anybody on the network may have announced.
    ///
    /// # Errors
    /// [`DirectError::NewerVersion`] or [`DirectError::Damaged`].
    pub fn read(text: &str) -> Result<Self, DirectError> {
        if text.len() > BYTES.div_ceil(3) * 4 {
            return Err(DirectError::Damaged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DirectError::Damaged)?;
        let mut reader = ByteReader::of_version(&bytes, VERSION).map_err(|why| match why {
            Unreadable::Newer => DirectError::NewerVersion,
            Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => DirectError::Damaged,
        })?;
        let salt = reader.array().ok_or(DirectError::Damaged)?;
        let (tags, []) = reader.rest().as_chunks::<TAG_BYTES>() else {
            return Err(DirectError::Damaged);
        };
        Ok(Self {
            salt: Salt(salt),
            tags: tags.try_into().map_err(|_| DirectError::Damaged)?,
        })
    }
}

/// The tag by which `to` recognises an announcement of `from`.
fn announced(
    own: &AgreementKey,
    peer: &AgreementPublic,
    salt: &Salt,
    from: &AgreementPublic,
    to: &AgreementPublic,
) -> Option<Tag> {
    tag(own, peer, &[b"techo direct announcement v1", &salt.0, &from.0, &to.0])
}

/// The tag by which the listening device `to` recognises a connection from `from`. It holds for that announcement only: one that was overheard
/// does not find the device again another day.
pub(super) fn connecting(
    own: &AgreementKey,
    peer: &AgreementPublic,
    listening: &Salt,
    connecting: &Salt,
    from: &AgreementPublic,
    to: &AgreementPublic,
) -> Option<Tag> {
    tag(
        own,
        peer,
        &[b"techo direct connection v1", &listening.0, &connecting.0, &from.0, &to.0],
    )
}

fn tag(own: &AgreementKey, peer: &AgreementPublic, said: &[&[u8]]) -> Option<Tag> {
    let secret = own.shared_secret(peer)?;
    let whole = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose()), &said.concat());
    whole.as_ref().first_chunk().copied()
}
