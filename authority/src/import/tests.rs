use proptest::prelude::*;
use techo_protocol::Coded as _;

use super::*;

const HEADER: &str = "id,name,address,from,to,severity,text";
const ROW: &str = "1,Bar Yoru,Osaka,2026-11-20T19:00:00+09:00,2026-11-20T21:00:00+09:00,cluster,See a doctor";

fn codes(csv: &[u8]) -> Vec<(u64, &'static str)> {
    let import = read(csv, None).unwrap();
    assert_eq!(import.accepted() + import.rejected.len(), import.rows);
    import.rejected.iter().map(|row| (row.row, row.code)).collect()
}

fn with(from: &str, to: &str) -> Vec<(u64, &'static str)> {
    assert!(ROW.contains(from));
    codes(format!("{HEADER}\n{}\n", ROW.replace(from, to)).as_bytes())
}

#[test]
fn techo_s_own_layout() {
    let import = read(format!("{HEADER}\n{ROW}\n").as_bytes(), Some("techo")).unwrap();
    let event = Event {
        row: 2,
        id: "1".to_owned(),
        name: "Bar Yoru".to_owned(),
        address: "Osaka".to_owned(),
        from: 1_795_168_800,
        to: 1_795_176_000,
        severity: Severity::Cluster,
        advice_text: "See a doctor".to_owned(),
    };
    assert_eq!(
        import,
        Import {
            layout: "techo".to_owned(),
            rows: 1,
            events: vec![event],
            rejected: Vec::new(),
            cut_off: false
        }
    );
}

#[test]
fn every_reason_of_techo_s_layout() {
    assert_eq!(with("See a doctor", ""), []);
    assert_eq!(with("Osaka", ""), []);
    assert_eq!(with("1,Bar", ",Bar"), [(2, "import.cell_missing")]);
    assert_eq!(with("Bar Yoru", "NA"), [(2, "import.cell_missing")]);
    assert_eq!(with("Bar Yoru", &"x".repeat(301)), [(2, "import.cell_too_long")]);
    assert_eq!(with("Bar Yoru", "Bar\u{7}"), [(2, "import.cell_control")]);
    assert_eq!(with("2026-11-20T21:00:00+09:00", "NA"), [(2, "import.time_missing")]);
    assert_eq!(
        with("2026-11-20T21:00:00+09:00", "2026-11-20T21:00:00"),
        [(2, "import.time_unreadable")]
    );
    assert_eq!(
        with("2026-11-20T21:00:00+09:00", "2026-11-20T18:59:59+09:00"),
        [(2, "import.ends_before_start")]
    );
    assert_eq!(with("2026-11-20T21", "2027-11-20T21"), [(2, "import.event_too_long")]);
    assert_eq!(with("cluster", "Cluster"), [(2, "import.severity")]);
    assert_eq!(with(",Osaka", ""), [(2, "import.columns")]);
    assert_eq!(with("Osaka", "Osaka,Kita"), [(2, "import.columns")]);
    assert_eq!(with("See a doctor", "See a doctor,, "), []);
    assert_eq!(with("See a doctor", "\"See a doctor"), [(2, "import.cut_off")]);
}

#[test]
fn a_message_says_which_column_and_nothing_from_the_file() {
    let import = read(format!("{HEADER}\n{}\n", ROW.replace("Bar Yoru", "")).as_bytes(), None).unwrap();
    let [row] = import.rejected.as_slice() else {
        panic!("one row")
    };
    assert_eq!(row.message, "The column name is empty.");
}

#[test]
fn markers_and_headers_among_the_rows() {
    let other = ROW.replace("1,Bar", "2,Bar");
    let csv = format!("<<<<<<< HEAD\nExported today\n{HEADER}\n{ROW}\n=======\n{HEADER}\n{other}\n>>>>>>> 42\n");
    let expected = [
        (1, "import.marker"),
        (2, "import.before_header"),
        (5, "import.marker"),
        (6, "import.header_again"),
        (8, "import.marker"),
    ];
    assert_eq!(codes(csv.as_bytes()), expected);
    let import = read(csv.as_bytes(), None).unwrap();
    assert_eq!((import.rows, import.events.len()), (7, 2));
}

