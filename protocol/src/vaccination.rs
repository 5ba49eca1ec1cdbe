//! Tickets, doses, sites and towns: what is printed, scanned, sealed and counted; schedules and status passes.

pub mod dose_bundle;
pub mod dose_slip;
pub mod lot;
pub mod product;
pub mod public_file;
pub mod revocations;
pub mod schedule;
pub mod site_licence;
pub mod status_pass;
pub mod ticket;
pub mod town_update;
