//! From SQLite to PostgreSQL, all of it or nothing. What was copied is read back and compared before anything counts.

use std::path::Path;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use techo_protocol::basics::keys::sha256;

use super::postgres::{Done, PostgresPlace, PostgresStore, Work};
use super::{StoreError, sqlite};

/// A table: its columns, of which those of numbers are named too, and the key that orders its rows. Bytes and numbers are ordered alike by both
/// databases.
struct Table {
    name: &'static str,
    /// Where SQLite has it, if it is not one table there.
    from: Option<&'static str>,
    columns: &'static [&'static str],
    numbers: &'static [&'static str],
    key: &'static str,
}

const TABLES: &[Table] = &[
    Table {
        name: "authorities",
        from: None,
        columns: &["id", "trust_list", "manifest"],
        numbers: &[],
        key: "id",
    },
    Table {
        name: "taken",
        from: None,
        columns: &["authority", "number"],
        numbers: &[],
        key: "authority",
    },
    Table {
        name: "segments",
        from: None,
        columns: &["hash", "authority", "bytes", "unlisted_since"],
        numbers: &["bytes", "unlisted_since"],
        key: "hash",
    },
    Table {
        name: "segment_parts",
        from: None,
        columns: &["hash", "part", "content"],
        numbers: &["part"],
        key: "hash, part",
    },
    Table {
        name: "diaries",
        from: None,
        columns: &["authority", "day", "mailbox", "hash", "sealed"],
        numbers: &["day"],
        key: "authority, day, mailbox, hash",
    },
    Table {
        name: "accounts",
        from: None,
        columns: &[
            "stream",
            "key",
            "epoch",
            "last_swap",
            "cursor",
            "bytes",
            "read_day",
            "deleted_day",
            "opening",
            "record_number",
            "record_hash",
            "keyring_number",
            "keyring_hash",
        ],
        numbers: &[
            "epoch",
            "last_swap",
            "cursor",
            "bytes",
            "read_day",
            "deleted_day",
            "record_number",
            "keyring_number",
        ],
        key: "stream",
    },
    Table {
        name: "chunks",
        from: Some("chunks JOIN pieces USING (place)"),
        columns: &["stream", "number", "id", "content"],
        numbers: &["number"],
        key: "stream, number",
    },
    Table {
        name: "records",
        from: None,
        columns: &["stream", "number", "content", "replaced_day"],
        numbers: &["number", "replaced_day"],
        key: "stream, number",
    },
    Table {
        name: "keyrings",
        from: None,
        columns: &["stream", "content"],
        numbers: &[],
        key: "stream",
    },
    Table {
        name: "old_keys",
        from: None,
        columns: &["stream", "key", "replaced_day"],
        numbers: &["replaced_day"],
        key: "stream, key",
    },
    Table {
        name: "words",
        from: None,
        columns: &["stream", "key", "replaced_day"],
        numbers: &["replaced_day"],
        key: "stream, key",
    },
    Table {
        name: "locators",
        from: None,
        columns: &["locator", "stream"],
        numbers: &[],
        key: "locator",
    },
    Table {
        name: "clock",
        from: None,
        columns: &["one", "content"],
        numbers: &["one"],
        key: "one",
    },
];

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table that is being copied or compared.
    pub table: &'static str,
    /// Rows copied, or compared.
    pub rows: u64,
    /// How many rows the table has.
    pub of: u64,
    /// They are being compared.
    pub comparing: bool,
}

