//! Whatever is given, nothing panics, nothing unsigned counts, and the verdict is one of the four.

use canary_dialects::Timestamp;
use canary_dialects::dialect::{DIALECTS, recognise};
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Outcome, Published};
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
