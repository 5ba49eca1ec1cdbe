use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::exposure::relay_api::segment_path;
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::status_pass::CredentialId;

use super::*;
use crate::exposure::fetch;
use crate::exposure::fixture::{Authority, NOW, vault};
use crate::following;

#[test]
fn every_fetch_brings_the_list_of_revoked_passes() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = vault();
    following::add(&mut vault, &authority.trust_file()).unwrap();
    let list = |authority: &Authority, number: u32, signer: &SigningKey| {
        let id = CredentialId([3; 8]);
        techo_protocol::vaccination::revocations::write(authority.id(), number, NOW, &[id], signer, &SeededRandom::new(1))
            .unwrap()
    };
    let publish = |authority: &mut Authority, file: &[u8]| {
        authority.files = vec![PublicFileRef {
            kind: PublicFileKind::Revocations.number(),
            hash: sha256(file),
            bytes: u32::try_from(file.len()).unwrap(),
        }];
        let path = segment_path(&sha256(file));
        authority.relay.files.borrow_mut().insert(path, file.to_vec());
        authority.publish(NOW);
    };
    let fetch = |authority: &Authority, vault: &mut Vault| {
        let mut fetched = fetch::fetch(vault, &authority.relay, &["relay".into()], NOW).unwrap();
        fetched.remove(0).outcome
    };
    let first = list(&authority, 1, &authority.notice_key);
    publish(&mut authority, &first);
    fetch(&authority, &mut vault).unwrap();
    let held = all(&mut vault).unwrap();
    assert!(held.len() == 1 && held[0].number() == 1 && held[0].contains(CredentialId([3; 8])));
    let forged = list(&authority, 2, &SigningKey::from_seed(&[99; 32]));
    publish(&mut authority, &forged);
    let refused = fetch(&authority, &mut vault).unwrap_err();
    assert_eq!(techo_protocol::Coded::code(&refused), "revocations.signature_invalid");
    let newest = list(&authority, 2, &authority.notice_key);
    publish(&mut authority, &newest);
    fetch(&authority, &mut vault).unwrap();
    assert_eq!(all(&mut vault).unwrap()[0].number(), 2);
}
