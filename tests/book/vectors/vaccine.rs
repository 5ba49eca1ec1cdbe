//! The vectors of `docs/vaccine.md`: the vaccine record.

use techo_protocol::basics::hpke_seal::{HpkePrivate, open_with};
use techo_protocol::basics::keys::{PublicKey, sha256};
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::p256::P256Key;
use techo_protocol::certificates::issuer_key::{IssuerKey, IssuerPublicKey, NO_END, Uses};
use techo_protocol::certificates::trust_bundle::TrustBundle;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::trust::{Municipality, RevokedSite, Role, StatusKey, TrustList, TrustedKey};
use techo_protocol::vaccination::dose_bundle::piece::Piece;
use techo_protocol::vaccination::dose_bundle::{DoseBundle, DoseRecord};
use techo_protocol::vaccination::dose_slip::{DoseSlip, SlipDose};
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::revocations::{self, Revocations};
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::site_licence::{NewSiteLicence, SiteLicence, SiteRequest};
use techo_protocol::vaccination::status_pass::{
    CredentialId, Door, Field, Issuer, Pass, PassFile, Presentation, Request, RequestKeys, Status, Value,
};
use techo_protocol::vaccination::ticket::{TicketNumber, TicketText};
use techo_protocol::vaccination::town_update::{ProductLot, TownUpdate};

use super::{MANIFEST, NOTICE, NOW, ROOT, key, random, signed};
use crate::vector::{Vector, Written};

/// All of this page.
pub fn all() -> Vec<Vector> {
    vec![
        ticket(),
        municipality(),
        site_request(),
        site_licence(),
        dose_slip(),
        dose_bundle(),
        dose_bundle_signed(),
        bundle_piece(),
        town_update(),
        revoked(),
        schedule(),
        status_request(),
        status_pass(),
        status_code(),
        trust_bundle(),
    ]
}

const LICENCE: u8 = 6;
const SITE: u8 = 7;

/// Keys of status passes in PKCS #8: the municipality's, and a phone's of one day. ECDSA draws from the operating system, so both are written down.
const STATUS_KEY: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104209d7a97a2838aa3386f24eb2c85c05e33c462a4acad789e3bfeda72ff3f79b8ffa144034200046a7829143b32370a87102973de51c603b70a886311ea32db386a5e14c8894408390f6ab3d00183842326bc09c3f675dca4f2af37b885c5c5c369596c6173b5bd";

fn status_key() -> P256Key {
    P256Key::from_pkcs8(&hex::decode(STATUS_KEY).expect("digits")).expect("a key")
}

fn code() -> MunicipalityCode {
    MunicipalityCode::read("271403").expect("a code whose check digit fits")
}

fn bundle_key() -> HpkePrivate {
    HpkePrivate::from_seed(&[8; 32])
}

fn town() -> TrustList {
    let trusted = |role, key| TrustedKey {
        role,
        key,
        revoked: false,
    };
    TrustList {
        name: "Sakai".into(),
        host: "techo.example".into(),
        number: 1,
        issued_at: NOW,
        expires_at: NOW + 365 * 86_400,
        roots: vec![techo_protocol::trust::Root {
            key: key(ROOT).public(),
            signed_by_previous: Vec::new(),
        }],
        keys: vec![
            trusted(Role::Manifest, key(MANIFEST).public()),
            trusted(Role::Notice, key(NOTICE).public()),
            trusted(Role::Licence, key(LICENCE).public()),
            trusted(Role::Bundle, PublicKey(bundle_key().public())),
        ],
        relays: Vec::new(),
        municipality: Some(Municipality {
            code: code(),
            url: Some("https://sakai.example/".into()),
            status_keys: vec![StatusKey {
                point: status_key().public().point(),
                revoked: false,
            }],
            revoked_sites: vec![RevokedSite {
                site: 9,
                from: NOW - 86_400,
            }],
        }),
    }
}

