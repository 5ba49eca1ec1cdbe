use std::fmt::Write as _;

use techo_protocol::Coded as _;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::trust::Role;
use techo_protocol::vaccination::dose_bundle::{DoseBundle, DoseRecord};
use techo_protocol::vaccination::dose_slip::SlipDose;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::site_licence::{SiteLicence, SiteRequest};
use techo_protocol::vaccination::ticket::TicketNumber;
use tempfile::TempDir;

use super::ledger::{Entry, Filter, Source};
use super::mapping::Mapping;
use super::vrs::VrsEncoding;
use super::*;
use crate::keys::KeyError;
use crate::profile::NewAuthority;

/// 2021-07-10T09:00+09:00.
pub const NOW: i64 = 1_625_875_200;
const DAY: i64 = 86_400;

/// Sakai.
pub fn town() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let new = NewAuthority {
        name: "Sakai",
        host: "techo.example",
    };
    let mut town = Authority::init(folder.path(), &new, None, NOW - 60 * DAY, &SeededRandom::new(1)).unwrap();
    let code = MunicipalityCode::read("271403").unwrap();
    town.become_municipality(code, None, NOW - 60 * DAY, &SeededRandom::new(2))
        .unwrap();
    (folder, town)
}

pub(in crate::municipality) fn site_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn licensed(town: &mut Authority, seed: u8) -> SiteLicence {
    let request = SiteRequest {
        town: town.id(),
        place: format!("Site {seed}"),
        key: site_key(seed).public(),
        made_at: NOW - 30 * DAY,
    };
    town.add_site(&request.write(&site_key(seed)), None, NOW - 30 * DAY)
        .unwrap()
        .0
}

pub(crate) fn record(number: u32, ticket: u64, dose: u8, at: i64) -> DoseRecord {
    DoseRecord {
        number,
        revision: 0,
        withdrawn: false,
        ticket: ticket.try_into().unwrap(),
        dose,
        at,
        product: Product::Pfizer,
        lot: "EX3617".into(),
        by: "Dr. K".into(),
        recorded_at: at + 5,
    }
}

pub(crate) fn sealed(town: &Authority, licence: &SiteLicence, seed: u8, sequence: u32, doses: Vec<DoseRecord>) -> Vec<u8> {
    let bundle = DoseBundle {
        town: town.id(),
        licence: licence.clone(),
        sequence,
        made_at: NOW,
        doses,
    };
    let key = *town.trust_list().unwrap().keys(Role::Bundle).next().unwrap();
    bundle
        .seal(&site_key(seed), &key, &SeededRandom::new(u64::from(sequence)))
        .unwrap()
}

fn entries(town: &Authority, filter: Filter) -> Vec<Entry> {
    let mut out = Vec::new();
    town.ledger(filter, |entry| {
        out.push(entry);
        Ok::<(), Error>(())
    })
    .unwrap();
    out
}

const ALL: Filter = Filter {
    ticket: None,
    history: true,
    conflicts: false,
};

#[test]
fn an_authority_becomes_a_municipality_once() {
    let (folder, mut town) = town();
    let list = town.trust_list().unwrap();
    assert_eq!(list.municipality.as_ref().map(|section| section.code.number()), Some(271_403));
    assert_eq!((list.keys(Role::Licence).count(), list.keys(Role::Bundle).count()), (1, 1));
    let code = MunicipalityCode::read("131041").unwrap();
    let again = town.become_municipality(code, None, NOW, &SeededRandom::new(3));
    assert_eq!(again.unwrap_err().code(), "municipality.already_one");
    drop(town);
    assert_eq!(
        Authority::open(folder.path(), None)
            .unwrap()
            .municipality_code()
            .unwrap()
            .number(),
        271_403
    );

    let (_other, mut authority) = crate::profile::tests::authority();
    assert_eq!(
        authority
            .enrol(b"ticket,born\n", false, NOW, &SeededRandom::new(1))
            .unwrap_err()
            .code(),
        "municipality.not_one"
    );
    let url = authority.become_municipality(code, Some("http://x"), NOW, &SeededRandom::new(3));
    assert_eq!(url.unwrap_err().code(), "municipality.url");
}

