//! Certificates of our own making, each wrong in one way.
