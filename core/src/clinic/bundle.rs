//! Bundles for the municipality. Each has a number; one that got lost can be written again, with the same content.

use serde::{Deserialize, Serialize};
use techo_protocol::exposure::relay_api::diary_path;
use techo_protocol::trust::{Role, TrustList};
use techo_protocol::vaccination::dose_bundle::piece::Piece;
use techo_protocol::vaccination::dose_bundle::{DoseBundle, MOST_DOSES};

use super::{Clinic, ClinicError, SiteRefusal, State, state};
use crate::ports::{HttpError, Random, Relay};
use crate::vault::Reader;

/// Which statements a bundle holds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Written {
    from: u32,
    to: u32,
    made_at: i64,
    /// Whether a relay has taken it.
    sent: bool,
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBundle {
    /// The bundle's number, counted from 1 at each site.
    pub sequence: u32,
    /// How many statements the bundle holds.
    pub doses: usize,
    /// The sealed file, which the municipality alone opens.
    pub file: Vec<u8>,
}

/// A bundle that a relay took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentBundle {
    /// The bundle's number, counted from 1 at each site.
    pub sequence: u32,
    /// How many statements the bundle holds.
    pub doses: usize,
    /// How many pieces the bundle was cut into.
    pub pieces: usize,
}

techo_protocol::coded_union! {
    /// Why a site could not exchange anything with a relay.
    pub enum ExchangeError {
        /// The relay could not be asked.
        Relay(HttpError);
        /// The site itself could not do its part.
        Site(ClinicError);
    }
}

impl Clinic {
    /// Writes the next bundle, of all statements that are in no bundle yet.
    ///
    /// ```
    /// use techo_core::clinic::{NewDose, SiteRefusal};
    /// use techo_testing::{NOW, Town};
    /// use techo_core::ports::SystemRandom;
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = TicketText::read("112714030000000009")?;
    /// clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
    /// let bundle = clinic.bundle(&SystemRandom::new())?;
    /// assert_eq!((bundle.sequence, bundle.doses), (1, 1));
    /// assert_eq!(clinic.bundle(&SystemRandom::new()).err(), Some(SiteRefusal::NothingNew.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteRefusal::NothingNew`]; [`SiteRefusal::NoLicence`]; [`techo_protocol::vaccination::dose_bundle::DoseBundleError`].
    pub fn bundle(&mut self, random: &dyn Random) -> Result<WrittenBundle, ClinicError> {
        let (sequence, written) = self.next_bundle()?;
        self.seal(sequence, written, random)
    }

    /// Writes a bundle that was written before again, with the same content.
    ///
    /// ```
    /// use techo_core::clinic::NewDose;
    /// use techo_testing::{NOW, Town};
    /// use techo_core::ports::SystemRandom;
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = TicketText::read("112714030000000009")?;
    /// clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
    /// let first = clinic.bundle(&SystemRandom::new())?;
    /// let again = clinic.bundle_again(first.sequence, &SystemRandom::new())?;
    /// assert_eq!(again.doses, first.doses);
    /// assert_ne!(again.file, first.file, "it is sealed anew");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteRefusal::UnknownBundle`]; as [`Self::bundle`].
    pub fn bundle_again(&mut self, sequence: u32, random: &dyn Random) -> Result<WrittenBundle, ClinicError> {
        let written = self.vault.read(|reader| written(reader, sequence))?;
        self.seal(sequence, written, random)
    }

