use proptest::prelude::*;

use super::*;

fn of(text: &[u8]) -> Records<'_> {
    Records::behind(text, b',', 0)
}

fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
    let cells = |record: &Record| {
        record
            .cells
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect()
    };
    of(text).map(|record| (record.row, cells(&record))).collect()
}

fn row(number: u64, cells: &[&str]) -> (u64, Vec<String>) {
    (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
}

#[test]
fn rows_are_counted_by_line() {
    let expected = [row(1, &["a", "b"]), row(2, &["c\nd", "e"]), row(4, &["f"]), row(7, &["g"])];
    for end in ["\n", "\r\n", "\r"] {
        let text = "a,b\n\"c*d\",e\nf\n\n\ng".replace('\n', end).replace('*', "\n");
        assert_eq!(rows(text.as_bytes()), expected, "{end:?}");
        assert_eq!(rows(format!("{text}{end}{end}").as_bytes()), expected, "{end:?}");
    }
    assert_eq!(rows(b"\n\na"), [row(3, &["a"])]);
    assert_eq!(rows(b""), []);
    assert_eq!(rows(b"\r\n\n"), []);
}

#[test]
fn a_file_that_ends_within_quotes_says_so() {
    let cut_off = |text: &str| of(text.as_bytes()).map(|record| record.cut_off).collect::<Vec<_>>();
    assert_eq!(cut_off("a,\"b"), [true]);
    assert_eq!(cut_off("a,\"b\n"), [true]);
    assert_eq!(cut_off("x\na,\"b\"\"\n"), [false, true]);
    assert_eq!(cut_off("a,\"b\""), [false]);
    assert_eq!(cut_off("a,\"b\n\"\n"), [false]);
    assert_eq!(cut_off("a,\"b\"\r\n"), [false]);
    // A quotation mark within an unquoted cell opens nothing.
    assert_eq!(cut_off("a,5\" pipe\n"), [false]);
}

#[test]
fn reading_goes_on_after_a_torn_line() {
    let mut records = of(b"\"a\r\nb,c\r\nd\r\n");
    let torn = records.next().unwrap();
    assert_eq!((torn.row, torn.lines, torn.cut_off), (1, 3, true));
    records.read_again_after_first_line(&torn);
    let next: Vec<_> = records.map(|record| (record.row, record.cells.len())).collect();
    assert_eq!(next, [(2, 2), (3, 1)]);
}

#[test]
fn markers() {
    let marked = |text: &str| of(text.as_bytes()).map(|record| record.has_marker()).collect::<Vec<_>>();
    assert_eq!(
        marked("<<<<<<< HEAD\n=======\n||||||| base\n>>>>>>> 42,a\na,\"b\n=======\r\nc\"\n"),
        [true; 5]
    );
    assert_eq!(marked("<<<<<<\n========\na<<<<<<< HEAD\n=======x\n"), [false; 4]);
}

proptest! {
    #[test]
    fn cells_are_those_of_the_library(
        table in prop::collection::vec(prop::collection::vec("[ab,\"\r\n ]{0,8}", 1..5), 0..8),
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for cells in &table {
            writer.write_record(cells).unwrap();
        }
        let read: Vec<_> = rows(&writer.into_inner().unwrap()).into_iter().map(|(_, cells)| cells).collect();
        // A row of empty cells is no record.
        let is_blank = |cells: &[String]| !cells.is_empty() && cells.iter().all(|cell| cell.trim().is_empty() && !cell.contains(['\r', '\n']));
        let expected: Vec<_> = table.into_iter().filter(|cells: &Vec<String>| !is_blank(cells)).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_end(text in prop::collection::vec(prop::sample::select(b"a,\"\r\n\xff<= ".to_vec()), 0..200)) {
        let records: Vec<_> = of(&text).collect();
        prop_assert!(records.len() <= text.len());
        prop_assert!(records.windows(2).all(|pair| pair[0].row < pair[1].row));
        let lines = line_ends(&text) + 1;
        prop_assert!(records.iter().all(|record| record.row + record.lines - 1 <= lines));
    }
}