#[test]
fn a_second_header_rules_the_rows_below_it() {
    let csv = format!(
        "{HEADER}\n{ROW}\nname,id,address,from,to,severity,text\n{}\n",
        ROW.replace("1,Bar Yoru", "Bar Asa,2")
    );
    let names: Vec<_> = read(csv.as_bytes(), None)
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.name)
        .collect();
    assert_eq!(names, ["Bar Yoru", "Bar Asa"]);
}

#[test]
fn a_missing_quotation_mark_costs_one_row() {
    let torn = ROW.replace("Osaka", "\"Osaka");
    let quoted = ROW.replace("1,Bar", "2,Bar").replace("Osaka", "\"Kita-ku, Osaka\"");
    let last = ROW.replace("1,Bar", "3,Bar");
    let csv = format!("{HEADER}\n{torn}\n{quoted}\n{last}\n");
    let import = read(csv.as_bytes(), None).unwrap();
    assert_eq!(import.rejected.iter().map(|row| row.row).collect::<Vec<_>>(), [2]);
    assert_eq!(
        import
            .events
            .iter()
            .map(|event| (event.row, event.id.as_str()))
            .collect::<Vec<_>>(),
        [(3, "2"), (4, "3")]
    );
    assert_eq!(import.rows, 3);
}

#[test]
fn a_torn_line_above_the_header_does_not_hide_it() {
    let csv = format!("\"Exported\n{HEADER}\n{ROW}\n");
    assert_eq!(codes(csv.as_bytes()), [(1, "import.before_header")]);
}

#[test]
fn a_file_of_torn_rows_ends() {
    // Every line opens a quoted cell that only the end of the file closes.
    let csv = format!("{HEADER}\n{}", "a\",\"\n".repeat(30_000));
    assert_eq!(read(csv.as_bytes(), None), Err(ImportError::Torn));
}

#[test]
fn a_file_of_too_many_rows_ends() {
    let rows = |count: usize| format!("{HEADER}\n{}", "a\n".repeat(count));
    assert_eq!(read(rows(MAX_ROWS + 1).as_bytes(), None), Err(ImportError::TooLarge));
    assert_eq!(
        read(rows(MAX_ROWS).as_bytes(), None).map(|import| import.rejected.len()),
        Ok(MAX_ROWS)
    );
}

#[test]
fn a_huge_cell_costs_one_row() {
    let huge = ROW.replace("Osaka", &format!("\"{}\"", "x".repeat(200_000)));
    let csv = format!("{HEADER}\n{huge}\n{}\n", ROW.replace("1,Bar", "2,Bar"));
    let import = read(csv.as_bytes(), None).unwrap();
    assert_eq!(
        import
            .events
            .iter()
            .map(|event| (event.row, event.id.as_str()))
            .collect::<Vec<_>>(),
        [(3, "2")]
    );
    assert!(import.rejected.iter().all(|row| row.row == 2));
    assert_eq!(import.rejected[0].code, "import.row_too_long");
}

