//! What an authority may publish, and what nobody may.

use std::time::Duration;

use techo_protocol::Coded;
use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::exposure::manifest::Manifest;
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::exposure::relay_api::{manifest_path, publish_segment_path, segment_path, trust_path};
use techo_protocol::trust::{Municipality, Role, TrustedKey};
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::town_update::TownUpdate;
use techo_relay::store::Place;

use crate::authority::{Authority, NOW, key};
use crate::client::{refused, request};
use crate::setting::{Setting, eventually};

#[test]
fn what_is_published_is_fetched_as_it_was_from_either_store() {
    let osaka = Authority::new(10);
    let mut setting = Setting::with(&[&osaka]);
    for place in [setting.place.clone(), Place::Folder(setting.folder.path().join("files"))] {
        setting.place = place;
        let relay = setting.start();
        assert_eq!(relay.manifest(&osaka).problem(), refused(404, "relay.nothing_published"));
        let (segment, manifest) = relay.published(&osaka);
        assert_eq!(relay.manifest(&osaka).body, manifest);
        assert_eq!(relay.segment(&segment).body, segment);

        assert_eq!(relay.put_trust(&osaka).status, 204, "each may be repeated");
        assert_eq!(relay.put_segment(&osaka, &segment).status, 204);
        assert_eq!(relay.put_manifest(&osaka, &manifest).status, 204);
        drop(relay);

        let relay = setting.start();
        assert_eq!(relay.manifest(&osaka).body, manifest, "and is there after a restart");
        assert_eq!(relay.segment(&segment).body, segment);
    }
}

#[test]
fn a_relay_carries_only_for_those_it_was_told_of() {
    let (osaka, kyoto) = (Authority::new(10), Authority::new(20));
    let mut setting = Setting::with(&[&osaka]);
    let relay = setting.start();
    let (segment, manifest) = relay.published(&osaka);
    let unknown = refused(404, "relay.unknown_authority");
    assert_eq!(relay.put_trust(&kyoto).problem(), unknown);
    assert_eq!(relay.put_segment(&kyoto, &kyoto.segment(1)).problem(), unknown);
    assert_eq!(relay.put_manifest(&kyoto, &kyoto.manifest(1, b"", &[])).problem(), unknown);
    assert_eq!(relay.manifest(&kyoto).problem(), unknown);
    drop(relay);

    setting.trust.clear();
    let relay = setting.start();
    assert_eq!(relay.manifest(&osaka).problem(), unknown, "no trust list, nothing to serve");
    assert_eq!(relay.put_manifest(&osaka, &manifest).problem(), unknown);
    assert_eq!(relay.segment(&segment).problem(), refused(404, "relay.no_such_segment"));
}

#[test]
fn a_segment_has_the_name_its_content_gives() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, other) = (osaka.segment(1), osaka.segment(2));
    let path = publish_segment_path(osaka.id(), &sha256(&other));
    assert_eq!(relay.put(&path, &segment).problem(), refused(422, "relay.hash_mismatch"));
    assert_eq!(relay.segment(&other).status, 404);
    assert_eq!(relay.segment(&segment).status, 404);
    let upper = publish_segment_path(osaka.id(), &sha256(&segment)).replace(|c: char| c.is_ascii_lowercase(), "A");
    assert_eq!(relay.put(&upper, &segment).status, 404);
}

#[test]
fn a_town_s_update_is_carried_beside_segments() {
    let mut sakai = Authority::new(10);
    let licence = key(13);
    sakai.list.municipality = Some(Municipality {
        code: MunicipalityCode::read("271403").unwrap(),
        url: None,
        status_keys: vec![],
        revoked_sites: vec![],
    });
    sakai.list.keys.push(TrustedKey {
        role: Role::Licence,
        key: licence.public(),
        revoked: false,
    });
    let relay = Setting::with(&[&sakai]).start();
    let update = |number, signer: &SigningKey| {
        let update = TownUpdate {
            town: sakai.id(),
            municipality: MunicipalityCode::read("271403").unwrap(),
            number,
            issued_at: NOW,
            lots: vec![],
            recalled: vec![],
            revoked_sites: vec![],
        };
        update.write(signer)
    };
    let naming = |sequence, before: &[u8], file: &[u8]| {
        let mut manifest = sakai.manifest_of(sequence, before, &[]);
        manifest.files = vec![PublicFileRef {
            kind: PublicFileKind::Sites.number(),
            hash: sha256(file),
            bytes: u32::try_from(file.len()).unwrap(),
        }];
        manifest.write(&sakai.manifest)
    };
    let forged = relay.put_segment(&sakai, &update(1, &sakai.notice));
    assert_eq!(forged.problem(), refused(403, "town_update.signature_invalid"));
    let (first, second) = (update(1, &licence), update(2, &licence));
    let manifest = naming(1, b"", &first);
    assert_eq!(
        relay.put_manifest(&sakai, &manifest).problem(),
        refused(409, "relay.segment_missing"),
        "what is named has to be there"
    );
    assert_eq!(relay.put_segment(&sakai, &first).status, 204);
    assert_eq!(relay.put_manifest(&sakai, &manifest).status, 204);
    assert_eq!(relay.segment(&first).body, first);
    assert_eq!(relay.put_segment(&sakai, &second).status, 204);
    let next = naming(2, &manifest, &second);
    assert_eq!(relay.put_manifest(&sakai, &next).status, 204);
    assert_eq!((relay.manifest(&sakai).body, relay.segment(&second).body), (next, second));
}

