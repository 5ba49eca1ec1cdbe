//! Certificates of our own making, each wrong in one way, and the published vectors.

mod conformance;
mod forged;
pub(super) mod issuing;
