//! The device's side of Techo: what a person's phone keeps, reads and decides, without any I/O of its own but the vault.
pub mod arrival;
pub mod backup;
pub mod certificates;
pub mod clinic;
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
