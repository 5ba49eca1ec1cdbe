//! Files of rows: layouts of any kind in, the VRS' own out.

use super::*;
use crate::rejected::RejectedRow;

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
    let imported = town.import_doses(&bytes, &mapping, Taking::default(), NOW).unwrap();
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
    let again = town.import_doses(&bytes, &mapping, Taking::default(), NOW + DAY).unwrap();
    assert_eq!((again.new, again.revised, again.known), (0, 0, 2));
    // Another lot of the same dose from the same source: a correction, and the old stays.
    let corrected = "券番号,回数,接種日,メーカー,ロット\n0000000002,1,07/02/2021,コミナティ,EX9999\n";
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(corrected);
    assert_eq!(
        town.import_doses(&bytes, &mapping, Taking::default(), NOW).unwrap().revised,
        1
    );
    let lots: Vec<_> = entries(&town, ALL)
        .into_iter()
        .map(|entry| (entry.dose.lot, entry.current))
        .collect();
    assert_eq!(
        lots,
        [("EX3617".into(), true), ("EX3617".into(), false), ("EX9999".into(), true)]
    );
    let no_header = town.import_doses(b"ticket,when\n1,2\n", &Mapping::own(), Taking::default(), NOW);
    assert_eq!(no_header.unwrap_err().code(), "table.column_missing");
}

#[test]
fn times_may_stand_in_place_of_days() {
    let (_folder, mut town) = town();
    let file =
        b"ticket,dose,at,product,lot\n0000000001,1,2021-07-01T10:00:00+09:00,pfizer,A1\n0000000002,1,2021-07-01,pfizer,A1\n";
    let mapping = Mapping::that_fits(file).unwrap();
    assert_eq!(town.import_doses(file, &mapping, Taking::default(), NOW).unwrap().new, 2);
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
    town.import_doses(file.as_bytes(), &Mapping::own(), Taking::default(), NOW)
        .unwrap();
    let file = town.vrs_ledger(VrsEncoding::Utf8Bom).unwrap();
    assert_eq!((file.persons, file.lacking.len()), (2, 0));
    let utf8 = file.content;
    let text = String::from_utf8(utf8.clone()).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}個別宛名番号,1回目接種履歴登録日時,1回目接種日,1回目券番号,1回目接種自治体コード,1回目接種会場名,1回目接種医師名,1回目ワクチンメーカー,1回目ワクチンロット番号,2回目"));
    assert_eq!(
        lines[1],
        ",20210710090000,20210601,0000000001,271403,堺市役所,Dr. K,ファイザー,EX3617,20210710090000,20210622,0000000001,271403,堺市役所,Dr. K,ファイザー,EY0779"
    );
    let file = town.vrs_ledger(VrsEncoding::ShiftJis).unwrap();
    let lacking: Vec<_> = file
        .lacking
        .iter()
        .map(|row| (row.row, row.code, row.message.as_str()))
        .collect();
    assert_eq!(
        lacking,
        [(
            3,
            "vrs.character",
            "Shift_JIS has no character U+20BB7: the column 1回目接種会場名 of this row has 〓 in its place."
        )]
    );
    let shift_jis = file.content;
    let (decoded, _, had_errors) = encoding_rs::SHIFT_JIS.decode(&shift_jis);
    assert!(!had_errors && decoded.contains("武田/モデルナ") && decoded.contains("〓野"));

    for bytes in [utf8, shift_jis] {
        let (_folder, mut other) = super::town();
        let mapping = Mapping::that_fits(&bytes).unwrap();
        let imported = other.import_doses(&bytes, &mapping, Taking::default(), NOW).unwrap();
        assert_eq!((imported.rows, imported.new, imported.rejected.len()), (2, 3, 0));
    }
}

