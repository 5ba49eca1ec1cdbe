//! The health authority: registers venues, draws their posters, decides notices, publishes them, and opens the diaries that residents sent.
//!
//! Everything is a method of [`Authority`], which is one profile folder. Times are Unix seconds and are passed in, and so is randomness.
//! Nothing here speaks to a network: [`publishing::RelayPort`] is what a caller brings.
//!
//! | module | what it is about |
//! |---|---|
//! | [`profile`] | the folder: database and keys |
//! | [`keys`] | key files, in the clear or under a passphrase |
//! | [`trust`] | the trust list, signed by the root |
//! | [`trust_bundle`] | bundles of the keys of those who issue certificates |
//! | [`venues`], [`posters`] | the registry, codes, and what is printed |
//! | [`import`], [`events`] | a list of events as CSV, and what it does to the notices |
//! | [`tables`] | CSV files as people have them: encodings, separators, what spreadsheets do |
//! | [`rejected`] | rows of a file that cannot be used |
//! | [`notices`], [`recalls`], [`schedules`] | what is said |
//! | [`pending`] | what has to be said under which code |
//! | [`publishing`] | segments, manifests, relays |
//! | [`municipality`] | residents' tickets, vaccination sites, doses |
//! | [`cases`] | one-time codes and sent diaries |
//! | [`audit`] | the log whose head every manifest carries |

pub mod audit;
pub mod cases;
mod confirmed_time;
pub mod error;
pub mod events;
pub mod import;
pub mod keys;
pub mod municipality;
pub mod notices;
pub mod pending;
pub mod posters;
pub mod profile;
pub mod publishing;
pub mod recalls;
pub mod rejected;
pub mod schedules;
pub mod store;
pub mod tables;
pub mod trust;
pub mod trust_bundle;
pub mod venues;

pub use error::Error;
pub use profile::Authority;
