//! Where and when: venue codes, slots and their tags, segments and manifests, and a diary that somebody chose to send.

pub mod case_code;
pub mod diary_upload;
pub mod manifest;
pub mod notice;
pub mod public_file;
pub mod relay_api;
pub mod segment;
pub mod slot;
pub mod tag;
pub mod venue_code;