#[test]
fn a_row_with_a_dose_of_another_town_is_taken_in_and_that_dose_named() {
    let (_folder, mut town) = town();
    let header = ["1", "2"].map(|number| {
        [
            "接種履歴登録日時",
            "接種日",
            "券番号",
            "接種自治体コード",
            "接種会場名",
            "接種医師名",
            "ワクチンメーカー",
            "ワクチンロット番号",
        ]
        .map(|field| format!("{number}回目{field}"))
        .join(",")
    });
    let dose = |day: &str, ticket: &str, code: &str, lot: &str| {
        format!("20210710090000,{day},{ticket},{code},堺市役所,,ファイザー,{lot}")
    };
    let rows = [
        [
            dose("20210601", "0000000001", "131032", "EX3617"),
            dose("20210622", "0000000001", "271403", "EY0779"),
        ],
        [
            dose("20210601", "0000000002", "131032", "EX3617"),
            dose("20210622", "0000000002", "131032", "EY0779"),
        ],
        [
            dose("20210601", "0000000003", "131032", "EX3617"),
            dose("20210699", "0000000003", "271403", "EY0779"),
        ],
    ];
    let file = |rows: &[[String; 2]]| {
        let lines = rows.iter().map(|row| format!("\r\n,{}", row.join(",")));
        format!("個別宛名番号,{}{}\r\n", header.join(","), lines.collect::<String>())
    };
    let mut import = |file: String| {
        let mapping = Mapping::that_fits(file.as_bytes()).unwrap();
        town.import_doses(file.as_bytes(), &mapping, Taking::default(), NOW).unwrap()
    };
    let said = |rows: &[RejectedRow]| rows.iter().map(|row| (row.row, row.dose, row.code)).collect::<Vec<_>>();
    let imported = import(file(&rows));
    assert_eq!((imported.rows, imported.accepted(), imported.new), (3, 1, 1));
    assert_eq!(said(&imported.left_out), [(2, Some(1), "dose_row.other_town")]);
    assert_eq!(
        said(&imported.rejected),
        [(3, Some(1), "dose_row.other_town"), (4, Some(2), "dose_row.date")],
        "what can be mended is the reason"
    );
    assert!(!imported.is_clean());
    assert!(import(file(&rows[..1])).is_clean());
    // One that is half taken for a fault is taken in too, and has to be mended.
    let fault = [
        dose("20210601", "0000000004", "271403", ""),
        dose("20210622", "0000000004", "271403", "EY0779"),
    ];
    let imported = import(file(&[fault]));
    assert_eq!((imported.accepted(), imported.rejected.len()), (1, 0));
    assert_eq!(said(&imported.left_out), [(2, Some(1), "dose_row.lot")]);
    assert!(!imported.is_clean());
}

