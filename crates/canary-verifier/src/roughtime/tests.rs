use super::*;

#[test]
fn a_minority_moves_the_time_in_neither_direction() {
    let at = |seconds| Timestamp::from_unix(seconds);
    let answer = |midpoint: i64| Answer { earliest: at(midpoint - 5), latest: at(midpoint + 5) };
    let honest = answer(1_000);
    for liar in [answer(-500_000), answer(9_000_000)] {
        let bounds = TimeBounds::of(&[honest, liar, honest], 3);
        assert_eq!(bounds, TimeBounds { earliest: Some(at(995)), latest: Some(at(1_005)) });
    }
    assert_eq!(TimeBounds::of(&[honest], 1).earliest, Some(at(995)));
    // Half is not more than half, and silent servers count as named.
    assert_eq!(TimeBounds::of(&[honest, honest], 4), TimeBounds::default());
    assert_eq!(TimeBounds::of(&[honest], 2), TimeBounds::default());
}

fn list(servers: &str) -> String {
    format!(r#"{{"servers":[{servers}],"sources":["https://example.com/list.json"]}}"#)
}

const ENTRY: &str = r#"{"name":"A","version":1,"publicKeyType":"ed25519",
    "publicKey":"GX9rI+FshTLGq8g4+s1ep4m+DHaykgM0A5v6iz02jWE=",
    "addresses":[{"protocol":"tcp","address":"a.example:1"},{"protocol":"udp","address":"a.example:2002"}]}"#;

#[test]
fn a_published_list_is_read() {
    let servers = read_list(list(ENTRY).as_bytes()).unwrap();
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].address, "a.example:2002");
}

#[test]
fn a_list_that_cannot_be_used_is_refused_with_its_reason() {
    let refused = |text: &str| read_list(text.as_bytes()).unwrap_err();
    assert!(matches!(refused(&list("")), ListError::Count(0)));
    assert!(matches!(refused(&list(&format!("{ENTRY},{ENTRY}"))), ListError::Twice(_)));
    assert!(matches!(refused(&list(&ENTRY.replace("jWE=", "jW="))), ListError::Key(_)));
    assert!(matches!(refused(&list(&ENTRY.replace("ed25519", "rsa"))), ListError::Key(_)));
    assert!(matches!(refused(&list(&ENTRY.replace("udp", "quic"))), ListError::Address(_)));
    assert!(matches!(refused(&list(&ENTRY.replace(":2002", ""))), ListError::Address(_)));
    assert!(matches!(refused("{"), ListError::Form(_)));
    assert!(matches!(refused(&" ".repeat(MAX_LIST + 1)), ListError::TooLarge));
}

/// An answer of another implementation's server, of RFC 10049's version 1: the key and time are
/// stated beside it in `roughenough-protocol`'s `testdata/README.md`.
#[test]
fn another_implementation_s_request_and_answer_verify() {
    let key = STANDARD.decode("GX9rI+FshTLGq8g4+s1ep4m+DHaykgM0A5v6iz02jWE=").unwrap();
    let nonce = [
        0x10, 0x41, 0x72, 0xa3, 0xd4, 0x05, 0x36, 0x67, 0x98, 0xc9, 0xfa, 0x2b, 0x5c, 0x8d, 0xbe,
        0xef, 0x20, 0x51, 0x82, 0xb3, 0xe4, 0x15, 0x46, 0x77, 0xa8, 0xd9, 0x0a, 0x3b, 0x6c, 0x9d,
        0xce, 0xff,
    ];
    let bytes = Request::new(&Nonce::from(nonce)).as_frame_bytes().unwrap();
    let question = Question { nonce, key: PublicKey(key.try_into().unwrap()), bytes };
    let response = STANDARD.decode(RESPONSE).unwrap();
    let answer = question.verify(&response).unwrap();
    assert!(answer.earliest.to_string().starts_with("2026-10-04T23:59:5"), "{answer:?}");
}

const RESPONSE: &str = "\
Uk9VR0hUSU2UAQAABwAAAEAAAABgAAAAZAAAAGQAAADAAAAAWAEAAFNJRwBOT05DVFlQRVBBVEhTUkVQQ0VSVElORF\
gf+sKmPvpnHn77+wMiyErSfoJXG/ZEeDBp2ipHpedn+iqR0CFE8jxPZg1yWqwTleIKELnYReK3gG3XbR5+bSQLEEFy\
o9QFNmeYyforXI2+7yBRgrPkFUZ3qNkKO2ydzv8BAAAABQAAAAQAAAAIAAAAEAAAABQAAABWRVIAUkFESU1JRFBWRV\
JTUk9PVAEAAAAFAAAAgOjCagAAAAABAAAAqRs5QZmbPWrG02tWzVcQocUZRyp06Y0kj0QaLGB6yWwCAAAAQAAAAFNJ\
RwBERUxFlc2Fk4vj8/tCb2aZ0xdUrU3Wlp8t0vgD8IisUG4ItN2ha4Hw2B5ePNE5D56chu+aBEXpgbb0FUEiL7wfRl\
UkCAMAAAAgAAAAKAAAAFBVQktNSU5UTUFYVC584ql1qVJKZUhluNCzpRZb8o6wBeSPHLO3kq0obQMkgOjCagAAAACA\
+jxrAAAAAAAAAAA=";
