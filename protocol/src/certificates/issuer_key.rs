//! Keys of those who issue certificates: what they may sign, and from when to when.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::basics::jwk::{base64url, jwk_of_point};
use crate::basics::keys::sha256;

/// An algorithm of a signature. Each goes with keys of one type, so a signature's header cannot choose another for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, r and s of 32 bytes each (RFC 7518, section 3.4; RFC 9053, section 2.1).
    Es256,
    /// RSASSA-PSS with SHA-256 (RFC 7518, section 3.5; RFC 8230, section 2).
    Ps256,
    /// A signature on an X.509 certificate.
    Certificate(CertificateAlgorithm),
}

/// An algorithm by which certificates are signed. ECDSA is in DER there (RFC 3279, section 2.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CertificateAlgorithm {
    EcdsaSha256,
    EcdsaSha384,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
}

/// A public key that signs certificates of people, or those of other issuers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IssuerPublicKey {
    /// x and y on P-256.
    P256([u8; 64]),
    /// x and y on P-384.
    P384([u8; 96]),
    /// An RSA key, both numbers big-endian without leading zeros.
    Rsa {
        /// The modulus n (RFC 8017, section 3.1).
        modulus: Vec<u8>,
        /// The public exponent e (RFC 8017, section 3.1).
        exponent: Vec<u8>,
    },
}

/// Which kinds of certificate a key is for, and what it may say in them: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uses(pub u8);

impl Uses {
    /// EU Digital COVID Certificates.
    pub const DCC: Self = Self(1);
    /// SMART Health Cards, of whatever content.
    pub const SHC: Self = Self(2);
    /// New Zealand's COVID passes (NZCP).
    pub const NZCP: Self = Self(4);
    /// The certificates of those who sign ICAO's VDS-NC.
    pub const VDS_NC_AUTHORITY: Self = Self(8);
    /// Tests, in a DCC. A key with none of the three may say all (test case CO15 of dgc-testdata).
    pub const TEST: Self = Self(16);
    /// Vaccinations, in a DCC.
    pub const VACCINATION: Self = Self(32);
    /// Recoveries, in a DCC.
    pub const RECOVERY: Self = Self(64);
    /// ICAO's VDS-NC themselves, and no certificates of other signers.
    pub const VDS_NC: Self = Self(128);

    /// The uses of either set, together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a DCC of this content (one of [`Self::TEST`], [`Self::VACCINATION`], [`Self::RECOVERY`]) may be signed.
    ///
    /// ```
    /// use techo_protocol::certificates::issuer_key::Uses;
    /// let tester = Uses::DCC.and(Uses::TEST);
    /// assert!(tester.may_say(Uses::TEST) && !tester.may_say(Uses::VACCINATION));
    /// assert!(Uses::DCC.may_say(Uses::VACCINATION), "a key without a restriction may say all");
    /// ```
    pub const fn may_say(self, content: Self) -> bool {
        let contents = Self::TEST.and(Self::VACCINATION).and(Self::RECOVERY);
        self.0 & contents.0 == 0 || self.has(content)
    }
}

/// An issuer's key, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// The public key that verifies the issuer's certificates.
    pub key: IssuerPublicKey,
    /// The id by which certificates name it (`kid`); empty where its source gave none, and it is tried for every id.
    pub id: Vec<u8>,
    /// Who has it: a country's two letters, a URL, a DID. Empty where its source does not say.
    pub issuer: String,
    /// What it is for.
    pub uses: Uses,
    /// It signs from then on, in Unix seconds; 0 where its source does not say.
    pub not_before: i64,
    /// It signs until then, in Unix seconds; [`NO_END`] where its source does not say.
    pub not_after: i64,
    /// When its source was last seen to list it, in Unix seconds, where that is known.
    pub seen_at: Option<i64>,
}

/// [`IssuerKey::not_after`] where the source does not say: the last second that trust bundles can hold, in 2106.
pub const NO_END: i64 = 0xFFFF_FFFF;

impl IssuerPublicKey {
    /// Whether `algorithm` goes with a key of this type.
    ///
    /// ```
    /// use techo_protocol::certificates::issuer_key::{Algorithm, IssuerPublicKey};
    /// let key = IssuerPublicKey::P256([1; 64]);
    /// assert!(key.takes(Algorithm::Es256));
    /// assert!(!key.takes(Algorithm::Ps256), "RSA's");
    /// ```
    pub fn takes(&self, algorithm: Algorithm) -> bool {
        use CertificateAlgorithm::{EcdsaSha256, EcdsaSha384};
        match (self, algorithm) {
            (Self::P256(_), Algorithm::Es256 | Algorithm::Certificate(EcdsaSha256))
            | (Self::P384(_), Algorithm::Certificate(EcdsaSha256 | EcdsaSha384))
            | (Self::Rsa { .. }, Algorithm::Ps256) => true,
            (Self::Rsa { .. }, Algorithm::Certificate(algorithm)) => !matches!(algorithm, EcdsaSha256 | EcdsaSha384),
            _ => false,
        }
    }

    /// Whether `signature` is this key's over `message`. False for an algorithm of another type of key.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        use CertificateAlgorithm::{
            EcdsaSha256, EcdsaSha384, RsaPssSha256, RsaPssSha384, RsaPssSha512, RsaSha256, RsaSha384, RsaSha512,
        };
        let ecdsa = |how: &'static dyn VerificationAlgorithm, point: &[u8]| {
            // 4 stands for an uncompressed point (SEC 1, section 2.3.3).
            UnparsedPublicKey::new(how, [&[4], point].concat())
                .verify(message, signature)
                .is_ok()
        };
        let rsa =
            |how: &RsaParameters, n: &[u8], e: &[u8]| RsaPublicKeyComponents { n, e }.verify(how, message, signature).is_ok();
        match (self, algorithm) {
            (Self::P256(point), Algorithm::Es256) => ecdsa(&ECDSA_P256_SHA256_FIXED, point),
            (Self::P256(point), Algorithm::Certificate(EcdsaSha256)) => ecdsa(&ECDSA_P256_SHA256_ASN1, point),
            (Self::P384(point), Algorithm::Certificate(EcdsaSha256)) => ecdsa(&ECDSA_P384_SHA256_ASN1, point),
            (Self::P384(point), Algorithm::Certificate(EcdsaSha384)) => ecdsa(&ECDSA_P384_SHA384_ASN1, point),
            (Self::Rsa { modulus, exponent }, algorithm) => {
                let how: &RsaParameters = match algorithm {
                    Algorithm::Ps256 | Algorithm::Certificate(RsaPssSha256) => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Certificate(RsaSha256) => &RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::Certificate(RsaSha384) => &RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Certificate(RsaSha512) => &RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Certificate(RsaPssSha384) => &RSA_PSS_2048_8192_SHA384,
                    Algorithm::Certificate(RsaPssSha512) => &RSA_PSS_2048_8192_SHA512,
                    Algorithm::Es256 | Algorithm::Certificate(EcdsaSha256 | EcdsaSha384) => return false,
                };
                rsa(how, modulus, exponent)
            }
            _ => false,
        }
    }

    /// The SHA-256 thumbprint of the key as a JWK (RFC 7638), in base64url.
    pub fn thumbprint(&self) -> String {
        let text = match self {
            Self::P256(point) => jwk_of_point("P-256", point),
            Self::P384(point) => jwk_of_point("P-384", point),
            Self::Rsa { modulus, exponent } => {
                format!(
                    r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                    base64url(exponent),
                    base64url(modulus)
                )
            }
        };
        base64url(&sha256(text.as_bytes()))
    }
}
