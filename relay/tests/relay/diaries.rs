//! Sealed diaries, in from everybody and out to their authority alone.

use std::time::Duration;

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{DIARIES_A_PAGE, DepositedDiary, Diaries, StoredDiary, TakeDiaries, diary_path};
use techo_protocol::trust::AuthorityId;

use crate::authority::Authority;
use crate::client::{Answer, refused};
use crate::setting::{Setting, eventually};

fn sealed(content: u8) -> Vec<u8> {
    vec![content; SENT_BYTES]
}

fn page(answer: &Answer) -> Diaries {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("cache-control"), "no-store");
    Diaries::from_bytes(&answer.body).unwrap()
}

fn stored(diary: &DepositedDiary) -> StoredDiary {
    StoredDiary {
        mailbox: diary.mailbox,
        hash: sha256(&diary.sealed),
    }
}

#[test]
fn a_diary_waits_until_the_authority_says_that_it_has_it() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    assert_eq!(relay.put_diary(osaka.id(), 1, &sealed(1)).status, 204);
    assert_eq!(
        relay.put_diary(osaka.id(), 1, &sealed(1)).status,
        204,
        "a repeated request adds nothing"
    );
    assert_eq!(relay.put_diary(osaka.id(), 2, &sealed(2)).status, 204);

    let first = page(&relay.take(&osaka, &osaka.take(1, &[])));
    assert_eq!(first.diaries.iter().map(|diary| diary.mailbox[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(first.diaries[0].sealed, sealed(1));
    assert!(!first.more);

    // The answer was lost: the next request finds the same.
    assert_eq!(page(&relay.take(&osaka, &osaka.take(2, &[]))), first);

    // Another diary came to a mailbox that was taken; it stays.
    relay.put_diary(osaka.id(), 1, &sealed(9));
    let names: Vec<_> = first.diaries.iter().map(stored).collect();
    let rest = page(&relay.take(&osaka, &osaka.take(3, &names)));
    assert_eq!(rest.diaries.iter().map(|diary| diary.sealed[0]).collect::<Vec<_>>(), [9]);
}

#[test]
fn a_request_counts_once() {
    let osaka = Authority::new(10);
    let setting = Setting::with(&[&osaka]);
    let relay = setting.start();
    relay.put_diary(osaka.id(), 1, &sealed(1));
    let name = StoredDiary {
        mailbox: [1; 16],
        hash: sha256(&sealed(1)),
    };
    let overheard = osaka.take(5, &[name]);
    assert_eq!(page(&relay.take(&osaka, &overheard)).diaries.len(), 0);
    relay.put_diary(osaka.id(), 1, &sealed(1));
    let replayed = refused(409, "relay.take_replayed");
    assert_eq!(relay.take(&osaka, &overheard).problem(), replayed);
    assert_eq!(relay.take(&osaka, &osaka.take(4, &[])).problem(), replayed);
    drop(relay);

    let relay = setting.start();
    assert_eq!(relay.take(&osaka, &overheard).problem(), replayed, "after a restart too");
    assert_eq!(page(&relay.take(&osaka, &osaka.take(6, &[]))).diaries.len(), 1);
}

#[test]
fn only_the_authority_takes_its_diaries() {
    let (mut osaka, kyoto) = (Authority::new(10), Authority::new(20));
    let relay = Setting::with(&[&osaka, &kyoto]).start();
    relay.put_diary(osaka.id(), 1, &sealed(1));
    let refusal = refused(403, "relay.take_not_signed");
    assert_eq!(relay.take(&osaka, b"nonsense").problem(), refusal);
    assert_eq!(relay.take(&osaka, b"").problem(), refusal);
    assert_eq!(relay.take(&osaka, &kyoto.take(1, &[])).problem(), refusal);
    let take = TakeDiaries {
        authority: osaka.id(),
        number: 1,
        stored: vec![],
    };
    for signer in [&osaka.notice, &osaka.root, &kyoto.manifest] {
        assert_eq!(relay.take(&osaka, &take.write(signer)).problem(), refusal);
    }
    let elsewhere = TakeDiaries {
        authority: kyoto.id(),
        ..take.clone()
    };
    assert_eq!(
        relay.take(&osaka, &elsewhere.write(&osaka.manifest)).problem(),
        refusal,
        "signed for another box"
    );

    let by_old_key = osaka.take(1, &[]);
    osaka.rotate(30);
    assert_eq!(relay.put_trust(&osaka).status, 204);
    assert_eq!(
        relay.take(&osaka, &by_old_key).problem(),
        refusal,
        "a revoked key takes nothing"
    );
    assert_eq!(page(&relay.take(&osaka, &osaka.take(1, &[]))).diaries.len(), 1);
}

#[test]
fn every_diary_has_one_size() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    for length in [0, 1, SENT_BYTES - 1] {
        assert_eq!(
            relay.put_diary(osaka.id(), 1, &vec![1; length]).problem(),
            refused(422, "relay.diary_size")
        );
    }
    assert_eq!(
        relay.put_diary(osaka.id(), 1, &vec![1; SENT_BYTES + 1]).problem(),
        refused(413, "relay.too_large")
    );
    assert_eq!(page(&relay.take(&osaka, &osaka.take(1, &[]))), Diaries::default());
}

#[test]
fn a_diary_goes_to_an_authority_that_the_relay_knows() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let unknown = AuthorityId([9; 16]);
    assert_eq!(
        relay.put_diary(unknown, 1, &sealed(1)).problem(),
        refused(404, "relay.unknown_authority")
    );
    let path = diary_path(osaka.id(), MailboxId([1; 16]));
    for bad in [
        &path[..path.len() - 1],
        &path.replace("/diaries/0101", "/diaries/01AB"),
        &format!("{path}00"),
    ] {
        assert_eq!(
            relay.put(bad, &sealed(1)).problem(),
            refused(404, "relay.no_such_path"),
            "{bad}"
        );
    }
}

