//! What the devices of one household say to each other, and what their relay sees of it: sealed chunks, records, pairing, recovery.

pub mod body;
pub mod chunk;
pub mod direct;
pub mod epoch_record;
pub mod household_file;
pub mod keyring_record;
pub mod pairing;
pub mod recovery;
pub mod sync_api;
