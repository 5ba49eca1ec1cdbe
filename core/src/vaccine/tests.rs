mod kept;

use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::exposure::segment::Recall;
use techo_protocol::trust::{AuthorityId, Municipality, Role, Root, TrustList, TrustedKey};
use techo_protocol::vaccination::dose_slip::SlipDose;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::site_licence::NewSiteLicence;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::*;
use crate::certificates::{DocumentKind, Reason, Trust, Verdict};
use crate::diary::{Diary, NewVisit, Source, VisitKeys};
use crate::documents::record::RecordCore;
use crate::exposure::fixture::vault;
use crate::ports::FixedClock;
use crate::vault::{DocumentName, Vault};

/// 2021-07-01T10:00+09:00.
pub const FIRST: i64 = 1_625_101_200;
const DAY: i64 = 86_400;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// The town's list.
pub fn sakai() -> TrustList {
    TrustList {
        name: "Sakai".into(),
        host: String::new(),
        number: 1,
        issued_at: FIRST - 30 * DAY,
        expires_at: FIRST + 900 * DAY,
        roots: vec![Root {
            key: key(1).public(),
            signed_by_previous: vec![],
        }],
        keys: vec![TrustedKey {
            role: Role::Licence,
            key: key(20).public(),
            revoked: false,
        }],
        relays: vec![],
        municipality: Some(Municipality {
            code: MunicipalityCode::read("271403").unwrap(),
            url: None,
            status_keys: vec![],
            revoked_sites: vec![],
        }),
    }
}

/// A slip of dose `dose` on `at`.
pub fn slip(dose: u8, at: i64, lot: &str) -> String {
    let licence = NewSiteLicence {
        municipality: MunicipalityCode::read("271403").unwrap(),
        site: 3,
        key: key(40).public(),
        place: "Kanaria Clinic",
        from: FIRST - DAY,
        until: FIRST + 400 * DAY,
    };
    let dose = SlipDose {
        ticket: TicketNumber::read("0000000009").unwrap(),
        dose,
        at,
        product: Product::Pfizer,
        lot: lot.into(),
        revision: 0,
    };
    dose.sign(&licence.sign(&key(20)).unwrap(), &key(40)).unwrap().to_text()
}

fn typed(date: &str, product: Option<&str>) -> Content {
    Content::Dose(TypedDose {
        date: date.parse().unwrap(),
        number: None,
        product: product.map(str::to_owned),
        lot: None,
    })
}

/// What the records say.
pub fn all_doses(vault: &mut Vault, lists: &[TrustList], now: i64) -> Vec<Dose> {
    let issuers = Trust::default();
    doses(
        &list(vault).unwrap().records,
        &Believing {
            lists,
            issuers: &issuers,
        },
        now,
    )
}

#[test]
fn a_slip_gives_the_next_dose() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", "1980-01-01".parse().ok(), FIRST).unwrap();
    let lists = [sakai()];
    let issuers = Trust::default();
    let believing = Believing {
        lists: &lists,
        issuers: &issuers,
    };
    let read = read(&slip(1, FIRST, "EX3617"), &believing, FIRST + 60);
    assert_eq!(
        (read.kind, read.verdict, read.is_kept()),
        (DocumentKind::DoseSlip, Some(Verdict::Valid), true)
    );
    assert_eq!((read.issuer.as_deref(), &read.holder), (Some("Sakai"), &None));
    let content = read.content.unwrap();
    let added = add(&mut vault, &aki.id, content.clone(), FIRST + 60).unwrap();
    assert!(!added.already);
    let again = add(&mut vault, &aki.id, content, FIRST + 90).unwrap();
    assert_eq!((again.id, again.already), (added.id, true));

    let doses = all_doses(&mut vault, &lists, FIRST + DAY);
    assert_eq!(doses.len(), 1);
    assert_eq!(doses[0].place.as_deref(), Some("Kanaria Clinic"));
    let answer = next(&Schedule::japan_covid_19(), aki.born, &doses, day_in_japan(FIRST + DAY));
    let due = answer.due.unwrap();
    assert_eq!(
        (answer.dose, due.earliest.to_string(), due.recommended.to_string()),
        (2, "2021-07-20".into(), "2021-07-22".into())
    );

    let reminders = reminders(aki.id, &due, FIRST + DAY);
    let days: Vec<_> = reminders
        .iter()
        .map(|reminder| (day_in_japan(reminder.at).to_string(), reminder.kind.name()))
        .collect();
    let expected = [
        ("2021-07-15", "ahead"),
        ("2021-07-20", "earliest"),
        ("2021-07-22", "recommended"),
        ("2021-08-05", "overdue"),
    ];
    assert_eq!(days, expected.map(|(day, kind)| (day.to_owned(), kind)));
    assert_eq!(
        super::reminders(aki.id, &due, FIRST + 22 * DAY).len(),
        1,
        "only the overdue one is to come"
    );
}

