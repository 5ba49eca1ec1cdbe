//! Bundles that sites send: checked, taken into the ledger, and counted, so that one that is missing is named.

use rusqlite::Connection;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::trust::Role;
use techo_protocol::vaccination::dose_bundle::DoseBundle;
use techo_protocol::vaccination::town_update::LotWarning;

use super::ledger::{Dose, DoseRowError, Source, Statement, Taken, Taker, source};
use super::sites;
use crate::rejected::RejectedRow;
use crate::store::{narrow, write};
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

techo_protocol::coded_errors! {
    /// What should be looked at in a dose's ticket.
    pub enum TicketWarning {
        /// A ticket that was not given out.
        NotEnrolled = "ticket.not_enrolled", "Some tickets are not among the residents' tickets.", "Compare them with the printed tickets: a digit may have been read wrong.";
    }
}

techo_protocol::coded_union! {
    /// What does not stop an import, and should be looked at.
    pub enum ImportWarning {
        /// A lot.
        Lot(LotWarning);
        /// A ticket.
        Ticket(TicketWarning);
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file, or doses of the bundle.
    pub rows: usize,
    /// Doses that were not there before.
    pub new: usize,
    /// Doses that were corrected, taken back or confirmed.
    pub revised: usize,
    /// Doses that were known.
    pub known: usize,
    /// New doses of which another source says something else.
    pub conflicts: usize,
    /// Rows with at least one dose that was not taken.
    pub rejected: Vec<RejectedRow>,
    /// Doses whose ticket is not among the residents'.
    pub not_enrolled: usize,
    /// Doses of a lot that the stock list lacks.
    pub lots_unknown: usize,
    /// Doses of a lot that is recalled.
    pub lots_recalled: usize,
}

impl Imported {
    /// Counts what a statement did; `row` names it where it was not taken.
    pub(super) fn count(&mut self, row: u64, taken: Result<Taken, DoseRowError>) {
        match taken {
            Ok(Taken::New) => self.new += 1,
            Ok(Taken::Revised) => self.revised += 1,
            Ok(Taken::Known) => self.known += 1,
            Ok(Taken::Conflicting) => self.conflicts += 1,
            Err(why) => self.rejected.push(RejectedRow::new(row, &why)),
        }
    }

    /// Rows of which everything was taken.
    pub fn accepted(&self) -> usize {
        self.rows.saturating_sub(self.rejected.len())
    }

    /// What should be seen to.
    pub fn warnings(&self) -> Vec<ImportWarning> {
        let warn = |count: usize, warning: ImportWarning| (count > 0).then_some(warning);
        [
            warn(self.not_enrolled, TicketWarning::NotEnrolled.into()),
            warn(self.lots_unknown, LotWarning::Unknown.into()),
            warn(self.lots_recalled, LotWarning::Recalled.into()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What a bundle did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleImported {
    /// The site's number.
    pub site: u32,
    /// The site's name.
    pub place: String,
    /// The bundle's number.
    pub sequence: u32,
    /// It was taken in before.
    pub again: bool,
    /// Bundles of this site that are missing below the highest that came.
    pub missing: Vec<u32>,
    /// What was done.
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
        let mut checks = super::files::Checks::of(self)?;
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
        let known: Option<Vec<u8>> = match transaction.query_row(
            "SELECT hash FROM bundle WHERE site = ?1 AND sequence = ?2",
            (site, bundle.sequence),
            |row| row.get(0),
        ) {
            Ok(hash) => Some(hash),
            Err(rusqlite::Error::QueryReturnedNoRows) => None,
            Err(error) => return Err(error.into()),
        };
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

/// The highest number of a site's bundles, and those below it that did not come.
pub(super) fn missing(db: &Connection, site: u32) -> Result<(u32, Vec<u32>), Error> {
    let mut query = db.prepare_cached("SELECT sequence FROM bundle WHERE site = ?1 ORDER BY sequence")?;
    let mut rows = query.query([site])?;
    let (mut highest, mut missing) = (0_u32, Vec::new());
    while let Some(row) = rows.next()? {
        let sequence: u32 = narrow(row.get::<_, i64>(0)?)?;
        // A site that skipped a thousand has another trouble than a lost stick.
        missing.extend((highest.saturating_add(1)..sequence).take(1_000));
        highest = sequence;
    }
    Ok((highest, missing))
}
