//! COSE_Sign1 (RFC 9052, section 4.2): one signature over headers and a payload.

use ciborium::Value;
use techo_protocol::certificates::issuer_key::Algorithm;

use super::cbor;
use super::reason::Reason;

/// A signed message that was taken apart, and whose signature was not checked yet.
pub(super) struct Signed {
    protected: Vec<u8>,
    headers: Vec<(Value, Value)>,
    unprotected: Vec<(Value, Value)>,
    /// The payload that is signed, still CBOR.
    pub payload: Vec<u8>,
    /// The signature's raw bytes.
    pub signature: Vec<u8>,
}

mod label {
    pub const ALGORITHM: i64 = 1;
    pub const CRITICAL: i64 = 2;
    pub const KEY_ID: i64 = 4;
}

impl Signed {
    /// Takes a message apart. Tags 18 (COSE_Sign1) and 61 (CWT) may stand before it.
    pub fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let mut value = cbor::read(bytes)?;
        for tag in [61, 18] {
            value = match value {
                Value::Tag(found, inner) if found == tag => *inner,
                other => other,
            };
        }
        let parts = value.into_array().map_err(|_| Reason::Envelope)?;
        let [
            Value::Bytes(protected),
            Value::Map(unprotected),
            Value::Bytes(payload),
            Value::Bytes(signature),
        ] = <[Value; 4]>::try_from(parts).map_err(|_| Reason::Envelope)?
        else {
            return Err(Reason::Envelope);
        };
        let headers = if protected.is_empty() {
            Vec::new()
        } else {
            cbor::read(&protected)?.into_map().map_err(|_| Reason::Envelope)?
        };
        if cbor::of_number(&headers, label::CRITICAL).is_some() {
            return Err(Reason::Critical);
        }
        Ok(Self {
            protected,
            headers,
            unprotected,
            payload,
            signature,
        })
    }

    /// The algorithm, of those that are allowed. One in the protected header wins over one in the other, which nobody signs and which is safe to
    /// read only because a key goes with one algorithm here.
    pub fn algorithm(&self) -> Result<Algorithm, Reason> {
        let number = cbor::of_number(&self.headers, label::ALGORITHM)
            .or_else(|| cbor::of_number(&self.unprotected, label::ALGORITHM))
            .and_then(Value::as_integer);
        match number.and_then(|number| i64::try_from(number).ok()) {
            Some(-7) => Ok(Algorithm::Es256),
            Some(-37) => Ok(Algorithm::Ps256),
            _ => Err(Reason::Algorithm),
        }
    }

    /// The key's id. One in the protected header wins over one in the other, right or wrong.
    pub fn key_id(&self) -> Option<&[u8]> {
        cbor::of_number(&self.headers, label::KEY_ID)
            .or_else(|| cbor::of_number(&self.unprotected, label::KEY_ID))
            .and_then(Value::as_bytes)
            .map(Vec::as_slice)
    }

    /// The bytes that the signature is over: the `Sig_structure` of RFC 9052, section 4.4, in deterministic CBOR.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.protected.len() + self.payload.len() + 32);
        out.extend_from_slice(b"\x84\x6aSignature1");
        write_bytes(&mut out, &self.protected);
        write_bytes(&mut out, &[]);
        write_bytes(&mut out, &self.payload);
        out
    }
}

/// A byte string with the shortest head (RFC 8949, section 4.2.1).
fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    const MAJOR: u8 = 0x40;
    // A length of one, two, four or eight bytes follows.
    const ONE: u8 = 0x58;
    const TWO: u8 = 0x59;
    const FOUR: u8 = 0x5A;
    const EIGHT: u8 = 0x5B;
    let length = bytes.len();
    match (u8::try_from(length), u16::try_from(length), u32::try_from(length)) {
        (Ok(length), ..) if length < 24 => out.push(MAJOR | length),
        (Ok(length), ..) => out.extend_from_slice(&[ONE, length]),
        (_, Ok(length), _) => {
            out.push(TWO);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (_, _, Ok(length)) => {
            out.push(FOUR);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(EIGHT);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).unwrap();
        out
    }

    fn message(headers: &Value, unprotected: Vec<(Value, Value)>) -> Result<Signed, Reason> {
        let parts = vec![
            Value::Bytes(bytes(headers)),
            Value::Map(unprotected),
            Value::Bytes(vec![1]),
            Value::Bytes(vec![2; 64]),
        ];
        Signed::read(&bytes(&Value::Tag(18, Box::new(Value::Array(parts)))))
    }

    fn kid(id: &[u8]) -> (Value, Value) {
        (4.into(), Value::Bytes(id.to_vec()))
    }

    #[test]
    fn the_protected_key_id_wins() {
        let both = message(&Value::Map(vec![kid(b"one")]), vec![kid(b"two")]).unwrap();
        assert_eq!(both.key_id(), Some(&b"one"[..]));
        let other = message(&Value::Map(vec![]), vec![kid(b"two")]).unwrap();
        assert_eq!(other.key_id(), Some(&b"two"[..]));
    }

    #[test]
    fn the_protected_algorithm_wins() {
        let algorithm = |number: i64| (Value::from(1), Value::from(number));
        let of = |headers, other| message(&Value::Map(headers), other).unwrap().algorithm();
        assert_eq!(of(vec![algorithm(-7)], vec![]), Ok(Algorithm::Es256));
        assert_eq!(of(vec![algorithm(-37)], vec![]), Ok(Algorithm::Ps256));
        assert_eq!(of(vec![], vec![algorithm(-7)]), Ok(Algorithm::Es256));
        assert_eq!(of(vec![algorithm(0)], vec![algorithm(-7)]), Err(Reason::Algorithm));
        assert_eq!(of(vec![], vec![]), Err(Reason::Algorithm));
        // ES384, HMAC 256/256 and none that is registered.
        for number in [-35, 5, 0] {
            assert_eq!(of(vec![algorithm(number)], vec![]), Err(Reason::Algorithm));
        }
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_refused() {
        let critical = Value::Map(vec![(2.into(), Value::Array(vec![99.into()])), (99.into(), 1.into())]);
        assert_eq!(message(&critical, vec![]).err(), Some(Reason::Critical));
    }

    proptest! {
        #[test]
        fn what_is_signed_is_deterministic_cbor(protected in prop::collection::vec(any::<u8>(), 0..300), payload in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let signed = Signed { protected: protected.clone(), headers: vec![], unprotected: vec![], payload: payload.clone(), signature: vec![] };
            let structure = Value::Array(vec!["Signature1".into(), Value::Bytes(protected), Value::Bytes(vec![]), Value::Bytes(payload)]);
            prop_assert_eq!(signed.to_be_signed(), bytes(&structure));
        }
    }
}