fn number() -> TicketNumber {
    TicketNumber::read("0000000009").expect("ten digits")
}

fn ticket() -> Vector {
    let text = "112714030000000009";
    let TicketText::Whole(read) = TicketText::read(text).expect("a ticket") else {
        panic!("18 digits are a whole ticket");
    };
    assert_eq!(read.to_text(), text);
    Vector::of_facts("ticket", "A ticket of Sakai.")
        .fact("text", text)
        .fact("kind", read.kind)
        .fact("dose", read.dose)
        .fact("municipality", read.municipality)
        .fact("number", read.number)
}

fn municipality() -> Vector {
    let file = town().write(&key(ROOT));
    let vector = Vector::new(
        "municipality",
        "The trust list of a municipality. The seeds: root 01, manifest 03, notice 04, licence 06; the bundle key is derived from 32 bytes 08.",
        &file,
        |file| TrustList::read(file).expect("the vector is a trust list").write(&key(ROOT)),
    )
    .fact("authority", town().authority());
    signed(vector, b"TTRL", &key(ROOT).public(), &file)
}

fn site_request() -> Vector {
    let request = SiteRequest {
        town: town().authority(),
        place: "Sakai Arena".into(),
        key: key(SITE).public(),
        made_at: NOW,
    };
    let file = request.write(&key(SITE));
    let vector = Vector::new(
        "site-request",
        "A site asks for a licence. The site's seed is 32 bytes 07.",
        &file,
        |file| SiteRequest::read(file).expect("the vector is a request").write(&key(SITE)),
    );
    signed(vector, b"TSRQ", &key(SITE).public(), &file)
}

fn licence() -> SiteLicence {
    NewSiteLicence {
        municipality: code(),
        site: 1,
        key: key(SITE).public(),
        place: "Sakai Arena",
        from: NOW,
        until: NOW + 90 * 86_400,
    }
    .sign(&key(LICENCE))
    .expect("a licence that can be written")
}

fn site_licence() -> Vector {
    let town_id = town().authority();
    let file = licence().write(town_id);
    Vector::new(
        "site-licence",
        "A site's licence as a file. The municipality is that of municipality.txt.",
        &file,
        |file| {
            let (authority, licence) = SiteLicence::read(file).expect("the vector is a licence");
            assert!(licence.is_signed_by(&town()) && licence.covers(NOW));
            licence.write(authority)
        },
    )
    .is("magic", b"TSLI")
    .is("version", &[1])
    .is("authority", &town_id.0)
    .take("licence", file.len() - 21)
}

fn dose_slip() -> Vector {
    let dose = SlipDose {
        ticket: number(),
        dose: 1,
        at: NOW + 3_600,
        product: Product::Pfizer,
        lot: "FE8206".into(),
        revision: 0,
    };
    let slip = dose.sign(&licence(), &key(SITE)).expect("a slip that can be written");
    let bytes = techo_protocol::basics::base45::decode(slip.to_text().trim_start_matches("TECHO-D1:")).expect("Base45");
    Vector::new(
        "dose-slip",
        "A dose slip by the site of site-licence.txt: the COSE_Sign1 that its text holds in Base45.",
        &bytes,
        |bytes| {
            let text = format!("TECHO-D1:{}", techo_protocol::basics::base45::encode(bytes));
            let slip = DoseSlip::read(&text).expect("the vector is a slip");
            assert_eq!(slip.municipality(), code());
            techo_protocol::basics::base45::decode(slip.to_text().trim_start_matches("TECHO-D1:")).expect("Base45")
        },
    )
    .fact("text", slip.to_text())
    .take("cose", bytes.len())
}

