//! A layout file: how a health authority writes a list of its own.
//!
//! ```toml
//! name = "osaka"                       # its events are known by this name and their id
//! zone = "Asia/Tokyo"                  # IANA's name of the zone that its times are in
//! encoding = "cp932"                   # may be left out: it is found out
//! times = ["%Y年%m月%d日 %H時%M分"]      # as chrono writes them; may be left out: the usual forms. A form without a time means the whole day
//!
//! [columns]
//! id = "番号"                           # may be left out: a row is known by its place and its start then
//! name = "施設名"
//! address = ["市町村", "住所"]            # several are joined; may be left out
//! from = ["日付", "開始"]                # several are joined by a blank
//! to = ["日付", "終了"]
//! severity = "区分"                     # may be left out where there is a default
//! advice = "お願い"                      # may be left out
//!
//! [severity]
//! cluster = ["濃厚接触", "Close"]
//! caution = ["その他", "Casual"]
//! default = "caution"                  # for every other word; without it such a row is rejected
//! ```

use chrono_tz::Tz;
use serde::Deserialize;
use techo_protocol::basics::folding::searchable;
use techo_protocol::basics::text_file::text_of;
use techo_protocol::exposure::notice::Severity;

use super::bounds::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS, derived_id, window};
use super::dates::{self, NoTime, Twice};
use super::fields::Row;
use super::{Event, RowError, nz, techo};
use crate::tables::encoding;

/// Largest layout file in bytes.
const LARGEST_BYTES: usize = 64 * 1024;

techo_protocol::coded_errors! {
    /// What can be wrong with a layout file.
    pub enum LayoutError {
        /// No TOML, or not of this form.
        Unreadable = "layout.unreadable", "The layout file cannot be read.", "Compare it with the example: name, zone, [columns] with name, from and to.";
        /// The name of a layout that is built in, or none.
        Name = "layout.name", "The layout file's name is empty, too long, or that of a built-in layout.", "Give it another name, of at most 40 characters.";
        /// No zone of IANA's list.
        Zone = "layout.zone", "The layout file's zone is not known.", "Write it as IANA does, such as Asia/Tokyo.";
        /// An encoding that nobody knows.
        Encoding = "layout.encoding", "The encoding that the layout file names is not known.", "Write utf-8, shift_jis (also as cp932), windows-1252 and so on, or leave it out.";
        /// It does not say how serious a row is.
        Severity = "layout.severity", "The layout file does not say how serious an event is.", "Name the column in [columns] and its words in [severity], or give a default there.";
    }
}

/// How a health authority writes a list of its own, read from a TOML file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutFile {
    name: String,
    zone: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    times: Vec<String>,
    columns: Columns,
    #[serde(default)]
    severity: Words,
    #[serde(skip)]
    tz: Tz,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    address: Option<OneOrMore>,
    from: OneOrMore,
    to: OneOrMore,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    advice: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(column) => std::slice::from_ref(column),
            Self::More(columns) => columns,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(default)]
    cluster: Vec<String>,
    #[serde(default)]
    caution: Vec<String>,
    #[serde(default)]
    default: Option<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Caution,
    Cluster,
}

