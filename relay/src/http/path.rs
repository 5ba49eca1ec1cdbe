//! The variable parts of a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Refusal, RelayError};

/// The variable parts of a path, as text; whatever is no text is no path of ours.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| RelayError::NoSuchPath.into())
    }
}

/// Bytes from the hexadecimal digits of a path. Lower case only: a file has one address, so that caches hold it once.
pub fn id<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        None
    } else {
        let mut id = [0; N];
        hex::decode_to_slice(text, &mut id).ok().map(|()| id)
    }
}
