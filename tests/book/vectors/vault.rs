//! The vectors of `docs/vault.md`: the vault.

use techo_core::documents::record::{Content, RecordCore, TypedDose};
use techo_core::documents::week::{CodeKind, Source, VisitCore, VisitKeys};
use techo_protocol::basics::passphrase::{Cost, open, seal};

use super::{NOW, random};
use crate::vector::Vector;

/// All of this page.
pub fn all() -> Vec<Vector> {
    vec![passphrase(), visit(), typed_dose()]
}

fn passphrase() -> Vector {
    let write = || seal(b"secret", "correct horse", Cost::TEST, &random()).expect("a cheap seal");
    Vector::new(
        "passphrase",
        "A secret under a passphrase, at a cost that is for tests only.",
        &write(),
        move |sealed| {
            assert_eq!(open(sealed, "correct horse").expect("it opens").as_slice(), b"secret");
            write()
        },
    )
    .fact("passphrase", "correct horse")
    .fact("secret", "secret")
    .is("magic", b"TPAS")
    .is("version", &[1])
    .is("memory", &8_u32.to_be_bytes())
    .is("passes", &1_u32.to_be_bytes())
    .is("lanes", &1_u32.to_be_bytes())
    .take("salt", 16)
    .take("nonce", 12)
    .take("ciphertext", 6)
    .take("tag", 16)
}

fn visit() -> Vector {
    let day = u32::try_from(NOW / 86_400).expect("a day after 1970");
    let core = VisitCore {
        check_in: NOW,
        default_stay_min: 90,
        source: Source::Code {
            authority: [0xA0; 16],
            kind: CodeKind::Poster,
        },
        imported: false,
        name: "Bar Yoru".into(),
        address: "Kita-ku, Osaka".into(),
        keys: VisitKeys::Days(vec![(day, [0x11; 16].into()), (day + 1, [0x22; 16].into())]),
    };
    let bytes = core.to_bytes().expect("short texts");
    let keys = [&day.to_be_bytes()[..], &[0x11; 16], &(day + 1).to_be_bytes(), &[0x22; 16]].concat();
    Vector::new(
        "visit",
        "What never changes of a visit that began with a poster.",
        &bytes,
        |bytes| {
            VisitCore::from_bytes(bytes)
                .expect("the vector is a visit")
                .to_bytes()
                .expect("short texts")
        },
    )
    .is("version", &[1])
    .is("source", &[1])
    .is("check-in", &NOW.to_be_bytes())
    .is("default stay", &[0, 90])
    .is("name length", &[0, 8])
    .is("name", b"Bar Yoru")
    .is("address length", &[0, 14])
    .is("address", b"Kita-ku, Osaka")
    .is("authority", &[0xA0; 16])
    .is("kind of keys", &[1])
    .is("count", &[2])
    .is("keys", &keys)
}

fn typed_dose() -> Vector {
    let core = RecordCore {
        added: NOW,
        content: Content::Dose(TypedDose {
            date: "2026-10-01".parse().expect("a date"),
            number: Some(2),
            product: Some("pfizer".into()),
            lot: Some("FE8206".into()),
        }),
    };
    let bytes = core.to_bytes().expect("short texts");
    Vector::new(
        "typed-dose",
        "A vaccine record: a dose that somebody typed.",
        &bytes,
        |bytes| {
            RecordCore::from_bytes(bytes)
                .expect("the vector is a record")
                .to_bytes()
                .expect("short texts")
        },
    )
    .is("version", &[1])
    .is("kind", &[5])
    .is("added", &NOW.to_be_bytes())
    .is("day", &20_727_u32.to_be_bytes())
    .is("number", &[2])
    .is("product", b"\x06pfizer")
    .is("lot", b"\x06FE8206")
}
