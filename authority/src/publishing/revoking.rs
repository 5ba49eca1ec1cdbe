//! Revoking a key: the trust list says it, and what a notice key had signed is published again under another.

use techo_protocol::basics::random::Random;
use techo_protocol::trust::TrustList;

use super::segments;
use crate::keys::KeyRole;
use crate::trust::{TrustChangeError, new_key};
use crate::{Authority, Error};

impl Authority {
    /// Revokes the key whose public half begins with these hexadecimal digits, making a new one where it was the last of its role. Needs the
    /// root. What a revoked notice key signed is published again.
    ///
    /// # Errors
    /// [`TrustChangeError::NoSuchKey`] where not exactly one key begins so; [`crate::keys::KeyError::RootAway`] without the root.
    pub fn revoke_key(&mut self, digits: &str, now: i64, random: &dyn Random) -> Result<TrustList, Error> {
        self.root()?;
        let mut list = self.trust_list()?;
        let digits = digits.to_ascii_lowercase();
        let mut named = list
            .keys
            .iter_mut()
            .filter(|key| !key.revoked && hex::encode(key.key.0).starts_with(&digits));
        let (Some(key), None) = (named.next(), named.next()) else {
            return Err(TrustChangeError::NoSuchKey.into());
        };
        key.revoked = true;
        let (role, public) = (key.role, key.key);
        if list.keys(role).next().is_none()
            && let Some(role) = KeyRole::LISTED.into_iter().find(|known| known.listed() == Some(role))
        {
            list.keys.extend(new_key(&self.keys, role, random)?);
        }
        let list = self.sign_next(list, now, "trust.key_revoked")?;
        segments::forget_of(&mut self.db, &public)?;
        Ok(list)
    }
}
