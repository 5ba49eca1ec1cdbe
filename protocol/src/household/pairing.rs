//! Pairing: how a device that has the diary lets another one in, over a mailbox that its relay keeps for two minutes, or over a connection
//! between the two (docs/sync.md#pairing).
//!
//! | message | from | content |
//! |---|---|---|
//! | pairing text or QR | owner | version, ephemeral key, mailbox, secret, relay |
//! | 0 | joiner | commitment: SHA-256 of message 2 |
//! | 1 | owner | nonce |
//! | 2 | joiner | HPKE to the ephemeral key, with the secret as PSK: device keys, nonce, name |
//! | 3 | owner | the household, sealed under a key that the HPKE context exports (RFC 9180, section 9.8) |
//!
//! Both derive a 4-digit code from the context and all messages before the last. The new device shows it, a person types it into the old one,
//! and only then does the last message go. The commitment comes before the nonce: whoever stands in between could otherwise try keys until the
//! codes agree, in a fraction of a second. The relay sees no name and no device's key.

use std::net::SocketAddr;

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable, setup_receiver, setup_sender_with_rng};
use zeroize::Zeroizing;

use crate::basics::agreement::AgreementPublic;
use crate::basics::hpke_seal::DrawnOnce;
use crate::basics::keys::{PublicKey, sha256};
use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::{ByteReader, Unreadable};
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::Secret;

/// Longest name of a device in bytes.
pub const LONGEST_DEVICE_NAME: usize = 60;

const PREFIX: &str = "TECHO-PAIR:";
const NETWORK: &str = "lan:";
const VERSION: u8 = 1;
const LONGEST_RELAY: usize = 200;
const NONCE_BYTES: usize = 16;
const ENCAPSULATED_BYTES: usize = 32;
const INFO: &[u8] = b"techo pairing v2";

crate::coded_errors! {
    /// Why two devices could not be paired.
    pub enum PairingError {
        /// The text is something else.
        NotAPairing = "pairing.not_a_pairing", "This is not a pairing code.", "Use the code that the device with the diary shows while it pairs.";
        /// It is of a later format.
        NewerVersion = "pairing.newer_version", "The pairing code is of a newer version of Techo.", "Update Techo on this device.";
        /// A message is not what it should be, or was changed on its way.
        Damaged = "pairing.damaged", "The two devices did not understand each other. Nothing was changed on either.", "Begin again with a new pairing code. If it happens again, use another relay.";
        /// The person typed another code than the new device shows.
        WrongCode = "pairing.wrong_code", "The code is not the one that the new device shows. Nothing was given to it.", "Begin again with a new pairing code, and compare the four digits.";
        /// The relay's address or the device's name is too long.
        TooLong = "pairing.too_long", "The relay's address or the device's name is too long.", "Give a shorter one.";
        /// The other device did not come in time.
        TimedOut = "pairing.timed_out", "The other device did not answer in time. Nothing was changed.", "Begin again with a new pairing code; it is good for two minutes.";
        /// The pairing text was used before, or its time is over.
        Spent = "pairing.spent", "This pairing is over: its code was used, or its two minutes have passed. Nothing was changed.", "Begin again with a new pairing code, and show it to one device only.";
        /// No address in the code answers.
        Unreachable = "pairing.unreachable", "The other device cannot be reached on this network. Nothing was changed.", "Connect both to one network. Networks for guests often keep devices apart: use a relay there.";
    }
}

/// Whether a text begins like that of a pairing.
///
/// ```
/// assert!(techo_protocol::household::pairing::is_form("techo-pair:01"));
/// ```
pub fn is_form(text: &str) -> bool {
    let text = text.trim_start().as_bytes();
    text.get(..PREFIX.len())
        .is_some_and(|begins| begins.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// What the pairing text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingText {
    /// The owner's ephemeral X25519 key.
    pub key: [u8; 32],
    /// The mailbox at the relay.
    pub mailbox: [u8; 16],
    /// Known only to who has seen the text.
    pub secret: Secret<16>,
    /// Where the two meet: a relay's address, or what [`network_place`] writes.
    pub relay: String,
}

/// Where two devices meet that pair without a relay, as it stands in the place of a relay's address: `lan:` and addresses of the owner's.
pub fn network_place(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    format!("{NETWORK}{}", addresses.join(","))
}

/// What the new device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// The new device's signing key (Ed25519).
    pub key: PublicKey,
    /// Its key for talking to other devices directly.
    pub agreement: AgreementPublic,
    /// The HPKE key that records are sealed to at first.
    pub hpke: [u8; 32],
    /// Its name, for people.
    pub name: String,
}