#[test]
fn a_row_in_another_encoding_costs_that_row() {
    let mut csv = format!("{HEADER}\n{ROW}\n2,M").into_bytes();
    csv.extend_from_slice(b"\xe3ori,,2026-11-20T19:00:00+09:00,2026-11-20T21:00:00+09:00,caution,\n");
    assert_eq!(codes(&csv), [(3, "import.not_utf8")]);
    let csv = format!("{HEADER}\n{ROW}\n{}\n", ROW.replace("Yoru", "Yo\0ru"));
    assert_eq!(codes(csv.as_bytes()), [(3, "import.cell_control")]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_header() {
    assert_eq!(codes(format!("\u{feff}{HEADER}\r\n{ROW}\r\n").as_bytes()), []);
}

#[test]
fn a_list_is_read_in_the_encoding_and_with_the_separator_that_it_has() {
    let name =
        |bytes: &[u8]| read(bytes, None).map(|import| import.events.into_iter().map(|event| event.name).collect::<Vec<_>>());
    let list = format!("{HEADER}\n{}\n", ROW.replace("Bar Yoru", "バー夜〜"));
    let expected = Ok(vec!["バー夜〜".to_owned()]);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let tabs = list.replace(',', "\t");
    assert_eq!(name(list.as_bytes()), expected);
    assert_eq!(name(&wide(&format!("\u{feff}{tabs}"))), expected);
    assert_eq!(name(&wide(&list)), expected);
    assert_eq!(name(format!("sep=;\r\n{}", list.replace(',', ";")).as_bytes()), expected);
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode("バー夜");
    let bytes = format!("{HEADER}\n{ROW}\n").replace("Bar Yoru", "*").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'*').unwrap();
    let bytes = [&bytes[..at], &shift_jis, &bytes[at + 1..]].concat();
    assert_eq!(name(&bytes), Ok(vec!["バー夜".to_owned()]));
    // A list of a country that writes Latin letters is not taken for Japanese.
    let nz = b"id,Event,Location,Start,End,Advice\na0l4a0000004Gax,Caf\xe9 \xa0 M\xe3ori,,\"1/11/2021, 1:00 pm\",\"1/11/2021, 2:00 pm\",\n";
    // Nor is one in UTF-8 taken for it because a character is torn.
    let torn = b"id,Event,Location,Start,End,Advice\na0l4a0000004Gax,Atat\xc5\xab,,\"1/11/2021, 1:00 pm\",\"1/11/2021, 2:00 pm\",\na0l4a0000004Gay,Caf\xa0,,,,\n";
    assert_eq!(name(torn), Ok(vec!["Atatū".to_owned()]));
    assert_eq!(codes(torn), [(3, "import.not_utf8")]);
    assert_eq!(name(nz), Ok(vec!["Café \u{a0} Mãori".to_owned()]));
}

#[test]
fn files_that_are_none_of_ours() {
    let nz = "id,Event,Location,City,Start,End,Advice\n";
    for (bytes, layout, error) in [
        (b"".as_slice(), None, ImportError::Empty),
        (b"\xef\xbb\xbf\r\n\n", None, ImportError::Empty),
        (b"PK\x03\x04\x00\x00", None, ImportError::NotText),
        (b"id,name\n1,Bar\n", None, ImportError::NoHeader),
        (nz.as_bytes(), Some("techo"), ImportError::NoHeader),
        (nz.as_bytes(), Some("osaka"), ImportError::UnknownLayout),
    ] {
        assert_eq!(read(bytes, layout), Err(error), "{bytes:?}");
    }
    assert_eq!(read(&vec![b'a'; MAX_FILE_BYTES + 1], None), Err(ImportError::TooLarge));
    assert_eq!(
        read(nz.as_bytes(), None).map(|import| (import.layout, import.rows)),
        Ok(("nz".to_owned(), 0))
    );
    assert_eq!(layouts().collect::<Vec<_>>(), ["nz", "techo"]);
}

#[test]
fn codes_are_of_one_area_and_unique() {
    let all: Vec<_> = ImportError::CATALOGUE
        .iter()
        .chain(RowError::CATALOGUE)
        .map(|info| info.code)
        .collect();
    assert!(all.iter().all(|code| code.starts_with("import.")));
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    assert_eq!(RowError::Marker.code(), "import.marker");
}

fn written(rows: &[[String; 7]]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER.split(',')).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

prop_compose! {
    fn good_row()(
        id in "[a-z]{0,2}[0-9]",
        name in "[^\\p{Cc}\\s\u{fffd}][^\\p{Cc}\u{fffd}]{0,20}[^\\p{Cc}\\s\u{fffd}]",
        text in "([^\\p{Cc}\\s\u{fffd}]{1,5}[\n\r,\"]{0,3}[^\\p{Cc}\\s\u{fffd}]{1,5})?",
        from in 1_600_000_000_i64..1_900_000_000,
        length in 60_i64..1_000_000,
        cluster in any::<bool>(),
    ) -> [String; 7] {
        let time = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap().to_rfc3339();
        let severity = if cluster { "cluster" } else { "caution" };
        // "x" keeps a random text from being one of the words for nothing, or a marker.
        [id, format!("x{name}"), String::new(), time(from), time(from + length), severity.to_owned(), format!("x{text}")]
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(good_row(), 0..20)) {
        let import = read(&written(&rows), None).unwrap();
        prop_assert_eq!((import.rows, import.rejected.len()), (rows.len(), 0));
        for event in &import.events {
            let row = rows.iter().rfind(|row| row[0] == event.id).unwrap();
            let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
            prop_assert_eq!((&event.name, &event.advice_text), (&row[1], &row[6]));
            prop_assert_eq!((event.from, event.to), (time(&row[3]), time(&row[4])));
        }
        let ids: HashSet<_> = rows.iter().map(|row| &row[0]).collect();
        prop_assert_eq!(import.events.len(), ids.len());
    }

    #[test]
    fn half_a_file_keeps_its_whole_rows(rows in prop::collection::vec(good_row(), 1..10), cut in any::<prop::sample::Index>()) {
        let whole = written(&rows);
        let cut = HEADER.len() + 1 + cut.index(whole.len() - HEADER.len());
        let complete = (0..=rows.len()).rfind(|count| written(&rows[..*count]).len() <= cut).unwrap();
        let import = read(&whole[..cut], None).unwrap();
        prop_assert_eq!(import.accepted() + import.rejected.len(), import.rows);
        prop_assert!((complete..=complete + 1).contains(&import.accepted()));
        let before = String::from_utf8(whole[..cut.min(written(&rows[..complete]).len())].to_vec()).unwrap();
        let cut_row = 1 + before.matches('\n').count() as u64;
        prop_assert!(import.rejected.iter().all(|row| row.row >= cut_row));
    }

    #[test]
    fn any_bytes_are_an_answer(
        start in prop::sample::select(vec!["", "id,name,address,from,to,severity,text\n", "id,Event,Location,Start,End,Advice\n"]),
        bytes in prop::collection::vec(prop_oneof![3 => prop::sample::select(b"a1,\"\r\n<=> :/+-TZ".to_vec()), 1 => any::<u8>()], 0..400),
    ) {
        let mut csv = start.as_bytes().to_vec();
        csv.extend(bytes);
        if let Ok(import) = read(&csv, None) {
            prop_assert_eq!(import.accepted() + import.rejected.len(), import.rows);
            prop_assert!(import.events.len() <= import.accepted());
            prop_assert!(import.events.iter().all(|event| event.from < event.to));
            prop_assert!(import.rejected.windows(2).all(|pair| pair[0].row < pair[1].row));
        }
    }

    #[test]
    fn damaged_lists_are_an_answer(
        rows in prop::collection::vec(good_row(), 1..10),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut csv = written(&rows);
        for (at, byte) in damage {
            let at = at.index(csv.len());
            csv[at] = byte;
        }
        if let Ok(import) = read(&csv, None) {
            prop_assert_eq!(import.accepted() + import.rejected.len(), import.rows);
        }
    }
}

#[test]
fn a_file_that_was_cut_off_says_so() {
    const HEADER: &str = "id,name,address,from,to,severity,text\n";
    const ROW: &str = "1,Bar Yoru,Osaka,2026-11-20T19:00:00+09:00,2026-11-20T21:00:00+09:00,cluster,\"See, a doctor\"\n";
    let cut_off = |text: &str| read(text.as_bytes(), None).unwrap().cut_off;
    let whole = format!("{HEADER}{ROW}{ROW}");
    assert!(!cut_off(&whole));
    assert!(!cut_off(whole.trim_end()), "a last line without its end is whole");
    assert!(cut_off(&whole[..whole.len() - 4]), "within the quoted text");
    assert!(cut_off(&format!("{HEADER}{ROW}1,Bar Yo")), "within a plain cell");
    assert!(!cut_off(&format!("{HEADER}1,Bar Yo\n{ROW}")), "a short row in the middle");
    assert!(!cut_off(&format!("{HEADER}{ROW}2 events\n")), "a closing line");
}