impl LayoutFile {
    /// Reads a layout file.
    ///
    /// ```
    /// use techo_authority::import::{self, LayoutFile};
    ///
    /// let layout = LayoutFile::read("name = 'sakai'\nzone = 'Asia/Tokyo'\n[columns]\nname = '施設'\nfrom = ['日', '開始']\nto = ['日', '終了']\n[severity]\ndefault = 'caution'\n".as_bytes())?;
    /// let list = "施設;日;開始;終了\n堺ホール;2021年7月1日;10:00;12:00\n";
    /// let import = import::read_by(list.as_bytes(), &layout)?;
    /// assert_eq!((import.layout.as_str(), import.events[0].to - import.events[0].from), ("sakai", 7_200));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn read(file: &[u8]) -> Result<Self, LayoutError> {
        let text = text_of(file)
            .filter(|text| text.len() <= LARGEST_BYTES)
            .ok_or(LayoutError::Unreadable)?;
        let mut layout: Self = toml::from_str(&text).map_err(|_| LayoutError::Unreadable)?;
        layout.name = layout.name.trim().to_owned();
        if layout.name.is_empty() || layout.name.chars().count() > 40 || [nz::NAME, techo::NAME].contains(&layout.name.as_str()) {
            return Err(LayoutError::Name);
        }
        layout.tz = layout.zone.trim().parse().map_err(|_| LayoutError::Zone)?;
        if layout.encoding.as_deref().is_some_and(|name| encoding::named(name).is_none()) {
            return Err(LayoutError::Encoding);
        }
        if layout.columns.from.all().is_empty() || layout.columns.to.all().is_empty() {
            return Err(LayoutError::Unreadable);
        }
        if layout.columns.severity.is_none() && layout.severity.default.is_none() {
            return Err(LayoutError::Severity);
        }
        Ok(layout)
    }

    /// The layout's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The encoding of its lists where they are neither UTF-8 nor UTF-16, if it is not one of Japan.
    pub(super) fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// The columns that make a list's header.
    pub(super) fn columns(&self) -> Vec<String> {
        let columns = &self.columns;
        let one = |column: &Option<String>| column.clone().into_iter().collect::<Vec<_>>();
        let address = columns.address.iter().flat_map(OneOrMore::all).cloned().collect();
        let all: [Vec<String>; 7] = [
            one(&columns.id),
            vec![columns.name.clone()],
            address,
            columns.from.all().to_vec(),
            columns.to.all().to_vec(),
            one(&columns.severity),
            one(&columns.advice),
        ];
        all.into_iter().flatten().collect()
    }

    pub(super) fn id_column(&self) -> Option<&str> {
        self.columns.id.as_deref()
    }

    pub(super) fn event(&self, row: &Row<'_>) -> Result<Event, RowError> {
        let columns = &self.columns;
        let (from, to) = window(
            self.time(row, &columns.from, Twice::Earlier)?,
            self.time(row, &columns.to, Twice::Later)?,
        )?;
        let name = row.required_text(&columns.name, MAX_NAME_CHARS)?;
        let mut address = Vec::new();
        for column in columns.address.iter().flat_map(OneOrMore::all) {
            address.push(row.text(column, MAX_NAME_CHARS)?);
        }
        address.retain(|part| !part.is_empty());
        let address = address.join(", ");
        Ok(Event {
            row: row.number,
            id: match &columns.id {
                Some(column) => row.required_text(column, MAX_ID_CHARS)?.to_owned(),
                None => derived_id(name, &address, from),
            },
            name: name.to_owned(),
            address,
            from,
            to,
            severity: self.severity(row)?,
            advice_text: match &columns.advice {
                Some(column) => row.text(column, MAX_TEXT_CHARS)?.to_owned(),
                None => String::new(),
            },
        })
    }

    fn severity(&self, row: &Row<'_>) -> Result<Severity, RowError> {
        let column = self.columns.severity.as_deref().unwrap_or_default();
        let word = searchable(row.cell(column));
        let is_among = |words: &[String]| words.iter().any(|known| searchable(known.trim()) == word);
        if is_among(&self.severity.cluster) {
            return Ok(Severity::Cluster);
        }
        if is_among(&self.severity.caution) {
            return Ok(Severity::Caution);
        }
        match self.severity.default {
            Some(Word::Caution) => Ok(Severity::Caution),
            Some(Word::Cluster) => Ok(Severity::Cluster),
            None => Err(RowError::SeverityWord {
                column: column.to_owned(),
            }),
        }
    }

    fn time(&self, row: &Row<'_>, columns: &OneOrMore, twice: Twice) -> Result<i64, RowError> {
        let mut parts = Vec::new();
        for column in columns.all() {
            let cell = row.cell(column);
            if cell.is_empty() {
                return Err(RowError::TimeMissing { column: column.clone() });
            }
            parts.push(cell);
        }
        let (column, text) = (columns.all().join(" "), parts.join(" "));
        dates::local(&text, self.tz, twice, &self.times).map_err(|no_time| match no_time {
            NoTime::Unreadable if self.times.is_empty() => RowError::unreadable(&column, &text, dates::KNOWN_FORMS),
            NoTime::Unreadable => RowError::unreadable(&column, &text, &self.times.join("; ")),
            NoTime::Skipped => RowError::TimeSkipped { column },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techo_protocol::Coded as _;

    use super::*;
    use crate::import::read_by;

    const OSAKA: &str = "name = \"osaka\"\nzone = \"Asia/Tokyo\"\nencoding = \"cp932\"\ntimes = [\"%Y年%m月%d日 %H時%M分\"]\n[columns]\nid = \"番号\"\nname = \"施設名\"\naddress = [\"市町村\", \"住所\"]\nfrom = [\"日付\", \"開始\"]\nto = [\"日付\", \"終了\"]\nseverity = \"区分\"\n[severity]\ncluster = [\"濃厚接触\"]\ncaution = [\"その他\"]\n";

    #[test]
    fn a_list_of_an_authority_s_own_is_read_by_its_layout_file() {
        let layout = LayoutFile::read(OSAKA.as_bytes()).unwrap();
        let list = "番号,施設名,市町村,住所,日付,開始,終了,区分\r\n\
            1,居酒屋〜夜,堺市,1-2,2021年07月01日,19時00分,21時30分,濃厚接触\r\n\
            2,ホール,堺市,,2021年07月01日,10時00分,11時00分,その他\r\n\
            3,ホール,堺市,,2021-07-01,10時00分,11時00分,その他\r\n\
            4,ホール,堺市,,2021年07月01日,10時00分,11時00分,不明\r\n\
            5,ホール,堺市,,2021年07月01日,,11時00分,その他\r\n";
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(list);
        let import = read_by(&bytes, &layout).unwrap();
        let seen: Vec<_> = import
            .events
            .iter()
            .map(|event| {
                (
                    event.id.as_str(),
                    event.address.as_str(),
                    event.from,
                    event.to - event.from,
                    event.severity,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("1", "堺市, 1-2", 1_625_133_600, 9_000, Severity::Cluster),
                ("2", "堺市", 1_625_101_200, 3_600, Severity::Caution),
            ]
        );
        let rejected: Vec<_> = import
            .rejected
            .iter()
            .map(|row| (row.row, row.id.as_deref(), row.code))
            .collect();
        assert_eq!(
            rejected,
            [
                (4, Some("3"), "import.time_unreadable"),
                (5, Some("4"), "import.severity_word"),
                (6, Some("5"), "import.time_missing"),
            ]
        );
        assert_eq!(
            import.rejected[0].message,
            "The column 日付 開始 holds “2021-07-01 10時00分”. Known forms are: %Y年%m月%d日 %H時%M分."
        );
    }

    #[test]
    fn without_ids_the_same_row_is_the_same_event_again() {
        let text = OSAKA.replace("id = \"番号\"\n", "").replace("times", "#");
        let layout = LayoutFile::read(text.as_bytes()).unwrap();
        let of = |time: &str| {
            let list = format!("施設名,市町村,住所,日付,開始,終了,区分\nホール,堺市,,2021/7/1,{time},11:00,その他\n");
            read_by(list.as_bytes(), &layout).unwrap().events.remove(0).id
        };
        assert_eq!(of("10:00"), of("10:00"));
        assert_ne!(of("10:00"), of("10:30"));
    }

    #[test]
    fn what_is_wrong_with_a_layout_file_is_said() {
        let code = |from: &str, to: &str| {
            assert!(OSAKA.contains(from));
            LayoutFile::read(OSAKA.replace(from, to).as_bytes())
                .err()
                .map(|why| why.code())
        };
        assert_eq!(code("name = \"osaka\"", "name = \"nz\""), Some("layout.name"));
        assert_eq!(code("Asia/Tokyo", "JST"), Some("layout.zone"));
        assert_eq!(code("cp932", "klingon"), Some("layout.encoding"));
        assert_eq!(code("severity = \"区分\"", ""), Some("layout.severity"));
        assert_eq!(code("from = [\"日付\", \"開始\"]", "from = []"), Some("layout.unreadable"));
        assert_eq!(code("times", "hours"), Some("layout.unreadable"));
    }

    proptest! {
        #[test]
        fn any_form_of_time_is_read_or_refused(form in "[%YmdHMSpIz :/\\-]{0,12}", cell in "[0-9 :/\\-apm]{0,16}") {
            let _ = dates::local(&cell, chrono_tz::Asia::Tokyo, Twice::Later, &[form]);
        }

        #[test]
        fn any_bytes_are_a_layout_or_are_refused(text in "(name|zone|columns|=|\\[|\\]|\"|a|\n| )*") {
            let _ = LayoutFile::read(text.as_bytes());
        }
    }
}
