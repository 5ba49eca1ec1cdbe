//! Techo's wire formats and their cryptography. No I/O and no global state: the clock and randomness are passed in.
//!
//! # Wings
//!
//! | wing | what it holds | built on |
//! |---|---|---|
//! | [`basics`] | what every format is made of: the clock, randomness, errors, keys, seals, small encodings | |
//! | [`trust`] | which keys of an authority count, for what, and since when | `basics` |
//! | [`exposure`] | venue codes, tags, segments and their manifest, diaries that somebody chose to send | `basics`, `trust` |
//! | [`household`] | what the devices of one person say to each other, and what a relay sees of it | `basics` |
//! | [`certificates`] | keys of those who issue certificates, and the signed file that carries them | `basics`, `trust` |
//! | [`vaccination`] | tickets, schedules, slips, bundles, status passes | `basics`, `trust`, `exposure` |
//!
//! `tests/rooms` fails where an arrow points another way.
//!
//! # How a format is made
//!
//! - **A file begins with a magic of four bytes and a version.** One of another magic is of another format; one of a later version is refused as
//!   newer, and whoever holds it leaves it as it is ([`basics::reader::Unreadable`]). Chunks and bodies, which are no files, begin with the version.
//! - **What is signed stays as the bytes that were signed**, under a label of its format and version, so that no signature counts for another
//!   format. Venue codes, licences and status passes alone are written anew to be verified: each of them has one form only.
//! - **A type says what is known.** `read` or `parse` checks the structure and `verify` or `check` who signed; what is still to be verified is
//!   often a type of its own ([`exposure::manifest::UnverifiedManifest`], [`household::body::UnverifiedBody`]).
//! - **Every length has a bound**, a constant beside the format (`LARGEST_…`, `MOST_…`), that is checked before anything is allocated by it.
//! - **Lengths say little**: what is sealed is padded to cells, powers of two or Padmé sizes, and lists are filled up with dummies.
//! - **A secret is a [`basics::secret::Secret`]**, and errors are small enums with stable codes ([`coded_errors!`]).
//!
//! # From a poster to a warning
//!
//! ```
//! use techo_protocol::basics::{keys::SigningKey, random::SystemRandom};
//! use techo_protocol::exposure::notice::{Body, NoticeId, Severity, Window};
//! use techo_protocol::exposure::segment::{Entry, NewSegment, Segment};
//! use techo_protocol::exposure::slot::{day_of_slot, slot_of, slots_of};
//! use techo_protocol::exposure::venue_code::{NewPoster, VenueCode};
//!
//! // An authority signs a venue's poster. Here one key stands for all of its keys, which `trust` would list.
//! let (authority, key) = (techo_protocol::trust::AuthorityId([1; 16]), SigningKey::from_seed(&[1; 32]));
//! let new = NewPoster { host: "techo.example", serial: 77, issued_day: 20_400, expires_day: 20_765, stay_minutes: 60, name: "Bar Yoru", address: "Osaka" };
//! let poster = new.sign(&key)?;
//!
//! // A phone reads its text at seven in the evening, keeps the key of that day, and drops the seed, which opens all days.
//! let seven = 20_416 * 86_400 + 19 * 3_600;
//! let VenueCode::Poster(scanned) = VenueCode::read(&poster.to_text())? else { panic!("a poster was signed") };
//! let day = day_of_slot(slot_of(seven).unwrap());
//! let kept = scanned.seed().day_key(day);
//!
//! // Somebody infected was there. The authority publishes the venue's hours under keys that only holders of the code have.
//! let window = Window { from: seven, to: seven + 5_400, tail: 1_800 };
//! let said = |minutes| Body { minutes, severity: Severity::Caution, advice: 1, notice: NoticeId::from_low_bits(5), revision: 1, withdrawn: false, has_text: false };
//! let hours = window.hours().map(|(slot, minutes)| Entry { key: poster.seed().slot_key(slot), body: said(minutes), text: None });
//! let (sequence, issued_at, entries) = (1, seven + 86_400, hours.collect());
//! let list = NewSegment { authority, sequence, issued_at, area: 0, day: day + 1, entries, texts: vec![], recalls: vec![] };
//! let file = list.write(&key, &SystemRandom::new())?;
//!
//! // Everybody fetches the same file. This phone was there from seven to eight, and finds that hour; whoever holds another code finds nothing.
//! let segment = Segment::parse(&file)?;
//! segment.verify([&key.public()])?;
//! let found: Vec<_> = slots_of(seven, seven + 3_600).flat_map(|slot| segment.open_all(&kept.slot_key(slot))).collect();
//! assert_eq!((found.len(), found[0].body.severity), (1, Severity::Caution));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod basics;
pub mod certificates;
pub mod exposure;
pub mod household;
pub mod trust;
pub mod vaccination;

pub use basics::error::{Coded, ErrorInfo, ErrorValue};
#[doc(hidden)]
pub use thiserror;
