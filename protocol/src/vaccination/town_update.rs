//! What a municipality tells its vaccination sites: the lots that it distributed, those that are recalled, and licences that ended early.
//! Signed by a licence key. It holds nothing of any person and may be seen by anybody.

use serde::{Deserialize, Serialize};

use crate::basics::keys::SigningKey;
use crate::basics::municipality_code::MunicipalityCode;
use crate::basics::reader::Unreadable;
use crate::basics::signed::Kind;
use crate::trust::{AuthorityId, RevokedSite, Role, TrustList};
use crate::vaccination::product::Product;

const KIND: Kind = Kind {
    magic: b"TTUP",
    version: 1,
    label: b"techo town update v1",
    largest: 4 << 20,
};

crate::coded_errors! {
    /// What can be wrong with a municipality's update.
    pub enum TownUpdateError {
        /// It is something else.
        NotAnUpdate = "town_update.not_an_update", "This file is not a municipality's update for its sites.", "Ask the municipality for the file of lots that it wrote for its sites.";
        /// It is of a later format.
        NewerVersion = "town_update.newer_version", "This update is of a newer version than this program knows.", "Update Techo.";
        /// It cannot be read.
        Damaged = "town_update.damaged", "This update is damaged.", "Copy it again from where it came.";
        /// The municipality did not sign it.
        SignatureInvalid = "town_update.signature_invalid", "This update was not signed by this site's municipality.", "Do not use it. Ask the municipality for it again.";
        /// A newer one is here.
        Older = "town_update.older", "This update is older than the one that is here.", "Nothing needs to be done; the newer one stays.";
    }
}

crate::coded_errors! {
    /// What should be looked at in a dose's lot.
    pub enum LotWarning {
        /// A lot that the list of lots lacks.
        Unknown = "lot.unknown", "The list of lots does not have this lot.", "Compare it with the vial; get the municipality's newest list.";
        /// A lot that is recalled.
        Recalled = "lot.recalled", "This lot is recalled.", "Do not use it. Set it aside, and tell the municipality.";
    }
}

/// A lot of a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProductLot {
    /// The vaccine that the lot is of.
    pub product: Product,
    /// The lot as it is printed.
    pub lot: String,
}

impl ProductLot {
    /// Whether two are one lot of one product, however it was typed (see [`crate::vaccination::lot`]).
    pub fn is_same(&self, other: &Self) -> bool {
        self.product == other.product && super::lot::is_same(&self.lot, &other.lot)
    }

    /// The lot in the spelling in which lots are compared.
    #[must_use]
    pub fn comparable(&self) -> Self {
        Self {
            product: self.product,
            lot: super::lot::comparable(&self.lot),
        }
    }
}

/// What a municipality tells its vaccination sites: lots, recalls, and sites whose licence ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TownUpdate {
    /// The authority of the municipality that signs.
    pub town: AuthorityId,
    /// The municipality's code (全国地方公共団体コード).
    pub municipality: MunicipalityCode,
    /// The update's number, which counts up.
    pub number: u32,
    /// When it was signed, in Unix seconds.
    pub issued_at: i64,
    /// The lots that were distributed.
    pub lots: Vec<ProductLot>,
    /// Those that are recalled.
    pub recalled: Vec<ProductLot>,
    /// Sites whose licence ended early.
    pub revoked_sites: Vec<RevokedSite>,
}

impl TownUpdate {
    /// Signs the update by a licence key.
    pub fn write(&self, signer: &SigningKey) -> Vec<u8> {
        KIND.write(self, signer)
    }

    /// Whether a file begins like an update.
    pub fn is_form(file: &[u8]) -> bool {
        file.starts_with(KIND.magic)
    }

    /// Reads an update that a licence key of this trust list signed.
    ///
    /// # Errors
    /// [`TownUpdateError`].
    pub fn read(file: &[u8], town: &TrustList) -> Result<Self, TownUpdateError> {
        let signed = KIND.read(file).map_err(|why| match why {
            Unreadable::Other => TownUpdateError::NotAnUpdate,
            Unreadable::Newer => TownUpdateError::NewerVersion,
            Unreadable::TooLarge | Unreadable::Damaged => TownUpdateError::Damaged,
        })?;
        if !signed.signed_by(town.keys(Role::Licence)) {
            return Err(TownUpdateError::SignatureInvalid);
        }
        let update: Self = signed.body().ok_or(TownUpdateError::Damaged)?;
        let is_theirs = update.town == town.authority()
            && town
                .municipality
                .as_ref()
                .is_some_and(|section| section.code == update.municipality);
        is_theirs.then_some(update).ok_or(TownUpdateError::SignatureInvalid)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trust::tests::{key, town};

    pub fn update() -> TownUpdate {
        let lot = |lot: &str| ProductLot {
            product: Product::Pfizer,
            lot: lot.into(),
        };
        TownUpdate {
            town: town().authority(),
            municipality: MunicipalityCode::read("271403").unwrap(),
            number: 4,
            issued_at: 1_625_000_000,
            lots: vec![lot("EX3617"), lot("EY0779")],
            recalled: vec![lot("EY0779")],
            revoked_sites: vec![RevokedSite {
                site: 3,
                from: 1_625_000_000,
            }],
        }
    }

    #[test]
    fn its_town_alone_signs_it() {
        assert_eq!(TownUpdate::read(&update().write(&key(20)), &town()), Ok(update()));
        assert_eq!(
            TownUpdate::read(&update().write(&key(5)), &town()),
            Err(TownUpdateError::SignatureInvalid),
            "a key for venue codes is none for this"
        );
        let other = TownUpdate {
            town: AuthorityId([9; 16]),
            ..update()
        };
        assert_eq!(
            TownUpdate::read(&other.write(&key(20)), &town()),
            Err(TownUpdateError::SignatureInvalid)
        );
        assert_eq!(TownUpdate::read(b"TTRL", &town()), Err(TownUpdateError::NotAnUpdate));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let file = update().write(&key(20));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(TownUpdate::read(&damaged, &town()).is_err(), "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(TownUpdate::read(&[b"TTUP\x01".as_slice(), &bytes].concat(), &town()).is_err());
        }
    }
}
