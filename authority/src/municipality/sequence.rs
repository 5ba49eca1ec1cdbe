//! Bundles of a site are numbered without a gap: which of them came, and which are missing.

use rusqlite::Connection;

use crate::Error;
use crate::store::narrow;

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