fn bundle() -> DoseBundle {
    DoseBundle {
        town: town().authority(),
        licence: licence(),
        sequence: 1,
        made_at: NOW + 7_200,
        doses: vec![DoseRecord {
            number: 1,
            revision: 0,
            withdrawn: false,
            ticket: number(),
            dose: 1,
            at: NOW + 3_600,
            product: Product::Pfizer,
            lot: "FE8206".into(),
            by: "Sato".into(),
            recorded_at: NOW + 3_660,
        }],
    }
}

fn sealed_bundle() -> Vec<u8> {
    bundle()
        .seal(&key(SITE), &PublicKey(bundle_key().public()), &random())
        .expect("a small bundle")
}

fn dose_bundle() -> Vector {
    let file = sealed_bundle();
    let town_id = town().authority();
    Vector::new(
        "dose-bundle",
        "A bundle of one dose, as it goes to the municipality. What is sealed is dose-bundle-signed.txt.",
        &file,
        |file| {
            let opened = DoseBundle::open(file, &town(), [&bundle_key()]).expect("the vector is a bundle");
            assert_eq!(opened, bundle());
            sealed_bundle()
        },
    )
    .is("magic", b"TECHO")
    .is("kind", b"B")
    .is("version", &[1])
    .is("authority", &town_id.0)
    .take("encapsulated key", 32)
    .take("sealed", file.len() - 23 - 32 - 16)
    .take("tag", 16)
}

fn dose_bundle_signed() -> Vector {
    let file = sealed_bundle();
    let plain = open_with(&bundle_key(), b"techo dose bundle v1", &file[..23], &file[23..]).expect("it opens as the page says");
    let length = u32::from_be_bytes(plain[..4].try_into().expect("four bytes")) as usize;
    assert!(plain[4 + length..].iter().all(|byte| *byte == 0), "padding is zeros");
    let vector = Vector::new(
        "dose-bundle-signed",
        "The signed file inside the bundle of dose-bundle.txt.",
        &plain[4..4 + length],
        <[u8]>::to_vec,
    );
    signed(vector, b"TDBS", &key(SITE).public(), &plain[4..4 + length])
}

fn bundle_piece() -> Vector {
    let file = sealed_bundle();
    let pieces = Piece::cut(&file).expect("a small bundle");
    let town_id = town().authority();
    let public = PublicKey(bundle_key().public());
    let sealed = pieces[0].seal(town_id, &public, &random()).expect("a small piece");
    assert_eq!(sealed.len(), SENT_BYTES);
    let plain = open_with(&bundle_key(), b"techo dose bundle piece v1", &town_id.0, &sealed).expect("it opens as the page says");
    let length = 45 + file.len();
    assert!(plain[length..].iter().all(|byte| *byte == 0), "padding is zeros");
    Vector::new(
        "bundle-piece",
        "What is sealed in the one piece of the bundle of dose-bundle.txt, without the zeros that fill it to 32,720 bytes.",
        &plain[..length],
        move |plain| {
            assert_eq!(Piece::open(&sealed, town_id, [&bundle_key()]).as_ref(), Some(&pieces[0]));
            plain.to_vec()
        },
    )
    .hex("mailbox", &Piece::cut(&file).expect("a small bundle")[0].mailbox().0)
    .is("magic", b"TDBP")
    .is("version", &[1])
    .is("bundle", &sha256(&file))
    .is("index", &[0, 0])
    .is("of", &[0, 1])
    .is("length", &u32::try_from(file.len()).expect("a small bundle").to_be_bytes())
    .is("content", &file)
}

fn town_update() -> Vector {
    let lot = |lot: &str| ProductLot {
        product: Product::Pfizer,
        lot: lot.into(),
    };
    let update = TownUpdate {
        town: town().authority(),
        municipality: code(),
        number: 1,
        issued_at: NOW,
        lots: vec![lot("FE8206"), lot("FF0843")],
        recalled: vec![lot("FF0843")],
        revoked_sites: vec![RevokedSite { site: 9, from: NOW }],
    };
    let file = update.write(&key(LICENCE));
    let vector = Vector::new("town-update", "What a municipality tells its sites.", &file, |file| {
        TownUpdate::read(file, &town())
            .expect("the vector is an update")
            .write(&key(LICENCE))
    });
    signed(vector, b"TTUP", &key(LICENCE).public(), &file)
}

