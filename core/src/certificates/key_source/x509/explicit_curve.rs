//! P-384 with its parameters spelled out (X9.62, `SpecifiedECDomain`), as Japan's passport authority has it. Any other curve than the real one
//! would let anybody make a key that goes with a signature (CVE-2020-0601), so every number is compared.

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use x509_cert::der::{self, Decode as _, Reader, SliceReader};

const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
/// p, a, b, the base point's x and y, and its order (SEC 2, section 2.5.1).
const P384: [&str; 6] = [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
];

/// Whether the parameters are those of P-384.
pub(super) fn is_p384(parameters: &[u8]) -> bool {
    numbers(parameters).is_ok_and(|numbers| numbers == P384)
}

fn numbers(parameters: &[u8]) -> der::Result<[String; 6]> {
    let mut reader = SliceReader::new(parameters)?;
    let numbers = reader.sequence(|reader| {
        UintRef::decode(reader)?;
        let prime = reader.sequence(|reader| {
            let field = ObjectIdentifier::decode(reader)?;
            let prime = UintRef::decode(reader)?;
            if field == PRIME_FIELD {
                Ok(prime)
            } else {
                Err(der::Tag::ObjectIdentifier.value_error())
            }
        })?;
        let (a, b) = reader.sequence(|reader| {
            let curve = (OctetStringRef::decode(reader)?, OctetStringRef::decode(reader)?);
            // A seed may follow, which only tells where the numbers came from.
            while !reader.is_finished() {
                AnyRef::decode(reader)?;
            }
            Ok(curve)
        })?;
        let base = OctetStringRef::decode(reader)?;
        let order = UintRef::decode(reader)?;
        while !reader.is_finished() {
            AnyRef::decode(reader)?;
        }
        let point = base.as_bytes().strip_prefix(&[4]).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        Ok([prime.as_bytes(), a.as_bytes(), b.as_bytes(), x, y, order.as_bytes()].map(hex::encode))
    })?;
    reader.finish(numbers)
}
