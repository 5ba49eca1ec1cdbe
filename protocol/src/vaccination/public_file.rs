//! The kinds of public signed file that a manifest may name beside segments ([`crate::exposure::public_file`]).
//!
//! Whoever needs a kind fetches it; of residents, everybody who follows the authority needs the same ones.

use crate::trust::TrustList;
use crate::vaccination::revocations::{self, Revocations, RevocationsError};
use crate::vaccination::town_update::{TownUpdate, TownUpdateError};

crate::coded_union! {
    /// What can be wrong with a public file.
    pub enum PublicFileError {
        /// A municipality's update for its sites.
        Sites(TownUpdateError);
        /// A list of revoked status passes.
        Revocations(RevocationsError);
    }
}

/// What a public file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicFileKind {
    /// A municipality's update for its vaccination sites ([`TownUpdate`]).
    Sites,
    /// Revoked status passes ([`Revocations`]).
    Revocations,
}

impl PublicFileKind {
    /// Its number in manifests.
    pub fn number(self) -> u8 {
        match self {
            Self::Sites => 1,
            Self::Revocations => 2,
        }
    }

    /// The kind that a file begins like.
    ///
    /// ```
    /// use techo_protocol::vaccination::public_file::PublicFileKind;
    /// assert_eq!(PublicFileKind::of(b"TTUP\x01").map(PublicFileKind::number), Some(1));
    /// assert_eq!(PublicFileKind::of(b"TSEG\x01"), None, "a segment is listed as one");
    /// ```
    pub fn of(file: &[u8]) -> Option<Self> {
        if TownUpdate::is_form(file) {
            Some(Self::Sites)
        } else if revocations::is_form(file) {
            Some(Self::Revocations)
        } else {
            None
        }
    }

    /// Checks that the authority of a trust list signed the file.
    ///
    /// # Errors
    /// [`PublicFileError`].
    pub fn check(self, file: &[u8], list: &TrustList) -> Result<(), PublicFileError> {
        match self {
            Self::Sites => TownUpdate::read(file, list).map(drop)?,
            Self::Revocations => Revocations::read(file, [list]).map(drop)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basics::keys::SigningKey;
    use crate::basics::random::SeededRandom;
    use crate::exposure::manifest::Manifest;
    use crate::exposure::public_file::PublicFileRef;
    use crate::trust::tests::{key, town};
    use crate::vaccination::town_update::tests::update;

    #[test]
    fn its_authority_alone_publishes_it() {
        let file = update().write(&key(20));
        let kind = PublicFileKind::of(&file).unwrap();
        assert_eq!((kind, kind.check(&file, &town())), (PublicFileKind::Sites, Ok(())));
        let forged = update().write(&key(5));
        assert_eq!(kind.check(&forged, &town()), Err(TownUpdateError::SignatureInvalid.into()));
        let list = town();
        let foreign = revocations::write(list.authority(), 1, 0, &[], &key(20), &SeededRandom::new(1)).unwrap();
        assert_eq!(
            PublicFileKind::of(&foreign).unwrap().check(&foreign, &list),
            Err(RevocationsError::SignatureInvalid.into()),
            "a key for licences is none for this"
        );
        assert_eq!(PublicFileKind::of(b"TSEG"), None);
    }

    /// Manifests of before have no such field, and what they were signed as does not change.
    #[test]
    fn a_manifest_without_files_is_written_as_before() {
        let signer = SigningKey::from_seed(&[8; 32]);
        let mut manifest = Manifest {
            authority: town().authority(),
            sequence: 1,
            previous: [0; 32],
            signed_at: 1,
            valid_until: 2,
            audit_head: [0; 32],
            segments: Vec::new(),
            trust_list: Vec::new(),
            files: Vec::new(),
        };
        let without = manifest.write(&signer);
        assert!(without.windows(5).all(|part| part != b"files"));
        manifest.files = vec![PublicFileRef {
            kind: 9,
            hash: [7; 32],
            bytes: 12,
        }];
        let with = manifest.write(&signer);
        let read = Manifest::read(&with).unwrap().verify([&signer.public()]).unwrap();
        assert_eq!(read, manifest, "a kind of a later version is passed on");
    }
}