fn write_revoked() -> Vec<u8> {
    revocations::write(
        town().authority(),
        1,
        NOW,
        &[CredentialId(*b"revoked!")],
        &key(NOTICE),
        &random(),
    )
    .expect("a short list")
}

fn revoked() -> Vector {
    let file = write_revoked();
    let vector = Vector::new(
        "revocations",
        "A list of revoked status passes: the id `revoked!` and 127 fillers.",
        &file,
        |file| {
            let list = Revocations::read(file, [&town()]).expect("the vector is a list");
            assert!(list.contains(CredentialId(*b"revoked!")) && !list.contains(CredentialId(*b"another!")));
            write_revoked()
        },
    );
    signed(vector, b"TREV", &key(NOTICE).public(), &file)
}

const SCHEDULE: &str = r#"{
  "code": "example", "name": "Example", "version": 1, "issued": "2026-11-20",
  "sources": [{"id": "made-up", "title": "An example", "url": ""}],
  "products": [{"code": "pfizer", "maker": "pfizer", "name": "Comirnaty"}],
  "series": [{
    "code": "pfizer", "kind": "primary", "products": ["pfizer"], "first_dose_age": {"from": "12 years"},
    "doses": [
      {"rules": [{"id": "first", "from": "2021-02-17", "age": {"from": "12 years"}, "sources": ["made-up"]}]},
      {"rules": [{"id": "second", "from": "2021-02-17", "until": "2027-04-01", "earliest": "19 days", "recommended": "3 weeks",
                  "overdue": {"after_recommended": "14 days"}, "same_maker": true, "none_since": "2026-09-01", "give": ["pfizer"], "sources": ["made-up"]}]}
    ]
  }]
}"#;

fn schedule() -> Vector {
    let schedule = Schedule::from_json(SCHEDULE).expect("a sound schedule");
    let file = schedule.write(&key(NOTICE)).expect("a small schedule");
    let vector = Vector::new("schedule", "A schedule of one series with two doses.", &file, |file| {
        Schedule::read(file, [&key(NOTICE).public()])
            .expect("the vector is a schedule")
            .write(&key(NOTICE))
            .expect("a small schedule")
    });
    signed(vector, b"TSCH", &key(NOTICE).public(), &file)
}

/// The bytes of a vector that cannot be made twice, since ECDSA draws from the operating system: its file's, or new ones where there is none.
fn kept(name: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    Written::open(name).map_or_else(make, |written| written.whole())
}

fn status_request() -> Vector {
    let file = kept("status-request", || {
        let keys = RequestKeys::generate(&random()).expect("randomness");
        keys.to_request().expect("randomness")
    });
    Vector::new(
        "status-request",
        "What a phone asks a status pass for. The private halves are not kept.",
        &file,
        |file| {
            let request = Request::read(file).expect("the vector is a request");
            let keys: Vec<u8> = request.keys.iter().flat_map(|key| key.0).collect();
            [b"TSRQ\x01", &request.sealing_key[..], &[30], &keys, &file[file.len() - 64..]].concat()
        },
    )
    .is("magic", b"TSRQ")
    .is("version", &[1])
    .take("sealing key", 32)
    .is("keys count", &[30])
    .take("keys", 30 * 64)
    .take("signature", 64)
}

fn values() -> Vec<Value> {
    vec![
        Value::Status(Status::Vaccinated),
        Value::Doses(2),
        Value::LastDose("2026-10-01".parse().expect("a date")),
        Value::ValidUntil("2026-12-31".parse().expect("a date")),
        Value::Name("Akihiko K".into()),
        Value::Initials("A. K.".into()),
    ]
}

