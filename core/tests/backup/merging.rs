//! A backup meets a diary: nothing that is here is lost, and nothing that was deleted is back.

use super::*;
use techo_core::documents::week::week_of;
use techo_core::documents::{Document, TOMBSTONE_DAYS};
use techo_core::vault::Writer;

fn week(check_in: i64) -> DocumentName {
    DocumentName::Week(week_of(check_in).unwrap())
}

fn load(phone: &mut Phone, name: &DocumentName) -> Document {
    let vault = phone.diary.vault();
    let actor = vault.actor();
    let stored = vault.read(|reader| reader.document(name)).unwrap();
    Document::load(stored.unwrap(), actor)
}

#[test]
fn a_deleted_visit_does_not_come_back() {
    let mut phone = Phone::at(NOW);
    let gone = phone.add_whole("Gone", 1);
    phone.add_whole("Bar Yoru", 1);
    let file = phone.backup();
    phone.diary.delete(&[gone]).unwrap();
    let restored = phone.restore(&file);
    assert_eq!((restored.deleted, restored.visits), (1, 0));
    assert_eq!(phone.listed(), ["Bar Yoru"]);
    assert_eq!(phone.restore_with(&file, OldRows::Keep).deleted, 1);
    assert_eq!(phone.listed(), ["Bar Yoru"]);
}

#[test]
fn a_deletion_of_the_backup_is_known_on_the_new_phone() {
    let mut old = Phone::at(NOW);
    let gone = old.add_whole("Gone", 1);
    let before = old.backup();
    old.diary.delete(&[gone]).unwrap();
    let after = old.backup();
    // An older backup after a newer one: what was deleted between them stays so.
    let mut new = Phone::at(NOW);
    new.restore(&after);
    assert_eq!(new.restore(&before).deleted, 1);
    assert_eq!(new.listed(), Vec::<String>::new());
    // And the other way round: the newer one's deletion reaches what the older one brought.
    let mut other = Phone::at(NOW);
    other.restore(&before);
    assert_eq!(other.listed(), ["Gone"]);
    other.restore(&after);
    assert_eq!(other.listed(), Vec::<String>::new());
    assert!(load(&mut other, &week(NOW - DAY)).is_buried(&gone));
}

#[test]
fn a_row_that_was_written_after_its_deletion_elsewhere_stays() {
    let mut old = Phone::at(NOW);
    let id = old.add_whole("Bar Yoru", 1);
    let before = old.backup();
    let mut tablet = Phone::at(NOW);
    tablet.restore(&before);
    old.diary.delete(&[id]).unwrap();
    let after = old.backup();
    for note in ["one", "two", "three", "four"] {
        tablet.diary.edit(&id, &edit(note)).unwrap();
    }
    tablet.restore(&after);
    assert_eq!(tablet.listed(), ["Bar Yoru"]);
    assert_eq!(tablet.visits()[0].note.as_deref(), Some("four"));
}

#[test]
fn what_is_here_stays_and_what_was_written_last_counts() {
    let mut old = Phone::at(NOW);
    let id = old.add_whole("Bar Yoru", 1);
    let first = old.backup();
    old.diary.edit(&id, &edit("later")).unwrap();
    let second = old.backup();
    let mut new = Phone::at(NOW);
    let own = new.add_whole("Own", 1);
    new.restore(&second);
    new.restore(&first);
    assert_eq!(new.visits().len(), 2);
    assert_eq!(new.diary.visit(&id).unwrap().unwrap().note.as_deref(), Some("later"));
    assert_eq!(new.diary.visit(&own).unwrap().unwrap().note.as_deref(), Some("note of Own"));
    new.diary.edit(&id, &edit("latest")).unwrap();
    new.restore(&second);
    assert_eq!(new.diary.visit(&id).unwrap().unwrap().note.as_deref(), Some("latest"));
}

#[test]
fn a_cleared_note_stays_cleared() {
    let mut phone = Phone::at(NOW);
    let id = phone.add_whole("Bar Yoru", 1);
    let file = phone.backup();
    phone.diary.edit(&id, &edit("")).unwrap();
    phone.restore(&file);
    assert_eq!(phone.visits()[0].note, None);
    let cleared = phone.backup();
    let mut new = Phone::at(NOW);
    new.restore(&file);
    assert!(new.visits()[0].note.is_some());
    new.restore(&cleared);
    assert_eq!(new.visits()[0].note, None);
}

