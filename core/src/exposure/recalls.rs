//! Recalled lots, out of the lists that are here.

use std::collections::BTreeMap;

use techo_protocol::segment::{Recall, Segment};
use techo_protocol::trust::AuthorityId;

use super::{ExposureError, lists};
use crate::vault::Vault;

/// The recalls of an authority that stand: the newest revision of each, without those that were withdrawn.
///
/// # Errors
/// [`ExposureError`] where a list that is here cannot be read.
pub fn standing(vault: &mut Vault, authority: AuthorityId) -> Result<Vec<Recall>, ExposureError> {
    let held = vault.read(lists::all)?;
    let mut newest: BTreeMap<u32, Recall> = BTreeMap::new();
    for listed in held
        .iter()
        .filter(|(of, _)| *of == authority)
        .flat_map(|(_, held)| &held.segments)
    {
        let Some(file) = vault.segment(&listed.hash)? else { continue };
        for recall in Segment::parse(&file)?.recalls()? {
            let known = newest.entry(recall.id).or_insert_with(|| recall.clone());
            if known.revision < recall.revision {
                *known = recall;
            }
        }
    }
    Ok(newest.into_values().filter(|recall| !recall.withdrawn).collect())
}