#[test]
fn a_slip_of_the_night_is_of_the_day_in_japan() {
    // 2021-07-01T23:30+09:00 and 2021-07-02T00:30+09:00 are one day in UTC.
    assert_eq!(day_in_japan(FIRST + 13 * 3_600 + 1_800).to_string(), "2021-07-01");
    assert_eq!(day_in_japan(FIRST + 14 * 3_600 + 1_800).to_string(), "2021-07-02");
}

#[test]
fn what_is_forged_is_not_kept_and_does_not_count() {
    let lists = [sakai()];
    let issuers = Trust::default();
    let believing = Believing {
        lists: &lists,
        issuers: &issuers,
    };
    let mut forged = sakai();
    forged.keys[0].key = key(21).public();
    let slip = slip(1, FIRST, "EX3617");
    let verdict = |lists: &[TrustList], now| {
        let read = read(
            &slip,
            &Believing {
                lists,
                issuers: &issuers,
            },
            now,
        );
        (read.verdict.unwrap(), read.reasons.clone(), read.is_kept())
    };
    assert_eq!(verdict(&[], FIRST), (Verdict::Unknown, vec![Reason::UnknownKey], true));
    assert_eq!(
        verdict(&[forged], FIRST),
        (Verdict::Invalid, vec![Reason::IssuerLicence], false)
    );
    assert_eq!(
        verdict(&lists, FIRST - DAY),
        (Verdict::Invalid, vec![Reason::NotYetValid], false)
    );
    let revoked = TrustList {
        municipality: sakai().municipality.map(|mut town| {
            town.revoked_sites
                .push(techo_protocol::trust::RevokedSite { site: 3, from: FIRST });
            town
        }),
        ..sakai()
    };
    assert!(!verdict(std::slice::from_ref(&revoked), FIRST).2);
    // Kept while it was believed, and the licence was revoked since: it is shown, and does not count.
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    add(&mut vault, &aki.id, Content::Slip(slip.clone()), FIRST).unwrap();
    let doses = all_doses(&mut vault, &[revoked], FIRST);
    assert_eq!((doses.len(), doses[0].is_believed()), (1, false));
    assert_eq!(next(&Schedule::japan_covid_19(), None, &doses, day_in_japan(FIRST)).dose, 1);
    let torn = read(&slip[..slip.len() - 3], &believing, FIRST);
    assert_eq!(
        (torn.kind, torn.content, torn.verdict),
        (DocumentKind::Unknown, None, Some(Verdict::Invalid))
    );
    assert!(!read("hello", &believing, FIRST).is_kept());
    let ticket = read("11271403 0000000009", &believing, FIRST);
    assert_eq!(
        (ticket.kind, ticket.content),
        (DocumentKind::Ticket, Some(Content::Ticket("112714030000000009".into())))
    );
}

#[test]
fn one_dose_from_two_records_is_shown_once() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    let yui = people::add(&mut vault, "Yui", None, FIRST).unwrap();
    let lists = [sakai()];
    add(&mut vault, &aki.id, typed("2021-07-01", Some("pfizer")), FIRST).unwrap();
    add(&mut vault, &aki.id, typed("2021-07-01", None), FIRST).unwrap();
    add(&mut vault, &aki.id, Content::Slip(slip(1, FIRST, "EX3617")), FIRST).unwrap();
    add(&mut vault, &yui.id, typed("2021-07-01", None), FIRST).unwrap();
    let doses = all_doses(&mut vault, &lists, FIRST);
    let akis: Vec<_> = doses.iter().filter(|dose| dose.person == aki.id).collect();
    assert_eq!((doses.len(), akis.len()), (2, 1));
    let kinds: Vec<_> = akis[0].evidence.iter().map(|evidence| evidence.kind).collect();
    assert_eq!(
        kinds,
        [DocumentKind::DoseSlip, DocumentKind::Hand, DocumentKind::Hand],
        "the most believable first"
    );
    assert_eq!((akis[0].lot.as_deref(), akis[0].number), (Some("EX3617"), Some(1)));
    // Another vaccine on that day is another dose, and a person should look.
    add(&mut vault, &aki.id, typed("2021-07-01", Some("moderna")), FIRST).unwrap();
    assert_eq!(all_doses(&mut vault, &lists, FIRST).len(), 3);
}