#[test]
fn what_a_spreadsheet_destroyed_is_named_as_that() {
    let (_folder, mut town) = town();
    let file = "\u{feff}ticket;dose;date;product;lot;municipality\r\n\
        1.12714E+17;1;2021/7/1 0:00;pfizer;EX3617;\r\n\
        9;1;2021/7/1;pfizer;EX3617;\r\n\
        =\"0000000003\";1;2021/7/1;pfizer;1.00E+05;\r\n\
        =\"0000000004\";1;########;pfizer;EX3617;\r\n\
        =\"0000000005\";1;令和3年7月1日;pfizer;2021/7/1;\r\n\
        =\"0000000006\";1;令和3年7月1日;pfizer;EX3617;11002\r\n\
        =\"0000000007\";1;2021/7/1 10:30;pfizer;EX3617;271403\r\n\
        ;;;;;\r\n";
    let mut import = |how| town.import_doses(file.as_bytes(), &Mapping::own(), how, NOW).unwrap();
    let codes =
        |imported: &super::super::imports::Imported| imported.rejected.iter().map(|row| (row.row, row.code)).collect::<Vec<_>>();
    let imported = import(Taking::DRY_RUN);
    let expected = [
        (2, "spreadsheet.digits_lost"),
        (3, "spreadsheet.zeros_lost"),
        (4, "spreadsheet.lot_changed"),
        (5, "spreadsheet.no_value"),
        (6, "spreadsheet.lot_changed"),
        (7, "dose_row.other_town"),
    ];
    assert_eq!((imported.rows, imported.new, codes(&imported)), (7, 1, expected.to_vec()));
    let completed = import(Taking {
        complete_zeros: true,
        ..Taking::default()
    });
    assert_eq!(completed.new, 2);
    let times: Vec<_> = entries(&town, ALL)
        .iter()
        .map(|entry| (entry.dose.ticket.to_string(), entry.dose.at))
        .collect();
    assert_eq!(
        times,
        [("0000000009".into(), 1_625_065_200), ("0000000007".into(), 1_625_103_000)]
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
}

#[test]
fn tickets_that_a_spreadsheet_rounded_do_not_become_one_ticket() {
    let (_folder, mut town) = town();
    let file = "ticket,born\n112714031234567000,1950-01-01\n112714037654321000,1951-01-01\n0000000003,1952-01-01\n";
    let enrolled = town
        .enrol(file.as_bytes(), Taking::default(), NOW, &SeededRandom::new(9))
        .unwrap();
    let rejected: Vec<_> = enrolled.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(rejected, [(2, "spreadsheet.digits_lost"), (3, "spreadsheet.digits_lost")]);
    assert_eq!(enrolled.new, 1);
}

#[test]
fn numbers_of_doses_are_read_as_spreadsheets_show_them() {
    let (_folder, mut town) = town();
    let file = "product,lot,doses\npfizer,A1,\"1,170\"\npfizer,A2,１１７０\npfizer,A3,\"1,17\"\npfizer,1E+05,5\n";
    let imported = town.import_lots(file.as_bytes(), false, NOW).unwrap();
    let rejected: Vec<_> = imported.rejected.iter().map(|row| (row.row, row.code)).collect();
    assert_eq!(rejected, [(4, "lot_row.doses"), (5, "spreadsheet.lot_changed")]);
    let doses: Vec<_> = town.stock().unwrap().into_iter().map(|lot| lot.distributed).collect();
    assert_eq!(doses, [Some(1_170), Some(1_170)]);
}

proptest::proptest! {
    #[test]
    fn whatever_the_code_page_holds_comes_back_from_the_vrs_file(text in "[ぁ-んァ-ヶ亜-熙〜‖—−¢£¬髙﨑①㈱]{1,20}") {
        let mut lacking = 0;
        let bytes = crate::tables::shift_jis::written(&text, &mut |_| lacking += 1);
        let back = encoding_rs::SHIFT_JIS.decode(&bytes).0;
        proptest::prop_assert_eq!(back.matches('〓').count(), lacking);
        proptest::prop_assert_eq!(back.chars().count(), text.chars().count());
    }
}

#[test]
fn one_lot_in_many_spellings_is_one_line_of_stock() {
    let (_folder, mut town) = town();
    let lots = "product,lot,doses\npfizer,EY5420,100\nﾌｧｲｻﾞｰ,ey-5420,100\n";
    assert_eq!(town.import_lots(lots.as_bytes(), false, NOW).unwrap().changed, 1);
    let file = "ticket,dose,date,product,lot\n\
        ００００００００１２,1,２０２１/７/１,ﾌｧｲｻﾞｰ,ｅｙ５４２０\n\
        0000000013,１,2021/7/1,コミナティ,EY 5420\n\
        0000000014,1回目,2021/7/1,モデルナ,3004220\n";
    let imported = town
        .import_doses(file.as_bytes(), &Mapping::own(), Taking::default(), NOW)
        .unwrap();
    assert_eq!(
        (imported.new, imported.lots_unknown, imported.rejected.as_slice()),
        (3, 1, [].as_slice())
    );
    // Another source that spells the lot another way says the same.
    let again = Mapping::read(
        b"name=\"paper\"\n[[doses]]\nticket=\"ticket\"\ndose=\"dose\"\ndate=\"date\"\nproduct=\"product\"\nlot=\"lot\"\n",
    )
    .unwrap();
    let same = file.replace("EY 5420", "ey5420");
    let again = town.import_doses(same.as_bytes(), &again, Taking::default(), NOW).unwrap();
    assert_eq!((again.conflicts, again.known), (0, 3));
    let stock: Vec<_> = town
        .stock()
        .unwrap()
        .into_iter()
        .map(|lot| (lot.lot.lot, lot.distributed, lot.given))
        .collect();
    assert_eq!(stock, [("EY5420".into(), Some(100), 2), ("3004220".into(), None, 1)]);
    town.add_recall(
        "pfizer",
        "ey 5420".replace(' ', "-").as_str(),
        &techo_protocol::exposure::notice::LocalisedText::default(),
        NOW,
    )
    .unwrap();
    assert!(town.stock().unwrap()[0].recalled);
}
