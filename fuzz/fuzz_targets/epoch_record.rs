//! An epoch record as a relay or a file brings it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::epoch_record::EpochRecord;

fuzz_target!(|data: &[u8]| {
    if let Ok(record) = EpochRecord::read(data) {
        assert_eq!(EpochRecord::read(&record.write()).as_ref(), Ok(&record));
        let _ = record.follows(&record);
        let _ = record.is_first();
        let _ = record.open_list(&EpochKey([1; 32].into()));
    }
});
