//! X.509 certificates of issuers (RFC 5280), as far as keys need them.

use techo_protocol::basics::keys::sha256;
use techo_protocol::certificates::issuer_key::{CertificateAlgorithm, IssuerKey, IssuerPublicKey, NO_END, Uses};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode as _, Encode as _, Header, Reader, SliceReader};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName, name::GeneralName};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::KeySourceError;

mod explicit_curve;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const COUNTRY: ObjectIdentifier = oid("2.5.4.6");
const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
const EC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = oid("1.3.132.0.34");
const RSA_KEY: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = oid("2.5.29.17");
/// What a DCC's key may say ("Technical Specifications for EU Digital COVID Certificates", volume 5, section 3.3.2), under the number that was
/// registered and the one that was written first by mistake.
const DCC_USES: [(ObjectIdentifier, Uses); 6] = [
    (oid("1.3.6.1.4.1.1847.2021.1.1"), Uses::TEST),
    (oid("1.3.6.1.4.1.1847.2021.1.2"), Uses::VACCINATION),
    (oid("1.3.6.1.4.1.1847.2021.1.3"), Uses::RECOVERY),
    (oid("1.3.6.1.4.1.0.1847.2021.1.1"), Uses::TEST),
    (oid("1.3.6.1.4.1.0.1847.2021.1.2"), Uses::VACCINATION),
    (oid("1.3.6.1.4.1.0.1847.2021.1.3"), Uses::RECOVERY),
];
/// Length of a DCC's key id: the first bytes of SHA-256 of the certificate.
const DCC_ID_BYTES: usize = 8;
/// Shortest RSA modulus that is taken, in bytes.
const SHORTEST_MODULUS: usize = 256;

