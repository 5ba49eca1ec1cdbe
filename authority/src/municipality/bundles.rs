//! Bundles that sites send: checked, taken into the ledger, and counted, so that one that is missing is named.

use rusqlite::OptionalExtension;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::trust::Role;
use techo_protocol::vaccination::dose_bundle::DoseBundle;

use super::imports::{Checks, Imported};
use super::ledger::{Dose, DoseRowError, Source, Statement, Taker, source};
use super::sequence::missing;
use super::sites;
use crate::store::write;
use crate::{Authority, Error, audit};

techo_protocol::coded_errors! {
    /// What is wrong with a bundle beside its form.
    pub enum BundleError {
        /// The site sent another one of this number.
        Contradicts = "bundle.contradicts", "The site sent another bundle of the same number before.", "Ask the site: its profile may have been put back from a copy.";
        /// No site has this number and key.
        UnknownSite = "bundle.unknown_site", "The site of this bundle is not in this profile.", "Look the sites up with `municipality site list`.";
    }
}

/// What a bundle did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleImported {
    /// The number of the site that sent the bundle.
    pub site: u32,
    /// The name of the site, as its licence has it.
    pub place: String,
    /// The bundle's number among those of its site.
    pub sequence: u32,
    /// It was taken in before.
    pub again: bool,
    /// Bundles of this site that are missing below the highest that came.
    pub missing: Vec<u32>,
    /// What came of the bundle's doses.
    pub imported: Imported,
}

impl Authority {
    /// Takes a bundle in. Again changes nothing.
    ///
    /// # Errors
    /// [`techo_protocol::vaccination::dose_bundle::DoseBundleError`] where it is none of ours; [`BundleError`].
    pub fn import_bundle(&mut self, file: &[u8], dry_run: bool, now: i64) -> Result<BundleImported, Error> {
        self.town()?;
        let list = self.trust_list()?;
        let bundle = DoseBundle::open(file, &list, &self.bundle_keys()?)?;
        let mut checks = Checks::of(self)?;
        let site = bundle.licence.site;
        let transaction = write(&mut self.db)?;
        let is_ours = transaction
            .prepare("SELECT 1 FROM site WHERE number = ?1 AND key = ?2")?
            .exists((site, bundle.licence.key.0))?;
        if !is_ours {
            return Err(BundleError::UnknownSite.into());
        }
        // A bundle that is written again is sealed anew: its content is the same, and not its file.
        let hash = bundle.content_hash();
        let known: Option<Vec<u8>> = transaction
            .query_row(
                "SELECT hash FROM bundle WHERE site = ?1 AND sequence = ?2",
                (site, bundle.sequence),
                |row| row.get(0),
            )
            .optional()?;
        if known.as_ref().is_some_and(|known| *known != hash) {
            return Err(BundleError::Contradicts.into());
        }
        let mut imported = Imported {
            rows: bundle.doses.len(),
            ..Imported::default()
        };
        let revoked_from = sites::revoked_from(&transaction, site)?;
        let source = source(&transaction, &Source::Site(site.to_string()))?;
        {
            let mut taker = Taker::new(&transaction, now)?;
            for (place, record) in (1..).zip(&bundle.doses) {
                let dose = Dose {
                    ticket: record.ticket,
                    number: record.dose,
                    at: record.at,
                    product: record.product,
                    lot: record.lot.clone(),
                    place: bundle.licence.place.clone(),
                    by: record.by.clone(),
                    recorded_at: record.recorded_at,
                };
                let taken = if !bundle.licence.covers(record.at) {
                    Err(DoseRowError::LicenceEnded)
                } else if revoked_from.is_some_and(|from| record.at >= from) {
                    Err(DoseRowError::LicenceRevoked)
                } else {
                    taker.take(&Statement {
                        source,
                        kind: "site",
                        record: record.number.into(),
                        revision: Some(record.revision),
                        withdrawn: record.withdrawn,
                        dose: &dose,
                    })?
                };
                if taken.is_ok() && !record.withdrawn {
                    checks.see(&transaction, &dose, &mut imported)?;
                }
                imported.count(place, taken);
            }
        }
        if known.is_none() {
            transaction.execute(
                "INSERT INTO bundle (site, sequence, hash, made_at, taken_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                (site, bundle.sequence, hash, bundle.made_at, now),
            )?;
            audit::append(&transaction, now, "bundle.taken", &format!("{site}/{}", bundle.sequence))?;
        }
        let missing = missing(&transaction, site)?.1;
        if !dry_run {
            transaction.commit()?;
        }
        Ok(BundleImported {
            site,
            place: bundle.licence.place,
            sequence: bundle.sequence,
            again: known.is_some(),
            missing,
            imported,
        })
    }

    /// Every bundle key, revoked ones too: what was sealed to them before is still to be read.
    pub(crate) fn bundle_keys(&self) -> Result<Vec<HpkePrivate>, Error> {
        let list = self.trust_list()?;
        let named = list.keys.iter().filter(|key| key.role == Role::Bundle);
        named.map(|key| self.keys.bundle_key(&key.key)).collect()
    }
}
