use std::fmt::Write as _;

use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::notice::Severity;

use super::*;
use crate::import;
use crate::profile::tests::{NOW, authority};

/// A list in Techo's own layout, as rows of id, name, hours from and to after [`NOW`]'s nine o'clock in Japan, severity.
fn list(rows: &[(&str, &str, u32, u32, &str)]) -> Import {
    let mut csv = "id,name,address,from,to,severity,text\n".to_owned();
    for (id, name, from, to, severity) in rows {
        let time = |hour: u32| format!("2026-11-20T{hour:02}:00:00+09:00");
        let _ = writeln!(csv, "{id},{name},Osaka,{},{},{severity},Take care", time(*from), time(*to));
    }
    import::read(csv.as_bytes(), None).unwrap()
}

fn apply_at(authority: &mut Authority, import: &Import, options: ImportOptions, now: i64) -> Imported {
    authority
        .apply_import(import, options, now, &SeededRandom::new(now.unsigned_abs()), &mut |_| {})
        .unwrap()
}

fn apply(authority: &mut Authority, import: &Import, options: ImportOptions) -> Imported {
    apply_at(authority, import, options, NOW + 86_400)
}

const PLAIN: ImportOptions = ImportOptions {
    complete: false,
    dry_run: false,
};
const COMPLETE: ImportOptions = ImportOptions {
    complete: true,
    dry_run: false,
};

fn counts(imported: &Imported) -> (usize, usize, usize, usize, usize, usize) {
    let Imported {
        rows,
        accepted,
        revised,
        withdrawn,
        rejected,
        venues,
    } = imported;
    (*rows, *accepted, *revised, *withdrawn, rejected.len(), *venues)
}

#[test]
fn a_venue_is_known_in_whatever_width_a_list_writes_it() {
    let (_folder, mut authority) = authority();
    let rows = |name| list(&[("1", name, 19, 21, "cluster")]);
    assert_eq!(apply(&mut authority, &rows("ガスト 堺店"), PLAIN).venues, 1);
    let two = list(&[
        ("2", "ｶﾞｽﾄ　堺店", 19, 21, "caution"),
        ("3", "ﾊﾞｰ ﾖﾙ", 19, 21, "caution"),
        ("4", "バー ヨル", 22, 23, "caution"),
    ]);
    assert_eq!(apply(&mut authority, &two, PLAIN).venues, 1, "and within a list");
    let names: Vec<_> = authority.venues(false).unwrap().into_iter().map(|venue| venue.name).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"ガスト 堺店".to_owned()) && names.contains(&"ﾊﾞｰ ﾖﾙ".to_owned()));
}

#[test]
fn a_new_event_becomes_a_notice_about_a_registered_venue() {
    let (_folder, mut authority) = authority();
    let mut seen = Vec::new();
    let rows = list(&[("1", "Bar Yoru", 19, 21, "cluster"), ("2", "Bar Yoru", 22, 23, "caution")]);
    let imported = authority.apply_import(&rows, PLAIN, NOW + 86_400, &SeededRandom::new(1), &mut |done| seen.push(done));
    assert_eq!(
        counts(&imported.unwrap()),
        (2, 2, 0, 0, 0, 1),
        "same name and address, same venue"
    );
    assert_eq!(seen, [1, 2]);
    let venues = authority.venues(false).unwrap();
    assert!(venues.len() == 1 && venues[0].code.is_some());
    let notices = authority.notices().unwrap();
    let first = notices
        .iter()
        .find(|notice| notice.content.severity == Severity::Cluster)
        .unwrap();
    assert_eq!(first.content.window.from, NOW + 10 * 3_600);
    assert_eq!(first.content.text.0["und"], "Take care");
}

#[test]
fn the_same_file_again_changes_nothing_even_after_changes_by_hand() {
    let (_folder, mut authority) = authority();
    let rows = list(&[("1", "Bar Yoru", 19, 21, "cluster"), ("2", "Bar Asa", 22, 23, "caution")]);
    apply(&mut authority, &rows, PLAIN);
    let notices = authority.notices().unwrap();
    let withdraw = notices::Change::Withdraw(notices[0].id);
    authority
        .change_notice(&withdraw, false, NOW + 86_400, &SeededRandom::new(1))
        .unwrap();
    let by_hand = authority.notices().unwrap();
    for options in [PLAIN, COMPLETE] {
        assert_eq!(counts(&apply(&mut authority, &rows, options)), (2, 2, 0, 0, 0, 0));
        assert_eq!(authority.notices().unwrap(), by_hand);
    }
}

#[test]
fn a_changed_row_is_a_revision() {
    let (_folder, mut authority) = authority();
    apply(&mut authority, &list(&[("1", "Bar Yoru", 19, 21, "cluster")]), PLAIN);
    for changed in [("1", "Bar Yoru", 19, 22, "cluster"), ("1", "Bar Yoru", 19, 22, "caution")] {
        assert_eq!(counts(&apply(&mut authority, &list(&[changed]), PLAIN)), (1, 1, 1, 0, 0, 0));
    }
    let notices = authority.notices().unwrap();
    assert_eq!((notices.len(), notices[0].revision), (1, 3));
}