/// The owner before a new device has come.
///
/// ```
/// use techo_protocol::basics::{agreement::AgreementPublic, keys::PublicKey, random::SystemRandom};
/// use techo_protocol::household::pairing::{Joiner, NewDevice, Owner, PairingError, PairingText};
/// let random = SystemRandom::new();
/// let tablet = NewDevice { key: PublicKey([1; 32]), agreement: AgreementPublic([2; 32]), hpke: [3; 32], name: "tablet".into() };
///
/// let owner = Owner::new("https://relay.example", &random)?;
/// let scanned = PairingText::read(&owner.text().write())?;
/// let (joiner, commitment) = Joiner::new(&scanned, &tablet, &random)?;
/// let (committed, nonce) = owner.take_commitment(&commitment, &random)?;
/// let (waiting, reveal) = joiner.take_nonce(&nonce)?;
/// let confirming = committed.take_reveal(&reveal)?;
/// assert_eq!(confirming.device, tablet);
/// // A person types what the new device shows.
/// let answer = confirming.confirm(&waiting.code)?.answer(b"the household's keys");
/// assert_eq!(*waiting.take_answer(&answer)?, b"the household's keys");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Owner {
    text: PairingText,
    secret: Secret<32>,
}

/// The owner once a commitment has come.
pub struct Committed {
    owner: Owner,
    commitment: [u8; 32],
    nonce: [u8; NONCE_BYTES],
}

/// The owner once the new device has shown itself: the code decides.
pub struct Confirming {
    /// What it says of itself.
    pub device: NewDevice,
    code: String,
    answer: Secret<32>,
}

/// The new device, once it has answered a pairing text.
pub struct Joiner {
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>,
    reveal: Vec<u8>,
}

/// The new device once it knows the code.
pub struct Waiting {
    /// The four digits to be shown.
    pub code: String,
    answer: Secret<32>,
}

impl PairingText {
    /// As text: a QR code holds it in its alphanumeric mode.
    pub fn write(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.mailbox);
        bytes.extend_from_slice(self.secret.expose());
        bytes.extend_from_slice(self.relay.as_bytes());
        format!("{PREFIX}{}", hex::encode_upper(bytes))
    }

    /// Reads a pairing text; white space around it and lower case are taken.
    ///
    /// ```
    /// use techo_protocol::household::pairing::{Owner, PairingError, PairingText};
    /// let owner = Owner::new("https://relay.example", &techo_protocol::basics::random::SystemRandom::new()).unwrap();
    /// let text = owner.text().write();
    /// assert_eq!(PairingText::read(&text.to_lowercase()).as_ref(), Ok(owner.text()));
    /// assert_eq!(PairingText::read(&text[..40]), Err(PairingError::NotAPairing));
    /// ```
    ///
    /// # Errors
    /// [`PairingError::NotAPairing`] or [`PairingError::NewerVersion`].
    pub fn read(text: &str) -> Result<Self, PairingError> {
        let text = text.trim().to_ascii_uppercase();
        let bytes = text
            .strip_prefix(PREFIX)
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or(PairingError::NotAPairing)?;
        let reader = ByteReader::of_version(&bytes, VERSION).map_err(|why| match why {
            Unreadable::Newer => PairingError::NewerVersion,
            Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => PairingError::NotAPairing,
        })?;
        Self::split(reader).ok_or(PairingError::NotAPairing)
    }

    /// The owner's addresses, where the two meet on their own network and not at a relay. Those that cannot be read are left out.
    ///
    /// ```
    /// use techo_protocol::household::pairing::{Owner, network_place};
    /// use techo_protocol::basics::random::SystemRandom;
    /// let addresses = vec!["192.0.2.7:4711".parse().unwrap()];
    /// let owner = Owner::new(&network_place(&addresses), &SystemRandom::new()).unwrap();
    /// assert_eq!(owner.text().addresses(), Some(addresses));
    /// ```
    pub fn addresses(&self) -> Option<Vec<SocketAddr>> {
        let addresses = self.relay.strip_prefix(NETWORK)?;
        Some(addresses.split(',').filter_map(|address| address.parse().ok()).collect())
    }

    fn split(mut reader: ByteReader<'_>) -> Option<Self> {
        let (key, mailbox, secret) = (reader.array()?, reader.array()?, reader.array().map(Secret::new)?);
        let relay = std::str::from_utf8(reader.rest()).ok()?;
        (relay.len() <= LONGEST_RELAY).then(|| Self {
            key,
            mailbox,
            secret,
            relay: relay.to_owned(),
        })
    }
}

