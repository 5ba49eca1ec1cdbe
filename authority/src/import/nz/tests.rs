use super::super::{Import, read};
use super::*;

const HEADER: &str = "id,Event,Location,City,Start,End,Advice,LAT,LNG,Added";

fn import(rows: &[&str]) -> Import {
    read(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes(), None).unwrap()
}

fn only(row: &str) -> Result<Event, &'static str> {
    let import = import(&[row]);
    assert_eq!(import.rows, 1);
    match (import.events.as_slice(), import.rejected.as_slice()) {
        ([event], []) => Ok(event.clone()),
        ([], [rejected]) => Err(rejected.code),
        _ => panic!("one row is one answer"),
    }
}

const ROW: &str = "a0l4a0000004Gax,Cafe,\"5 High Street, Nelson 7010\",Nelson,\"19/08/2021, 2:19 pm\",\"19/08/2021, 3:00 pm\",Isolate at home.,-36,174,22/08/2021 9:40";

fn with(from: &str, to: &str) -> Result<Event, &'static str> {
    assert!(ROW.contains(from));
    only(&ROW.replace(from, to))
}

#[test]
fn a_row() {
    let expected = Event {
        row: 2,
        id: "a0l4a0000004Gax".to_owned(),
        name: "Cafe".to_owned(),
        address: "5 High Street, Nelson 7010".to_owned(),
        from: 1_629_339_540,
        to: 1_629_342_000,
        severity: Severity::Cluster,
        advice_text: "Isolate at home.".to_owned(),
    };
    assert_eq!(only(ROW), Ok(expected));
}

#[test]
fn ids_are_cut_to_15_characters() {
    assert_eq!(with("Gax,", "GaxEAE,").map(|e| e.id), Ok("a0l4a0000004Gax".to_owned()));
    assert_eq!(with("Gax,", "Ga,").map(|e| e.id), Err("import.id"));
    assert_eq!(with("Gax,", "GaxE,").map(|e| e.id), Err("import.id"));
    assert_eq!(with("Gax,", "Ga-,").map(|e| e.id), Err("import.id"));
    assert_eq!(with("Gax,", "Gā,").map(|e| e.id), Err("import.id"));
    assert_eq!(with("a0l4a0000004Gax,", ",").map(|e| e.id), Err("import.cell_missing"));
}

#[test]
fn a_later_row_replaces_an_earlier_one_of_the_same_event() {
    let later = ROW.replace("Gax", "GaxEAE").replace("Cafe", "Cafe Two");
    let import = import(&[ROW, &ROW.replace("Gax", "GAX"), &later]);
    assert_eq!((import.rows, import.accepted()), (3, 3));
    let events: Vec<_> = import
        .events
        .iter()
        .map(|e| (e.row, e.id.as_str(), e.name.as_str()))
        .collect();
    // Upper and lower case tell ids apart.
    assert_eq!(events, [(3, "a0l4a0000004GAX", "Cafe"), (4, "a0l4a0000004Gax", "Cafe Two")]);
}

#[test]
fn a_rejected_row_replaces_nothing() {
    let import = import(&[ROW, &ROW.replace("19/08/2021, 3:00 pm", "NA")]);
    assert_eq!((import.rows, import.accepted(), import.events.len()), (2, 1, 1));
}

#[test]
fn times() {
    assert_eq!(with("19/08/2021, 2:19 pm", "NA"), Err("import.time_missing"));
    assert_eq!(with("19/08/2021, 3:00 pm", ""), Err("import.time_missing"));
    assert_eq!(with("19/08/2021, 3:00 pm", "later"), Err("import.time_unreadable"));
    assert_eq!(
        with("19/08/2021, 3:00 pm", "19/08/2021, 12:00 am"),
        Err("import.ends_before_start")
    );
    assert_eq!(
        with("19/08/2021, 3:00 pm", "19/08/2022, 3:00 pm"),
        Err("import.event_too_long")
    );
    assert_eq!(with("19/08/2021, 3:00 pm", "26/09/2021, 2:30 am"), Err("import.time_skipped"));
    assert_eq!(
        with("19/08/2021, 3:00 pm", "19/08/2021, 2:19 pm").map(|e| e.to),
        Ok(1_629_339_600)
    );
}

#[test]
fn an_event_in_the_hour_that_was_twice_covers_both() {
    let row = ROW
        .replace("19/08/2021, 2:19 pm", "03/04/2022, 2:10 am")
        .replace("19/08/2021, 3:00 pm", "03/04/2022, 2:40 am");
    let event = only(&row).unwrap();
    assert_eq!(event.to - event.from, 90 * 60);
}

#[test]
fn addresses_name_the_city_once() {
    assert_eq!(
        with("\"5 High Street, Nelson 7010\"", "5 High Street").map(|e| e.address),
        Ok("5 High Street, Nelson".to_owned())
    );
    assert_eq!(
        with("\"5 High Street, Nelson 7010\"", "NA").map(|e| e.address),
        Ok("Nelson".to_owned())
    );
    assert_eq!(
        with("7010\",Nelson", "7010\",NA").map(|e| e.address),
        Ok("5 High Street, Nelson 7010".to_owned())
    );
}