#[test]
fn visits_past_the_retention_are_neither_kept_nor_brought_back() {
    let mut old = Phone::at(NOW);
    old.add_whole("Old", 20);
    old.add_whole("Bar Yoru", 1);
    let file = old.backup();
    // The week of the first has expired by then; that of the second has not, and on day 30 its visit has.
    let mut new = Phone::at(NOW + 26 * DAY);
    let restored = new.restore(&file);
    assert_eq!((restored.visits, restored.expired, restored.old), (1, 1, 0));
    assert_eq!(new.listed(), ["Bar Yoru"]);
    assert_eq!(documents(new.diary.vault()).len(), 2);
    let mut later = Phone::at(NOW + 28 * DAY);
    let restored = later.restore(&file);
    assert_eq!((restored.visits, restored.expired), (0, 2));
    assert_eq!(later.listed(), Vec::<String>::new());
    // Hidden and not yet destroyed: not in a new backup either.
    let mut old = old.restarted_at(NOW + 28 * DAY);
    assert!(documents(old.diary.vault()).contains(&week(NOW - DAY)));
    let collected = write(old.diary.vault(), PASSPHRASE, Cost::TEST, NOW + 28 * DAY).unwrap();
    assert_eq!(collected.visits, 0);
}

#[test]
fn old_rows_are_brought_back_only_if_somebody_says_so() {
    let mut old = Phone::at(NOW);
    old.add_whole("Bar Yoru", 1);
    let file = old.backup();
    let later = NOW + (TOMBSTONE_DAYS + 1) * DAY;
    let mut new = Phone::at(later);
    let backup = Backup::open(&file, PASSPHRASE).unwrap();
    // The person of the visit.
    assert_eq!(old_rows(new.diary.vault(), &backup, later).unwrap(), 1);
    let restored = new.restore(&file);
    assert_eq!((restored.old, restored.others), (1, 0));
    assert_eq!(new.diary.people().unwrap(), []);
    let restored = new.restore_with(&file, OldRows::Keep);
    assert_eq!((restored.old, restored.others), (0, 1));
    assert_eq!(new.diary.people().unwrap().len(), 1);
    assert_eq!(old_rows(new.diary.vault(), &backup, later).unwrap(), 0);
    // A day earlier nobody is asked.
    let mut in_time = Phone::at(NOW + TOMBSTONE_DAYS * DAY);
    assert_eq!(in_time.restore(&file).others, 1);
}

#[test]
fn a_visit_whose_tombstone_went_with_its_week_is_old() {
    let mut phone = Phone::at(NOW);
    let gone = phone.add_whole("Gone", 20);
    phone.add_whole("Bar Yoru", 1);
    let file = phone.backup();
    phone.diary.delete(&[gone]).unwrap();
    // The clock has said it twice.
    phone.clock.set(NOW - DAY);
    phone.diary.forget_expired().unwrap();
    phone.clock.set(NOW);
    phone.diary.set_keep_days(14).unwrap();
    assert_eq!(documents(phone.diary.vault()).len(), 2, "the week went with its tombstone");
    phone.diary.set_keep_days(60).unwrap();
    let backup = Backup::open(&file, PASSPHRASE).unwrap();
    assert_eq!(old_rows(phone.diary.vault(), &backup, NOW).unwrap(), 1);
    let restored = phone.restore(&file);
    assert_eq!((restored.old, restored.visits, restored.already), (1, 0, 2));
    assert_eq!(phone.listed(), ["Bar Yoru"]);
    assert_eq!(phone.restore_with(&file, OldRows::Keep).visits, 1);
    assert_eq!(phone.listed(), ["Gone", "Bar Yoru"]);
    // What this device remembers of its weeks is no setting: another phone is not told.
    let mut new = Phone::at(NOW);
    assert_eq!(new.restore(&phone.backup()).visits, 2);
    let settings = new.diary.vault().records(RecordKind::DeviceSetting).unwrap();
    let names: Vec<_> = settings.iter().map(|(name, _)| name.as_slice()).collect();
    assert_eq!(names, [b"clock"], "its own");
}