#[test]
fn people_of_one_name_are_two_until_somebody_says_that_they_are_one() {
    let (_folder, mut vault) = vault();
    let one = people::add(&mut vault, " Aki ", None, FIRST).unwrap();
    let other = people::add(&mut vault, "Aki", "2010-02-03".parse().ok(), FIRST).unwrap();
    let everybody = people::all(&mut vault).unwrap();
    assert_eq!(everybody.len(), 2);
    assert_eq!(people::find(&everybody, "Aki"), Err(VaccineRefusal::SeveralPeople));
    assert_eq!(people::find(&everybody, &other.id.to_string()).unwrap(), &other);
    assert_eq!(people::find(&everybody, "Yui"), Err(VaccineRefusal::NoSuchPerson));
    add(&mut vault, &one.id, typed("2021-07-01", None), FIRST).unwrap();
    add(&mut vault, &other.id, typed("2021-07-22", None), FIRST).unwrap();

    people::merge(&mut vault, &one.id, &other.id).unwrap();
    assert_eq!(people::all(&mut vault).unwrap().len(), 1);
    assert!(list(&mut vault).unwrap().records.iter().all(|record| record.person == one.id));
    assert_eq!(
        people::merge(&mut vault, &other.id, &one.id),
        Err(VaccineRefusal::OnePerson.into())
    );
    // Along on a visit, they are that one.
    let mut diary = Diary::open(vault, Box::new(FixedClock(FIRST))).unwrap();
    let visit = NewVisit {
        name: "Bar Yoru".into(),
        address: None,
        check_in: FIRST - 3_600,
        check_out: None,
        default_stay_min: 60,
        source: Source::Manual,
        keys: VisitKeys::None,
        with: vec!["Aki".into()],
        note: None,
    };
    let visit = diary.check_in(&visit).unwrap();
    assert_eq!(visit.people.iter().map(|person| person.id).collect::<Vec<_>>(), [one.id]);
    assert_eq!(diary.people().unwrap().len(), 1);
    let mut vault = diary.into_vault();

    assert_eq!(people::split(&mut vault, &one.id).unwrap(), std::slice::from_ref(&other));
    assert_eq!(people::split(&mut vault, &one.id), Err(VaccineRefusal::NotMerged.into()));
    let records = list(&mut vault).unwrap().records;
    assert_eq!(
        records.iter().filter(|record| record.person == other.id).count(),
        1,
        "each has their own again"
    );

    people::set_born(&mut vault, &one.id, "1980-01-01".parse().unwrap(), FIRST).unwrap();
    let later = "2031-01-01".parse().unwrap();
    assert_eq!(
        people::set_born(&mut vault, &one.id, later, FIRST),
        Err(VaccineRefusal::BornInTheFuture.into())
    );
    people::remove(&mut vault, &other.id, FIRST).unwrap();
    assert_eq!(list(&mut vault).unwrap().records.len(), 1);
    let [left] = people::all(&mut vault).unwrap().try_into().unwrap();
    assert_eq!(
        (left.id, left.born.map(|born| born.to_string())),
        (one.id, Some("1980-01-01".into()))
    );
}

#[test]
fn a_deleted_record_is_gone_and_one_of_a_later_version_is_kept() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    let first = add(&mut vault, &aki.id, typed("2021-07-01", None), FIRST).unwrap().id;
    let second = add(&mut vault, &aki.id, typed("2021-07-22", None), FIRST).unwrap().id;
    let later = EntryId([9; 16]);
    let name = DocumentName::Person(aki.id.0);
    vault
        .write(|writer| {
            let mut document = stored::load(&writer.reader(), &name, writer.actor())?.unwrap();
            document.set(&crate::documents::keys::core_key(&later), vec![9_u8, 1, 2])?;
            document.save(writer)
        })
        .unwrap();
    assert_eq!(
        delete(&mut vault, &[first, EntryId([1; 16])], FIRST),
        Err(VaccineRefusal::NoSuchRecord.into())
    );
    assert_eq!(list(&mut vault).unwrap().records.len(), 2, "all or none");
    delete(&mut vault, &[first], FIRST).unwrap();
    let listing = list(&mut vault).unwrap();
    assert_eq!(listing.records.iter().map(|record| record.id).collect::<Vec<_>>(), [second]);
    assert_eq!(listing.newer, [later]);
    let actor = vault.actor();
    let mut document = vault.read(|reader| stored::load(reader, &name, actor)).unwrap().unwrap();
    let gone = RecordCore {
        added: FIRST,
        content: typed("2021-07-01", None),
    }
    .to_bytes()
    .unwrap();
    let (bytes, _) = document.whole();
    assert!(
        bytes.windows(gone.len()).all(|window| window != gone),
        "written anew without it"
    );
}