#[test]
fn birth_dates_are_sealed_and_bad_rows_cost_no_good_one() {
    let (folder, mut town) = town();
    let file = "ticket,born\n0000000001,1950-05-06\n112714030000000002,19600101\n0000000003,2031-01-01\n1,1970-01-01\n112714040000000004,1970-01-01\n111310410000000005,1970-01-01\n0000000001,1951-05-06\n0000000006,1899-01-01\n";
    let enrolled = town.enrol(file.as_bytes(), false, NOW, &SeededRandom::new(9)).unwrap();
    let rejected: Vec<_> = enrolled.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(
        rejected,
        [
            (4, "resident.born"),
            (5, "ticket.malformed"),
            (6, "ticket.check_digit"),
            (7, "resident.other_town"),
            (8, "resident.contradicts"),
            (9, "resident.born"),
        ]
    );
    assert_eq!((enrolled.rows, enrolled.new, enrolled.changed), (8, 2, 0));
    let again = town
        .enrol(
            b"ticket,born\n0000000001,1950-05-06\n0000000002,1961-01-01\n",
            false,
            NOW,
            &SeededRandom::new(10),
        )
        .unwrap();
    assert_eq!((again.new, again.changed, town.residents().unwrap()), (0, 1, 2));
    drop(town);
    let database = std::fs::read(folder.path().join(crate::store::DATABASE)).unwrap();
    for shape in [&b"1950"[..], b"19500506"] {
        assert!(!database.windows(shape.len()).any(|window| window == shape));
    }
    // Sealed to its own ticket: moved to another it does not open.
    let town = Authority::open(folder.path(), None).unwrap();
    town.db
        .execute(
            "UPDATE resident SET born = (SELECT born FROM resident WHERE ticket = 1) WHERE ticket = 2",
            [],
        )
        .unwrap();
    assert_eq!(town.coverage(NOW).unwrap_err().code(), "authority.damaged");
}