/// A bearer's pass of one day.
fn pass() -> Vec<u8> {
    kept("status-pass", || {
        let mut days = 0;
        let first_day = std::cell::RefCell::new(&mut days);
        let one_day = |_| {
            let mut days = first_day.borrow_mut();
            **days += 1;
            if **days == 1 { values() } else { Vec::new() }
        };
        PassFile::issue((town().authority(), &status_key()), None, &one_day, None, NOW, &random())
            .expect("a pass that can be written")
            .file
    })
}

fn status_pass() -> Vector {
    let file = pass();
    Vector::new(
        "status-pass",
        "A bearer's pass of one day, with every field. The municipality is that of municipality.txt.",
        &file,
        |file| {
            let pass = Pass::open(file, None).expect("the vector is a pass");
            assert_eq!(pass.issuer().key, status_key().public());
            [b"TSPA\x01\x01".as_slice(), &pass.to_bytes()].concat()
        },
    )
    .is("magic", b"TSPA")
    .is("version", &[1])
    .is("form", &[1])
    .take("body", file.len() - 6)
}

/// Shown at a door: the status alone.
fn status_code() -> Vector {
    let bytes = kept("status-code", || {
        let pass = Pass::open(&pass(), None).expect("a pass");
        let shown = pass.present(&[Field::Status], None, NOW).expect("the pass says that");
        techo_protocol::basics::decimal::from_digits(&shown.to_text()[4..]).expect("digits")
    });
    let read = |bytes: &[u8]| {
        let text = format!("8471{}", techo_protocol::basics::decimal::to_digits(bytes));
        Presentation::read(&text).expect("the vector is a code")
    };
    let issuer = || Issuer::of_list(&town()).next().expect("the town has a key");
    let sd_jwt = read(&bytes).to_sd_jwt(&issuer(), None);
    Vector::new(
        "status-code",
        "What a phone shows of the pass of status-pass.txt at a door: the status and nothing else.",
        &bytes,
        move |bytes| {
            let shown = read(bytes);
            let checked = Door::default().check(&shown, &[issuer()], None, |_, _| false, NOW + 10);
            assert_eq!(checked.refused, []);
            assert_eq!(checked.values, [Value::Status(Status::Vaccinated)]);
            techo_protocol::basics::decimal::from_digits(&shown.to_text()[4..]).expect("digits")
        },
    )
    .fact("text", format!("8471{}", techo_protocol::basics::decimal::to_digits(&bytes)))
    .fact("SD-JWT", sd_jwt)
    .is("version", &[1])
    .is("shown", &[1])
    .is("issuer key id", &status_key().public().thumbprint()[..4])
    .is("day", &20_777_u16.to_be_bytes())
    .take("id", 8)
    .take("holder's key", 64)
    .take("issuer's signature", 64)
    .take("hidden digests", 7 * 32)
    .take("shown fields", 17)
    .is("signed at", &u32::try_from(NOW).expect("before 2106").to_be_bytes())
    .take("holder's signature", 64)
}

fn trust_bundle() -> Vector {
    let bundle = TrustBundle {
        name: "EU".into(),
        signed_at: NOW,
        keys: vec![IssuerKey {
            key: IssuerPublicKey::P256(status_key().public().0),
            id: vec![0x1D; 8],
            issuer: "IT".into(),
            uses: Uses::DCC,
            not_before: 0,
            not_after: NO_END,
            seen_at: Some(NOW),
        }],
        trust_list: town().write(&key(ROOT)),
    };
    let file = bundle.write(&key(MANIFEST));
    let vector = Vector::new(
        "trust-bundle",
        "A bundle of one issuer's key. The authority is that of municipality.txt.",
        &file,
        |file| TrustBundle::read(file).expect("the vector is a bundle").write(&key(MANIFEST)),
    );
    signed(vector, b"TTBN", &key(MANIFEST).public(), &file)
}
