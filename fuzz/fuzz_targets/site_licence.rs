//! A site's request and licence, from a stick.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::vaccination::site_licence::{SiteLicence, SiteRequest};

fuzz_target!(|data: &[u8]| {
    let _ = SiteRequest::read(data);
    if let Ok((town, licence)) = SiteLicence::read(data) {
        assert_eq!(SiteLicence::read(&licence.write(town)), Ok((town, licence)));
    }
});
