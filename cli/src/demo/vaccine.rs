//! `techo demo --vaccine`: a town, a site without a network, and a stick; what is refused, and what nobody can read.
//!
//! Then two phones: the next dose, a status pass at a door, a move, and a recalled lot.

use std::path::Path;

use techo_authority::municipality::ledger::Filter;
use techo_authority::municipality::passes::NewPass;
use techo_authority::profile::NewAuthority;
use techo_authority::{Authority, Error};
use techo_core::certificates::{Reason, Verdict};
use techo_core::device::{Check, CheckedDocument, Upcoming};
use techo_core::vaccine::Checker;
use techo_protocol::Coded as _;
use techo_protocol::basics::clock::DAY_SECONDS as DAY;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::exposure::notice::LocalisedText;
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::status_pass::Value;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::Story;
use super::loopback::{self, Log};
use super::patient::{Patient, read_code};
use super::town::TownCast;
use crate::failure::CliError;
use crate::relay_client::RelayClient;
use crate::{Failure, Outcome, time};

const SITE: &str = "Kanaria Clinic";
const RESIDENTS: u64 = 500;
/// 2021-07-01T10:00+09:00: the rules of the day are part of the story.
const MORNING: i64 = 1_625_101_200;
const LOT: &str = "EX3617";
/// The name on the pass: the town writes it there and nowhere else.
const NAME: &str = "Tanaka Akiko";
/// The lot of the last two tickets.
const OTHER_LOT: &str = "EY0779";

