//! Recalled lots, as the lists that are here say: public, and compared with the person's doses on this device alone.

use std::collections::BTreeMap;

use techo_protocol::exposure::segment::{Recall, Segment};
use techo_protocol::trust::AuthorityId;

use super::{ExposureError, lists};
use crate::vault::Vault;

/// The recalls that hold, of every authority that is followed, each in its newest revision.
///
/// ```
/// use techo_core::exposure::recalls;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// assert!(recalls::all(&mut vault)?.is_empty(), "a device that follows nobody knows of no recall");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExposureError`] where the vault or a segment cannot be read.
pub fn all(vault: &mut Vault) -> Result<Vec<(AuthorityId, Recall)>, ExposureError> {
    vault.read(|reader| {
        let mut newest: BTreeMap<(AuthorityId, u32), Recall> = BTreeMap::new();
        for (authority, held) in lists::all(reader)? {
            for listed in &held.segments {
                // A damaged one is left out here; `lists::ages` says so, and the next fetch brings it again.
                let Some(file) = reader.segment(&listed.hash)? else { continue };
                for recall in Segment::parse(&file)?.recalls()? {
                    let key = (authority, recall.id);
                    if newest.get(&key).is_none_or(|known| known.revision < recall.revision) {
                        newest.insert(key, recall);
                    }
                }
            }
        }
        let holding = newest.into_iter().filter(|(_, recall)| !recall.withdrawn);
        Ok(holding.map(|((authority, _), recall)| (authority, recall)).collect())
    })
}
