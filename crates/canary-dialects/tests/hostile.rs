//! Whatever is given, nothing panics, nothing unsigned counts, and the verdict is one of the four.

use canary_dialects::Timestamp;
use canary_dialects::dialect::{DIALECTS, dialect, recognise};
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Kind, Outcome, Published};
use canary_dialects::sshsig::SshKey;
use canary_dialects::trust::{Key, Trust};
use canary_verifier::report::{Severity, State};
use proptest::prelude::{any, prop, prop_oneof};
use proptest::strategy::{Just, Strategy};

/// Pieces that parsers look for, among anything.
fn text() -> impl Strategy<Value = String> {
    let marks = prop_oneof![
        Just("-----BEGIN PGP SIGNED MESSAGE-----\n"),
        Just("Hash: SHA256\n\n"),
        Just("-----BEGIN PGP SIGNATURE-----\n\n"),
        Just("-----END PGP SIGNATURE-----\n"),
        Just("untrusted comment: x\n"),
        Just("trusted comment: timestamp:1\n"),
        Just("RWQAAAAA\n"),
        Just("-----BEGIN SSH SIGNATURE-----\n"),
        Just("-----END SSH SIGNATURE-----\n"),
        Just("{\"canary\":{\"codes\":[]},\"signatures\":{"),
        Just("\"signature\":\""),
        Just("}}"),
        Just("<pre>"),
        Just("<!--"),
        Just("&#x110000;"),
        Just("&amp;"),
        Just("Date: 2024-02-30\n"),
        Just("first fourteen days of "),
        Just("September 2026"),
        Just("every 99999 days"),
        Just("31 February, 30 February and 29 February "),
        Just("0/0/2024 "),
        Just("the 0th of each month "),
        Just("last 400 days of February 2024 "),
        Just("Q9 2024 "),
        Just("第"),
        Just("年"),
        Just("：")
    ];
    let anything = "\\PC{0,12}|[ \\n\\r\\t0-9:./-]{0,8}";
    prop::collection::vec(
        prop_oneof![marks.prop_map(str::to_owned), anything.prop_map(|text| text)],
        0..24,
    )
    .prop_map(|parts| parts.concat())
}

fn trust() -> Trust {
    let mut trust = Trust::default();
    trust.add("a", Key::read(b"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").expect("a key"));
    trust
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_none_is_trusted(text in text(), beside in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)), seconds in any::<i32>()) {
        let held: Vec<(&str, &[u8])> = beside.iter().map(|bytes| ("a.sig", bytes.as_slice())).collect();
        let now = Timestamp::from_unix(i64::from(seconds));
        let published = Published { source: "x", body: text.as_bytes(), beside: &held, seen: Some(now) };
        let _ = recognise(&published);
        for dialect in DIALECTS {
            let reading = dialect.read(&published, &trust());
            proptest::prop_assert!(reading.issues.iter().all(|issue| issue.signatures.iter().all(|signed| signed.outcome != Outcome::Good)));
            let report = judge(&reading.issues, &reading.remarks, &trust(), &Context::default(), now).report;
            proptest::prop_assert_eq!(report.state, State::Unverified);
            let open = judge(&reading.issues, &reading.remarks, &Trust::default(), &Context::default(), now).report;
            proptest::prop_assert!(open.severity >= Severity::Attention);
            serde_json::to_string(&open).expect("a report is JSON");
        }
    }

    #[test]
    fn no_key_file_and_no_folder_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in text(), names in prop::collection::vec("[a-c]{1,2}(-[0-9a]{1,2})?\\.(txt|sig|asc|txt\\.sig|json)", 1..6)) {
        let _ = Key::read(&bytes);
        let _ = Key::read(text.as_bytes());
        let _ = SshKey::allowed_signers(&text);
        let versions: Vec<Version> = names.into_iter().enumerate().map(|(at, path)| Version { path, bytes: text.clone().into_bytes(), at: Some(Timestamp::from_unix(at as i64)) }).collect();
        let imported = import(&versions, None, &trust());
        let _ = judge(&imported.issues, &[], &Trust::default(), &Context::default(), Timestamp::from_unix(1_700_000_000));
    }

    /// Time alone never makes a verdict better.
    #[test]
    fn severity_only_grows_with_time(text in text(), from in 1_600_000_000i64..1_900_000_000, more in 0i64..200_000_000) {
        let body = format!("Date: 2020-01-01\nExpires: 2024-05-23\n\nWe have never received an order.\n{text}");
        let published = Published { source: "x", body: body.as_bytes(), beside: &[], seen: None };
        let reading = canary_dialects::dialect::dialect(canary_dialects::reading::Kind::Plain).read(&published, &Trust::default());
        let state = |at: i64| judge(&reading.issues, &reading.remarks, &Trust::default(), &Context::default(), Timestamp::from_unix(at)).report.state;
        let order = |state: State| match state { State::Live => 0, State::Overdue => 1, _ => 2 };
        proptest::prop_assert!(order(state(from)) <= order(state(from + more)));
    }
}