    /// Sends every bundle that no relay has taken yet, the next one included, in pieces that look like sent diaries.
    ///
    /// ```
    /// use techo_core::clinic::NewDose;
    /// use techo_testing::{Files, NOW, RELAY, Town};
    /// use techo_core::ports::SystemRandom;
    /// use techo_protocol::vaccination::{product::Product, ticket::TicketText};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut clinic = Town::named("Sakai").clinic(folder.path(), NOW)?;
    /// let ticket = TicketText::read("112714030000000009")?;
    /// clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
    /// let relay = Files::default();
    /// let sent = clinic.send(&relay, RELAY, &SystemRandom::new())?;
    /// assert_eq!(relay.paths().len(), sent[0].pieces, "each piece lies in a mailbox of its own");
    /// assert!(clinic.send(&relay, RELAY, &SystemRandom::new()).is_err(), "nothing is left to send");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ExchangeError`]. What was sent before a failure is remembered; the rest goes with the next try.
    pub fn send(&mut self, relay: &dyn Relay, address: &str, random: &dyn Random) -> Result<Vec<SentBundle>, ExchangeError> {
        match self.next_bundle() {
            Ok(_) | Err(ClinicError::Refusal(SiteRefusal::NothingNew)) => {}
            Err(error) => return Err(error.into()),
        }
        let waiting = self.vault.read(|reader| {
            let last = state::of(reader)?.sequence;
            let mut waiting = Vec::new();
            for sequence in 1..=last {
                let written = written(reader, sequence)?;
                if !written.sent {
                    waiting.push((sequence, written));
                }
            }
            Ok::<_, ClinicError>(waiting)
        })?;
        let mut sent = Vec::new();
        for (sequence, written) in waiting {
            let bundle = self.seal(sequence, written, random)?;
            let list = self.town()?;
            let pieces = Piece::cut(&bundle.file).map_err(ClinicError::from)?;
            for piece in &pieces {
                let key = bundle_key(&list)?;
                let sealed = piece.seal(list.authority(), key, random).map_err(ClinicError::from)?;
                let path = diary_path(list.authority(), piece.mailbox());
                relay.put(address, &path, sealed).map_err(ExchangeError::Relay)?;
            }
            let done = Written { sent: true, ..written };
            self.vault
                .write(|writer| state::put(writer, &state::numbered(b'b', sequence), &done))
                .map_err(ClinicError::from)?;
            sent.push(SentBundle {
                sequence,
                doses: bundle.doses,
                pieces: pieces.len(),
            });
        }
        if sent.is_empty() {
            return Err(ClinicError::from(SiteRefusal::NothingNew).into());
        }
        Ok(sent)
    }

    /// Counts the next bundle, before anything of it leaves: a number is never used for two contents.
    fn next_bundle(&mut self) -> Result<(u32, Written), ClinicError> {
        let now = self.now;
        self.vault.write(|writer| {
            let mut state: State = state::of(&writer.reader())?;
            if state.licence.is_none() {
                return Err(SiteRefusal::NoLicence.into());
            }
            let most = u32::try_from(MOST_DOSES).unwrap_or(u32::MAX);
            let to = state.statements.min(state.bundled.saturating_add(most));
            if to == state.bundled {
                return Err(SiteRefusal::NothingNew.into());
            }
            let written = Written {
                from: state.bundled,
                to,
                made_at: now,
                sent: false,
            };
            state.bundled = to;
            state.sequence = state.sequence.saturating_add(1);
            state::put(writer, &state::numbered(b'b', state.sequence), &written)?;
            state::put(writer, super::STATE, &state)?;
            Ok((state.sequence, written))
        })
    }

    fn seal(&mut self, sequence: u32, written: Written, random: &dyn Random) -> Result<WrittenBundle, ClinicError> {
        let list = self.town()?;
        let (state, doses) = self.vault.read(|reader| {
            let statements = written.from..written.to;
            let doses = statements
                .map(|number| state::statement(reader, number))
                .collect::<Result<Vec<_>, _>>()?;
            Ok::<_, ClinicError>((state::of(reader)?, doses))
        })?;
        let bundle = DoseBundle {
            town: state.town,
            licence: state.licence.clone().ok_or(SiteRefusal::NoLicence)?,
            sequence,
            made_at: written.made_at,
            doses,
        };
        Ok(WrittenBundle {
            sequence,
            doses: bundle.doses.len(),
            file: bundle.seal(&state.key(), bundle_key(&list)?, random)?,
        })
    }
}

fn written(reader: &Reader<'_>, sequence: u32) -> Result<Written, ClinicError> {
    Ok(state::get(reader, &state::numbered(b'b', sequence))?.ok_or(SiteRefusal::UnknownBundle)?)
}

/// The newest of the municipality's bundle keys.
fn bundle_key(list: &TrustList) -> Result<&techo_protocol::basics::keys::PublicKey, ClinicError> {
    list.keys(Role::Bundle).last().ok_or_else(|| SiteRefusal::NotATown.into())
}