#[test]
fn a_recalled_lot_is_found_among_the_doses() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    add(&mut vault, &aki.id, Content::Slip(slip(1, FIRST, "EX3617")), FIRST).unwrap();
    let doses = all_doses(&mut vault, &[sakai()], FIRST);
    let recall = |product: &str, lot: &str| {
        let recall = Recall {
            id: 1,
            revision: 1,
            withdrawn: false,
            product: product.into(),
            lot: lot.into(),
            text: techo_protocol::exposure::notice::LocalisedText::default(),
        };
        [(AuthorityId([1; 16]), recall)]
    };
    assert_eq!(recalled(&doses, &recall("pfizer", "ex-3617")).len(), 1);
    assert!(recalled(&doses, &recall("moderna", "EX3617")).is_empty());
    assert!(recalled(&doses, &recall("pfizer", "EX3618")).is_empty());
}

#[test]
fn the_export_is_all_of_it() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", "1980-01-01".parse().ok(), FIRST).unwrap();
    let text = slip(1, FIRST, "EX3617");
    add(&mut vault, &aki.id, Content::Slip(text.clone()), FIRST).unwrap();
    add(&mut vault, &aki.id, Content::Ticket("0000000009".into()), FIRST).unwrap();
    let doses = all_doses(&mut vault, &[sakai()], FIRST);
    let json: serde_json::Value = serde_json::from_str(&export(&[aki], &list(&mut vault).unwrap(), &doses)).unwrap();
    assert_eq!(
        (&json["techo_vaccine"], &json["people"][0]["born"]),
        (&1.into(), &"1980-01-01".into())
    );
    let contents: Vec<_> = json["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["content"].as_str().unwrap())
        .collect();
    assert!(contents.contains(&text.as_str()) && contents.contains(&"0000000009"));
    assert_eq!(json["doses"][0]["date"], "2021-07-01");
}

/// A card that nobody trusted signed, of a dose on a day as `day` writes it.
fn card_of(day: &str) -> String {
    use base64::Engine as _;
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let payload = serde_json::json!({ "iss": "https://cards.example", "nbf": 1, "vc": { "type": ["https://smarthealth.cards#health-card"],
        "credentialSubject": { "fhirVersion": "4.0.1", "fhirBundle": { "resourceType": "Bundle", "type": "collection", "entry": [
            { "resource": { "resourceType": "Patient", "birthDate": "1980" } },
            { "resource": { "resourceType": "Immunization", "status": "completed", "occurrenceDateTime": day,
                "vaccineCode": { "coding": [{ "system": "http://hl7.org/fhir/sid/cvx", "code": "207" }] } } },
        ] } } } });
    let deflated = miniz_oxide::deflate::compress_to_vec(payload.to_string().as_bytes(), 9);
    format!(
        "{}.{}.{}",
        text(br#"{"alg":"ES256","zip":"DEF","kid":"nobody"}"#),
        text(&deflated),
        text(&[0; 64])
    )
}

#[test]
fn a_dose_without_a_day_is_shown_and_counts_for_nothing() {
    let (_folder, mut vault) = vault();
    let aki = people::add(&mut vault, "Aki", None, FIRST).unwrap();
    let believing = Believing {
        lists: &[],
        issuers: &Trust::default(),
    };
    let card = |day: &str| Keep {
        texts: vec![card_of(day)],
        ..Keep::of(aki.id)
    };
    let whole = keep(&mut vault, &card("2021-06-02"), &believing, FIRST).unwrap().remove(0);
    assert_eq!((whole.warnings, whole.notes), (vec![], vec![]));
    let partly = keep(&mut vault, &card("2021-03"), &believing, FIRST).unwrap().remove(0);
    assert_eq!(partly.warnings, [RecordWarning::PartlyDated]);
    let records = list(&mut vault).unwrap().records;
    assert_eq!(doses(&records, &believing, FIRST).len(), 1);
    let shown = partly_dated(&records, &believing, FIRST);
    assert_eq!((shown.len(), shown[0].dose.date.as_deref()), (1, Some("2021-03")));
}
