//! The device's side of Techo: what a person's phone keeps, reads and decides, without any I/O of its own but the vault.
pub mod posters;
pub mod scan;
