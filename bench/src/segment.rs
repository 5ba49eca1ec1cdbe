//! `segment`: bytes an exposed venue-hour, without texts or manifest.

use serde_json::{Value, json};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::{Random, RandomError, SeededRandom};
use techo_protocol::exposure::notice::{Body, Minutes, NoticeId, Severity};
use techo_protocol::exposure::segment::{Entry, NewSegment, Segment};
use techo_protocol::exposure::tag::SlotKey;
use techo_protocol::trust::AuthorityId;

use crate::stopwatch::median_ms;

/// A segment of `count` venue-hours, each of another venue.
pub fn segment_of(count: usize, random: &SeededRandom) -> Result<NewSegment, RandomError> {
    let mut keys = vec![0; count * 16];
    random.fill(&mut keys)?;
    let (keys, _) = keys.as_chunks::<16>();
    Ok(NewSegment {
        authority: AuthorityId([1; 16]),
        sequence: 1,
        issued_at: 1_700_000_000,
        area: 0,
        day: 19_675,
        entries: keys
            .iter()
            .map(|key| Entry {
                key: SlotKey((*key).into()),
                body: body(),
                text: None,
            })
            .collect(),
        texts: vec![],
        recalls: vec![],
    })
}

/// A full hour of some notice.
pub fn body() -> Body {
    Body {
        minutes: Minutes {
            from: 0,
            to: 60,
            tail: 60,
        },
        severity: Severity::Caution,
        advice: 1,
        notice: NoticeId::from_low_bits(7),
        revision: 1,
        withdrawn: false,
        has_text: false,
    }
}

pub fn run(entries: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let random = SeededRandom::new(entries as u64);
    let new = segment_of(entries, &random)?;
    let signer = SigningKey::from_seed(&[1; 32]);
    let runs = if entries > 100_000 { 3 } else { 9 };
    let (encode_ms, file) = median_ms(runs, || new.write(&signer, &random));
    let file = file?;
    let (decode_ms, _) = median_ms(9, || decode(&file));
    Ok(json!({
        "entries": entries,
        "bytes": file.len(),
        "bytes_per_entry": ratio(file.len(), entries),
        "encode_ms": encode_ms,
        "decode_ms": decode_ms,
    }))
}

/// Decodes every tag; the sum keeps the work from being left out.
pub fn decode(file: &[u8]) -> Option<u64> {
    let mut sum = 0_u64;
    Segment::parse(file).ok()?.for_each_tag(|tag| sum = sum.wrapping_add(tag));
    Some(sum)
}

#[allow(clippy::cast_precision_loss, reason = "counts here are far under 2^53")]
pub fn ratio(a: usize, b: usize) -> f64 {
    a as f64 / b as f64
}
