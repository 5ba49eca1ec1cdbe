//! `techo authority venue`: the registry.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use techo_authority::posters::Sheet;
use techo_authority::venues::{self, NewVenue, VenueChange, VenueKind, VenueNumber};

use super::{open, sheet};
use crate::file::expect_writable;
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Register venues and print their posters
#[derive(Debug, Subcommand)]
pub enum Venue {
    Add(Add),
    /// All venues
    List {
        /// Those that were retired too
        #[arg(long)]
        all: bool,
    },
    Edit(Edit),
    /// Issue a new code; the old one stays for matching until it expires
    Reissue {
        /// The venue's number
        id: String,
        /// Draw the new poster into this file (.png or .svg)
        #[arg(long, value_name = "FILE")]
        poster: Option<PathBuf>,
    },
    /// Retire a venue: it gets no new codes
    Retire {
        /// The venue's number
        id: String,
    },
}

/// Register a venue or an event
#[derive(Debug, Args)]
pub struct Add {
    /// Its name
    #[arg(long)]
    name: String,
    /// Its address
    #[arg(long, default_value = "")]
    address: String,
    /// What it is
    #[arg(long, value_parser = kinds())]
    kind: VenueKind,
    /// How many people find a seat
    #[arg(long)]
    seats: Option<u32>,
    /// Floor area in square metres
    #[arg(long, value_name = "M2")]
    area: Option<u32>,
    /// How long people usually stay, in minutes; without it, the kind's own
    #[arg(long, value_name = "MINUTES")]
    stay: Option<u32>,
    /// Draw the poster into this file (.png or .svg)
    #[arg(long, value_name = "FILE")]
    poster: Option<PathBuf>,
}

/// Change what the registry says of a venue
#[derive(Debug, Args)]
pub struct Edit {
    /// The venue's number
    id: String,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// Its address
    #[arg(long)]
    address: Option<String>,
    /// What it is
    #[arg(long, value_parser = kinds())]
    kind: Option<VenueKind>,
    /// How many people find a seat
    #[arg(long)]
    seats: Option<u32>,
    /// Floor area in square metres
    #[arg(long, value_name = "M2")]
    area: Option<u32>,
    /// How long people usually stay, in minutes
    #[arg(long, value_name = "MINUTES")]
    stay: Option<u32>,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = VenueKind> {
    let names = VenueKind::ALL.iter().map(|kind| kind.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<VenueKind>())
}

impl Venue {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let now = session.now();
        if let Self::Add(Add {
            poster: Some(poster), ..
        })
        | Self::Reissue {
            poster: Some(poster), ..
        } = &self
        {
            expect_writable(poster)?;
        }
        match self {
            Self::Add(add) => {
                let new = NewVenue {
                    name: &add.name,
                    address: &add.address,
                    kind: add.kind,
                    seats: add.seats,
                    area_m2: add.area,
                    stay_minutes: add.stay,
                };
                let venue = authority.add_venue(&new, now, &session.random)?;
                answer(session, &venue, "authority-venue-added", add.poster.as_ref())
            }
            Self::List { all } => {
                for venue in authority.venues(all)? {
                    session.out.answer(
                        &line(&venue),
                        "authority-venue",
                        &[("number", &venue.number), ("name", &venue.name), ("address", &venue.address)],
                    )?;
                }
                Ok(Outcome::Done)
            }
            Self::Edit(edit) => {
                let change = VenueChange {
                    name: edit.name.as_deref(),
                    address: edit.address.as_deref(),
                    kind: edit.kind,
                    seats: edit.seats,
                    area_m2: edit.area,
                    stay_minutes: edit.stay,
                };
                let venue = authority.edit_venue(number(&edit.id)?, &change, now)?;
                answer(session, &venue, "authority-venue-edited", None)?;
                if venue.needs_reissue() {
                    session
                        .out
                        .warn("authority-venue-needs-reissue", &[("number", &venue.number)]);
                }
                Ok(Outcome::Done)
            }
            Self::Reissue { id, poster } => {
                let venue = authority.reissue_code(number(&id)?, now, &session.random)?;
                answer(session, &venue, "authority-venue-reissued", poster.as_ref())
            }
            Self::Retire { id } => {
                let venue = authority.retire_venue(number(&id)?, now)?;
                answer(session, &venue, "authority-venue-retired", None)
            }
        }
    }
}

/// A venue's number as it was typed.
pub fn number(text: &str) -> Result<VenueNumber, Failure> {
    text.parse::<VenueNumber>().map_err(|error| Failure::from(error).about(text))
}

fn answer(session: &Session, venue: &venues::Venue, id: &str, poster: Option<&PathBuf>) -> Result<Outcome, Failure> {
    let mut line = line(venue);
    if let (Some(path), Some(code)) = (poster, &venue.code) {
        // The last day on which it is valid.
        let valid_until = time::iso_day(code.expires_at - 1);
        let issued = time::iso_day(code.issued_at);
        let sheet = Sheet::poster(&venue.name, &venue.address, &code.text, venue.number, &issued, &valid_until);
        line["warnings"] = json!(sheet::write(session, &sheet, path)?);
        line["poster"] = json!(path);
    }
    session
        .out
        .answer(&line, id, &[("number", &venue.number), ("name", &venue.name)])?;
    Ok(Outcome::Done)
}

fn line(venue: &venues::Venue) -> Value {
    json!({
        "venue": venue.number.to_string(),
        "name": venue.name,
        "address": venue.address,
        "kind": venue.kind.as_str(),
        "seats": venue.seats,
        "area_m2": venue.area_m2,
        "stay": venue.stay_minutes,
        "registered": time::write(venue.registered_at),
        "retired": venue.retired_at.map(time::write),
        "code_issued": venue.code.as_ref().map(|code| time::write(code.issued_at)),
        "code_expires": venue.code.as_ref().map(|code| time::write(code.expires_at)),
        "needs_reissue": venue.needs_reissue(),
    })
}
