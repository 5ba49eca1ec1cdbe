//! `match`: visits against segments, signature check apart, compared with decoding every tag.

use serde_json::{Value, json};
use techo_core::documents::week::VisitKeys;
use techo_core::exposure::matching::{Matcher, Stay};
use techo_protocol::basics::clock::{DAY_SECONDS, HOUR_SECONDS};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::basics::secret::Secret;
use techo_protocol::exposure::segment::{Entry, Segment};
use techo_protocol::exposure::tag::DayKey;

use crate::MEMORY;
use crate::segment::{body, decode, ratio, segment_of};
use crate::stopwatch::median_ms;

/// A midnight in UTC, in Unix seconds.
const MIDNIGHT: i64 = 20_000 * DAY_SECONDS;

pub fn run(entries: usize, visits: usize, segments: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let random = SeededRandom::new(7);
    let mut keys = Vec::with_capacity(visits);
    let mut times = Vec::with_capacity(visits);
    for number in 0..i64::try_from(visits)? {
        let from = MIDNIGHT + number % 28 * DAY_SECONDS + number % 23 * HOUR_SECONDS;
        let day = u32::try_from(from / DAY_SECONDS)?;
        keys.push(VisitKeys::Days(vec![
            (day, Secret::generate(&random)?),
            (day + 1, Secret::generate(&random)?),
        ]));
        times.push((from, from + HOUR_SECONDS));
    }
    let stays: Vec<Stay> = keys
        .iter()
        .zip(&times)
        .map(|(keys, &(from, to))| Stay { from, to, keys })
        .collect();

    let signer = SigningKey::from_seed(&[1; 32]);
    let mut files = Vec::with_capacity(segments);
    for number in 0..segments {
        let mut new = segment_of(entries, &random)?;
        // Every tenth visit is met by one segment.
        let met = keys
            .iter()
            .zip(&times)
            .step_by(10)
            .enumerate()
            .filter(|(index, _)| index % segments == number);
        for (place, (_, (keys, &(from, _)))) in met.enumerate().filter(|(place, _)| *place < entries) {
            if let VisitKeys::Days(days) = keys {
                let slot = u32::try_from(from / HOUR_SECONDS)?;
                new.entries[place] = Entry {
                    key: DayKey(days[0].1.clone()).slot_key(slot),
                    body: body(),
                    text: None,
                };
            }
        }
        files.push(new.write(&signer, &random)?);
    }

    let (decode_ms, _) = median_ms(7, || files.iter().map(|file| decode(file)).collect::<Option<Vec<_>>>());
    let slots = Matcher::new(&stays).slots();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let (match_ms, findings) = median_ms(7, || {
        let mut matcher = Matcher::new(&stays);
        let mut findings = Vec::new();
        for file in &files {
            // Written above by this program.
            matcher.search(&Segment::parse(file)?, &mut findings);
        }
        Ok::<_, techo_protocol::exposure::segment::SegmentError>(findings)
    });
    let extra = MEMORY.peak_usage().saturating_sub(before);
    let mut matched: Vec<usize> = findings?.iter().map(|finding| finding.stay).collect();
    matched.dedup();
    Ok(json!({
        "entries": entries,
        "visits": visits,
        "segments": segments,
        "slots": slots,
        "matches": matched.len(),
        "decode_ms": decode_ms,
        "match_ms": match_ms,
        "ratio": match_ms / decode_ms,
        "ns_per_slot_segment": match_ms * 1e6 / (ratio(slots * segments, 1)),
        "extra_bytes": extra,
    }))
}
