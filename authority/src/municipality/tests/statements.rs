//! Several statements of one dose: which counts, and which stays.

use super::*;

#[test]
fn a_correction_keeps_what_was_said_before() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let wrong = record(1, 1, 1, NOW - 9 * DAY);
    let right = DoseRecord {
        revision: 1,
        ticket: 4.try_into().unwrap(),
        ..wrong.clone()
    };
    let undone = DoseRecord {
        revision: 2,
        withdrawn: true,
        ..right.clone()
    };
    let import = |town: &mut Authority, sequence, record: &DoseRecord| {
        let file = sealed(town, &licence, 40, sequence, vec![record.clone()]);
        town.import_bundle(&file, false, NOW).unwrap().imported
    };
    import(&mut town, 1, &wrong);
    assert_eq!(import(&mut town, 2, &right).revised, 1);
    let current = entries(&town, Filter::default());
    assert_eq!((current.len(), current[0].dose.ticket.number()), (1, 4));
    assert_eq!(entries(&town, ALL).len(), 2);
    assert_eq!(import(&mut town, 3, &undone).revised, 1);
    assert!(entries(&town, Filter::default()).is_empty());
    assert_eq!(entries(&town, ALL).len(), 3);
    // A statement that comes late is history only.
    let (_folder, mut late) = super::town();
    let licence = licensed(&mut late, 40);
    let file = sealed(&late, &licence, 40, 2, vec![right]);
    late.import_bundle(&file, false, NOW).unwrap();
    let file = sealed(&late, &licence, 40, 1, vec![wrong]);
    late.import_bundle(&file, false, NOW).unwrap();
    let current = entries(&late, Filter::default());
    assert_eq!((current.len(), current[0].dose.ticket.number()), (1, 4));
    assert_eq!(entries(&late, ALL).len(), 2);
}

#[test]
fn a_ticket_used_at_two_sites_shows() {
    let (_folder, mut town) = town();
    let (one, other) = (licensed(&mut town, 40), licensed(&mut town, 41));
    let first = sealed(&town, &one, 40, 1, vec![record(1, 1, 1, NOW - 9 * DAY)]);
    let second = sealed(&town, &other, 41, 1, vec![record(1, 1, 1, NOW - 8 * DAY)]);
    town.import_bundle(&first, false, NOW).unwrap();
    assert!(town.conflicts().unwrap().is_empty());
    assert_eq!(town.import_bundle(&second, false, NOW).unwrap().imported.conflicts, 1);
    let conflicts = town.conflicts().unwrap();
    assert_eq!(conflicts[0].sources, [Source::Site("1".into()), Source::Site("2".into())]);
    assert!(entries(&town, Filter::default()).iter().all(|entry| entry.conflict));
    assert_eq!(town.coverage(NOW).unwrap().doses, 1, "one person had one dose 1");
}

#[test]
fn sources_that_agree_are_one_dose_and_the_better_one_stays() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let at = NOW - 9 * DAY;
    let file = b"ticket,dose,date,product,lot\n0000000001,1,2021-07-01,pfizer,EX3617\n";
    assert_eq!(
        town.import_doses(file, &Mapping::own(), Taking::default(), NOW).unwrap().new,
        1
    );
    let bundle = sealed(&town, &licence, 40, 1, vec![record(1, 1, 1, at)]);
    assert_eq!(town.import_bundle(&bundle, false, NOW).unwrap().imported.revised, 1);
    let current = entries(&town, Filter::default());
    assert_eq!((current.len(), current[0].source.kind()), (1, "site"));
    assert_eq!(
        town.import_doses(file, &Mapping::own(), Taking::default(), NOW)
            .unwrap()
            .known,
        1
    );
    assert_eq!(entries(&town, Filter::default()).len(), 1);
}

#[test]
fn a_slip_of_the_old_town_counts_until_it_is_confirmed() {
    let (_old_folder, mut old) = town();
    let licence = licensed(&mut old, 40);
    let (_folder, mut new) = town();
    let dose = SlipDose {
        ticket: TicketNumber::read("0000000077").unwrap(),
        dose: 1,
        at: NOW - 9 * DAY,
        product: Product::Pfizer,
        lot: "EX3617".into(),
        revision: 0,
    };
    let slip = dose.sign(&licence, &site_key(40)).unwrap();
    let here = TicketNumber::read("0000000005").unwrap();
    let trust = [old.trust_list().unwrap()];
    assert_eq!(
        new.import_slip(&slip, &[], here, NOW).unwrap_err().code(),
        "dose_slip.unknown_town"
    );
    assert!(new.import_slip(&slip, &trust, here, NOW).unwrap().is_ok());
    assert_eq!(entries(&new, Filter::default())[0].source, Source::Slip("271403".into()));
    let file = b"ticket,dose,date,product,lot\n0000000005,1,2021-07-01,pfizer,EX3617\n";
    assert_eq!(
        new.import_doses(file, &Mapping::own(), Taking::default(), NOW)
            .unwrap()
            .revised,
        1
    );
    let current = entries(&new, Filter::default());
    assert_eq!((current.len(), current[0].source.kind()), (1, "file"));
}