#[test]
fn diaries_come_in_pages() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka]).start();
    let all = u8::try_from(DIARIES_A_PAGE).unwrap() + 2;
    for mailbox in 0..all {
        assert_eq!(relay.put_diary(osaka.id(), mailbox, &sealed(1)).status, 204);
    }
    let first = page(&relay.take(&osaka, &osaka.take(1, &[])));
    assert_eq!((first.diaries.len(), first.more), (DIARIES_A_PAGE, true));
    let names: Vec<_> = first.diaries.iter().map(stored).collect();
    let second = page(&relay.take(&osaka, &osaka.take(2, &names)));
    assert_eq!((second.diaries.len(), second.more), (2, false));
}

#[test]
fn a_full_box_takes_no_more_and_loses_nothing() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.diaries_per_authority = 2)
        .start();
    relay.put_diary(osaka.id(), 1, &sealed(1));
    relay.put_diary(osaka.id(), 2, &sealed(1));
    assert_eq!(
        relay.put_diary(osaka.id(), 3, &sealed(1)).problem(),
        refused(507, "relay.diaries_full")
    );
    assert_eq!(page(&relay.take(&osaka, &osaka.take(1, &[]))).diaries.len(), 2);
}

#[test]
fn a_diary_is_kept_for_a_week() {
    let osaka = Authority::new(10);
    let relay = Setting::with(&[&osaka])
        .limits(|limits| limits.forget_every = Duration::from_millis(20))
        .start();
    relay.put_diary(osaka.id(), 1, &sealed(1));
    relay.wait(7 * 86_400);
    std::thread::sleep(Duration::from_millis(200));
    let mut number = 0;
    let mut waiting = || {
        number += 1;
        page(&relay.take(&osaka, &osaka.take(number, &[]))).diaries.len()
    };
    assert_eq!(waiting(), 1);
    relay.wait(86_400);
    eventually("the diary is forgotten", || waiting() == 0);
}