#[test]
fn a_segment_is_signed_by_a_notice_key_of_its_authority() {
    let (osaka, kyoto) = (Authority::new(10), Authority::new(20));
    let relay = Setting::with(&[&osaka, &kyoto]).start();
    for signer in [&osaka.manifest, &osaka.root, &kyoto.notice] {
        let file = osaka.segment_with(1, 10, signer);
        assert_eq!(
            relay.put_segment(&osaka, &file).problem(),
            refused(403, "segment.signature_invalid")
        );
        assert_eq!(relay.segment(&file).status, 404);
    }
    let theirs = kyoto.segment(1);
    assert_eq!(
        relay.put_segment(&osaka, &theirs).problem(),
        refused(422, "relay.other_authority")
    );
    // Osaka's key under Kyoto's name.
    let forged = kyoto.segment_with(1, 10, &osaka.notice);
    assert_eq!(
        relay.put_segment(&osaka, &forged).problem(),
        refused(422, "relay.other_authority")
    );
}

#[test]
fn a_damaged_segment_is_refused() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let segment = osaka.segment(1);
    assert_eq!(
        relay.put_segment(&osaka, b"").problem(),
        refused(400, "segment.not_a_segment")
    );
    assert_eq!(
        relay.put_segment(&osaka, b"nonsense").problem(),
        refused(400, "segment.not_a_segment")
    );
    assert_eq!(
        relay.put_segment(&osaka, &segment[..segment.len() - 1]).problem(),
        refused(400, "segment.damaged")
    );
    let mut flipped = segment.clone();
    flipped[90] ^= 1;
    assert!(relay.put_segment(&osaka, &flipped).status >= 400);
    let mut newer = segment;
    newer[4] = 9;
    assert_eq!(
        relay.put_segment(&osaka, &newer).problem(),
        refused(400, "segment.newer_version")
    );
}

#[test]
fn a_manifest_is_signed_by_a_manifest_key_of_its_authority() {
    let (osaka, kyoto) = (Authority::new(10), Authority::new(20));
    let relay = Setting::with(&[&osaka, &kyoto]).start();
    for signer in [&osaka.notice, &osaka.root, &kyoto.manifest] {
        let forged = osaka.manifest_of(1, b"", &[]).write(signer);
        assert_eq!(
            relay.put_manifest(&osaka, &forged).problem(),
            refused(403, "manifest.signature_invalid")
        );
    }
    let theirs = kyoto.manifest(1, b"", &[]);
    assert_eq!(
        relay.put(&manifest_path(osaka.id()), &theirs).problem(),
        refused(409, "manifest.other_authority")
    );
    // Osaka's name and key over Kyoto's trust list.
    let mut mixed = osaka.manifest_of(1, b"", &[]);
    mixed.trust_list = kyoto.trust();
    let mixed = mixed.write(&kyoto.manifest);
    assert_eq!(
        relay.put_manifest(&osaka, &mixed).problem(),
        refused(409, "trust.other_authority")
    );
    assert_eq!(relay.manifest(&osaka).status, 404);
}

