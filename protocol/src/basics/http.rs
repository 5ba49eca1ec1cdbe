//! What can go wrong between a program and the server that it asks. Who asks is passed in: `techo-http`, or a phone's own HTTP.

crate::coded_errors! {
    /// Why an answer could not be had.
    pub enum HttpError {
        /// It is no address, or `http://` beyond this machine.
        AddressInvalid = "http.address_invalid", "This is not the address of a relay.", "Give an address that begins with https://; http:// is taken on this machine only.";
        /// No connection to the server came about, or it broke off.
        Unreachable = "http.unreachable", "The relay does not answer.", "Check the network and the relay's address, and try again. What is here already stays.";
        /// It took too long.
        TimedOut = "http.timed_out", "The relay took too long to answer.", "Try again later.";
        /// More bytes than any answer has.
        TooLarge = "http.too_large", "The relay's answer is larger than any answer may be.", "Use another relay.";
        /// The answer broke off or is none.
        AnswerDamaged = "http.answer_damaged", "The relay's answer broke off or cannot be read.", "Try again; if this stays, use another relay.";
        /// The relay refused, without a reason of Techo's.
        Refused { status: u16 } = "http.refused", "The relay refused with status {status}.", "Check the relay's address.";
        /// The relay refused and said why.
        Problem { status: u16, code: String, title: String } = "http.problem", "The relay says: {title} ({code})", "See the code in the list of errors.";
    }
}