impl Owner {
    /// Offers a pairing through the relay at `relay`, or at a [`network_place`].
    ///
    /// # Errors
    /// [`PairingFailure`]: the address is too long, or no randomness.
    pub fn new(relay: &str, random: &dyn Random) -> Result<Self, PairingFailure> {
        if relay.len() > LONGEST_RELAY {
            return Err(PairingError::TooLong.into());
        }
        let (secret, public) = X25519HkdfSha256::derive_keypair(Secret::<32>::generate(random)?.expose());
        let text = PairingText {
            key: array(&public.to_bytes()),
            mailbox: random_bytes(random)?,
            secret: Secret::generate(random)?,
            relay: relay.to_owned(),
        };
        Ok(Self {
            text,
            secret: Secret::new(array(&secret.to_bytes())),
        })
    }

    /// What the new device is to be given.
    pub fn text(&self) -> &PairingText {
        &self.text
    }

    /// Takes message 0 and gives message 1.
    ///
    /// # Errors
    /// [`PairingFailure`]: no commitment, or no randomness.
    pub fn take_commitment(self, message: &[u8], random: &dyn Random) -> Result<(Committed, Vec<u8>), PairingFailure> {
        let commitment = message.try_into().map_err(|_| PairingError::Damaged)?;
        let nonce: [u8; NONCE_BYTES] = random_bytes(random)?;
        let committed = Committed {
            owner: self,
            commitment,
            nonce,
        };
        Ok((committed, nonce.to_vec()))
    }
}

impl Committed {
    /// Takes message 2, which must be the one that was committed to.
    ///
    /// # Errors
    /// [`PairingError::Damaged`].
    pub fn take_reveal(self, message: &[u8]) -> Result<Confirming, PairingError> {
        if sha256(message) != self.commitment {
            return Err(PairingError::Damaged);
        }
        let damaged = || PairingError::Damaged;
        let (encapsulated, sealed) = message.split_at_checked(ENCAPSULATED_BYTES).ok_or_else(damaged)?;
        let text = &self.owner.text;
        let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(self.owner.secret.expose()).map_err(|_| damaged())?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| damaged())?;
        let psk = PskBundle::new(text.secret.expose(), &text.mailbox).map_err(|_| damaged())?;
        let mut context: AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256> =
            setup_receiver(&OpModeR::Psk(psk), &secret, &encapsulated, &info(text)).map_err(|_| damaged())?;
        let plain = context.open(sealed, &[]).map_err(|_| damaged())?;
        let device = read_device(&plain).ok_or_else(damaged)?;
        let (code, answer) = derive(message, &self.nonce, |label, out| context.export(label, out).is_ok())?;
        Ok(Confirming { device, code, answer })
    }
}

impl Confirming {
    /// Takes what the person typed, and seals `household` as message 3 if it is the code that the new device shows. One wrong code ends it.
    ///
    /// # Errors
    /// [`PairingError::WrongCode`].
    pub fn confirm(self, typed: &str) -> Result<Confirmed, PairingError> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits == self.code {
            Ok(Confirmed { answer: self.answer })
        } else {
            Err(PairingError::WrongCode)
        }
    }
}

/// The owner after the right code: only now can the last message be made.
pub struct Confirmed {
    answer: Secret<32>,
}

impl Confirmed {
    /// Message 3: the household's keys, sealed.
    pub fn answer(self, household: &[u8]) -> Vec<u8> {
        let mut sealed = household.to_vec();
        OnceKey::aes_256(&self.answer)
            .seal(&[], &mut sealed)
            .expect("a message is far under the 64 GB that AES-GCM seals");
        sealed
    }
}

