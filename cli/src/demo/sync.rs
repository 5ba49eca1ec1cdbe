//! `techo demo --sync`: two devices of one household, and a relay that is wiped, set back, and searched with every key there is.

use std::path::Path;

use techo_core::sync::seizure;
use techo_protocol::basics::clock::DAY_SECONDS as DAY;

use super::Story;
use super::household::{Household, Member};
use crate::failure::CliError;
use crate::{Failure, Outcome};

/// The name that must be nowhere once it is deleted.
const DELETED: &str = "Kanaria Tei";

impl Story<'_> {
    /// Tells it; fails where anything does not go as told.
    pub(super) fn tell_sync(&self, folder: &Path) -> Result<Outcome, Failure> {
        let out = &self.session.out;
        out.print(&out.texts().plain("demo-sync-title"))?;
        let now = self.session.now();

        self.step("demo-sync-pair", &[])?;
        let mut home = Household::begin(folder, now)?;
        self.say("demo-relay-started", &[("url", &home.url())])?;
        let mut phone = home.device(folder, "phone")?;
        let mut tablet = home.device(folder, "tablet")?;
        let gone = phone.visit(DELETED, now - 2 * DAY)?;
        let kept = phone.visit("Suzume An", now - 2 * DAY)?;
        let digits = home.pair(&mut phone, &mut tablet)?;
        self.say("demo-sync-paired", &[("digits", &digits)])?;
        self.names(&mut phone, &mut tablet)?;

        self.step("demo-sync-merge", &[])?;
        for (person, note) in [(&mut phone, "by the window"), (&mut tablet, "at the bar")] {
            person.write_note(kept, note)?;
        }
        phone.visit("Hibari Ya", now - DAY)?;
        tablet.visit("Tsubame", now - DAY)?;
        home.both(&mut phone, &mut tablet)?;
        home.both(&mut phone, &mut tablet)?;
        self.names(&mut phone, &mut tablet)?;
        let note = phone.note(&kept)?;
        expect(note == tablet.note(&kept)? && note.contains("window") && note.contains("bar"))?;
        self.say("demo-sync-note", &[("note", &note.replace('\n', " / "))])?;

        self.step("demo-sync-delete", &[("venue", &DELETED)])?;
        expect(opens(&home, &mut [&mut phone, &mut tablet], DELETED)?)?;
        self.say("demo-sync-opens-before", &[("venue", &DELETED)])?;
        tablet.device.delete_visits(&[gone])?;
        home.both(&mut tablet, &mut phone)?;
        home.both(&mut tablet, &mut phone)?;
        self.names(&mut phone, &mut tablet)?;
        expect(!opens(&home, &mut [&mut phone, &mut tablet], DELETED)?)?;
        let hoard = home.hoard();
        let bytes: usize = hoard.iter().map(Vec::len).sum();
        self.say("demo-sync-opens-nothing", &[("count", &hoard.len()), ("bytes", &bytes)])?;

        self.step("demo-sync-wipe", &[])?;
        home.wipe()?;
        let done = home.sync(&mut phone)?;
        expect(done.refilled && done.relay_fault.is_none())?;
        self.say("demo-sync-refilled", &[("count", &done.sent)])?;
        home.sync(&mut tablet)?;
        self.names(&mut phone, &mut tablet)?;

        self.step("demo-sync-set-back", &[])?;
        let old = home.copy()?;
        phone.visit("Mejiro", now - DAY)?;
        home.sync(&mut phone)?;
        home.set_back(&old)?;
        let caught = home.sync(&mut phone)?.relay_fault;
        expect(caught.is_some())?;
        self.say("sync-rolled-back", &[])?;
        home.sync(&mut tablet)?;
        self.names(&mut phone, &mut tablet)?;

        self.step("demo-sync-remove", &[])?;
        expect(phone.device.remove_device(1)?.is_out)?;
        phone.visit("Karasu", now - DAY)?;
        home.sync(&mut phone)?;
        let refused = home
            .sync(&mut tablet)
            .is_err_and(|failure| failure.is("household.locked_out"));
        expect(refused && !opens(&home, &mut [&mut tablet], "Karasu")?)?;
        self.say("demo-sync-removed", &[])?;
        expect(opens(&home, &mut [&mut phone], "Karasu")?)?;

        self.step("demo-search", &[])?;
        let (lines, log) = home.end();
        let words = [DELETED, "Suzume An", "Hibari Ya", "Tsubame", "Mejiro", "Karasu"];
        let found = super::search::for_words(folder, &log, &words)?;
        self.say(
            "demo-searched",
            &[("files", &found.files), ("bytes", &found.bytes), ("lines", &lines)],
        )?;
        expect(found.places.is_empty())?;
        self.say("demo-clean", &[])?;
        out.print("")?;
        Ok(Outcome::Done)
    }

    /// Both must show the same.
    fn names(&self, phone: &mut Member, tablet: &mut Member) -> Result<(), Failure> {
        let (names, others) = (phone.names()?, tablet.names()?);
        expect(names == others)?;
        self.say("demo-sync-both", &[("names", &names.join(", "))])
    }
}

fn expect(holds: bool) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(CliError::DemoFailed.into()) }
}

/// Whether everything that went to the relay, opened with every key that these devices still have, holds a word.
fn opens(home: &Household, devices: &mut [&mut Member], word: &str) -> Result<bool, Failure> {
    let mut keys = seizure::Seized::default();
    for device in devices {
        keys.and(device.seize()?);
    }
    let plain = keys.read(&home.hoard());
    let holds = |bytes: &Vec<u8>| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    Ok(plain.iter().any(holds))
}
