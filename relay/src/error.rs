//! Everything for which a relay refuses a request, and the HTTP status it has (RFC 9110, section 15; RFC 6585 for 429; RFC 4918 for 507).

use techo_protocol::exposure::manifest::ManifestError;
use techo_protocol::exposure::segment::SegmentError;
use techo_protocol::trust::TrustError;
use techo_protocol::vaccination::public_file::PublicFileError;
use techo_protocol::vaccination::revocations::RevocationsError;
use techo_protocol::vaccination::town_update::TownUpdateError;

use crate::store::StoreError;

techo_protocol::coded_errors! {
    /// What a relay refuses on its own account.
    pub enum RelayError {
        /// It was not told of this authority.
        UnknownAuthority = "relay.unknown_authority", "This relay does not carry this authority's lists.", "Check the relay's address, or start the relay with the authority's trust file.";
        /// The path is none of the relay's.
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

techo_protocol::coded_errors! {
    /// Why a relay refuses a call of a household's device.
    pub enum SyncError {
        /// Not a request that this relay can read.
        NotARequest = "sync.not_a_request", "The relay cannot read this request.", "Update Techo.";
        /// The request is about another stream than its path.
        OtherStream = "sync.other_stream", "This request is about another household than its address says.", "Sync again.";
        /// The account's key did not sign it.
        NotSigned = "sync.not_signed", "This request was not signed by the household.", "Sync again; if this stays, pair this device again.";
        /// No account of that name.
        NoAccount = "sync.no_account", "The relay knows nothing of this household.", "Sync again: the device opens the account anew and sends everything that it has.";
        /// The account was deleted, and is kept for some days in case that was a mistake.
        AccountDeleted = "sync.account_deleted", "The household's account at the relay was deleted.", "The recovery words bring it back for seven days; or sync through another relay.";
        /// The account is another key's.
        OtherKey = "sync.other_key", "The household is known at the relay under another key.", "Pair this device again with one that syncs.";
        /// Too many accounts were opened from one address.
        TooManyAccounts = "sync.too_many_accounts", "Too many accounts were opened from here in a short time.", "Wait some minutes and try again.";
        /// The device is at an older epoch.
        EpochBehind = "sync.epoch_behind", "The household has changed its keys since this device last synced.", "Get what is new first; the device does this by itself.";
        /// The relay is at an older epoch.
        EpochAhead = "sync.epoch_ahead", "The relay does not know the household's newest keys yet.", "Sync again: the device brings the relay up to date first.";
        /// Another device has replaced chunks that this one may still build on.
        SwapMissed = "sync.swap_missed", "Another device has tidied up at the relay since this one last synced.", "Get what is new first; the device does this by itself.";
        /// Something came in since the cursor that a swap was made at.
        CameSince = "sync.came_since", "Something new has come to the relay in the meantime.", "Get what is new first; the device does this by itself.";
        /// The account has another epoch record or keyring by now.
        RecordReplaced = "sync.record_replaced", "Another device has changed the household's keys or devices in the meantime.", "Get what is new first; the device does this by itself.";
        /// An epoch record or keyring that does not follow the one that is there.
        RecordRefused = "sync.record_refused", "The household's new keys do not follow the ones that the relay knows.", "Sync again; if this stays, pair this device again.";
        /// A deletion of an account that was opened before this one.
        OtherOpening = "sync.other_opening", "The account that was to be deleted is gone; this is a later one.", "Sync again, and delete the account then if it should go.";
        /// No account has these words' locator, or they did not sign the request.
        WordsUnknown = "sync.words_unknown", "The relay knows no household with these recovery words.", "Check the words and the relay's address; words that newer ones replaced do not work.";
        /// A chunk that is none, or of another stream or epoch, or too long.
        ChunkRefused = "sync.chunk_refused", "A sealed piece of the diary is damaged, or not of this household.", "Update Techo and sync again.";
        /// The account's chunks fill what it may use.
        AccountFull = "sync.account_full", "The household's room at the relay is full.", "Delete what is no longer needed, or sync through another relay.";
        /// No mailbox of that name, or not any more.
        NoMailbox = "sync.no_mailbox", "This pairing is over, or it never began.", "Begin the pairing again.";
        /// The mailbox is another account's.
        MailboxTaken = "sync.mailbox_taken", "This pairing's number is in use.", "Begin the pairing again.";
        /// The message was written before.
        MessageWritten = "sync.message_written", "Another device was faster in this pairing.", "Begin the pairing again, and show the code to one device only.";
        /// The message was taken before.
        MessageTaken = "sync.message_taken", "This message of the pairing was fetched before.", "Begin the pairing again.";
    }
}

techo_protocol::coded_union! {
    /// Why a request, or a start, was refused: an error of this crate, of the store, or of a file that was sent.
    pub enum Refusal {
        /// The relay refuses on its own account.
        Relay(RelayError);
        /// The relay refuses a call of a household's device.
        Sync(SyncError);
        /// The store has refused, or does not answer.
        Store(StoreError);
        /// A manifest is refused.
        Manifest(ManifestError);
        /// A segment is refused.
        Segment(SegmentError);
        /// Another public file is refused.
        PublicFile(PublicFileError);
        /// A trust list is refused.
        Trust(TrustError);
    }
}

impl Refusal {
    /// The HTTP status that the answer has (RFC 9110, section 15).
    pub fn status(&self) -> u16 {
        match self {
            Self::Relay(error) => relay_status(error),
            Self::Sync(error) => sync_status(error),
            Self::Store(StoreError::NoStreams) => 501,
            Self::Store(StoreError::Full) => 507,
            Self::Store(_) => 503,
            Self::Manifest(ManifestError::SignatureInvalid)
            | Self::Segment(SegmentError::SignatureInvalid)
            | Self::PublicFile(
                PublicFileError::Sites(TownUpdateError::SignatureInvalid)
                | PublicFileError::Revocations(RevocationsError::SignatureInvalid),
            )
            | Self::Trust(TrustError::SignatureInvalid) => 403,
            Self::Manifest(ManifestError::Replayed | ManifestError::Forked | ManifestError::OtherAuthority)
            | Self::Trust(TrustError::Older | TrustError::Forked | TrustError::OtherAuthority) => 409,
            Self::Segment(SegmentError::TooLarge) => 413,
            Self::Manifest(_) | Self::Segment(_) | Self::PublicFile(_) | Self::Trust(_) => 400,
        }
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

fn sync_status(error: &SyncError) -> u16 {
    match error {
        SyncError::NotARequest => 400,
        SyncError::NotSigned | SyncError::WordsUnknown => 403,
        SyncError::NoAccount | SyncError::NoMailbox => 404,
        SyncError::OtherKey
        | SyncError::EpochBehind
        | SyncError::EpochAhead
        | SyncError::SwapMissed
        | SyncError::CameSince
        | SyncError::RecordReplaced
        | SyncError::OtherOpening
        | SyncError::MailboxTaken
        | SyncError::MessageWritten => 409,
        SyncError::AccountDeleted | SyncError::MessageTaken => 410,
        SyncError::OtherStream | SyncError::ChunkRefused | SyncError::RecordRefused => 422,
        SyncError::TooManyAccounts => 429,
        SyncError::AccountFull => 507,
    }
}