impl Joiner {
    /// Answers a pairing text: the new device and message 0.
    ///
    /// # Errors
    /// [`PairingFailure`]: the name is too long, the text's key is none, or no randomness.
    pub fn new(text: &PairingText, device: &NewDevice, random: &dyn Random) -> Result<(Self, Vec<u8>), PairingFailure> {
        if device.name.len() > LONGEST_DEVICE_NAME {
            return Err(PairingError::TooLong.into());
        }
        let damaged = || PairingError::NotAPairing;
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&text.key).map_err(|_| damaged())?;
        let psk = PskBundle::new(text.secret.expose(), &text.mailbox).map_err(|_| damaged())?;
        let mut drawn = DrawnOnce::from(random)?;
        let (encapsulated, mut context) = setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Psk(psk),
            &key,
            &info(text),
            &mut drawn,
        )
        .map_err(|_| damaged())?;
        let plain = [
            &device.key.0[..],
            &device.agreement.0,
            &device.hpke,
            &random_bytes::<NONCE_BYTES>(random)?,
            device.name.as_bytes(),
        ]
        .concat();
        let sealed = context.seal(&plain, &[]).map_err(|_| damaged())?;
        let reveal = [encapsulated.to_bytes().as_slice(), &sealed].concat();
        let commitment = sha256(&reveal).to_vec();
        Ok((Self { context, reveal }, commitment))
    }

    /// Takes message 1 and gives message 2.
    ///
    /// # Errors
    /// [`PairingError::Damaged`].
    pub fn take_nonce(self, message: &[u8]) -> Result<(Waiting, Vec<u8>), PairingError> {
        let nonce: [u8; NONCE_BYTES] = message.try_into().map_err(|_| PairingError::Damaged)?;
        let context = self.context;
        let (code, answer) = derive(&self.reveal, &nonce, |label, out| context.export(label, out).is_ok())?;
        Ok((Waiting { code, answer }, self.reveal))
    }
}

impl Waiting {
    /// Takes message 3.
    ///
    /// # Errors
    /// [`PairingError::Damaged`].
    pub fn take_answer(self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, PairingError> {
        let mut sealed = message.to_vec();
        let plain = OnceKey::aes_256(&self.answer)
            .open(&[], &mut sealed)
            .ok_or(PairingError::Damaged)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

crate::coded_union! {
    /// Why a pairing could not go on.
    pub enum PairingFailure {
        /// What the two devices said to each other was not as it must be.
        Pairing(PairingError);
        /// The source of randomness failed, so no key or nonce could be drawn.
        Random(RandomError);
    }
}

fn info(text: &PairingText) -> Vec<u8> {
    [INFO, &[VERSION], &text.key, &text.mailbox, text.relay.as_bytes()].concat()
}

fn read_device(plain: &[u8]) -> Option<NewDevice> {
    let mut reader = ByteReader::new(plain);
    let (key, agreement, hpke) = (reader.array()?, reader.array()?, reader.array()?);
    reader.take(NONCE_BYTES)?;
    let name = std::str::from_utf8(reader.rest()).ok()?;
    (name.len() <= LONGEST_DEVICE_NAME).then(|| NewDevice {
        key: PublicKey(key),
        agreement: AgreementPublic(agreement),
        hpke,
        name: name.to_owned(),
    })
}

/// The code and the answer's key: from the context, which both ends of it share, and all that was said.
fn derive(
    reveal: &[u8],
    nonce: &[u8; NONCE_BYTES],
    export: impl Fn(&[u8], &mut [u8]) -> bool,
) -> Result<(String, Secret<32>), PairingError> {
    let transcript = sha256(&[&sha256(reveal)[..], nonce, reveal].concat());
    let mut code = [0; 8];
    let export = |label: &[u8], out: &mut [u8]| {
        export(&[label, &transcript].concat(), out)
            .then_some(())
            .ok_or(PairingError::Damaged)
    };
    export(b"code", &mut code)?;
    let answer = Secret::filled(|out| export(b"answer", out))?;
    Ok((format!("{:04}", u64::from_be_bytes(code) % 10_000), answer))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests;