#[test]
fn a_damaged_manifest_is_refused() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let manifest = osaka.manifest(1, b"", &[]);
    assert_eq!(
        relay.put_manifest(&osaka, b"nonsense").problem(),
        refused(400, "manifest.not_a_manifest")
    );
    assert_eq!(
        relay.put_manifest(&osaka, &manifest[..200]).problem(),
        refused(400, "manifest.damaged")
    );
    let mut bad_list = osaka.manifest_of(1, b"", &[]);
    bad_list.trust_list = b"nonsense".to_vec();
    let bad_list = bad_list.write(&osaka.manifest);
    assert_eq!(
        relay.put_manifest(&osaka, &bad_list).problem(),
        refused(400, "trust.not_a_trust_list")
    );
}

#[test]
fn a_manifest_lists_only_what_the_relay_holds() {
    let (osaka, kyoto) = (Authority::new(10), Authority::new(20));
    let relay = Setting::with(&[&osaka, &kyoto]).start();
    let (here, absent, theirs) = (osaka.segment(1), osaka.segment(2), kyoto.segment(3));
    relay.put_segment(&osaka, &here);
    relay.put_segment(&kyoto, &theirs);
    let missing = refused(409, "relay.segment_missing");
    assert_eq!(
        relay
            .put_manifest(&osaka, &osaka.manifest(1, b"", &[&here, &absent]))
            .problem(),
        missing
    );
    assert_eq!(
        relay
            .put_manifest(&osaka, &osaka.manifest(1, b"", &[&here, &theirs]))
            .problem(),
        missing
    );
    let mut wrong_length = osaka.manifest_of(1, b"", &[&here]);
    wrong_length.segments[0].bytes += 1;
    assert_eq!(
        relay.put_manifest(&osaka, &wrong_length.write(&osaka.manifest)).problem(),
        missing
    );
    assert_eq!(relay.manifest(&osaka).status, 404);
    assert_eq!(relay.put_manifest(&osaka, &osaka.manifest(1, b"", &[&here])).status, 204);
}

#[test]
fn manifests_only_go_forward() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, first) = relay.published(&osaka);
    let second = osaka.manifest(2, &first, &[&segment]);
    assert_eq!(relay.put_manifest(&osaka, &second).status, 204);

    let replayed = refused(409, "manifest.replayed");
    assert_eq!(relay.put_manifest(&osaka, &first).problem(), replayed, "a rollback");
    let mut backdated = osaka.manifest_of(3, &second, &[&segment]);
    backdated.signed_at = NOW;
    assert_eq!(
        relay.put_manifest(&osaka, &backdated.write(&osaka.manifest)).problem(),
        replayed
    );

    let forked = refused(409, "manifest.forked");
    assert_eq!(
        relay.put_manifest(&osaka, &osaka.manifest(2, &first, &[])).problem(),
        forked,
        "the same number"
    );
    assert_eq!(
        relay.put_manifest(&osaka, &osaka.manifest(3, &first, &[])).problem(),
        forked,
        "a broken chain"
    );
    assert_eq!(relay.manifest(&osaka).body, second);

    let fifth = osaka.manifest(5, b"went to another relay", &[&segment]);
    assert_eq!(relay.put_manifest(&osaka, &fifth).status, 204, "some may be missed");
}

#[test]
fn times_are_not_judged() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let mut ancient = osaka.manifest_of(1, b"", &[]);
    (ancient.signed_at, ancient.valid_until) = (0, 1);
    let ancient = ancient.write(&osaka.manifest);
    assert_eq!(relay.put_manifest(&osaka, &ancient).status, 204);
    let mut far = osaka.manifest_of(2, &ancient, &[]);
    far.signed_at = i64::MAX;
    assert_eq!(relay.put_manifest(&osaka, &far.write(&osaka.manifest)).status, 204);
}

#[test]
fn a_rotation_rides_in_the_manifest() {
    let mut osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (segment, first) = relay.published(&osaka);
    let (old_list, stolen) = (osaka.list.clone(), key(11));
    osaka.rotate(30);

    let early = osaka.segment(2);
    assert_eq!(
        relay.put_segment(&osaka, &early).problem(),
        refused(403, "segment.signature_invalid"),
        "not known yet"
    );
    let by_revoked = osaka.manifest_of(2, &first, &[&segment]).write(&stolen);
    assert_eq!(
        relay.put_manifest(&osaka, &by_revoked).problem(),
        refused(403, "manifest.signature_invalid")
    );

    let second = osaka.manifest(2, &first, &[&segment]);
    assert_eq!(relay.put_manifest(&osaka, &second).status, 204);
    assert_eq!(relay.put_segment(&osaka, &early).status, 204);

    let mut back: Manifest = osaka.manifest_of(3, &second, &[&segment]);
    back.trust_list = old_list.write(&osaka.root);
    assert_eq!(
        relay.put_manifest(&osaka, &back.write(&stolen)).problem(),
        refused(409, "trust.older")
    );
    let mut fork = osaka.list.clone();
    fork.name = "Another".to_owned();
    let mut forked = osaka.manifest_of(3, &second, &[&segment]);
    forked.trust_list = fork.write(&osaka.root);
    assert_eq!(
        relay.put_manifest(&osaka, &forked.write(&osaka.manifest)).problem(),
        refused(409, "trust.forked")
    );
    assert_eq!(relay.manifest(&osaka).body, second);
}

