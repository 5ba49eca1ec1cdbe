//! Sites: their licences, what they send, and what comes of it.

use super::*;

#[test]
fn a_site_is_licensed_once_and_its_end_is_in_the_trust_list() {
    let (folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    assert_eq!(licensed(&mut town, 40), licence, "the same request again");
    assert!(licence.is_signed_by(&town.trust_list().unwrap()));
    assert_eq!(licensed(&mut town, 41).site, licence.site + 1);
    town.revoke_site(licence.site, NOW - DAY, NOW).unwrap();
    assert_eq!(town.revoke_site(licence.site, NOW, NOW).unwrap_err().code(), "site.revoked");
    assert_eq!(town.revoke_site(99, NOW, NOW).unwrap_err().code(), "site.unknown");
    let list = town.trust_list().unwrap();
    assert_eq!(list.municipality.unwrap().revoked_from(licence.site), Some(NOW - DAY));
    std::fs::rename(folder.path().join("root"), folder.path().join("safe")).unwrap();
    let error = town.revoke_site(licence.site + 1, NOW, NOW).unwrap_err();
    assert_eq!(error.code(), Error::from(KeyError::RootAway).code());
    assert_eq!(town.sites().unwrap()[1].revoked_from, None, "nothing is half done");
}

#[test]
fn a_licence_of_a_revoked_key_is_signed_anew_and_a_revoked_site_gets_none() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let key = *town.trust_list().unwrap().keys(Role::Licence).next().unwrap();
    town.revoke_key(&hex::encode(&key.0[..8]), NOW, &SeededRandom::new(7))
        .unwrap();
    let anew = licensed(&mut town, 40);
    assert!(anew.site == licence.site && anew.from == licence.from && anew.is_signed_by(&town.trust_list().unwrap()));
    town.revoke_site(licence.site, NOW, NOW).unwrap();
    let request = SiteRequest {
        town: town.id(),
        place: "Site 40".into(),
        key: site_key(40).public(),
        made_at: NOW,
    };
    let refused = town.add_site(&request.write(&site_key(40)), None, NOW);
    assert_eq!(refused.unwrap_err().code(), "site.ended");
}

#[test]
fn a_bundle_is_taken_once_and_a_missing_one_is_named() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let first = sealed(
        &town,
        &licence,
        40,
        1,
        vec![record(1, 1, 1, NOW - 9 * DAY), record(2, 2, 1, NOW - 9 * DAY)],
    );
    let third = sealed(&town, &licence, 40, 3, vec![record(3, 3, 1, NOW - DAY)]);
    let taken = town.import_bundle(&third, false, NOW).unwrap();
    assert_eq!((taken.missing, taken.imported.new, taken.again), (vec![1, 2], 1, false));
    assert_eq!(town.import_bundle(&first, false, NOW).unwrap().missing, [2]);
    let again = town.import_bundle(&first, false, NOW + 5).unwrap();
    assert_eq!((again.again, again.imported.new, again.imported.known), (true, 0, 2));
    assert_eq!(entries(&town, ALL).len(), 3);
    let other = sealed(&town, &licence, 40, 1, vec![record(9, 9, 1, NOW - DAY)]);
    assert_eq!(
        town.import_bundle(&other, false, NOW).unwrap_err().code(),
        "bundle.contradicts"
    );
    let mut torn = first;
    torn[60] ^= 1;
    assert_eq!(
        town.import_bundle(&torn, false, NOW).unwrap_err().code(),
        "dose_bundle.damaged"
    );
}

#[test]
fn a_revoked_site_s_later_doses_are_named_and_earlier_ones_count() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let bundle = sealed(
        &town,
        &licence,
        40,
        1,
        vec![
            record(1, 1, 1, NOW - 9 * DAY),
            record(2, 2, 1, NOW - DAY),
            record(3, 3, 1, NOW + DAY),
            record(4, 4, 1, NOW - 60 * DAY),
        ],
    );
    town.revoke_site(licence.site, NOW - 2 * DAY, NOW).unwrap();
    let taken = town.import_bundle(&bundle, false, NOW).unwrap().imported;
    let rejected: Vec<_> = taken.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(taken.new, 1);
    assert_eq!(
        rejected,
        [
            (2, "dose_row.licence_revoked"),
            (3, "dose_row.licence_revoked"),
            (4, "dose_row.licence_ended")
        ]
    );
}