#[test]
fn more_columns_in_another_order() {
    let csv = "\u{feff}Exposure type,id,Start,End,Advice,Location,Event,Updated\r\n\
               Close,a0l4a0000004GaxEAE,2022-02-20T14:30:00,2022-02-20T15:00:00,NA,1 High Street,Cafe,NA\r\n";
    let import = read(csv.as_bytes(), Some("nz")).unwrap();
    assert_eq!(import.rejected, []);
    let [event] = import.events.as_slice() else {
        panic!("one event")
    };
    assert_eq!((event.row, event.from, event.severity), (2, 1_645_320_600, Severity::Caution));
    assert_eq!((event.advice_text.as_str(), event.address.as_str()), ("", "1 High Street"));
}

#[test]
fn who_is_told_to_isolate() {
    for advice in [
        "Isolate at home for 14 days",
        "Self-isolate for 14 days",
        "Isolation at home for 14 days",
        "Residents & staff isolate 14 days from last exposure. Visitors self-monitor",
        "You do not need to isolate unless you have symptoms; then isolate",
        "If you cannot work at home you need to isolate",
    ] {
        assert!(says_to_isolate(advice), "{advice}");
    }
    for advice in [
        "",
        "Self-monitor for COVID-19 symptoms for 14 days. If symptoms develop, get a test and stay at home",
        "Stay at home, test immediately as well as 5 days after",
        "You do not need to isolate",
        "You don't need to self-isolate.",
        "There is no need to isolate",
        "You are not required to self-isolate",
    ] {
        assert!(!says_to_isolate(advice), "{advice}");
    }
}

#[test]
fn every_form_in_which_the_list_was_published() {
    let of = |header: &str, row: &str| {
        let import = read(format!("{header}\n{row}\n").as_bytes(), None).unwrap();
        assert_eq!(
            (import.layout.as_str(), import.rejected.as_slice()),
            ("nz", [].as_slice()),
            "{header}"
        );
        let event = import.events.into_iter().next().unwrap();
        (event.id, event.from, event.to - event.from, event.severity)
    };
    let id = || "a0l4a0000004Gax".to_owned();
    let (from, to) = ("\"20/01/2022, 4:34 pm\"", "\"20/01/2022, 5:34 pm\"");
    let expected = (id(), 1_642_649_640, 3_600, Severity::Cluster);
    // August 2021, and from January 2022 with the kind of contact and other forms of time.
    assert_eq!(
        of(
            "id,Event,Location,City,Start,End,Information,LAT,LNG",
            &format!("{},Cafe,Road,City,{from},{to},Isolate,,", id())
        ),
        expected
    );
    assert_eq!(
        of(
            "id,check,Event,Location,City,Start,End,Advice,LAT,LNG,Added,Updated",
            &format!("{},1,Cafe,Road,City,{from},{to},Isolate,,,,", id())
        ),
        expected
    );
    let newest = "id,Event,ExposureType,Location,City,Start,End,Advice,LAT,LNG,Added,Updated";
    for (from, to) in [
        ("2022-01-20 16:34:00 NZDT", "2022-01-20 17:34:00 NZDT"),
        ("2022-01-20T03:34:00.000Z", "2022-01-20T04:34:00.000Z"),
        ("20/01/2022 16:34", "20/01/2022 17:34"),
    ] {
        let row = |kind: &str, advice: &str| format!("{},Cafe,{kind},Road,City,{from},{to},{advice},,,,", id());
        assert_eq!(of(newest, &row("Close", "Keep an eye on it")), expected);
        assert_eq!(of(newest, &row("Casual", "Isolate if it is positive")).3, Severity::Caution);
        assert_eq!(of(newest, &row("", "Isolate")).3, Severity::Cluster);
    }
    let (derived, ..) = of(
        "Event,Location,Start,End,Information,LAT,LNG",
        &format!("Cafe,Road,{from},{to},Isolate,,"),
    );
    assert!(derived.starts_with("row-"));
}

#[test]
fn a_time_in_no_known_form_is_shown_with_the_forms_that_are() {
    let import = import(&[&ROW.replace("\"19/08/2021, 2:19 pm\"", "Thursday afternoon")]);
    assert!(
        import.rejected[0]
            .message
            .starts_with("The column Start holds “Thursday afternoon”. Known forms are: 31/12/2021, 1:05 pm; ")
    );
}

#[test]
fn an_event_of_a_month_is_taken() {
    let long = |to: &str| with("\"19/08/2021, 3:00 pm\"", to).map(|event| event.to - event.from);
    assert_eq!(long("\"18/09/2021, 2:19 pm\""), Ok(30 * 86_400));
    assert_eq!(long("\"20/10/2021, 2:19 pm\""), Err("import.event_too_long"));
}