#[test]
fn settings_that_were_chosen_here_stay_and_no_visit_expires_by_a_restore() {
    let mut old = Phone::at(NOW);
    old.add_whole("Bar Yoru", 1);
    old.diary.set_keep_days(14).unwrap();
    let file = old.backup();
    // Nobody has chosen, and there are visits that fourteen days would take away.
    let mut new = Phone::at(NOW);
    new.add_whole("Library", 20);
    new.restore(&file);
    assert_eq!(new.diary.keep_days().unwrap(), 28);
    assert_eq!(new.listed(), ["Library", "Bar Yoru"]);
    // Somebody has chosen, before there was anything.
    let mut chosen = Phone::at(NOW);
    chosen.diary.set_keep_days(42).unwrap();
    chosen.restore(&file);
    assert_eq!(chosen.diary.keep_days().unwrap(), 42);
    // A new phone takes it over; so does one with visits, if it keeps them for longer.
    let mut empty = Phone::at(NOW);
    empty.restore(&file);
    assert_eq!(empty.diary.keep_days().unwrap(), 14);
    old.diary.set_keep_days(60).unwrap();
    let longer = old.backup();
    new.restore(&longer);
    assert_eq!(new.diary.keep_days().unwrap(), 60);
    let theme = |phone: &mut Phone, value: &[u8]| {
        let vault = phone.diary.vault();
        vault.put_record(RecordKind::DeviceSetting, b"theme", value).unwrap();
    };
    theme(&mut old, b"dark");
    theme(&mut new, b"light");
    new.restore(&old.backup());
    let found = new.diary.vault().record(RecordKind::DeviceSetting, b"theme").unwrap();
    assert_eq!(found.as_deref(), Some(&b"light"[..]));
}

#[test]
fn a_newer_trust_list_stays() {
    let mut authority = Authority::named("Osaka Prefecture");
    let mut old = Phone::at(NOW);
    following::add(old.diary.vault(), &authority.trust_file()).unwrap();
    let file = old.backup();
    authority.renew_trust();
    following::add(old.diary.vault(), &authority.trust_file()).unwrap();
    assert_eq!(old.restore(&file).authorities, 0);
    assert_eq!(following::all(old.diary.vault()).unwrap()[0].number, 2);
    let newer = old.backup();
    let mut new = Phone::at(NOW);
    assert_eq!(new.restore(&file).authorities, 1);
    assert_eq!(new.restore(&newer).authorities, 1);
    assert_eq!(following::all(new.diary.vault()).unwrap()[0].number, 2);
}

#[test]
fn restored_rows_go_on_to_other_devices_like_new_ones() {
    let mut old = Phone::at(NOW);
    let id = old.add_whole("Bar Yoru", 1);
    let file = old.backup();
    let mut new = Phone::at(NOW);
    let own = new.add_whole("Own", 1);
    // All that was there has been sent.
    let sent = |writer: &mut Writer<'_>| {
        let outbox = writer.reader().outbox()?;
        outbox.iter().try_for_each(|entry| writer.sent(entry.place))
    };
    new.diary.vault().write(sent).unwrap();
    new.restore(&file);
    let outbox = new.diary.vault().write(|writer| writer.reader().outbox()).unwrap();
    let name = week(NOW - DAY);
    assert!(outbox.iter().any(|entry| entry.document == name && entry.change.is_some()));
    let mut tablet = Document::begin(name.clone(), [5; 16]);
    tablet.take_in(&load(&mut new, &name).changes()).unwrap();
    let mut ids: Vec<EntryId> = tablet.rows().iter().map(|row| row.id).collect();
    ids.sort();
    let mut expected = [id, own];
    expected.sort();
    assert_eq!(ids, expected);
    // A restored row is deleted like any other: no byte of it is left in the next generation.
    new.diary.delete(&[id]).unwrap();
    let whole = load(&mut new, &name).whole().0;
    assert!(!whole.windows(8).any(|part| part == "Bar Yoru".as_bytes()));
}

#[test]
fn rows_and_values_of_a_newer_program_are_kept() {
    let mut old = Phone::at(NOW);
    old.add_whole("Bar Yoru", 1);
    let name = week(NOW - DAY);
    let id = EntryId([7; 16]);
    let vault = old.diary.vault();
    let actor = vault.actor();
    vault
        .write(|writer| {
            let mut document = Document::load(writer.reader().document(&name)?.unwrap(), actor);
            document.set(&id.to_string(), vec![9_u8, 9, 9])?;
            document.set(&format!("{id}/z"), automerge::ScalarValue::F64(1.5))?;
            document.set("n/future", automerge::ScalarValue::Timestamp(5))?;
            document.save(writer)?;
            Ok::<_, VaultError>(())
        })
        .unwrap();
    let file = old.backup();
    let mut new = Phone::at(NOW);
    assert_eq!(new.restore(&file).visits, 2);
    assert_eq!(new.diary.list(&Filter::default()).unwrap().newer, [id]);
    let document = load(&mut new, &name);
    assert_eq!(document.get(&format!("{id}/z")), Some(automerge::ScalarValue::F64(1.5)));
    assert_eq!(document.get("n/future"), Some(automerge::ScalarValue::Timestamp(5)));
}
