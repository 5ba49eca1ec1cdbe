//! New Zealand's real lists, read from `TECHO_VECTORS`, applied, published, and applied again.

use std::path::PathBuf;

use techo_protocol::basics::random::SeededRandom;

use super::*;
use crate::import;
use crate::profile::tests::authority;

/// The day after the later of the two lists.
const DAY_AFTER: i64 = 1_635_724_800;

#[test]
fn new_zealand_s_lists_are_applied_once() {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("TECHO_VECTORS").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = root.join("venue/nz");
    let files = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path());
    let lists: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    if lists.is_empty() {
        eprintln!("NOT RUN: no lists in {}", folder.display());
    }
    for path in lists {
        let list = import::read(&std::fs::read(&path).unwrap(), None).unwrap();
        let (_folder, mut authority) = authority();
        let random = SeededRandom::new(5);
        let mut apply = |dry_run, complete| {
            let options = ImportOptions { complete, dry_run };
            authority
                .apply_import(&list, options, DAY_AFTER, &random, &mut |_| {})
                .unwrap()
        };
        let dry = apply(true, false);
        let first = apply(false, false);
        assert_eq!(dry, first, "a dry run promises the same");
        assert_eq!(first.accepted + first.rejected.len(), first.rows);
        assert!(first.rejected.len() * 50 <= first.rows, "at most one row in fifty is bad");
        let again = apply(false, true);
        assert_eq!((again.revised, again.withdrawn, again.venues), (0, 0, 0));
        assert_eq!(again.rejected, first.rejected);

        let notices = authority.notices().unwrap().len();
        let signed = authority.prepare(DAY_AFTER, &random).unwrap();
        assert_eq!((signed.notices, signed.segments), (notices, 1));
        assert_eq!(authority.prepare(DAY_AFTER, &random).unwrap().entries, 0);
    }
}
