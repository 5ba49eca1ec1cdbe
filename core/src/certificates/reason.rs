//! Why a certificate is not valid, or why nobody here can tell. What scripts read of a reason is its code.

techo_protocol::coded_errors! {
    /// One reason against a certificate.
    pub enum Reason {
        /// Nothing that is known here.
        Unknown = "malformed.unknown", "This is no certificate that Techo knows.", "Scan the code again; make sure that all of it is in the picture.";
        /// A later version of a known kind.
        Version = "malformed.version", "This certificate is of a version that this program does not know.", "Update Techo, or ask the issuer for a present one.";
        /// Characters that its encoding does not have, or a cut end.
        Encoding = "malformed.encoding", "The certificate's text is damaged.", "Scan the code again.";
        /// Longer than any such certificate.
        TooLong = "malformed.too_long", "The certificate's text is longer than such texts are.", "Scan the code again.";
        /// It cannot be inflated.
        Compression = "malformed.compression", "The certificate cannot be unpacked.", "Scan the code again.";
        /// Inflated, it is larger than any such certificate.
        TooLarge = "malformed.too_large", "Unpacked, the certificate is larger than such certificates are.", "Do not trust it.";
        /// Not CBOR, too deep, or something follows it.
        Cbor = "malformed.cbor", "The certificate's inside cannot be read (CBOR).", "Scan the code again.";
        /// Not JSON, too deep, or something follows it.
        Json = "malformed.json", "The certificate's inside cannot be read (JSON).", "Scan the code again.";
        /// One key stands twice in a map.
        DuplicateKey = "malformed.duplicate_key", "The certificate says one thing twice.", "Do not trust it.";
        /// A number that no such certificate needs.
        Number = "malformed.number", "A number in the certificate is out of all bounds.", "Do not trust it.";
        /// No signed message, or not of the form of its kind.
        Envelope = "malformed.envelope", "The certificate is not signed in the form of its kind.", "Ask the issuer for a new one.";
        /// A header that must be understood and is not.
        Critical = "malformed.critical", "The certificate asks for something that this program does not know.", "Update Techo.";
        /// A card of several codes, of which some are missing, there twice, or of another card.
        Chunks = "malformed.chunks", "The codes do not make one whole card.", "Scan every code of the card, each once.";
        /// A code of a card with more in it than its kind allows.
        ChunkTooLong = "malformed.chunk_too_long", "A code of the card holds more than such codes may.", "Ask the issuer for a new card.";
        /// The signature does not fit the content.
        SignatureInvalid = "signature.invalid", "The signature is not right: the certificate was changed, or never was real.", "Do not trust it.";
        /// The signature is not in the form of its kind.
        SignatureEncoding = "signature.invalid_encoding", "The signature is not in the form of its kind.", "Ask the issuer for a new certificate.";
        /// No key with that id is trusted here.
        UnknownKey = "signature.unknown_key", "It is signed with a key that is not trusted here, so nobody here can tell.", "Take a newer bundle of issuers' keys, or add the issuer's key.";
        /// An algorithm that is not allowed, or of another type of key.
        Algorithm = "signature.algorithm", "The signature's algorithm is not allowed, or does not fit the key.", "Do not trust it.";
        /// Its time is over.
        Expired = "time.expired", "The certificate has expired.", "Ask the issuer for a new one.";
        /// A shown pass that was signed more than a minute ago.
        TooOld = "time.expired_code", "This code was signed more than a minute ago. It may be a picture of a pass.", "Ask the person to show the pass itself, and scan it again.";
        /// The clocks of the phone and of the checker.
        ClocksDiffer = "content.clocks_differ", "The phone's clock and this one are more than a minute apart, so nobody here can tell.", "Set both clocks by the network, and scan again.";
        /// Its time has not come.
        NotYetValid = "time.not_yet_valid", "The certificate is not valid yet.", "Check this device's clock, or come back later.";
        /// The issuer's name is not a name of its kind.
        IssuerName = "issuer.name", "The issuer's name is not in the form of its kind.", "Ask the issuer for a new certificate.";
        /// The key is another issuer's.
        IssuerOther = "issuer.other", "The key that signed it is of another issuer than the one that it names.", "Do not trust it.";
        /// The key may not say this.
        IssuerKeyUse = "issuer.key_use", "The key that signed it is not for certificates of this content.", "Do not trust it.";
        /// The key did not sign any more, or not yet.
        IssuerKeyTime = "issuer.key_time", "The certificate was signed outside the time of its key.", "Ask the issuer for a new one.";
        /// The signer's own certificate cannot be read.
        IssuerCertificate = "issuer.certificate", "The certificate of its signer cannot be read.", "Ask the issuer for a new one.";
        /// A site without its municipality's licence for that time.
        IssuerLicence = "issuer.licence", "The site that signed it had no licence of its municipality for that time.", "Ask the municipality to look the dose up.";
        /// It breaks the rules of its kind.
        Schema { field: &'static str } = "content.schema", "Its content breaks the rules of its kind ({field}).", "Ask the issuer for a new certificate.";
        /// Several certificates in one.
        Several = "content.several", "It holds several certificates in one, or none.", "Ask the issuer for one certificate each.";
        /// Of another type than its form.
        ContentType = "content.type", "Its content is of another type than its form says.", "Ask the issuer for a new certificate.";
        /// The phone that the pass was issued to has not signed.
        NotBound = "signature.invalid_holder", "The phone that this pass was issued to did not sign it for this check.", "Ask the person to show the pass itself. In a strict check the phone reads the checker's code first.";
        /// Seen a moment ago.
        AlreadyShown = "content.already_shown", "The same pass was shown here within the last two minutes.", "Ask for an identity document, or make a strict check.";
        /// The issuer took it back.
        Revoked = "revoked.pass", "Its issuer has revoked it.", "Do not trust it. The person can ask the municipality why.";
        /// At a door.
        NotAStatus = "content.not_a_status", "This is not a status code. Only status passes are checked at a door.", "Ask the person to show the status pass.";
    }
}

impl Reason {
    /// Whether nothing is wrong by it, and it only says why nobody here can tell.
    ///
    /// ```
    /// use techo_core::certificates::Reason;
    ///
    /// assert!(Reason::UnknownKey.leaves_open(), "another device may trust the key");
    /// assert!(!Reason::Expired.leaves_open(), "it has expired for everybody");
    /// ```
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::ClocksDiffer)
    }
}
