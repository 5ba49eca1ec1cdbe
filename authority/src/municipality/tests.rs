//! A municipality and everything that it takes and gives: a town for tests, its sites, and what they send.

mod figures;
mod residents;
mod sites;
mod statements;
mod tables;

use std::fmt::Write as _;

use techo_protocol::Coded as _;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::trust::Role;
use techo_protocol::vaccination::dose_bundle::{DoseBundle, DoseRecord};
use techo_protocol::vaccination::dose_slip::SlipDose;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::site_licence::{SiteLicence, SiteRequest};
use techo_protocol::vaccination::ticket::TicketNumber;
use tempfile::TempDir;

use super::ledger::{Entry, Filter, Source};
use super::mapping::Mapping;
use super::vrs::VrsEncoding;
use super::*;
use crate::keys::KeyError;
use crate::profile::NewAuthority;
use crate::tables::Taking;

/// The moment of every test: 2021-07-10T09:00+09:00.
pub const NOW: i64 = 1_625_875_200;
const DAY: i64 = 86_400;

/// The municipality of Sakai, made 60 days before [`NOW`].
pub fn town() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let new = NewAuthority {
        name: "Sakai",
        host: "techo.example",
    };
    let mut town = Authority::init(folder.path(), &new, None, NOW - 60 * DAY, &SeededRandom::new(1)).unwrap();
    let code = MunicipalityCode::read("271403").unwrap();
    town.become_municipality(code, None, NOW - 60 * DAY, &SeededRandom::new(2))
        .unwrap();
    (folder, town)
}

pub(in crate::municipality) fn site_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn licensed(town: &mut Authority, seed: u8) -> SiteLicence {
    let request = SiteRequest {
        town: town.id(),
        place: format!("Site {seed}"),
        key: site_key(seed).public(),
        made_at: NOW - 30 * DAY,
    };
    town.add_site(&request.write(&site_key(seed)), None, NOW - 30 * DAY)
        .unwrap()
        .0
}

pub(crate) fn record(number: u32, ticket: u64, dose: u8, at: i64) -> DoseRecord {
    DoseRecord {
        number,
        revision: 0,
        withdrawn: false,
        ticket: ticket.try_into().unwrap(),
        dose,
        at,
        product: Product::Pfizer,
        lot: "EX3617".into(),
        by: "Dr. K".into(),
        recorded_at: at + 5,
    }
}

pub(crate) fn sealed(town: &Authority, licence: &SiteLicence, seed: u8, sequence: u32, doses: Vec<DoseRecord>) -> Vec<u8> {
    let bundle = DoseBundle {
        town: town.id(),
        licence: licence.clone(),
        sequence,
        made_at: NOW,
        doses,
    };
    let key = *town.trust_list().unwrap().keys(Role::Bundle).next().unwrap();
    bundle
        .seal(&site_key(seed), &key, &SeededRandom::new(u64::from(sequence)))
        .unwrap()
}

fn entries(town: &Authority, filter: Filter) -> Vec<Entry> {
    let mut out = Vec::new();
    town.ledger(filter, |entry| {
        out.push(entry);
        Ok::<(), Error>(())
    })
    .unwrap();
    out
}

const ALL: Filter = Filter {
    ticket: None,
    history: true,
    conflicts: false,
};