#[test]
fn a_dry_run_changes_nothing() {
    let (_folder, mut town) = town();
    assert_eq!(
        town.enrol(b"ticket,born\n0000000001,1950-05-06\n", true, NOW, &SeededRandom::new(9))
            .unwrap()
            .new,
        1
    );
    assert_eq!(town.residents().unwrap(), 0);
    let file = b"ticket,dose,date,product,lot\n0000000001,1,2021-07-01,pfizer,EX3617\n";
    assert_eq!(town.import_doses(file, &Mapping::own(), true, NOW).unwrap().new, 1);
    assert_eq!(
        town.import_lots(b"product,lot,doses\npfizer,EX3617,975\n", true, NOW)
            .unwrap()
            .changed,
        1
    );
    assert!(entries(&town, ALL).is_empty() && town.stock().unwrap().is_empty());
}

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
    town.revoke_key(
        &techo_protocol::exposure::relay_api::hex(&key.0[..8]),
        NOW,
        &SeededRandom::new(7),
    )
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
    let (_folder, mut late) = super::tests::town();
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
fn files_of_any_layout_are_taken_and_every_bad_row_is_named() {
    let (_folder, mut town) = town();
    let toml = "name = \"paper\"\nencoding = \"shift_jis\"\ndates = [\"%Y年%m月%d日\", \"%m/%d/%Y\"]\n[products]\n\"コミナティ\" = \"pfizer\"\n[[doses]]\nticket = \"券番号\"\ndose = \"回数\"\ndate = \"接種日\"\nproduct = \"メーカー\"\nlot = \"ロット\"\nplace = \"会場\"\n";
    let mapping = Mapping::read(toml.as_bytes()).unwrap();
    let file = "備考,ロット,券番号,回数,接種日,メーカー,会場\n\
        ,EX3617,0000000001,1回目,2021年07月01日,ファイザー,堺市役所\n\
        ,EX3617,0000000002,1,07/02/2021,コミナティ,堺市役所\n\
        ,EX3617,0000000003,1,2021-07-02,コミナティ,\n\
        ,EX3617,112714040000000004,1,2021年07月02日,コミナティ,\n\
        ,EX3617,111310410000000005,1,2021年07月02日,コミナティ,\n\
        ,EX3617,0000000006,0,2021年07月02日,コミナティ,\n\
        ,EX3617,0000000007,1,2031年07月02日,コミナティ,\n\
        ,,0000000008,1,2021年07月02日,コミナティ,\n\
        ,EX3617,0000000009,1,2021年07月02日,スプートニク,\n\
        ,EX3617,0000000001,2,2021年06月30日,コミナティ,\n\
        ,EX3617,112714030000000010,2,2021年07月02日,コミナティ,\n\
        ,EX3617,122714030000000011,1,2021年07月02日,コミナティ,\n\
        ,EX3617,0000000012,1,2020年07月02日,コミナティ,\n\
        ,EX3618,0000000002,1,07/02/2021,コミナティ,堺市役所\n\
        ,EX36";
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(file);
    let imported = town.import_doses(&bytes, &mapping, false, NOW).unwrap();
    let rejected: Vec<_> = imported.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(
        rejected,
        [
            (4, "dose_row.date"),
            (5, "dose_row.check_digit"),
            (6, "dose_row.other_town"),
            (7, "dose_row.number"),
            (8, "dose_row.in_the_future"),
            (9, "dose_row.lot"),
            (10, "dose_row.product"),
            (11, "dose_row.dose_order"),
            (12, "dose_row.number"),
            (13, "dose_row.number"),
            (14, "dose_row.too_early"),
            (15, "dose_row.contradicts"),
            (16, "table.cut_off"),
        ]
    );
    assert_eq!((imported.rows, imported.accepted(), imported.new), (15, 2, 2));
    let again = town.import_doses(&bytes, &mapping, false, NOW + DAY).unwrap();
    assert_eq!((again.new, again.revised, again.known), (0, 0, 2));
    // Another lot of the same dose from the same source: a correction, and the old stays.
    let corrected = "券番号,回数,接種日,メーカー,ロット\n0000000002,1,07/02/2021,コミナティ,EX9999\n";
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(corrected);
    assert_eq!(town.import_doses(&bytes, &mapping, false, NOW).unwrap().revised, 1);
    let lots: Vec<_> = entries(&town, ALL)
        .into_iter()
        .map(|entry| (entry.dose.lot, entry.current))
        .collect();
    assert_eq!(
        lots,
        [("EX3617".into(), true), ("EX3617".into(), false), ("EX9999".into(), true)]
    );
    let no_header = town.import_doses(b"ticket,when\n1,2\n", &Mapping::own(), false, NOW);
    assert_eq!(no_header.unwrap_err().code(), "table.column_missing");
}

