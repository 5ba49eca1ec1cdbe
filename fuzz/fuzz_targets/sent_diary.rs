//! A sent diary, and the requests around it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::exposure::diary_upload::DiaryKey;
use techo_protocol::exposure::relay_api::{Diaries, TakeDiaries};
use techo_protocol::trust::AuthorityId;

fuzz_target!(|data: &[u8]| {
    let _ = DiaryKey::from_seed(&[1; 32]).open(AuthorityId([1; 16]), data);
    let _ = Diaries::from_bytes(data);
    let _ = TakeDiaries::read(data, []);
});
