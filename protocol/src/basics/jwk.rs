//! The text forms of JSON Web Keys (RFC 7517) that thumbprints and headers are made of.

/// A point as a JWK, its members in the order that RFC 7638 (section 3) hashes.
pub(crate) fn jwk_of_point(curve: &str, point: &[u8]) -> String {
    let (x, y) = point.split_at(point.len() / 2);
    format!(
        r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#,
        base64url(x),
        base64url(y)
    )
}

/// Base64url without padding (RFC 4648, section 5).
///
/// ```
/// use techo_protocol::basics::jwk::base64url;
/// assert_eq!(base64url(&[0xFB, 0xFF]), "-_8");
/// ```
pub fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
