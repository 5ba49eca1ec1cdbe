//! CSV files of other layouts, and what is made of the ledger.

use std::fmt::Write as _;

use crate::town::Town;

const AUGUST: &str = "2021-08-31T09:00:00+09:00";

#[test]
fn a_file_of_another_system_is_tried_first_and_every_bad_row_is_named() {
    let world = Town::new();
    let town = world.office.at(AUGUST);
    let (file, mapping) = (world.path("paper.csv"), world.path("paper.toml"));
    std::fs::write(
        &mapping,
        "name = \"paper\"\ndates = [\"%Y年%m月%d日\"]\n[[doses]]\nticket = \"券番号\"\ndose = \"回数\"\ndate = \"接種日\"\nproduct = \"メーカー\"\nlot = \"ロット\"\n",
    )
    .unwrap();
    std::fs::write(
        &file,
        "備考,ロット,券番号,回数,接種日,メーカー\n,EX3617,0000000001,1,2021年07月01日,ファイザー\n,EX3617,0000000001,2,2021年06月22日,ファイザー\n,EX3617,0000000002,1,2031年07月01日,ファイザー\n,EX3617,112714040000000003,1,2021年07月01日,ファイザー\n,EX3617,0000000009,1,2021年0",
    )
    .unwrap();
    let import = ["municipality", "import", &file, "--mapping", &mapping];
    let tried = town.ask(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(tried.status, 1);
    let codes: Vec<(u64, &str)> = tried
        .lines
        .iter()
        .filter_map(|line| Some((line["row"].as_u64()?, line["code"].as_str()?)))
        .collect();
    assert_eq!(
        codes,
        [
            (3, "dose_row.dose_order"),
            (4, "dose_row.in_the_future"),
            (5, "dose_row.check_digit"),
            (6, "table.cut_off")
        ]
    );
    assert!(world.ledger(AUGUST).is_empty(), "a dry run changes nothing");
    let done = town.ask(&import);
    let counts = done.lines.last().unwrap();
    assert_eq!(
        (
            done.status,
            counts["rows"].as_u64(),
            counts["accepted"].as_u64(),
            counts["new"].as_u64()
        ),
        (1, Some(5), Some(1), Some(1))
    );
    let again = town.ask(&import);
    assert_eq!(
        (
            again.lines.last().unwrap()["new"].as_u64(),
            again.lines.last().unwrap()["known"].as_u64()
        ),
        (Some(0), Some(1))
    );
    assert_eq!(world.ledger(AUGUST).len(), 1);
    std::fs::write(&mapping, "name = ").unwrap();
    assert_eq!(town.fails(&import), "mapping.unreadable");
    assert_eq!(town.fails(&["municipality", "import", &file]), "table.column_missing");
    std::fs::write(&file, b"PK\x03\x04\0\0\0").unwrap();
    assert_eq!(town.fails(&["municipality", "import", &file]), "table.not_text");
}

#[test]
fn coverage_overdue_and_the_vrs_layout_come_from_the_ledger() {
    let world = Town::new();
    let town = world.office.at(AUGUST);
    let mut file = String::from("ticket,dose,date,product,lot,place,by\n");
    for number in 1..=40 {
        writeln!(file, "{number:010},1,2021-07-01,pfizer,EX3617,堺市役所,K").unwrap();
        if number > 4 {
            writeln!(file, "{number:010},2,2021-07-22,pfizer,EX3617,堺市役所,K").unwrap();
        }
    }
    let path = world.path("doses.csv");
    std::fs::write(&path, file).unwrap();
    assert_eq!(town.run(&["municipality", "import", &path]).first()["new"].as_u64(), Some(76));
    let late = town.run(&["municipality", "overdue"]);
    let tickets: Vec<&str> = late.lines.iter().map(|line| line["ticket"].as_str().unwrap()).collect();
    assert_eq!(tickets, ["0000000001", "0000000002", "0000000003", "0000000004"]);
    assert_eq!(
        (late.lines[0]["recommended"].as_str(), late.lines[0]["overdue"].as_str()),
        (Some("2021-07-22"), Some("2021-08-05"))
    );
    let coverage = town.run(&["municipality", "coverage"]);
    let last = coverage.lines.last().unwrap();
    assert_eq!((last["doses"].as_u64(), last["population"].as_u64()), (Some(76), Some(500)));
    let public = town.run(&["municipality", "coverage", "--public"]);
    let counts = public
        .lines
        .iter()
        .filter_map(|line| line["people"].as_u64().or(line["doses"].as_u64()));
    assert!(counts.clone().all(|count| count >= 10) && counts.count() > 0);

    let vrs = world.path("vrs.csv");
    town.run(&[
        "municipality",
        "ledger",
        "--layout",
        "vrs",
        "--out",
        &vrs,
        "--encoding",
        "utf8-bom",
    ]);
    let text = std::fs::read_to_string(&vrs).unwrap();
    assert!(
        text.starts_with("\u{feff}個別宛名番号,1回目接種履歴登録日時,")
            && text.contains(",20210701,0000000001,271403,堺市役所,K,ファイザー,EX3617,")
    );
    let again = town.run(&["municipality", "import", &vrs]);
    assert_eq!(
        (again.first()["rows"].as_u64(), again.first()["new"].as_u64()),
        (Some(40), Some(0))
    );
    let text = serde_json::to_string(&town.run(&["municipality", "ledger"]).lines).unwrap();
    assert!(!text.contains("-05-06"), "no birth date leaves the profile");
    assert!(techo_tests::files_holding(&world.office.folder, &["1901-05-06", "19010506"]).is_empty());
}
