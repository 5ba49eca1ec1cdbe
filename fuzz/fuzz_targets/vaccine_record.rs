//! A stored vaccine record, and everything that is worked out of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::certificates::Trust;
use techo_core::documents::record::RecordCore;
use techo_core::vaccine::{Believing, EntryId, Record, day_in_japan, doses, next, reminders};
use techo_protocol::vaccination::schedule::Schedule;

fuzz_target!(|data: &[u8]| {
    let Some(core) = RecordCore::from_bytes(data) else { return };
    assert_eq!(core.to_bytes().as_deref(), Some(data));
    let (person, now) = (EntryId([1; 16]), 1_700_000_000);
    let record = Record {
        id: EntryId([2; 16]),
        person,
        added: core.added,
        content: core.content,
    };
    let believing = Believing {
        lists: &[],
        issuers: &Trust::default(),
    };
    let doses = doses(&[record], &believing, now);
    if let Ok(due) = next(&Schedule::japan_covid_19(), None, &doses, day_in_japan(now)).due {
        let _ = reminders(person, &due, now);
    }
});
