//! What a certificate holds that is not shown with it. A verdict of *valid* covers what is shown, so that whatever is left out is named.

techo_protocol::coded_errors! {
    /// Something that a certificate holds, or lacks, and that its doses, tests and recoveries do not show. It is no reason against the certificate.
    pub enum ContentNote {
        /// The certificate tells of nothing that a vaccine record is about.
        NothingTold = "content.nothing_told", "The certificate tells of no dose, test or recovery.", "Ask the issuer for one that does, if there should be one.";
        /// A part of the content is in a form that is not known here.
        PartUnread { part: &'static str } = "content.part_unread", "A part of the certificate cannot be read here, and is not shown ({part}).", "Look at the paper that came with the certificate.";
        /// The certificate also tells of other diseases than COVID-19.
        OtherDisease = "content.other_disease", "The certificate also tells of other diseases than COVID-19, which is not shown here.", "Look at the paper that came with the certificate.";
        /// Another code stands beside the document's.
        CodeBeside = "content.code_beside", "Beside it there is a code that is no certificate; it was not looked at.", "Nothing needs to be done.";
        /// The certificate also holds an entry that its issuer marks as not done, or made in error.
        NotGiven = "content.not_given", "The certificate also holds an entry that it marks as not done, or as made in error; it is not shown.", "Ask the issuer, if that is not right.";
    }
}
