//! A certificate behind the `#` of a link, as some countries print it beside the certificate for their app (France's `…/app/walletdcc#HC1%3A…`), and
//! as viewers of SMART Health Cards take it (`…#shc:/…`).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{dcc, nzcp, shc};

/// The certificate's text that a link carries, percent-encoded or not; any other text as it is.
pub(super) fn unwrapped(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let Some((_, fragment)) = text.split_once('#').filter(|_| is_web) else {
        return text.into();
    };
    let decoded = percent_decode_str(fragment).decode_utf8().unwrap_or(Cow::Borrowed(fragment));
    // Base45 has `%` among its characters, so that an unencoded one may look encoded: what unpacks is meant.
    let is_readable = |text: &str| super::decode_bare(text).is_ok();
    let meant = if !is_readable(&decoded) && is_readable(fragment) {
        Cow::Borrowed(fragment)
    } else {
        decoded
    };
    let is_certificate = dcc::is_form(&meant) || shc::is_form(&meant) || nzcp::is_form(&meant);
    if is_certificate { meant } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::{DocumentKind, kind, whole};

    const BASE45: &[(&str, &str)] = &[("%", "%25"), (" ", "%20"), (":", "%3A"), ("+", "%2B")];

    #[test]
    fn a_link_is_the_certificate_that_it_carries() {
        let bare = techo_testing::CERTIFICATE;
        let encoded = BASE45.iter().fold(bare.to_owned(), |text, (from, to)| text.replace(from, to));
        for link in [
            format!("https://wallet.example/app/add#{encoded}"),
            format!("HTTPS://WALLET.EXAMPLE/ADD?LANG=FR#{encoded}"),
            format!("https://wallet.example/app/add#{bare}"),
        ] {
            assert_eq!(unwrapped(&link), bare);
            assert_eq!(kind(&link), DocumentKind::Dcc);
            assert_eq!(
                whole(&[link]).as_deref(),
                Ok(&[bare.to_owned()][..]),
                "and what is kept is the certificate"
            );
        }
    }

    #[test]
    fn the_codes_of_a_card_may_be_links() {
        let codes = ["https://viewer.example/#shc:/2/2/7662", "shc:/1/2/5676"].map(str::to_owned);
        assert_eq!(whole(&codes).as_deref(), Ok(&["eyyk".to_owned()][..]));
    }

    #[test]
    fn other_links_stay_as_they_are() {
        for text in [
            "https://techo.example/v#123",
            "https://example.org/a#b%20c",
            "HC1:A#HC1:B",
            "#HC1:A",
            "a # b",
        ] {
            assert_eq!(unwrapped(text), text);
        }
    }
}
