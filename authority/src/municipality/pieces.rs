//! Bundles that come through a relay, in pieces that look like sent diaries. A piece waits until its bundle is whole.

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::vaccination::dose_bundle::piece::{Piece, join};

use crate::store::{array, narrow, write};
use crate::{Authority, Error};

/// A piece whose bundle never became whole is dropped after so many seconds.
const KEPT_SECONDS: i64 = 60 * DAY_SECONDS;

/// A bundle of which every piece came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeBundle {
    /// SHA-256 of the file.
    pub bundle: [u8; 32],
    /// The whole file, as it is sent.
    pub file: Vec<u8>,
}

impl Authority {
    /// Keeps an envelope where it is a piece of a bundle, and says whether it was one. `keys` are [`Authority::bundle_keys`].
    pub(crate) fn keep_piece(&mut self, sealed: &[u8], keys: &[HpkePrivate], now: i64) -> Result<bool, Error> {
        let Some(piece) = Piece::open(sealed, self.id(), keys) else {
            return Ok(false);
        };
        let transaction = write(&mut self.db)?;
        transaction.execute("DELETE FROM piece WHERE taken_at < ?1", [now.saturating_sub(KEPT_SECONDS)])?;
        transaction.execute(
            "INSERT INTO piece (bundle, place, of, content, taken_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            (piece.bundle, piece.index, piece.of, &piece.content, now),
        )?;
        transaction.commit()?;
        Ok(true)
    }

    /// The bundles that came whole, and are to be given to [`Authority::import_bundle`] and then to [`Authority::forget_pieces`].
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn whole_bundles(&self) -> Result<Vec<WholeBundle>, Error> {
        let mut query = self
            .db
            .prepare("SELECT bundle, place, of, content FROM piece ORDER BY bundle, place")?;
        let mut rows = query.query([])?;
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(row) = rows.next()? {
            pieces.push(Piece {
                bundle: array(row.get_ref(0)?.as_blob().unwrap_or(&[]))?,
                index: narrow(row.get::<_, i64>(1)?)?,
                of: narrow(row.get::<_, i64>(2)?)?,
                content: row.get(3)?,
            });
        }
        let by_bundle = pieces.chunk_by(|one, other| one.bundle == other.bundle);
        Ok(by_bundle
            .filter_map(|pieces| {
                let bundle = pieces.first()?.bundle;
                let file = join(&bundle, pieces)?;
                Some(WholeBundle { bundle, file })
            })
            .collect())
    }

    /// Forgets the pieces of a bundle that was taken in.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be written.
    pub fn forget_pieces(&mut self, bundle: &[u8; 32]) -> Result<(), Error> {
        self.db.execute("DELETE FROM piece WHERE bundle = ?1", [bundle])?;
        Ok(())
    }
}
