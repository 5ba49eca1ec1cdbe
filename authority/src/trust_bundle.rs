//! Signing bundles of issuers' keys that the authority collected.

use techo_protocol::certificates::issuer_key::IssuerKey;
use techo_protocol::certificates::trust_bundle::TrustBundle;

use crate::keys::KeyRole;
use crate::publishing::announced_signer;
use crate::store::write;
use crate::{Authority, Error, audit, trust};

impl Authority {
    /// Signs a bundle of `keys`, and of what `earlier` bundles had beyond them. Gives the bundle and its file.
    ///
    /// # Errors
    /// [`crate::keys::KeyError`] where the key that signs manifests is missing or does not open; [`crate::store::StoreError`].
    pub fn sign_trust_bundle(
        &mut self,
        name: &str,
        keys: Vec<IssuerKey>,
        earlier: &[TrustBundle],
        now: i64,
    ) -> Result<(TrustBundle, Vec<u8>), Error> {
        let db = write(&mut self.db)?;
        let mut bundle = TrustBundle {
            name: name.to_owned(),
            signed_at: now,
            keys,
            trust_list: trust::newest(&db)?.1,
        };
        for earlier in earlier {
            bundle.keep_from(earlier);
        }
        let file = bundle.write(&announced_signer(&db, &self.keys, KeyRole::Manifest)?);
        audit::append(&db, now, "trust_bundle.signed", name)?;
        db.commit()?;
        Ok((bundle, file))
    }
}
