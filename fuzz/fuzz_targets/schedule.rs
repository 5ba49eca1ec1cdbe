//! A vaccination schedule: the file that an authority signs, the text that people write, and a period in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::vaccination::schedule::{Period, Schedule};

fuzz_target!(|data: &[u8]| {
    let _ = Schedule::read(data, []);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(period) = text.parse::<Period>() {
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        if let Ok(schedule) = Schedule::from_json(text) {
            let _ = schedule.next(&[], None, schedule.issued);
        }
    }
});
