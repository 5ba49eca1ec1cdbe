//! Papers for examples: a certificate and a card of one person, both signed once by an issuer that exists nowhere else.

/// A certificate of the EU's form: SATO AKI, born 1980-01-01, had the second of two doses of Pfizer's on 2021-08-01. It holds until 2031-07-31.
///
/// ```
/// use techo_core::certificates::{Trust, Verdict, key_source, verify};
///
/// let trust = Trust::new(key_source::read(techo_testing::ISSUER.as_bytes(), None)?);
/// let verified = verify(techo_testing::CERTIFICATE, &trust, techo_testing::NOW);
/// assert_eq!(verified.verdict(), Verdict::Valid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const CERTIFICATE: &str = concat!(
    "HC1:NCF*608A0T9WTWGSLKC 4W499XOLD8RNG%GQRAB0XKLJCW5BLF3RVQE8G3F30-0K9GY50.FK8ZKO/EZKEZ967L6C56GVC*JC1A6T473W5Y96",
    "746TPCBEC7ZKW.CF0DI/N8IT8ZKW.C6WESNASTA JC2/D$6T-2I*ENMPCG/DTOCDN9KECTHG4KCD3DX47B46IL6646H*6Z/E5JD%96IA74R66463",
    "07Q$D.UDRYA 96NF6L/5SW6Y57B$D% D3IA4W5646946846.96XJC$+D3KC.SCXJCCWENF6OF63W5Q47746WJCT3EQ7B%JCYQEHZ95/D QEALEN4",
    "4:+C%69AECAWEWJC$EDHZA1+9LZAZM81G72A6Q7B2G727B-.9*IHNSP.XAWBHA/23J5NCG$-RHDN-%M0-QG.1*-SAWLNZ80EH9%R66MHSU7FUQ5R",
    "FIRYBCO.I*FSN6VQJ6J.Q7OH9B9PD1QU1LFF",
);

/// The X.509 certificate, in Base64, of the key that signed [`CERTIFICATE`]: of the country XX, from 2021-06-01 to 2031-12-31.
pub const ISSUER: &str = concat!(
    "MIIBQTCB56ADAgECAgEBMAoGCCqGSM49BAMCMCoxCzAJBgNVBAYTAlhYMRswGQYDVQQDDBJNaW5pc3RyeSBvZiBIZWFsdGgwHhcNMjEwNjAxMDAw",
    "MDAwWhcNMzExMjMxMDAwMDAwWjAqMQswCQYDVQQGEwJYWDEbMBkGA1UEAwwSTWluaXN0cnkgb2YgSGVhbHRoMFkwEwYHKoZIzj0CAQYIKoZIzj0D",
    "AQcDQgAEmbROrS1FXH659gYkRunCDd23ZARxNf9DoqlMryj+8im6mF54B8Mk/wwDbqohlBXl/TXVqBXHc2ze698lPf96EzAKBggqhkjOPQQDAgNJ",
    "ADBGAiEAy/959jOUj3QFlRRSVvws9TPXBz9WN30aPTof7vTfAbcCIQCaDvMwUp9qxONGGSFCoBGUkYQZGJH1iUB2CCH2qg5gMg==",
);

/// A SMART Health Card of the same person, with both doses: on 2021-07-11 of lot EX3617, on 2021-08-01 of lot FA7812.
pub const CARD: &str = concat!(
    "eyJhbGciOiJFUzI1NiIsInppcCI6IkRFRiIsImtpZCI6IkpxcDk0Y29laVhJYWgwR0p4cUV1cFphOXg4VnY5Ukdxdlg5UVFLMzc3dkkifQ.3ZLLT",
    "uNAEEX_pWbr2G4Pio13wDDSbEYj8RASyqLTrsQ99CPqh0VA_neqHQeBBHwAljftqjp97y0_g_QeWuhD2Pm2KAR3nc_xkeudwoJqER1kYNYbaNmyq",
    "ptldVKWGQwC2mcI-x1Ce_867TV3oUeuQp9PpB-HwyIdCPN5n7CD7NgprDIQDjs0QXJ1Fdf_UYR006aX7hadl9aQ2pO8zBnx0tfzaDqFqceht9EJv",
    "J5UwVzIZpUgrFJES4QM6AK3J-lEjkrdOEUNx_m2pIbj4QPwPx4kzadYuMYDhGupiAdXPFgqbOWAJiVz9iBhNZKrtSTHv3hIAHbalIuS0QvjmH0og",
    "X0t4Y_W0cgnPrvxgYfoJ49pbwFT2AMXQhq8sN1EELaTZjup9XsfUM9bp3X0qs6t2xYpzsLLrhDDIwHENAlV2cC4GjPYzb4nORt0aJK2t7FRkxUiu",
    "qmUzF5LfUBU5LZesGRL2fA36jX9Vy1c3v1csvrTFKpvmEKT1v4-hd9ndcMqSmE10vMC.9YpJ1vxGEolyVAAZ090VDjK0aFeMsWOFc8HiQH9oKMLw",
    "AqRTQYcH3XSgZd7-yzWukMAv7h5-fGN-veILopz-XQ",
);

/// The JWK of the key that signed [`CARD`], in the name of `https://cards.example/issuer`.
pub const CARD_ISSUER: &str = concat!(
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"Jqp94coeiXIah0GJxqEupZa9x8Vv9RGqvX9QQK377vI\",\"x\":\"mbR",
    "OrS1FXH659gYkRunCDd23ZARxNf9DoqlMryj-8ik\",\"y\":\"upheeAfDJP8MA26qIZQV5f011agVx3Ns3uvfJT3_ehM\"}",
);
