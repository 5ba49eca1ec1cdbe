//! Everything for which a relay refuses a request, and the HTTP status it has (RFC 9110, section 15; RFC 6585 for 429; RFC 4918 for 507).

use techo_protocol::Coded;
use techo_protocol::manifest::ManifestError;
use techo_protocol::segment::SegmentError;
use techo_protocol::trust::TrustError;

use crate::store::StoreError;

techo_protocol::coded_errors! {
    /// What a relay refuses on its own account.
    pub enum RelayError {
        /// It was not told of this authority.
        UnknownAuthority = "relay.unknown_authority", "This relay does not carry this authority's lists.", "Check the relay's address, or start the relay with the authority's trust file.";
        /// No such path.
        NoSuchPath = "relay.no_such_path", "There is nothing at this address.", "Check the relay's address.";
        /// The path is there, the method is not.
        MethodNotAllowed = "relay.method_not_allowed", "This cannot be done at this address.", "Use a method that the Allow header names.";
        /// The authority has not published yet.
        NothingPublished = "relay.nothing_published", "The authority has not published a list here yet.", "Try again later.";
        /// No such segment, or not any more.
        NoSuchSegment = "relay.no_such_segment", "This list is not here, or not any more.", "Fetch the authority's manifest again.";
        /// The body is too large.
        TooLarge = "relay.too_large", "This is larger than the relay takes.", "Send less, or ask the operator to raise the limit.";
        /// The body came too slowly.
        TooSlow = "relay.too_slow", "The request came too slowly.", "Try again over a better connection.";
        /// The body broke off.
        BodyBroken = "relay.body_broken", "The request broke off.", "Try again.";
        /// Too many requests from one address.
        TooManyRequests = "relay.too_many_requests", "These are too many requests in a short time.", "Wait a little and try again.";
        /// Too many connections from one address.
        TooManyConnections = "relay.too_many_connections", "These are too many connections at once.", "Close some and try again.";
        /// No room for this request now.
        Busy = "relay.busy", "The relay has too much to do at the moment.", "Wait a little and try again.";
        /// A segment's content is not what its name says.
        HashMismatch = "relay.hash_mismatch", "The content does not have the hash in its address.", "Send it again.";
        /// A segment is of another authority than its path says.
        OtherAuthority = "relay.other_authority", "This list is of another authority than its address says.", "Check the authority's id.";
        /// A manifest lists a segment that is not there.
        SegmentMissing = "relay.segment_missing", "The manifest lists a segment that the relay does not hold.", "Send every listed segment first, then the manifest.";
        /// The authority's segments fill what it may use.
        SegmentsFull = "relay.segments_full", "This authority's lists fill the room that it has here.", "Ask the operator to raise the limit.";
        /// A diary has another length than all diaries have.
        DiarySize = "relay.diary_size", "A sent diary is always 32,768 bytes long; this is not.", "Update Techo.";
        /// The authority's box is full.
        DiariesFull = "relay.diaries_full", "The authority's box is full.", "Try again later, or tell the health centre.";
        /// A request for diaries is not signed by the authority.
        TakeNotSigned = "relay.take_not_signed", "This request was not signed by the authority.", "Use the authority's own profile.";
        /// A request for diaries was seen before.
        TakeReplayed = "relay.take_replayed", "This request has a number that was used before.", "Make a new request with a higher number.";
        /// The relay cannot listen there.
        CannotListen = "relay.cannot_listen", "The relay cannot listen at this address.", "Choose another address or port with --listen.";
        /// A fault in the relay.
        Internal = "relay.internal", "The relay made a mistake.", "Try again; if this stays, tell the operator.";
    }
}

/// Why a request, or a start, was refused: an error of this crate, of the store, or of a file that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum Refusal {
    /// By the relay.
    Relay(#[from] RelayError),
    /// By the store.
    Store(#[from] StoreError),
    /// For a manifest.
    Manifest(#[from] ManifestError),
    /// For a segment.
    Segment(#[from] SegmentError),
    /// For a trust list.
    Trust(#[from] TrustError),
}

impl Refusal {
    fn coded(&self) -> &dyn Coded {
        match self {
            Self::Relay(error) => error,
            Self::Store(error) => error,
            Self::Manifest(error) => error,
            Self::Segment(error) => error,
            Self::Trust(error) => error,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Relay(error) => relay_status(error),
            Self::Store(StoreError::Full) => 507,
            Self::Store(_) => 503,
            Self::Manifest(ManifestError::SignatureInvalid)
            | Self::Segment(SegmentError::SignatureInvalid)
            | Self::Trust(TrustError::SignatureInvalid) => 403,
            Self::Manifest(ManifestError::Replayed | ManifestError::Forked | ManifestError::OtherAuthority)
            | Self::Trust(TrustError::Older | TrustError::Forked | TrustError::OtherAuthority) => 409,
            Self::Segment(SegmentError::TooLarge) => 413,
            Self::Manifest(_) | Self::Segment(_) | Self::Trust(_) => 400,
        }
    }
}

impl Coded for Refusal {
    fn code(&self) -> &'static str {
        self.coded().code()
    }

    fn hint(&self) -> &'static str {
        self.coded().hint()
    }
}

fn relay_status(error: &RelayError) -> u16 {
    match error {
        RelayError::BodyBroken => 400,
        RelayError::TakeNotSigned => 403,
        RelayError::UnknownAuthority | RelayError::NoSuchPath | RelayError::NothingPublished | RelayError::NoSuchSegment => 404,
        RelayError::MethodNotAllowed => 405,
        RelayError::TooSlow => 408,
        RelayError::SegmentMissing | RelayError::TakeReplayed => 409,
        RelayError::TooLarge => 413,
        RelayError::HashMismatch | RelayError::OtherAuthority | RelayError::DiarySize => 422,
        RelayError::TooManyRequests | RelayError::TooManyConnections => 429,
        RelayError::Busy => 503,
        RelayError::SegmentsFull | RelayError::DiariesFull => 507,
        RelayError::CannotListen | RelayError::Internal => 500,
    }
}
