use proptest::prelude::*;

use super::*;
use encoding_rs::SHIFT_JIS;

/// A row's number, and its cell or the code of its error.
type Seen = (u64, String);

fn rows(bytes: &[u8], encoding: Option<&str>) -> Vec<Seen> {
    let text = Text::of(bytes, encoding).unwrap();
    let mut table = Table::of(&text).unwrap();
    let column = table.column("b").unwrap();
    let mut out = Vec::new();
    while let Some(row) = table.next() {
        out.push(match row {
            Ok(row) => (row.number, row.cell(column).to_owned()),
            Err(why) => (why.row, why.code.to_owned()),
        });
    }
    out
}

fn seen(row: u64, cell: &str) -> Seen {
    (row, cell.to_owned())
}

#[test]
fn one_bad_row_costs_no_good_one() {
    let file = b"a,b\n1,x\n2\n3,\"y\"\n4,z,\n5,z,w\na,b\n\n6,q\n7,\"torn\n8,p\n9";
    let expected = [
        seen(2, "x"),
        seen(3, "table.columns"),
        seen(4, "y"),
        seen(5, "z"),
        seen(6, "table.columns"),
        seen(7, "table.header_again"),
        seen(9, "q"),
        seen(10, "table.cut_off"),
        seen(11, "p"),
        seen(12, "table.cut_off"),
    ];
    assert_eq!(rows(file, None), expected);
}

#[test]
fn encodings_are_told_apart() {
    let (shift_jis, _, _) = SHIFT_JIS.encode("a,b\n1,武田/モデルナ\n");
    let utf8 = "a,b\n1,武田/モデルナ\n";
    let expected = [seen(2, "武田/モデルナ")];
    assert_eq!(rows(utf8.as_bytes(), None), expected);
    assert_eq!(rows(&[b"\xef\xbb\xbf", utf8.as_bytes()].concat(), None), expected);
    assert_eq!(
        rows(&[b"\xef\xbb\xbf", utf8.as_bytes()].concat(), Some("shift_jis")),
        expected
    );
    assert_eq!(rows(&shift_jis, None), expected);
    assert_eq!(rows(&shift_jis, Some("Shift_JIS")), expected);
    // Where the encoding is named, bytes that it lacks spoil their own row only.
    assert_eq!(
        rows(b"a,b\n1,\xff\n2,x\n", Some("utf-8")),
        [seen(2, "table.row_not_text"), seen(3, "x")]
    );
}

#[test]
fn files_as_spreadsheets_and_their_users_write_them() {
    let expected = [seen(2, "x"), seen(3, "00012")];
    for file in [
        "a,b\r\n1,x\r\n2,=\"00012\"\r\n",
        "a,b\r\n1,x\r\n2,\"=\"\"00012\"\"\"\r\n",
        "a;b\n1;x\n2;'00012\n",
        "a\tb\n1\tx\n2\t 00012 \n;\n\t\n",
        "ａ,Ｂ\n1,x\n2,\"00012\"\n,\n,,\n",
        "\u{feff}\"a\",\"b\"\n1,x\n2,00012",
    ] {
        let rows: Vec<_> = rows(file.as_bytes(), None)
            .into_iter()
            .filter(|(_, cell)| cell != "table.columns")
            .collect();
        assert_eq!(rows, expected, "{file:?}");
    }
    // A first line that names the separator is a line, and no row.
    assert_eq!(rows(b"sep=;\r\na;b\r\n1;x,y\r\n", None), [seen(3, "x,y")]);
    assert_eq!(rows(b"\"sep=|\"\na|b\n1|x\n", None), [seen(3, "x")]);
    let wide: Vec<u8> = "\u{feff}a\tb\r\n1\t堺市\r\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(rows(&wide, None), [seen(2, "堺市")]);
}

#[test]
fn a_torn_character_costs_its_row_and_not_the_file() {
    let file = [
        SHIFT_JIS.encode("a,b\n1,堺市\n2,").0.as_ref(),
        b"\x8d\n3,",
        &SHIFT_JIS.encode("北区\n").0,
    ]
    .concat();
    let expected = [seen(2, "堺市"), seen(3, "table.row_not_text"), seen(4, "北区")];
    for encoding in [None, Some("cp932"), Some("MS932")] {
        assert_eq!(rows(&file, encoding), expected, "{encoding:?}");
    }
    let utf8 = ["a,b\n1,堺市\n2,".as_bytes(), b"\xe5\x8c\n", "3,北区\n".as_bytes()].concat();
    assert_eq!(rows(&utf8, None), expected);
    assert_eq!(rows(b"a,b\n1,x\n2,\0\n", None), [seen(2, "x"), seen(3, "table.cell")]);
}

#[test]
fn what_is_no_table_says_so() {
    let of = |bytes: &[u8]| Text::of(bytes, None).err();
    assert_eq!(of(b""), Some(TableError::Empty));
    assert_eq!(of(b"PK\x03\x04\0\0"), Some(TableError::NotText));
    assert_eq!(of(b"\xa0\xff\xff"), Some(TableError::NotText));
    assert_eq!(Text::of(b"a", Some("klingon")).err(), Some(TableError::Encoding));
    let text = Text::of(b"a,A\n", None).unwrap();
    let table = Table::of(&text).unwrap();
    assert!(matches!(table.column("a"), Err(TableError::ColumnTwice { .. })));
    assert!(matches!(table.column("c"), Err(TableError::ColumnMissing { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'\n'), Just(b'"')], 0..200)) {
        if let Ok(text) = Text::of(&bytes, None)
            && let Ok(mut table) = Table::of(&text)
        {
            let mut rows = 0;
            while table.next().is_some() {
                rows += 1;
                prop_assert!(rows <= bytes.len());
            }
        }
    }
}
