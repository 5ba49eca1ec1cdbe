//! Bundles that come through a relay, in pieces that look like sent diaries. A piece waits until its bundle is whole.

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::confirmed_time::ServerTime;
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
    pub(crate) fn keep_piece(&mut self, sealed: &[u8], keys: &[HpkePrivate], now: i64, time: &ServerTime) -> Result<bool, Error> {
        let Some(piece) = Piece::open(sealed, self.id(), keys) else {
            return Ok(false);
        };
        let transaction = write(&mut self.db)?;
        transaction.execute(
            "DELETE FROM piece WHERE taken_at < ?1",
            [time.up_to(now).saturating_sub(KEPT_SECONDS)],
        )?;
        transaction.execute(
            "INSERT INTO piece (bundle, place, of, content, taken_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            (piece.bundle, piece.index, piece.of, &piece.content, time.at_least(now)),
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

#[cfg(test)]
mod tests {
    use techo_protocol::basics::random::SystemRandom;
    use techo_protocol::trust::Role;

    use super::*;
    use crate::municipality::tests::{NOW, town};

    #[test]
    fn pieces_wait_for_the_others_whatever_the_clock_said_once() {
        let (_folder, mut town) = town();
        let pieces = Piece::cut(&vec![7; 40_000]).unwrap();
        assert_eq!(pieces.len(), 2);
        let list = town.trust_list().unwrap();
        let key = *list.keys(Role::Bundle).last().unwrap();
        let keys = town.bundle_keys().unwrap();
        let mut time = ServerTime::default();
        let mut keep = |piece: &Piece, now: i64| {
            time.read(now);
            let sealed = piece.seal(town.id(), &key, &SystemRandom::new()).unwrap();
            assert!(town.keep_piece(&sealed, &keys, now, &time).unwrap());
            town.whole_bundles().unwrap().len()
        };
        assert_eq!(keep(&pieces[0], NOW), 0);
        let other = Piece::cut(&vec![8; 40_000]).unwrap();
        assert_eq!(keep(&other[0], NOW + 61 * DAY_SECONDS), 0);
        assert_eq!(keep(&other[0], NOW + 62 * DAY_SECONDS), 0, "a day later they are dropped");
        assert_eq!(keep(&pieces[0], NOW + 62 * DAY_SECONDS), 0);
        assert_eq!(
            keep(&other[1], NOW + 200 * DAY_SECONDS),
            1,
            "one look with a wrong clock drops none"
        );
        assert_eq!(keep(&pieces[1], NOW + 63 * DAY_SECONDS), 2);
    }
}