#[test]
fn times_may_stand_in_place_of_days() {
    let (_folder, mut town) = town();
    let file =
        b"ticket,dose,at,product,lot\n0000000001,1,2021-07-01T10:00:00+09:00,pfizer,A1\n0000000002,1,2021-07-01,pfizer,A1\n";
    let mapping = Mapping::that_fits(file).unwrap();
    assert_eq!(town.import_doses(file, &mapping, false, NOW).unwrap().new, 2);
    let times: Vec<_> = entries(&town, ALL).iter().map(|entry| entry.dose.at).collect();
    assert_eq!(times, [1_625_101_200, 1_625_065_200]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_mapping_or_is_refused(text in "(name|doses|=|\\[|\\]|\"|a|\n| )*") {
        let _ = Mapping::read(text.as_bytes());
    }
}

#[test]
fn a_mapping_that_says_too_little_is_refused() {
    let read = |text: &str| Mapping::read(text.as_bytes()).err().map(|error| error.code());
    let dose = "ticket=\"a\"\ndate=\"b\"\nproduct=\"c\"\nlot=\"d\"\n";
    assert_eq!(read(&format!("name=\"x\"\n[[doses]]\n{dose}")), None);
    assert_eq!(read("name = "), Some("mapping.unreadable"));
    assert_eq!(read("name=\"x\"\ndoses=[]"), Some("mapping.unreadable"));
    assert_eq!(
        read(&format!("name=\"x\"\nwhat=1\n[[doses]]\n{dose}")),
        Some("mapping.unreadable")
    );
    assert_eq!(
        read(&format!("name=\"x\"\n[[doses]]\n{dose}[[doses]]\n{dose}")),
        Some("mapping.incomplete")
    );
    assert_eq!(
        read(&format!("name=\"x\"\n[[doses]]\n{dose}number=12\n")),
        Some("mapping.incomplete")
    );
    assert_eq!(
        read(&format!("name=\"x\"\n[[doses]]\n{dose}[products]\na=\"b\"\n")),
        Some("mapping.product")
    );
}

#[test]
fn the_vrs_layout_goes_out_and_comes_back() {
    let (_folder, mut town) = town();
    let file = "ticket,dose,date,product,lot,place,by\n0000000001,1,2021-06-01,pfizer,EX3617,堺市役所,Dr. K\n0000000001,2,2021-06-22,pfizer,EY0779,堺市役所,Dr. K\n0000000002,1,2021-07-01,moderna,3004220,𠮷野,\n";
    town.import_doses(file.as_bytes(), &Mapping::own(), false, NOW).unwrap();
    let (utf8, persons) = town.vrs_ledger(VrsEncoding::Utf8Bom).unwrap();
    assert_eq!(persons, 2);
    let text = String::from_utf8(utf8.clone()).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}個別宛名番号,1回目接種履歴登録日時,1回目接種日,1回目券番号,1回目接種自治体コード,1回目接種会場名,1回目接種医師名,1回目ワクチンメーカー,1回目ワクチンロット番号,2回目"));
    assert_eq!(
        lines[1],
        ",20210710090000,20210601,0000000001,271403,堺市役所,Dr. K,ファイザー,EX3617,20210710090000,20210622,0000000001,271403,堺市役所,Dr. K,ファイザー,EY0779"
    );
    let (shift_jis, _) = town.vrs_ledger(VrsEncoding::ShiftJis).unwrap();
    let (decoded, _, had_errors) = encoding_rs::SHIFT_JIS.decode(&shift_jis);
    assert!(!had_errors && decoded.contains("武田/モデルナ") && decoded.contains("〓野"));

    for bytes in [utf8, shift_jis] {
        let (_folder, mut other) = super::tests::town();
        let mapping = Mapping::that_fits(&bytes).unwrap();
        let imported = other.import_doses(&bytes, &mapping, false, NOW).unwrap();
        assert_eq!((imported.rows, imported.new, imported.rejected.len()), (2, 3, 0));
    }
}

#[test]
fn sources_that_agree_are_one_dose_and_the_better_one_stays() {
    let (_folder, mut town) = town();
    let licence = licensed(&mut town, 40);
    let at = NOW - 9 * DAY;
    let file = b"ticket,dose,date,product,lot\n0000000001,1,2021-07-01,pfizer,EX3617\n";
    assert_eq!(town.import_doses(file, &Mapping::own(), false, NOW).unwrap().new, 1);
    let bundle = sealed(&town, &licence, 40, 1, vec![record(1, 1, 1, at)]);
    assert_eq!(town.import_bundle(&bundle, false, NOW).unwrap().imported.revised, 1);
    let current = entries(&town, Filter::default());
    assert_eq!((current.len(), current[0].source.kind()), (1, "site"));
    assert_eq!(town.import_doses(file, &Mapping::own(), false, NOW).unwrap().known, 1);
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
    assert_eq!(new.import_doses(file, &Mapping::own(), false, NOW).unwrap().revised, 1);
    let current = entries(&new, Filter::default());
    assert_eq!((current.len(), current[0].source.kind()), (1, "file"));
}

