//! Tables of bytes and of CBOR, held against the vectors.

use ciborium::Value;

use crate::page::{Page, Row, Table};
use crate::problems::Problems;
use crate::vector::Written;

/// Checks the tables of a page that are marked as `bytes` or `cbor`.
pub fn check(page: &Page, problems: &mut Problems) {
    for table in page.tables() {
        let Some((kind, name)) = table.mark.as_deref().and_then(|mark| mark.split_once(' ')) else {
            continue;
        };
        let line = table.rows.first().map_or(0, |row| row.line);
        let vector = |name: &str| Written::open(name).ok_or(format!("no docs/vectors/{name}.txt"));
        let outcome = match kind {
            "bytes" => vector(name).map(|vector| bytes(page, &table, &vector, problems)),
            "cbor" => cbor_at(name, vector).and_then(|value| keys(page, &table, &value, problems)),
            _ => Err(format!("unknown mark {kind:?}")),
        };
        if let Err(why) = outcome {
            problems.add(&page.path, line, why);
        }
    }
}

/// Rows are fields: offset (until the first field of no fixed length), length, name, meaning. A meaning may begin with what the bytes are,
/// `"TEXT"` or `0x00`.
fn bytes(page: &Page, table: &Table, vector: &Written, problems: &mut Problems) {
    let mut offset = Some(0);
    for (index, row) in table.rows.iter().enumerate() {
        let mut wrong = |what: String| problems.add(&page.path, row.line, what);
        let [said_offset, said_length, name, meaning] = row.cells.as_slice() else {
            wrong("a row of bytes has an offset, a length, a name and a meaning".into());
            return;
        };
        let Some((field, content)) = vector.fields.get(index) else {
            wrong("the vector has no more fields".into());
            return;
        };
        if name != field {
            wrong(format!("the vector's next field is {field}"));
        }
        if said_offset.parse().ok() != offset {
            wrong(format!("the offset is {offset:?}"));
        }
        match said_length.parse::<usize>() {
            Ok(length) => {
                if length != content.len() {
                    wrong(format!("the vector's {field} has {} bytes", content.len()));
                }
                offset = offset.map(|offset| offset + length);
            }
            Err(_) => offset = None,
        }
        if let Some(constant) = constant(meaning)
            && constant != *content
        {
            wrong(format!("the vector has {}", hex::encode(content)));
        }
    }
    if table.rows.len() < vector.fields.len() {
        let row = table.rows.last().map_or(0, |row| row.line);
        problems.add(
            &page.path,
            row,
            format!("the vector has a further field {}", vector.fields[table.rows.len()].0),
        );
    }
}

/// The bytes that a meaning begins with.
fn constant(meaning: &str) -> Option<Vec<u8>> {
    let (code, _) = meaning.strip_prefix('`')?.split_once('`')?;
    if let Some(digits) = code.strip_prefix("0x") {
        return hex::decode(digits).ok();
    }
    Some(code.strip_prefix('"')?.strip_suffix('"')?.as_bytes().to_vec())
}

/// The value at `VECTOR.FIELD/PATH`, where a path goes through keys and positions. A byte string on the way is CBOR itself.
fn cbor_at(name: &str, vector: impl Fn(&str) -> Result<Written, String>) -> Result<Value, String> {
    let (vector_name, rest) = name.split_once('.').ok_or("a mark of CBOR names a vector and its field")?;
    let mut steps = rest.split('/');
    let field_name = steps.next().unwrap_or_default();
    let written = vector(vector_name)?;
    let (_, content) = written
        .fields
        .iter()
        .find(|(name, _)| name == field_name)
        .ok_or(format!("the vector has no field {field_name}"))?;
    let mut value = parse(content)?;
    for step in steps {
        value = inside(value)?;
        let next = match &value {
            Value::Map(entries) => entries.iter().find(|(key, _)| shown(key) == step).map(|(_, value)| value),
            Value::Array(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
            _ => None,
        };
        value = next.ok_or(format!("nothing at {step}"))?.clone();
    }
    inside(value)
}

/// What a tag or a byte string holds.
fn inside(value: Value) -> Result<Value, String> {
    match value {
        Value::Tag(_, inner) => inside(*inner),
        Value::Bytes(bytes) => parse(&bytes),
        other => Ok(other),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).map_err(|error| format!("no CBOR: {error}"))?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err("bytes follow the CBOR".into())
    }
}

fn shown(key: &Value) -> String {
    match key {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => i128::from(*number).to_string(),
        other => format!("{other:?}"),
    }
}

/// Rows are keys of a map, or positions of an array: key, type, meaning.
fn keys(page: &Page, table: &Table, value: &Value, problems: &mut Problems) -> Result<(), String> {
    let entries: Vec<(String, Value)> = match value {
        Value::Map(entries) => entries.iter().map(|(key, value)| (shown(key), value.clone())).collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(at, value): (usize, _)| (at.to_string(), value.clone()))
            .collect(),
        other => return Err(format!("neither map nor array: {other:?}")),
    };
    let mut rest = entries.as_slice();
    for row in &table.rows {
        let Row { line, cells } = row;
        let [key, kind, ..] = cells.as_slice() else {
            problems.add(&page.path, *line, "a key has a type");
            continue;
        };
        let key = key.trim_matches('`');
        match rest.split_first() {
            Some(((next, value), after)) if next == key => {
                if !is_of(kind, value) {
                    problems.add(&page.path, *line, format!("{key} is {value:?}"));
                }
                rest = after;
            }
            _ if kind.contains("optional") => {}
            next => problems.add(
                &page.path,
                *line,
                format!("the vector's next key is {:?}", next.map(|((key, _), _)| key)),
            ),
        }
    }
    if let Some((key, _)) = rest.first() {
        let line = table.rows.last().map_or(0, |row| row.line);
        problems.add(&page.path, line, format!("the vector has a further key {key}"));
    }
    Ok(())
}

/// Whether a value is of a type as the book writes them.
fn is_of(kind: &str, value: &Value) -> bool {
    let mut words = kind.split([' ', ',']);
    match (words.next().unwrap_or_default(), value) {
        ("text", Value::Text(_))
        | ("number", Value::Integer(_))
        | ("list", Value::Array(_))
        | ("map", Value::Map(_))
        | ("true", Value::Bool(_)) => true,
        ("bytes", Value::Bytes(bytes)) => words
            .next()
            .and_then(|word| word.parse().ok())
            .is_none_or(|length: usize| length == bytes.len()),
        (_, Value::Null) => kind.contains("null"),
        _ => false,
    }
}
