//! A municipality, its key and a pass, for tests.

use chrono::NaiveDate;

use super::{Issuer, Pass, PassFile, Request, RequestKeys, Status, Value};
use crate::basics::p256::P256Key;
use crate::basics::random::SeededRandom;
use crate::trust::AuthorityId;

/// 2021-10-02 12:00 in Japan.
pub const NOON: i64 = 1_633_143_600;
pub const TOWN: AuthorityId = AuthorityId([7; 16]);

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn values() -> Vec<Value> {
    vec![
        Value::Status(Status::Vaccinated),
        Value::Doses(2),
        Value::LastDose(date("2021-07-22")),
        Value::ValidUntil(date("2022-04-30")),
        Value::Name("Akihiko K".into()),
        Value::Initials("A. K.".into()),
    ]
}

/// A town's key, and what a phone keeps of a pass that it issued at [`NOON`].
pub struct World {
    pub key: P256Key,
    pub keys: RequestKeys,
    pub issued: PassFile,
    pub pass: Pass,
}

impl World {
    pub fn new() -> Self {
        let key = P256Key::generate().unwrap();
        let keys = RequestKeys::generate(&SeededRandom::new(1)).unwrap();
        let request = Request::read(&keys.to_request().unwrap()).unwrap();
        let random = SeededRandom::new(2);
        let issued = PassFile::issue((TOWN, &key), Some(&request), &|_| values(), None, NOON, &random).unwrap();
        let pass = Pass::open(&issued.file, Some(&keys)).unwrap();
        Self { key, keys, issued, pass }
    }

    pub fn issuer(&self) -> Issuer {
        Issuer {
            authority: TOWN,
            key: self.key.public(),
        }
    }
}
