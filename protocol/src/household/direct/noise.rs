//! The handshake's cryptography: snow, with ring for cipher and hash and the project's own X25519 keys.

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, RingResolver};
use snow::types::{Cipher, Dh, Hash, Random as NoiseRandom};
use snow::{Builder, Error, HandshakeState};

use super::{DirectError, DirectFailure};
use crate::basics::agreement::{AgreementKey, AgreementPublic};
use crate::basics::random::{Random, SeededRandom};
use crate::basics::secret::Secret;

const PATTERN: &str = "Noise_KK_25519_AESGCM_SHA256";
const KEY_BYTES: usize = 32;

/// Which side of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Connecting,
    Listening,
}

/// Begins a handshake with a device whose key is known.
pub(super) fn begin(
    side: Side,
    own: &AgreementKey,
    peer: &AgreementPublic,
    prologue: &[u8],
    random: &dyn Random,
) -> Result<HandshakeState, DirectFailure> {
    let seed = Secret::generate(random)?;
    // The pattern is fixed and both keys are given: what is left to fail is a library that lost a part.
    build(side, own, peer, prologue, seed).map_err(|_| DirectError::Misunderstood.into())
}

fn build(
    side: Side,
    own: &AgreementKey,
    peer: &AgreementPublic,
    prologue: &[u8],
    seed: Secret<32>,
) -> Result<HandshakeState, Error> {
    let builder = Builder::with_resolver(PATTERN.parse()?, Box::new(Resolver { seed }))
        .local_private_key(own.secret().expose())?
        .remote_public_key(&peer.0)?
        .prologue(prologue)?;
    match side {
        Side::Connecting => builder.build_initiator(),
        Side::Listening => builder.build_responder(),
    }
}

/// What snow asks for its parts.
struct Resolver {
    /// Drawn from the source that was passed in: the ephemeral key comes from it.
    seed: Secret<32>,
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn NoiseRandom>> {
        Some(Box::new(Drawn(SeededRandom::from_key(self.seed.expose()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519)
            .then(|| Box::new(X25519(AgreementKey::from_secret([0; KEY_BYTES].into()))) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        RingResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        RingResolver.resolve_cipher(choice)
    }
}

struct Drawn(SeededRandom);

impl NoiseRandom for Drawn {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.0.fill(out).map_err(|_| Error::Rng)
    }
}

/// ring agrees with ephemeral keys only, and the handshake needs the static ones too.
struct X25519(AgreementKey);

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        KEY_BYTES
    }

    fn priv_len(&self) -> usize {
        KEY_BYTES
    }

    fn set(&mut self, secret: &[u8]) {
        // It is what `build` gave: an agreement key's secret.
        if let Some(secret) = Secret::of_slice(secret) {
            self.0 = AgreementKey::from_secret(secret);
        }
    }

    fn generate(&mut self, random: &mut dyn NoiseRandom) -> Result<(), Error> {
        self.0 = AgreementKey::from_secret(Secret::filled(|out| random.try_fill_bytes(out))?);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.0.public_bytes()
    }

    fn privkey(&self) -> &[u8] {
        self.0.secret().expose()
    }

    fn dh(&self, other: &[u8], out: &mut [u8]) -> Result<(), Error> {
        // snow's buffers have room for longer keys.
        let other = other.first_chunk().ok_or(Error::Dh)?;
        let shared = self.0.shared_secret(&AgreementPublic(*other)).ok_or(Error::Dh)?;
        out.first_chunk_mut().ok_or(Error::Dh).map(|out| *out = *shared.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(digits: &str) -> Vec<u8> {
        hex::decode(digits).unwrap()
    }

    fn key(digits: &str) -> AgreementKey {
        AgreementKey::from_secret(Secret::of_slice(&bytes(digits)).unwrap())
    }

    /// The vector of `Noise_KK_25519_AESGCM_SHA256` that Cacophony publishes and other implementations of Noise check themselves by.
    #[test]
    fn cacophony_vector() {
        let [initiator, responder] = [
            "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
            "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
        ]
        .map(key);
        let ephemerals = [
            "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
            "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
        ]
        .map(bytes);
        let builder = |own: &AgreementKey, peer: &AgreementKey, ephemeral: &[u8], initiates: bool| {
            let seed = Secret::from([0; 32]);
            let (peer, prologue) = (peer.public().0, bytes("4a6f686e2047616c74"));
            let builder = Builder::with_resolver(PATTERN.parse().unwrap(), Box::new(Resolver { seed }))
                .local_private_key(own.secret().expose())
                .and_then(|builder| builder.remote_public_key(&peer))
                .and_then(|builder| builder.prologue(&prologue))
                .unwrap()
                .fixed_ephemeral_key_for_testing_only(ephemeral);
            if initiates {
                builder.build_initiator().unwrap()
            } else {
                builder.build_responder().unwrap()
            }
        };
        let mut one = builder(&initiator, &responder, &ephemerals[0], true);
        let mut two = builder(&responder, &initiator, &ephemerals[1], false);
        let (mut sealed, mut opened) = ([0; 200], [0; 200]);
        let first = one
            .write_message(&bytes("4c756477696720766f6e204d69736573"), &mut sealed)
            .unwrap();
        assert_eq!(
            hex::encode(&sealed[..first]),
            "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79448564738a841228e693caeec4c497a8bd562231c3e51a1f03c4fd45dfe3a67870"
        );
        two.read_message(&sealed[..first], &mut opened).unwrap();
        let second = two
            .write_message(&bytes("4d757272617920526f746862617264"), &mut sealed)
            .unwrap();
        assert_eq!(
            hex::encode(&sealed[..second]),
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843b94504c4d83506f5dd2568b68490eba8ed6f9cf2cca194a273c56d7ae3c558"
        );
        one.read_message(&sealed[..second], &mut opened).unwrap();
        let third = one
            .into_transport_mode()
            .unwrap()
            .write_message(&bytes("462e20412e20486179656b"), &mut sealed)
            .unwrap();
        assert_eq!(
            hex::encode(&sealed[..third]),
            "6a5c10a201d4e3a08f79f64949e55731f774913a4d949bda3fcebf"
        );
    }
}