#[test]
fn the_second_dose_is_late_by_the_rule_of_its_product() {
    let (_folder, mut town) = town();
    let file = b"ticket,dose,date,product,lot\n\
        0000000001,1,2021-07-01,pfizer,A1\n0000000002,1,2021-07-01,moderna,B1\n0000000003,1,2021-07-01,astrazeneca,C1\n\
        0000000004,1,2021-07-01,pfizer,A1\n0000000004,2,2021-07-22,pfizer,A1\n";
    let later = NOW + 90 * DAY;
    town.import_doses(file, &Mapping::own(), false, later).unwrap();
    let schedule = Schedule::japan_covid_19();
    let late = |on: &str| {
        let date = chrono::NaiveDate::parse_from_str(on, "%Y-%m-%d").unwrap();
        let mut out = Vec::new();
        town.overdue(&schedule, days::start_of(days::day_of(date)), |overdue| {
            out.push(overdue.ticket.number());
            Ok::<(), Error>(())
        })
        .unwrap();
        out
    };
    assert_eq!(late("2021-08-04"), [] as [u64; 0]);
    assert_eq!(late("2021-08-05"), [1], "three weeks and 14 days");
    assert_eq!(late("2021-08-11"), [1]);
    assert_eq!(late("2021-08-12"), [1, 2], "four weeks and 14 days");
    assert_eq!(late("2021-09-22"), [1, 2]);
    assert_eq!(late("2021-09-25"), [1, 2, 3], "after twelve weeks");
    assert_eq!(late("2026-01-01"), [1, 2, 3], "a rule that has ended still says when it was");
}

#[test]
fn coverage_counts_by_age_and_stock_by_lot() {
    let (_folder, mut town) = town();
    let mut residents = String::from("ticket,born\n");
    let mut doses = String::from("ticket,dose,date,product,lot\n");
    for number in 1..=30 {
        let year = if number <= 12 { 1950 } else { 1990 };
        writeln!(residents, "{number:010},{year}-05-06").unwrap();
        if number % 2 == 0 {
            writeln!(doses, "{number:010},1,2021-07-0{},pfizer,EX3617", 1 + number % 3).unwrap();
        }
    }
    doses.push_str("0000009999,1,2021-07-01,moderna,3004220\n");
    town.enrol(residents.as_bytes(), false, NOW, &SeededRandom::new(5)).unwrap();
    town.import_lots(
        "product,lot,doses\nファイザー,EX3617,975\npfizer,EY0779,195\nx,y,1\n".as_bytes(),
        false,
        NOW,
    )
    .unwrap();
    let imported = town.import_doses(doses.as_bytes(), &Mapping::own(), false, NOW).unwrap();
    assert_eq!((imported.new, imported.not_enrolled, imported.lots_unknown), (16, 1, 1));
    let coverage = town.coverage(NOW).unwrap();
    let people: Vec<_> = coverage
        .people
        .iter()
        .map(|((number, age), count)| (*number, age.to_string(), *count))
        .collect();
    assert_eq!(
        people,
        [(1, "30-39".into(), 9), (1, "65-74".into(), 6), (1, "unknown".into(), 1)]
    );
    let population: Vec<_> = coverage
        .population
        .iter()
        .map(|(age, count)| (age.to_string(), *count))
        .collect();
    assert_eq!(population, [("30-39".into(), 18), ("65-74".into(), 12)]);
    let public = coverage.for_public();
    assert_eq!((public.doses, public.population), (Some(16), Some(30)));
    assert!(public.people.values().all(|(people, _)| people.is_none()));
    let stock: Vec<_> = town
        .stock()
        .unwrap()
        .into_iter()
        .map(|lot| (lot.lot.lot, lot.distributed, lot.given))
        .collect();
    assert_eq!(
        stock,
        [
            ("EX3617".into(), Some(975), 15),
            ("EY0779".into(), Some(195), 0),
            ("3004220".into(), None, 1)
        ]
    );
    town.add_recall(
        "pfizer",
        "EX3617",
        &techo_protocol::exposure::notice::LocalisedText::default(),
        NOW,
    )
    .unwrap();
    let (update, _) = town.site_update(NOW).unwrap();
    assert_eq!((update.lots.len(), update.recalled.len(), update.number), (2, 1, 1));
    assert_eq!(town.site_update(NOW).unwrap().0.number, 2);
}