#[test]
fn an_event_that_moves_to_another_venue_is_withdrawn_there() {
    let (_folder, mut authority) = authority();
    apply(&mut authority, &list(&[("1", "Bar Yoru", 19, 21, "cluster")]), PLAIN);
    let moved = apply(&mut authority, &list(&[("1", "Bar Asa", 19, 21, "cluster")]), PLAIN);
    assert_eq!(counts(&moved), (1, 1, 1, 0, 0, 1));
    let mut notices = authority.notices().unwrap();
    notices.sort_by_key(|notice| notice.withdrawn);
    let state: Vec<_> = notices
        .iter()
        .map(|notice| (notice.venue_name.as_str(), notice.withdrawn))
        .collect();
    assert_eq!(state, [("Bar Asa", false), ("Bar Yoru", true)]);
}

#[test]
fn what_is_missing_from_a_complete_list_is_withdrawn_and_what_was_rejected_is_not() {
    let (_folder, mut authority) = authority();
    apply(
        &mut authority,
        &list(&[
            ("1", "Bar Yoru", 19, 21, "cluster"),
            ("2", "Bar Asa", 19, 21, "cluster"),
            ("3", "Bar Hiru", 19, 21, "cluster"),
        ]),
        PLAIN,
    );
    let partial = list(&[("1", "Bar Yoru", 19, 21, "cluster"), ("2", "Bar Asa", 19, 18, "cluster")]);
    assert_eq!(counts(&apply(&mut authority, &partial, PLAIN)), (2, 1, 0, 0, 1, 0));
    assert_eq!(counts(&apply(&mut authority, &partial, COMPLETE)), (2, 1, 0, 1, 1, 0));
    let gone: Vec<_> = authority
        .notices()
        .unwrap()
        .into_iter()
        .filter(|notice| notice.withdrawn)
        .collect();
    assert!(gone.len() == 1 && gone[0].venue_name == "Bar Hiru");
    assert_eq!(counts(&apply(&mut authority, &partial, COMPLETE)), (2, 1, 0, 0, 1, 0));

    let back = list(&[("3", "Bar Hiru", 19, 21, "cluster")]);
    assert_eq!(
        counts(&apply(&mut authority, &back, PLAIN)),
        (1, 1, 0, 0, 0, 0),
        "one that comes back is new"
    );
    assert_eq!(authority.notices().unwrap().len(), 4);
}

#[test]
fn a_notice_that_cannot_be_made_is_a_rejected_row_and_leaves_nothing() {
    let (_folder, mut authority) = authority();
    let rows = list(&[("1", "Bar Yoru", 19, 21, "cluster")]);
    let imported = apply_at(&mut authority, &rows, PLAIN, NOW - 30 * 86_400);
    assert_eq!(counts(&imported), (1, 0, 0, 0, 1, 0));
    assert_eq!((imported.rejected[0].row, imported.rejected[0].code), (2, "notice.in_future"));

    let csv = format!(
        "id,Event,Location,City,Start,End,Advice\na0l4a0000004Gax,Bar,{},{},\"19/08/2021, 2:19 pm\",\"19/08/2021, 3:00 pm\",Watch\n",
        "x".repeat(200),
        "y".repeat(200)
    );
    let rows = import::read(csv.as_bytes(), None).unwrap();
    let imported = apply(&mut authority, &rows, PLAIN);
    assert_eq!(imported.rejected[0].code, "venue.text");
    assert_eq!(
        (authority.venues(true).unwrap(), authority.notices().unwrap()),
        (vec![], vec![])
    );
}

#[test]
fn a_dry_run_promises_the_same_and_keeps_nothing() {
    let (_folder, mut authority) = authority();
    apply(
        &mut authority,
        &list(&[("1", "Bar Yoru", 19, 21, "cluster"), ("2", "Bar Asa", 19, 21, "cluster")]),
        PLAIN,
    );
    let next = list(&[
        ("1", "Bar Yoru", 20, 21, "cluster"),
        ("3", "Bar Hiru", 19, 18, "cluster"),
        ("4", "Bar Ban", 19, 20, "cluster"),
    ]);
    let before = (authority.notices().unwrap(), authority.audit_head().unwrap());
    let dry = apply(
        &mut authority,
        &next,
        ImportOptions {
            complete: true,
            dry_run: true,
        },
    );
    assert_eq!((authority.notices().unwrap(), authority.audit_head().unwrap()), before);
    assert_eq!(apply(&mut authority, &next, COMPLETE), dry);
    assert_eq!(counts(&dry), (3, 2, 1, 1, 1, 1));
}

#[test]
fn line_breaks_in_a_cell_are_spaces_on_a_poster() {
    let (_folder, mut authority) = authority();
    let csv = "id,name,address,from,to,severity,text\n1,\"Bar\nYoru\",Osaka,2026-11-20T19:00:00+09:00,2026-11-20T20:00:00+09:00,caution,\n";
    let rows = import::read(csv.as_bytes(), None).unwrap();
    assert_eq!(counts(&apply(&mut authority, &rows, PLAIN)), (1, 1, 0, 0, 0, 1));
    assert_eq!(authority.venues(false).unwrap()[0].name, "Bar Yoru");
}

#[test]
fn a_list_that_was_cut_off_withdraws_nothing() {
    let (_folder, mut authority) = authority();
    let whole = list(&[("1", "Bar Yoru", 19, 21, "cluster"), ("2", "Bar Asa", 7, 9, "caution")]);
    apply(&mut authority, &whole, COMPLETE);
    let mut part = list(&[("1", "Bar Yoru", 19, 21, "cluster")]);
    part.cut_off = true;
    assert_eq!(counts(&apply(&mut authority, &part, COMPLETE)), (1, 1, 0, 0, 0, 0));
    part.cut_off = false;
    assert_eq!(counts(&apply(&mut authority, &part, COMPLETE)), (1, 1, 0, 1, 0, 0));
}
