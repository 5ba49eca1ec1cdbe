//! `techo-bench scan DIR`: how many pictures are read and at what cost, beside plain `rqrr` on the same pictures.
//!
//! Times are CPU time of the one thread that works, on pictures of a long side of at most 1280 pixels; decoding the file is not timed.

mod frame;
mod manifest;
mod peer;

use std::path::Path;

use cpu_time::ThreadTime;
use serde_json::{Value, json};
use techo_core::scan::{self, Found, Luminance, Options};

use manifest::Entry;

/// The long side that every picture is brought to, in pixels.
const LONG_SIDE: usize = 1280;
/// Times the frame without a code is looked at; the median counts.
const FRAME_ROUNDS: usize = 15;

/// What came of one picture.
struct Outcome {
    read: bool,
    wrong: bool,
    false_read: bool,
    ms: f64,
    texts: Vec<String>,
    rqrr: peer::Outcome,
}

/// Runs the bench over the pictures of `dir/manifest.json`: a line a picture when `each` is set, then the summary.
///
/// # Errors
/// A manifest or a picture that cannot be read, as a message for people.
pub fn run(dir: &Path, each: bool) -> Result<Vec<Value>, String> {
    let entries = manifest::read(dir)?;
    let mut lines = Vec::new();
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in &entries {
        let outcome = look(dir, entry)?;
        if each {
            lines.push(json!({
                "file": entry.file, "ms": outcome.ms, "read": outcome.read, "wrong": outcome.wrong, "false_read": outcome.false_read,
                "texts": outcome.texts, "rqrr": {"read": outcome.rqrr.read, "ms": outcome.rqrr.ms},
            }));
        }
        outcomes.push(outcome);
    }
    lines.push(summary(&entries, &outcomes));
    Ok(lines)
}

fn look(dir: &Path, entry: &Entry) -> Result<Outcome, String> {
    let path = dir.join(&entry.file);
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", entry.file))?;
    let picture = scan::picture::decode(&bytes).map_err(|e| format!("{}: {e}", entry.file))?;
    let fitted = picture.fit(LONG_SIDE);
    let (found, ms) = timed(&fitted);
    let rqrr = peer::look(&fitted, entry);
    let any_right = found.iter().any(|f| entry.expects(&f.text, &f.bytes));
    Ok(Outcome {
        read: entry.counts() && any_right,
        wrong: entry.has_texts() && found.iter().any(|f| !entry.expects(&f.text, &f.bytes)),
        false_read: entry.negative && !found.is_empty(),
        ms,
        texts: found.into_iter().map(|f| f.text).collect(),
        rqrr,
    })
}

fn timed(picture: &Luminance<'_>) -> (Vec<Found>, f64) {
    let start = ThreadTime::now();
    let found = scan::scan(picture, &Options::default());
    (found, start.elapsed().as_secs_f64() * 1000.0)
}

fn summary(entries: &[Entry], outcomes: &[Outcome]) -> Value {
    let mut times: Vec<f64> = outcomes.iter().map(|o| o.ms).collect();
    times.sort_by(f64::total_cmp);
    let peers: Vec<f64> = outcomes.iter().filter_map(|o| o.rqrr.ms).collect();
    let count = |pick: fn(&Outcome) -> bool| outcomes.iter().filter(|o| pick(o)).count();
    let frame = frame::without_code();
    json!({
        "pictures": outcomes.len(),
        "with_code": entries.iter().filter(|e| e.counts()).count(),
        "read": count(|o| o.read),
        "wrong": count(|o| o.wrong),
        "false_reads": count(|o| o.false_read),
        "ms_mean": mean(&times),
        "ms_median": median(&times),
        "ms_max": times.last().copied().unwrap_or(0.0),
        "frame_ms": frame_median(|| timed(&frame).1),
        "rqrr": {
            "read": count(|o| o.rqrr.read),
            "ms_mean": mean(&peers),
            "frame_ms": frame_median(|| peer::time(&frame)),
        },
    })
}

fn frame_median(mut once: impl FnMut() -> f64) -> f64 {
    let mut times: Vec<f64> = (0..FRAME_ROUNDS).map(|_| once()).collect();
    times.sort_by(f64::total_cmp);
    median(&times)
}

#[allow(clippy::cast_precision_loss, reason = "a number of pictures")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The middle of sorted values.
fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