/// A public key packet with a modulus of so many bits and nothing behind it.
fn rsa(bits: u16) -> Vec<u8> {
    let mut modulus = vec![0x5a; usize::from(bits.div_ceil(8))];
    modulus[0] = 1 << ((bits - 1) % 8);
    if let Some(last) = modulus.last_mut() {
        *last |= 1;
    }
    let mut body = vec![4, 0x60, 0, 0, 0, 1];
    body.extend(bits.to_be_bytes());
    body.extend(modulus);
    body.extend([0, 17, 1, 0, 1]);
    let mut packet = vec![0xc6, 0xff];
    packet.extend(u32::try_from(body.len()).expect("far less").to_be_bytes());
    packet.extend(body);
    packet
}

#[test]
fn keys_of_absurd_size_are_refused_before_they_are_used() {
    assert!(Key::read(&rsa(2048)).is_ok());
    assert!(Key::read(&rsa(8192)).is_ok());
    for bits in [8200, 16_384, 65_528] {
        let began = std::time::Instant::now();
        assert!(Key::read(&rsa(bits)).is_err(), "{bits}");
        assert!(began.elapsed().as_secs() < 5, "{bits}");
    }
    // A length is a claim: nothing is set aside for it.
    let mut claims = rsa(2048);
    claims[2..6].copy_from_slice(&[0xff; 4]);
    assert!(Key::read(&claims).is_err());
    assert!(Key::read(&[0xc6, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
}

#[test]
fn megabytes_of_armour_and_signatures_are_one_pass() {
    let trust = trust();
    let line = "iQIzBAEBCgAdFiEEaabbccddaabbccddaabbccddaabbccddaabbccddaabbccdd\n";
    let block = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}-----BEGIN PGP SIGNATURE-----\n\n{}-----END PGP SIGNATURE-----\n",
        "- -----BEGIN PGP SIGNED MESSAGE-----\n".repeat(20_000),
        line.repeat(20_000)
    );
    let short = "-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n\nwsBc\n-----END PGP SIGNATURE-----\n";
    let many = short.repeat(20_000);
    let crlf = many.replace('\n', "\r\n");
    let dashes = format!("-----BEGIN PGP SIGNED MESSAGE-----\n\n{}\n", "-".repeat(10 << 20));
    for body in [block, many, crlf, dashes] {
        let began = std::time::Instant::now();
        let published = Published { source: "x", body: body.as_bytes(), beside: &[], seen: None };
        let reading = dialect(Kind::OpenPgp).read(&published, &trust);
        assert!(reading.issues.iter().all(|issue| {
            issue.signatures.iter().all(|signed| signed.outcome != Outcome::Good)
        }));
        assert!(!reading.remarks.is_empty());
        assert!(began.elapsed().as_secs() < 20, "{}", body.len());
    }
}