/// An X.509 certificate that was read; its own signature was not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The public key that the certificate is of.
    pub key: IssuerPublicKey,
    /// The country of the certificate's subject, two letters; where no country is named, the common name.
    pub subject: String,
    /// The URIs among the subject's alternative names.
    pub uris: Vec<String>,
    /// The moment from which the certificate holds, in Unix seconds.
    pub not_before: i64,
    /// The moment until which the certificate holds, in Unix seconds.
    pub not_after: i64,
    /// Whether its key may sign other certificates.
    pub is_authority: bool,
    /// What its key may say in a DCC: test, vaccination, recovery; empty where it may say all three.
    pub uses: Uses,
    /// The algorithm by which the certificate is signed; `None` for one that is not known here.
    pub algorithm: Option<CertificateAlgorithm>,
    /// The bytes of the certificate that its signer signed.
    pub signed: Vec<u8>,
    /// The signer's signature over [`Self::signed`].
    pub signature: Vec<u8>,
    /// The first 8 bytes of SHA-256 of the certificate, by which a DCC names its key.
    pub id: [u8; DCC_ID_BYTES],
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// ```
    /// use base64::Engine as _;
    /// use techo_core::certificates::key_source::x509::Certificate;
    ///
    /// let der = base64::engine::general_purpose::STANDARD.decode(techo_testing::ISSUER)?;
    /// let certificate = Certificate::read(&der)?;
    /// assert_eq!(certificate.subject, "XX", "the country, and not the name of the ministry");
    /// assert!((certificate.not_before..=certificate.not_after).contains(&techo_testing::NOW));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeySourceError`]: the certificate cannot be read, or its key is of no type that signs anything here.
    pub fn read(der: &[u8]) -> Result<Self, KeySourceError> {
        let damaged = |_: der::Error| KeySourceError::Certificate;
        let certificate = x509_cert::Certificate::from_der(der).map_err(damaged)?;
        let tbs = certificate.tbs_certificate;
        let mut id = [0; DCC_ID_BYTES];
        id.copy_from_slice(&sha256(der)[..DCC_ID_BYTES]);
        let mut read = Self {
            key: key(&tbs.subject_public_key_info)?,
            subject: attribute(&tbs.subject, COUNTRY)
                .map(|country| country.to_ascii_uppercase())
                .or_else(|| attribute(&tbs.subject, COMMON_NAME))
                .unwrap_or_default(),
            uris: Vec::new(),
            not_before: seconds(tbs.validity.not_before.to_unix_duration().as_secs()),
            not_after: seconds(tbs.validity.not_after.to_unix_duration().as_secs()),
            is_authority: false,
            uses: Uses::default(),
            algorithm: algorithm(&certificate.signature_algorithm),
            signed: first_part(der).map_err(damaged)?.to_vec(),
            signature: certificate.signature.raw_bytes().to_vec(),
            id,
        };
        for extension in tbs.extensions.unwrap_or_default() {
            let content = extension.extn_value.as_bytes();
            match extension.extn_id {
                BASIC_CONSTRAINTS => read.is_authority = BasicConstraints::from_der(content).map_err(damaged)?.ca,
                EXTENDED_KEY_USAGE => {
                    for usage in ExtendedKeyUsage::from_der(content).map_err(damaged)?.0 {
                        if let Some((_, uses)) = DCC_USES.iter().find(|(oid, _)| *oid == usage) {
                            read.uses = read.uses.and(*uses);
                        }
                    }
                }
                SUBJECT_ALTERNATIVE_NAME => {
                    for name in SubjectAltName::from_der(content).map_err(damaged)?.0 {
                        if let GeneralName::UniformResourceIdentifier(uri) = name {
                            read.uris.push(uri.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// The key with what the certificate says of it: for a DCC, or for the signers of VDS-NC where it may sign certificates.
    ///
    /// ```
    /// use base64::Engine as _;
    /// use techo_core::certificates::key_source::x509::Certificate;
    /// use techo_protocol::basics::keys::sha256;
    ///
    /// let der = base64::engine::general_purpose::STANDARD.decode(techo_testing::ISSUER)?;
    /// let key = Certificate::read(&der)?.issuer_key(None)?;
    /// assert_eq!(key.id, sha256(&der)[..8], "the id by which a certificate of the EU names its key");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeySourceError::Curve`] for a key on P-384 that may not sign certificates, and can so sign nothing here.
    pub fn issuer_key(&self, seen_at: Option<i64>) -> Result<IssuerKey, KeySourceError> {
        let may_say = match (&self.key, self.is_authority) {
            (IssuerPublicKey::P384(_), false) => return Err(KeySourceError::Curve),
            (IssuerPublicKey::P384(_), true) => Uses::VDS_NC_AUTHORITY,
            // Some countries' signers say that they are authorities.
            (_, true) => Uses::VDS_NC_AUTHORITY.and(Uses::DCC),
            (_, false) => Uses::VDS_NC.and(Uses::DCC),
        };
        Ok(IssuerKey {
            key: self.key.clone(),
            id: self.id.to_vec(),
            issuer: self.subject.clone(),
            uses: self.uses.and(may_say),
            not_before: self.not_before,
            not_after: self.not_after,
            seen_at,
        })
    }
}

/// Certificates may go on for centuries; trust bundles end in 2106.
fn seconds(unix: u64) -> i64 {
    i64::try_from(unix).unwrap_or(NO_END).min(NO_END)
}

/// The bytes of the first part of a certificate, which are those that are signed, as they came.
fn first_part(der: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes()
}

fn attribute(name: &Name, kind: ObjectIdentifier) -> Option<String> {
    name.0
        .iter()
        .flat_map(|part| part.0.iter())
        .find(|attribute| attribute.oid == kind)
        .map(|attribute| String::from_utf8_lossy(attribute.value.value()).trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn key(info: &SubjectPublicKeyInfoOwned) -> Result<IssuerPublicKey, KeySourceError> {
    let bytes = info.subject_public_key.raw_bytes();
    match info.algorithm.oid {
        EC_KEY => {
            let parameters = info.algorithm.parameters.as_ref().ok_or(KeySourceError::Curve)?;
            let curve = if let Ok(named) = parameters.decode_as::<ObjectIdentifier>() {
                named
            } else {
                let spelled_out = parameters.to_der().map_err(|_| KeySourceError::Certificate)?;
                if !explicit_curve::is_p384(&spelled_out) {
                    return Err(KeySourceError::Curve);
                }
                P384
            };
            let point = bytes.strip_prefix(&[4]).ok_or(KeySourceError::Curve)?;
            match curve {
                P256 => point
                    .try_into()
                    .map(IssuerPublicKey::P256)
                    .map_err(|_| KeySourceError::Certificate),
                P384 => point
                    .try_into()
                    .map(IssuerPublicKey::P384)
                    .map_err(|_| KeySourceError::Certificate),
                _ => Err(KeySourceError::Curve),
            }
        }
        RSA_KEY | RSA_PSS => {
            let mut reader = SliceReader::new(bytes).map_err(|_| KeySourceError::Certificate)?;
            let numbers = reader.sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)));
            let (modulus, exponent) = numbers.map_err(|_| KeySourceError::Certificate)?;
            rsa(modulus.as_bytes(), exponent.as_bytes())
        }
        _ => Err(KeySourceError::KeyType),
    }
}

/// An RSA key of two numbers.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<IssuerPublicKey, KeySourceError> {
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    let modulus = &modulus[zeros..];
    if modulus.len() < SHORTEST_MODULUS {
        return Err(KeySourceError::TooShort);
    }
    Ok(IssuerPublicKey::Rsa {
        modulus: modulus.to_vec(),
        exponent: exponent.to_vec(),
    })
}

fn algorithm(identifier: &AlgorithmIdentifierOwned) -> Option<CertificateAlgorithm> {
    const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
    const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
    const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
    const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
    const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
    Some(match identifier.oid {
        ECDSA_SHA256 => CertificateAlgorithm::EcdsaSha256,
        ECDSA_SHA384 => CertificateAlgorithm::EcdsaSha384,
        RSA_SHA256 => CertificateAlgorithm::RsaSha256,
        RSA_SHA384 => CertificateAlgorithm::RsaSha384,
        RSA_SHA512 => CertificateAlgorithm::RsaSha512,
        RSA_PSS => {
            // RFC 4055, section 3.1: the first field is the hash, under tag 0; the verifier itself checks that the mask's is the same.
            let parameters = identifier.parameters.as_ref()?.to_der().ok()?;
            let mut reader = SliceReader::new(&parameters).ok()?;
            let hash = reader
                .sequence(|reader| {
                    let hash = reader.context_specific::<AlgorithmIdentifierOwned>(der::TagNumber::N0, der::TagMode::Explicit)?;
                    reader.read_slice(reader.remaining_len())?;
                    Ok(hash)
                })
                .ok()??;
            match hash.oid {
                SHA256 => CertificateAlgorithm::RsaPssSha256,
                SHA384 => CertificateAlgorithm::RsaPssSha384,
                SHA512 => CertificateAlgorithm::RsaPssSha512,
                _ => return None,
            }
        }
        _ => return None,
    })
}