#[test]
fn a_refused_manifest_changes_no_key() {
    let mut osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    osaka.rotate(30);
    let absent = osaka.segment(1);
    let refused_manifest = osaka.manifest(1, b"", &[&absent]);
    assert_eq!(
        relay.put_manifest(&osaka, &refused_manifest).problem(),
        refused(409, "relay.segment_missing")
    );
    assert_eq!(
        relay.put_segment(&osaka, &absent).problem(),
        refused(403, "segment.signature_invalid")
    );
}

#[test]
fn a_trust_list_may_go_ahead() {
    let mut osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let (_, first) = relay.published(&osaka);
    let older = osaka.trust();
    osaka.rotate(30);
    let path = trust_path(osaka.id());
    assert_eq!(
        relay.put(&path, &osaka.list.write(&osaka.notice)).problem(),
        refused(403, "trust.signature_invalid")
    );
    assert_eq!(
        relay.put(&path, &Authority::new(20).trust()).problem(),
        refused(409, "trust.other_authority")
    );
    assert_eq!(relay.put_trust(&osaka).status, 204);
    assert_eq!(relay.put(&path, &older).problem(), refused(409, "trust.older"));
    let segment = osaka.segment(2);
    assert_eq!(relay.put_segment(&osaka, &segment).status, 204);
    assert_eq!(
        relay.put_manifest(&osaka, &osaka.manifest(2, &first, &[&segment])).status,
        204
    );
}

#[test]
fn a_restart_does_not_go_back_to_the_operator_s_older_file() {
    let mut osaka = Authority::new(10);
    let mut setting = Setting::with(&[&osaka]);
    let relay = setting.start();
    osaka.rotate(30);
    assert_eq!(relay.put_trust(&osaka).status, 204);
    drop(relay);

    let relay = setting.start();
    assert_eq!(
        relay.put_segment(&osaka, &osaka.segment(1)).status,
        204,
        "the newer list stayed"
    );
    drop(relay);

    let mut fork = osaka.list.clone();
    fork.name = "Another".to_owned();
    setting.trust = vec![fork.write(&osaka.root)];
    let refusal = setting.try_start(setting.store()).err().unwrap();
    assert_eq!(refusal.code(), "trust.forked");
    setting.trust = vec![b"nonsense".to_vec()];
    let refusal = setting.try_start(setting.store()).err().unwrap();
    assert_eq!(refusal.code(), "trust.not_a_trust_list");
}

#[test]
fn what_is_not_listed_goes_a_day_later() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.forget_every = Duration::from_millis(20))
        .start();
    let (segment, first) = relay.published(&osaka);
    let kept = osaka.segment(2);
    relay.put_segment(&osaka, &kept);
    assert_eq!(relay.put_manifest(&osaka, &osaka.manifest(2, &first, &[&kept])).status, 204);
    relay.wait_and_stand(0);
    assert_eq!(relay.segment(&segment).status, 200);
    relay.wait(86_400);
    // Its head alone: an answer that is under way while the segment goes breaks off.
    let path = segment_path(&sha256(&segment));
    let is_gone = || request(relay.address(), "HEAD", &path, &[], b"").status == 404;
    eventually("the segment is forgotten", is_gone);
    assert_eq!(relay.segment(&kept).status, 200);
}

#[test]
fn an_authority_has_so_much_room() {
    let osaka = Authority::new(10);
    let first = osaka.segment(1);
    let room = first.len() as u64 + 100;
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.segments_bytes_per_authority = room)
        .start();
    assert_eq!(relay.put_segment(&osaka, &first).status, 204);
    assert_eq!(
        relay.put_segment(&osaka, &osaka.segment(2)).problem(),
        refused(507, "relay.segments_full")
    );
}