/// What was copied: the rows of each table.
pub type Copied = Vec<(&'static str, u64)>;

/// Rows between two words of how far it is.
const TELL_EVERY: u64 = 1_000;

/// Copies a whole SQLite store into an empty PostgreSQL database, in one transaction, and tells how far it is. The SQLite database is held and
/// stays as it is; a relay that serves it has to be stopped, for what it took afterwards would not be in the copy.
///
/// # Errors
/// [`StoreError::NotEmpty`], [`StoreError::OlderVersion`], [`StoreError::InUse`] where the database is being written, [`StoreError::CopyDiffers`];
/// or either database's. Nothing was copied then.
pub fn migrate(from: &Path, to: &PostgresPlace, told: &mut dyn FnMut(Progress)) -> Result<Copied, StoreError> {
    if !from.is_file() {
        return Err(StoreError::Damaged);
    }
    let source = sqlite::held_as_it_is(from)?;
    let target = PostgresStore::open(to, &tracing::dispatcher::get_default(Clone::clone))?;
    let told = std::cell::RefCell::new(told);
    target.write_all(|work| {
        is_empty(work)?;
        let mut copied = Copied::new();
        let mut sums = Vec::new();
        for table in TABLES {
            let (rows, sum) = copy(&source, work, table, &mut **told.borrow_mut())?;
            copied.push((table.name, rows));
            sums.push(sum);
        }
        for ((table, sum), (_, rows)) in TABLES.iter().zip(&sums).zip(&copied) {
            if compared(work, table, *rows, &mut **told.borrow_mut())? != (*rows, *sum) {
                return Err(StoreError::CopyDiffers.into());
            }
        }
        let generation: [u8; 16] = source
            .query_row("SELECT generation FROM filling", [], |row| row.get(0))
            .map_err(StoreError::from)?;
        work.execute("UPDATE relay SET generation = $1", &[&&generation[..]])?;
        Ok(copied)
    })
}

fn is_empty(work: &mut Work<'_>) -> Done<()> {
    work.run("LOCK TABLE accounts, authorities IN EXCLUSIVE MODE")?;
    for table in TABLES {
        let there = work.query_any(&format!("SELECT 1 FROM {} LIMIT 1", table.name))?;
        if there {
            return Err(StoreError::NotEmpty.into());
        }
    }
    Ok(())
}

/// A value of either database.
#[derive(Debug)]
enum Value {
    Nothing,
    Number(i64),
    Bytes(Vec<u8>),
}

/// Sums up rows in their order: each sum is of the one before and the row.
struct Sum([u8; 32]);

impl Sum {
    fn add(&mut self, row: &[Value]) {
        let mut bytes = self.0.to_vec();
        for value in row {
            match value {
                Value::Nothing => bytes.push(0),
                Value::Number(number) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&number.to_be_bytes());
                }
                Value::Bytes(content) => {
                    bytes.push(2);
                    bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(content);
                }
            }
        }
        self.0 = sha256(&bytes);
    }
}

fn copy(source: &Connection, work: &mut Work<'_>, table: &Table, told: &mut dyn FnMut(Progress)) -> Done<(u64, [u8; 32])> {
    let columns = table.columns.join(", ");
    let from = table.from.unwrap_or(table.name);
    let of = source
        .query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get::<_, i64>(0))
        .map_err(StoreError::from)?;
    let types: Vec<Type> = table.columns.iter().map(|column| type_of(table, column)).collect();
    let sink = work.copy_in(&format!("COPY {} ({columns}) FROM STDIN BINARY", table.name))?;
    let mut writer = BinaryCopyInWriter::new(sink, &types);
    let mut select = source
        .prepare(&format!("SELECT {columns} FROM {from} ORDER BY {}", table.key))
        .map_err(StoreError::from)?;
    let mut rows = select.query([]).map_err(StoreError::from)?;
    let (mut count, mut sum) = (0, Sum([0; 32]));
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let values = (0..table.columns.len())
            .map(|at| {
                Ok(match row.get_ref(at).map_err(StoreError::from)? {
                    ValueRef::Null => Value::Nothing,
                    ValueRef::Integer(number) => Value::Number(number),
                    ValueRef::Blob(content) => Value::Bytes(content.to_vec()),
                    ValueRef::Real(_) | ValueRef::Text(_) => return Err(StoreError::Damaged),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        sum.add(&values);
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| -> &(dyn ToSql + Sync) {
                match value {
                    Value::Nothing => &None::<i64>,
                    Value::Number(number) => number,
                    Value::Bytes(content) => content,
                }
            })
            .collect();
        writer.write(&values)?;
        count += 1;
        tell(told, table, count, natural(of), false);
    }
    writer.finish()?;
    Ok((count, sum.0))
}

fn compared(work: &mut Work<'_>, table: &Table, of: u64, told: &mut dyn FnMut(Progress)) -> Done<(u64, [u8; 32])> {
    let columns = table.columns.join(", ");
    let mut rows = work.query_each(&format!("SELECT {columns} FROM {} ORDER BY {}", table.name, table.key))?;
    let (mut count, mut sum) = (0, Sum([0; 32]));
    while let Some(row) = rows.next()? {
        let values = table
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                Ok(if table.numbers.contains(column) {
                    row.try_get::<_, Option<i64>>(at)?.map_or(Value::Nothing, Value::Number)
                } else {
                    row.try_get::<_, Option<Vec<u8>>>(at)?.map_or(Value::Nothing, Value::Bytes)
                })
            })
            .collect::<Done<Vec<_>>>()?;
        sum.add(&values);
        count += 1;
        tell(told, table, count, of, true);
    }
    Ok((count, sum.0))
}

fn type_of(table: &Table, column: &str) -> Type {
    if table.numbers.contains(&column) {
        Type::INT8
    } else {
        Type::BYTEA
    }
}

fn tell(told: &mut dyn FnMut(Progress), table: &Table, rows: u64, of: u64, comparing: bool) {
    if rows.is_multiple_of(TELL_EVERY) || rows == of {
        told(Progress {
            table: table.name,
            rows,
            of,
            comparing,
        });
    }
}

fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests;
