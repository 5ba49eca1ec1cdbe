//! A list of revoked status passes: any file, and any body that its municipality has signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::vaccination::revocations::{Revocations, authority_of};
use techo_protocol::vaccination::status_pass::CredentialId;
use techo_protocol::trust::{Role, TrustList, TrustedKey};

fuzz_target!(|data: &[u8]| {
    let Ok(mut town) = TrustList::read(include_bytes!("../../protocol/fixtures/trust-list-v1.trust")) else {
        return;
    };
    let key = SigningKey::from_seed(&[7; 32]);
    town.keys.push(TrustedKey {
        role: Role::Notice,
        key: key.public(),
        revoked: false,
    });
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut signed = [b"TREV\x01", &length[..], data, &key.public().id().0].concat();
    let signature = key.sign(&[b"techo revocations v1", &signed[..]].concat());
    signed.extend(signature);
    for file in [data, &signed] {
        let _ = authority_of(file);
        if let Ok(list) = Revocations::read(file, [&town]) {
            for id in [[0; 8], [0x80; 8], [0xFF; 8]] {
                let _ = list.contains(CredentialId(id));
            }
        }
    }
});