impl Story<'_> {
    /// Tells it; fails where anything does not go as told.
    pub(super) fn tell_vaccine(&self, folder: &Path) -> Result<Outcome, Failure> {
        let out = &self.session.out;
        out.print(&out.texts().plain("demo-vaccine-title"))?;
        let mut cast = TownCast::begin(folder, RESIDENTS, MORNING - 30 * DAY)?;
        let slips = self.tell_doses(&mut cast)?;
        let mut phones = self.tell_phones(folder, &cast, &slips)?;
        let second = self.tell_town(&mut cast)?;
        keep_second_slips(&mut phones, &second)?;
        self.tell_pass(&mut cast, &mut phones)?;
        self.tell_move(folder, &cast, &mut phones)?;
        self.tell_recall(folder, &mut cast, &mut phones)?;
        self.tell_search(folder)?;
        out.print("")?;
        Ok(Outcome::Done)
    }

    /// The site records doses from tickets and refuses what is wrong; the slips that it handed out.
    fn tell_doses(&self, cast: &mut TownCast) -> Result<Vec<DoseSlip>, Failure> {
        self.step("demo-vaccine-town", &[("count", &RESIDENTS)])?;
        self.say("demo-vaccine-sealed", &[])?;
        cast.license(SITE)?;
        cast.update(SITE)?;
        self.say("demo-vaccine-licence", &[("site", &SITE)])?;

        self.step("demo-vaccine-record", &[("site", &SITE)])?;
        cast.go_to(MORNING);
        let mut slips = Vec::new();
        for number in 1..=6 {
            let lot = if number > 4 { OTHER_LOT } else { LOT };
            let (recorded, ms) = cast.show_ticket(SITE, &format!("11271403{number:010}"), lot)?;
            let slip = recorded?.slip.ok_or(CliError::DemoFailed)?;
            self.say(
                "demo-vaccine-recorded",
                &[
                    ("ticket", &slip.dose.ticket),
                    ("ms", &format!("{ms:.0}")),
                    ("bytes", &slip.cose_bytes()),
                ],
            )?;
            slips.push(slip);
        }

        self.step("demo-vaccine-refuse", &[])?;
        self.refuse(cast, "112714030000000006", LOT, "clinic.same_picture")?;
        self.refuse(cast, "112714030000000001", LOT, "clinic.ticket_used")?;
        self.refuse(cast, "112714040000000007", LOT, "ticket.check_digit")?;
        self.refuse(cast, "111300010000000007", LOT, "clinic.other_town")?;
        cast.town.add_recall("pfizer", "EX0001", &LocalisedText::default(), MORNING)?;
        cast.update(SITE)?;
        self.refuse(cast, "112714030000000007", "EX0001", "clinic.lot_recalled")?;
        cast.go_to(MORNING + 5 * DAY);
        self.refuse(cast, "122714030000000001", LOT, "schedule.too_early")?;
        Ok(slips)
    }

    fn refuse(&self, cast: &TownCast, ticket: &str, lot: &str, code: &str) -> Result<(), Failure> {
        let (recorded, _) = cast.show_ticket(SITE, ticket, lot)?;
        let error = recorded.err().ok_or(CliError::DemoFailed)?;
        expect(error.code() == code)?;
        let message = self.session.out.texts().message(&error);
        self.say("demo-vaccine-refused", &[("ticket", &ticket), ("message", &message)])
    }

    /// Two residents scan their slips; each phone says when the next dose is due.
    fn tell_phones(&self, folder: &Path, cast: &TownCast, slips: &[DoseSlip]) -> Result<Vec<Patient>, Failure> {
        self.step("demo-vaccine-phones", &[])?;
        let now = MORNING + 5 * DAY;
        let mut phones = Vec::new();
        for (name, born, ticket) in [("Aki", "1938-05-06", 3), ("Yui", "1940-05-06", 5)] {
            let mut phone = Patient::new(folder, name, born, &cast.trust_file, now)?;
            phone.scan_slip(slips.get(ticket - 1).ok_or(CliError::DemoFailed)?)?;
            let Upcoming::Due { when: next, .. } = phone.next()?.next else {
                return Err(CliError::DemoFailed.into());
            };
            expect(next.dose == 2 && next.recommended.to_string() == "2021-07-22")?;
            self.say(
                "demo-vaccine-next",
                &[
                    ("name", &phone.name),
                    ("dose", &next.dose),
                    ("earliest", &next.earliest),
                    ("recommended", &next.recommended),
                ],
            )?;
            phones.push(phone);
        }
        Ok(phones)
    }

    /// The stick goes to the town; three weeks later some come again, and some do not. The slips of the second dose.
    fn tell_town(&self, cast: &mut TownCast) -> Result<Vec<DoseSlip>, Failure> {
        self.step("demo-vaccine-stick", &[])?;
        let file = cast.to_stick(SITE)?;
        let holds = |word: &str| file.windows(word.len()).any(|part| part == word.as_bytes());
        expect(!holds(LOT) && !holds("0000000001"))?;
        let taken = cast.take_stick(&file)?;
        let again = cast.take_stick(&file)?;
        expect(taken.imported.new == 6 && again.again && again.imported.new == 0)?;
        let mut torn = file.clone();
        if let Some(byte) = torn.get_mut(file.len() / 2) {
            *byte ^= 1;
        }
        expect(cast.take_stick(&torn).is_err_and(|failure| failure.is("dose_bundle.damaged")))?;
        self.say(
            "demo-vaccine-taken",
            &[("doses", &taken.imported.new), ("bytes", &file.len())],
        )?;

        self.step("demo-vaccine-second", &[])?;
        cast.go_to(MORNING + 21 * DAY);
        let mut slips = Vec::new();
        for number in 3..=6 {
            let lot = if number > 4 { OTHER_LOT } else { LOT };
            let (recorded, _) = cast.show_ticket(SITE, &format!("12271403{number:010}"), lot)?;
            let recorded = recorded?;
            expect(recorded.record.dose == 2)?;
            slips.push(recorded.slip.ok_or(CliError::DemoFailed)?);
        }
        let file = cast.to_stick(SITE)?;
        cast.take_stick(&file)?;
        let now = MORNING + 60 * DAY;
        let coverage = cast.town.coverage(now)?;
        let population: u64 = coverage.population.values().sum();
        self.say(
            "municipality-coverage",
            &[("doses", &coverage.doses), ("population", &population)],
        )?;
        let public = coverage.for_public();
        let hidden = public.people.values().filter(|(people, _)| people.is_none()).count();
        expect(hidden == public.people.len())?;
        self.say("demo-vaccine-public", &[("count", &hidden)])?;
        let mut late = Vec::new();
        cast.town.overdue(&Schedule::japan_covid_19(), now, |overdue| {
            late.push(overdue.ticket.to_string());
            Ok::<(), Error>(())
        })?;
        expect(late == ["0000000001", "0000000002"])?;
        let day = time::day(now, self.session.out.texts());
        self.say("demo-vaccine-late", &[("day", &day), ("tickets", &late.join(", "))])?;
        Ok(slips)
    }

    /// The town issues a pass to a phone. At a door it is shown with two fields, quickly and strictly; a screenshot of it fails.
    fn tell_pass(&self, cast: &mut TownCast, phones: &mut [Patient]) -> Result<(), Failure> {
        self.step("demo-vaccine-pass", &[])?;
        let now = MORNING + 60 * DAY;
        let phone = phones.first_mut().ok_or(CliError::DemoFailed)?;
        phone.go_to(now);
        let request = phone.request_pass()?;
        let new = NewPass {
            ticket: TicketNumber::read("0000000003")?,
            request: Some(&request),
            name: Some(NAME),
        };
        let issued = cast.town.issue_pass(&new, now, &SystemRandom::new())?;
        phone.keep_pass(issued.file)?;
        self.say("demo-vaccine-issued", &[("name", &phone.name), ("count", &issued.copies)])?;

        let quick = phone.show_pass(None)?;
        let mut door = door(&cast.trust_file)?;
        let verified = look(&mut door, &quick, None, now + 5)?;
        expect(verified.verdict == Verdict::Valid && verified.holder.is_none())?;
        let shown: Vec<String> = verified.shown.iter().map(Value::to_text).collect();
        expect(shown.len() == 2 && verified.issuer.as_deref() == Some("Sakai"))?;
        self.say(
            "demo-vaccine-quick",
            &[("shown", &shown.join(", ")), ("digits", &quick.len())],
        )?;
        self.fails(&look(&mut door, &quick, None, now + 20)?, &Reason::AlreadyShown)?;
        let mut another = self::door(&cast.trust_file)?;
        self.fails(&look(&mut another, &quick, None, now + 61)?, &Reason::TooOld)?;
        phone.go_to(now + 70);
        let strict = phone.show_pass(Some("7Kq2"))?;
        let verified = look(&mut door, &strict, Some("7Kq2"), now + 75)?;
        expect(verified.verdict == Verdict::Valid)?;
        self.say("demo-vaccine-strict", &[])?;
        self.fails(&look(&mut door, &strict, Some("m4Xz"), now + 80)?, &Reason::NotBound)
    }

    /// A picture of the pass fails, and for this reason.
    fn fails(&self, verified: &CheckedDocument, reason: &Reason) -> Result<(), Failure> {
        expect(verified.reasons.iter().eq([reason]) && verified.shown.is_empty())?;
        let message = self.session.out.texts().message(reason);
        self.say("demo-vaccine-screenshot", &[("message", &message)])
    }

    /// Somebody moves: the new town sees the doses from the phone the same day.
    fn tell_move(&self, folder: &Path, cast: &TownCast, phones: &mut [Patient]) -> Result<(), Failure> {
        self.step("demo-vaccine-move", &[])?;
        let random = SystemRandom::new();
        let new = NewAuthority {
            name: "Shinjuku",
            host: "techo.example",
        };
        let now = MORNING + 61 * DAY;
        let mut town = Authority::init(&folder.join("new-town"), &new, None, now, &random)?;
        town.become_municipality(MunicipalityCode::read("131041")?, None, now, &random)?;
        let phone = phones.first_mut().ok_or(CliError::DemoFailed)?;
        let ticket = TicketNumber::read("0000000777")?;
        for text in phone.slips()? {
            let slip = DoseSlip::read(&read_code(folder, &text)?)?;
            town.import_slip(&slip, &[cast.town.trust_list()?], ticket, now)??;
        }
        let mut doses = 0;
        town.ledger(Filter::default(), |entry| {
            doses += usize::from(entry.source.kind() == "slip");
            Ok::<(), Error>(())
        })?;
        expect(doses == 2)?;
        self.say("demo-vaccine-moved", &[("name", &phone.name), ("ticket", &ticket)])
    }

    /// A lot is recalled: everybody fetches the same list, and the phones of those who had the lot warn.
    fn tell_recall(&self, folder: &Path, cast: &mut TownCast, phones: &mut [Patient]) -> Result<(), Failure> {
        self.step("demo-vaccine-recall", &[("lot", &LOT)])?;
        let now = MORNING + 62 * DAY;
        let log = Log::default();
        let relay = loopback::start(
            &folder.join("relay"),
            ([127, 0, 0, 1], 0).into(),
            vec![cast.trust_file.clone()],
            &log,
        )?;
        let text = [
            ("en", "See your doctor if you feel unwell."),
            ("ja", "体調が悪いときは医師に相談してください。"),
        ];
        let text = LocalisedText(text.map(|(language, text)| (language.to_owned(), text.to_owned())).into());
        cast.town.add_recall("pfizer", LOT, &text, now)?;
        let client = RelayClient::new(&relay.url())?;
        for sent in cast.town.publish(&[&client], now, &SystemRandom::new())?.relays {
            sent?;
        }
        for (phone, is_warned) in phones.iter_mut().zip([true, false]) {
            phone.go_to(now);
            let recalled = phone.recalled(&relay.url())?;
            expect(recalled.is_empty() != is_warned)?;
            let id = if is_warned {
                "demo-vaccine-warned"
            } else {
                "demo-vaccine-not-warned"
            };
            self.say(id, &[("name", &phone.name), ("count", &recalled.len())])?;
        }
        relay.stop();
        let asked = log.text();
        expect(!asked.contains(LOT) && !asked.contains("Aki"))?;
        self.say("demo-vaccine-asked", &[("lines", &asked.lines().count())])
    }

    /// What lies on the site's disk and on the stick says nothing.
    fn tell_search(&self, folder: &Path) -> Result<(), Failure> {
        self.step("demo-vaccine-search", &[])?;
        for place in ["town", "new-town"] {
            // A town's ledger is its own; of it only birth dates are searched for.
            let found = super::search::for_words(&folder.join(place), "", &["1935-05-06", "19350506", NAME])?;
            expect(found.places.is_empty())?;
        }
        for phone in ["Aki", "Yui"] {
            let found = super::search::for_words(
                &folder.join(phone),
                "",
                &[LOT, OTHER_LOT, "0000000003", "0000000005", "Kanaria", NAME],
            )?;
            expect(found.places.is_empty() && found.files > 0)?;
        }
        let site = super::search::for_words(&folder.join(SITE), "", &[LOT, "0000000001", "Dr. K", SITE])?;
        expect(site.places.is_empty() && site.files > 0)?;
        self.say("demo-vaccine-clean", &[("files", &site.files), ("bytes", &site.bytes)])
    }
}

/// The slips of the second dose come to the phones too.
fn keep_second_slips(phones: &mut [Patient], slips: &[DoseSlip]) -> Result<(), Failure> {
    let now = MORNING + 21 * DAY;
    for (phone, ticket) in phones.iter_mut().zip([3_usize, 5]) {
        phone.go_to(now);
        phone.scan_slip(slips.get(ticket - 3).ok_or(CliError::DemoFailed)?)?;
        expect(phone.slips()?.len() == 2)?;
    }
    Ok(())
}

/// Somebody at a door who believes the town.
fn door(trust_file: &[u8]) -> Result<Checker, Failure> {
    let mut checker = Checker::default();
    checker.believe(trust_file)?;
    Ok(checker)
}

/// What a door says of one code.
fn look(door: &mut Checker, text: &str, nonce: Option<&str>, now: i64) -> Result<CheckedDocument, Failure> {
    let check = Check {
        texts: vec![text.to_owned()],
        at_door: true,
        nonce: nonce.map(str::to_owned),
        at: None,
    };
    Ok(door.check(&check, now)?.pop().ok_or(CliError::DemoFailed)?)
}

fn expect(holds: bool) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(CliError::DemoFailed.into()) }
}
