//! A ticket's digits, from a code or typed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_protocol::vaccination::ticket::TicketText;

fuzz_target!(|text: &str| {
    if let Ok(TicketText::Whole(ticket)) = TicketText::read(text) {
        assert_eq!(TicketText::read(&ticket.to_text()), Ok(TicketText::Whole(ticket)));
    }
});
