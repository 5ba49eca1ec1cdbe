//! Why a certificate is not valid, or why nobody here can tell. What scripts read of a reason is its code.

techo_protocol::coded_errors! {
    /// One reason against a certificate.
    pub enum Reason {
        /// The text is of no kind that is known here.
        Unknown = "malformed.unknown", "This is no certificate that Techo knows.", "Scan the code again; make sure that all of it is in the picture.";
        /// A picture or file holds no code at all.
        NoCode = "malformed.no_code", "No code was found in the picture, so nothing was checked.", "Closer, more light, or a straighter view may help.";
        /// The text is a code of another kind, and none that is checked.
        AnotherCode = "malformed.another_code", "This is a code of another kind, and no certificate.", "Scan the certificate's own code.";
        /// The certificate is of a later version of its kind.
        Version = "malformed.version", "This certificate is of a version that this program does not know.", "Update Techo, or ask the issuer for a present one.";
        /// The text has characters that its encoding does not have, or its end is missing.
        Encoding = "malformed.encoding", "The certificate's text is damaged.", "Scan the code again.";
        /// The text is longer than any of its kind.
        TooLong = "malformed.too_long", "The certificate's text is longer than such texts are.", "Scan the code again.";
        /// The packed content cannot be inflated.
        Compression = "malformed.compression", "The certificate cannot be unpacked.", "Scan the code again.";
        /// Inflated, the content is larger than any of its kind.
        TooLarge = "malformed.too_large", "Unpacked, the certificate is larger than such certificates are.", "Do not trust it.";
        /// The content is not CBOR, is nested too deep, or something follows it.
        Cbor = "malformed.cbor", "The certificate's inside cannot be read (CBOR).", "Scan the code again.";
        /// The content is not JSON, is nested too deep, or something follows it.
        Json = "malformed.json", "The certificate's inside cannot be read (JSON).", "Scan the code again.";
        /// One key stands twice in a map.
        DuplicateKey = "malformed.duplicate_key", "The certificate says one thing twice.", "Do not trust it.";
        /// A number is larger than any such certificate needs.
        Number = "malformed.number", "A number in the certificate is out of all bounds.", "Do not trust it.";
        /// The content is no signed message of the form of its kind.
        Envelope = "malformed.envelope", "The certificate is not signed in the form of its kind.", "Ask the issuer for a new one.";
        /// A header says that it must be understood (`crit`), and is not known here.
        Critical = "malformed.critical", "The certificate asks for something that this program does not know.", "Update Techo.";
        /// Of a card of several codes some are missing, there twice, or of another card.
        Chunks = "malformed.chunks", "The codes do not make one whole card.", "Scan every code of the card, each once.";
        /// One code of a card holds more than its kind allows.
        ChunkTooLong = "malformed.chunk_too_long", "A code of the card holds more than such codes may.", "Ask the issuer for a new card.";
        /// The signature does not fit the content.
        SignatureInvalid = "signature.invalid", "The signature is not right: the certificate was changed, or never was real.", "Do not trust it.";
        /// The signature's bytes are not in the form of its kind.
        SignatureEncoding = "signature.invalid_encoding", "The signature is not in the form of its kind.", "Ask the issuer for a new certificate.";
        /// No key with the id that the certificate names is trusted here.
        UnknownKey = "signature.unknown_key", "The certificate is signed with a key that is not trusted here, so nobody here can tell.", "Take a newer bundle of issuers' keys, or add the issuer's key.";
        /// The signature's algorithm is not allowed, or belongs to another type of key.
        Algorithm = "signature.algorithm", "The signature's algorithm is not allowed, or does not fit the key.", "Do not trust it.";
        /// The certificate's time is over.
        Expired = "time.expired", "The certificate has expired.", "Ask the issuer for a new one.";
        /// The pass that is shown was signed for showing more than a minute ago.
        TooOld = "time.expired_code", "This code was signed more than a minute ago. It may be a picture of a pass.", "Ask the person to show the pass itself, and scan it again.";
        /// The phone's clock and the checker's are more than a minute apart.
        ClocksDiffer = "content.clocks_differ", "The phone's clock and this one are more than a minute apart, so nobody here can tell.", "Set both clocks by the network, and scan again.";
        /// The certificate's time has not come.
        NotYetValid = "time.not_yet_valid", "The certificate is not valid yet.", "Check this device's clock, or come back later.";
        /// The issuer's name is not a name of its kind.
        IssuerName = "issuer.name", "The issuer's name is not in the form of its kind.", "Ask the issuer for a new certificate.";
        /// The key that signed belongs to another issuer than the certificate names.
        IssuerOther = "issuer.other", "The key that signed it is of another issuer than the one that it names.", "Do not trust it.";
        /// The key that signed is not for content of this sort.
        IssuerKeyUse = "issuer.key_use", "The key that signed it is not for certificates of this content.", "Do not trust it.";
        /// The certificate was signed before its key's time, or after it.
        IssuerKeyTime = "issuer.key_time", "The certificate was signed outside the time of its key.", "Ask the issuer for a new one.";
        /// The signer's own certificate, which stands in the code, cannot be read.
        IssuerCertificate = "issuer.certificate", "The certificate of its signer cannot be read.", "Ask the issuer for a new one.";
        /// The site that signed had no licence of its municipality at the time.
        IssuerLicence = "issuer.licence", "The site that signed it had no licence of its municipality for that time.", "Ask the municipality to look the dose up.";
        /// The content breaks the rules of its kind.
        Schema { field: &'static str } = "content.schema", "The certificate's content breaks the rules of its kind ({field}).", "Ask the issuer for a new certificate.";
        /// The code holds several certificates, or none.
        Several = "content.several", "The code holds several certificates, or none.", "Ask the issuer for one certificate each.";
        /// The content counts its times in milliseconds.
        Milliseconds = "content.milliseconds", "The certificate counts its times in milliseconds, where its kind counts seconds, so nobody can tell when it holds.", "Ask the issuer for a new certificate. What it tells of may be right.";
        /// The content is of another type than the certificate's form says.
        ContentType = "content.type", "The certificate's content is of another type than its form says.", "Ask the issuer for a new certificate.";
        /// The phone that the pass was issued to has not signed for this check.
        NotBound = "signature.invalid_holder", "The phone that this pass was issued to did not sign it for this check.", "Ask the person to show the pass itself. In a strict check the phone reads the checker's code first.";
        /// The same pass was shown to this checker within the last two minutes.
        AlreadyShown = "content.already_shown", "The same pass was shown here within the last two minutes.", "Ask for an identity document, or make a strict check.";
        /// The issuer has revoked the pass.
        Revoked = "revoked.pass", "The issuer has revoked this pass.", "Do not trust it. The person can ask the municipality why.";
        /// The document is no status pass, and the check is one at a door.
        NotAStatus = "content.not_a_status", "This is not a status code. Only status passes are checked at a door.", "Ask the person to show the status pass.";
    }
}

impl Reason {
    /// Whether the reason only says why nobody here can tell, and not that something is wrong.
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
