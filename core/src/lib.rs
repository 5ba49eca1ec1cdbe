//! The device's side of Techo: what a person's phone keeps, reads and decides.
//!
//! Everything a person does is one method of [`device::Device`], which is opened once over a folder and over what the platform gives it
//! ([`ports::Ports`]: where the key is kept, the clock, randomness, how a relay is asked, the local network). A shell draws what a method answers
//! and keeps no order of calls: what has to happen around a thing happens inside. This is the loop that a shell writes:
//!
//! ```
//! use techo_core::device::{Camera, CheckIn, Device, FetchOutcome};
//! use techo_core::diary::Filter;
//! use techo_core::exposure::alerts::AlertState;
//!
//! // The platform's ports; here they are in memory, beside an authority with a relay of its own.
//! let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
//! let mut authority = techo_testing::Authority::named("Osaka Prefecture");
//! let folder = tempfile::tempdir()?;
//! let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
//! device.follow(&authority.trust_file())?;
//!
//! // The camera gives frames, one byte of grey a pixel.
//! let texts = Camera::default().read_frame(&techo_testing::frame(&authority.poster("Bar Yoru")?)?)?;
//! assert_eq!(device.what_is(&texts[0])?.name.as_deref(), Some("Bar Yoru"));
//!
//! // What was read becomes a visit.
//! let visit = device.check_in(&CheckIn { texts, ..CheckIn::default() })?.visit;
//! assert_eq!(device.visits(&Filter::default())?.visits, [visit.clone()]);
//!
//! // A day later the authority warns. Everybody fetches the same lists; this device finds out by itself.
//! clock.pass(86_400);
//! authority.warn("Bar Yoru", visit.check_in, visit.out)?;
//! authority.publish(&relay, device.now())?;
//! let fetched = device.fetch(&[])?;
//! assert!(matches!(fetched[0].outcome, FetchOutcome::Current { new: 1 }));
//! let warnings = device.warnings()?;
//! assert_eq!((warnings.alerts[0].name.as_str(), warnings.alerts[0].state), ("Bar Yoru", AlertState::New));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Behind the door, from the picture to the disk:
//!
//! | rooms | what they do |
//! |---|---|
//! | [`scan`], [`posters`], [`recognise`], [`arrival`] | pictures to texts, texts to what they are, codes to visits |
//! | [`diary`], [`documents`], [`vault`] | visits as rows of Automerge documents, sealed in SQLite so that what is deleted is gone |
//! | [`following`], [`exposure`] | whom the person follows, lists, matching, alerts |
//! | [`certificates`], [`vaccine`] | what the world issued, and a family's record of doses |
//! | [`sync`], [`backup`] | the household's devices, and a file for the day when none is left |
//! | [`clinic`] | a vaccination site, which is no person's device and has a door of its own |
//!
//! No room does I/O but the vault, and the two of `sync` that hold conversations over TCP.
pub mod arrival;
pub mod backup;
pub mod certificates;
pub mod clinic;
#[doc(hidden)]
pub mod confirmed_time;
pub mod device;
pub mod diary;
pub mod documents;
pub mod exposure;
pub mod following;
pub mod ports;
pub mod posters;
pub mod recognise;
pub mod scan;
pub mod sync;
pub mod vaccine;
pub mod vault;
