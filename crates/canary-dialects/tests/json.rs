//! CanaryTail in its newer shape, signed JSON, and the `canary.txt` draft.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_dialects::Timestamp;
use canary_dialects::dialect::{Unrecognised, dialect, recognise};
use canary_dialects::judge::{Context, History, judge};
use canary_dialects::reading::{Issue, Kind, Outcome, Published};
use canary_dialects::trust::{Key, Trust};
use canary_verifier::report::{Code, Severity, State};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> String {
    STANDARD.encode(key(seed).verifying_key().as_bytes())
}

fn trust(seeds: &[u8]) -> Trust {
    let mut trust = Trust::default();
    for seed in seeds {
        trust.add(&format!("person {seed}"), Key::read(public(*seed).as_bytes()).expect("a key"));
    }
    trust
}

fn read(body: &str, trust: &Trust) -> Vec<Issue> {
    let published = Published { source: "fixture", body: body.as_bytes(), beside: &[], seen: None };
    dialect(recognise(&published).expect("one dialect")).read(&published, trust).issues
}

fn verdict(issues: &[Issue], trust: &Trust, now: &str) -> History {
    judge(issues, &[], trust, &Context::default(), Timestamp::parse(now).expect("a literal"))
}

fn codes(history: &History) -> Vec<Code> {
    history.report.findings.iter().map(|finding| finding.code).collect()
}

/// A document as the newer client writes and signs it.
fn tail(
    release: &str,
    expiry: &str,
    freshness: &str,
    codes: &[&str],
    min: u64,
    signers: &[u8],
) -> Value {
    let listed: Vec<Value> = [1, 2].iter().map(|seed| json!({"role": "author", "name": format!("p{seed}"), "key": public(*seed), "required": *seed == 1})).collect();
    let keys = format!(
        "[{}]",
        [1, 2]
            .iter()
            .map(|seed| format!("{{author p{seed} {} {}}}", public(*seed), *seed == 1))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let fields = [
        ("domain", "example.com".to_owned()),
        ("min_signers", min.to_string()),
        ("pubkeys", keys),
        ("panickey", public(9)),
        ("version", "0.1".to_owned()),
        ("release", release.to_owned()),
        ("expiry", expiry.to_owned()),
        ("freshness", freshness.to_owned()),
        ("codes", codes.join(" ")),
        ("mirrors", String::new()),
    ];
    let set = |seed: u8| -> Value {
        fields
            .iter()
            .map(|(name, value)| {
                (
                    (*name).to_owned(),
                    json!(STANDARD.encode(key(seed).sign(value.as_bytes()).to_bytes())),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let signatures: serde_json::Map<String, Value> =
        signers.iter().map(|seed| (public(*seed), set(*seed))).collect();
    json!({"version": "0.1", "signatures": signatures, "canary": {
        "domain": "example.com", "min_signers": min, "pubkeys": listed, "panickey": public(9), "release": release, "expiry": expiry, "freshness": freshness,
        "codes": codes, "mirrors": null,
    }})
}

const ALL: [&str; 10] =
    ["xcred", "war", "gag", "subp", "trap", "cease", "duress", "raid", "seize", "xopers"];

#[test]
fn the_newer_canarytail_with_several_signers() {
    let mut known = trust(&[1, 2]);
    known.threshold = 2;
    let one = |codes: &[&str], min: u64, signers: &[u8]| {
        read(
            &tail("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "aa", codes, min, signers)
                .to_string(),
            &known,
        )
    };
    let now = "2024-01-15T00:00:00Z";
    let good = verdict(&one(&ALL, 2, &[1, 2]), &known, now);
    assert_eq!((good.report.state, good.report.severity), (State::Live, Severity::Attention));
    assert_eq!(codes(&good), [Code::FieldsUnbound]);
    assert!(codes(&verdict(&one(&ALL, 2, &[1]), &known, now)).contains(&Code::QuorumShort));
    // The document's own rule counts too: the required key is missing.
    let lax = trust(&[1, 2]);
    assert!(codes(&verdict(&one(&ALL, 1, &[2]), &lax, now)).contains(&Code::QuorumShort));
    assert!(
        codes(&verdict(&one(&ALL, 2, &[1, 2, 9]), &known, now)).contains(&Code::PanicKeySigned)
    );
    let tripped = verdict(&one(&ALL[1..], 2, &[1, 2]), &known, now);
    assert!(tripped.report.findings.iter().any(|one| one.code == Code::FactAbsent
        && one.fact.as_deref() == Some("xcred")
        && one.severity == Severity::Alarm));
    // Nobody's keys are named: the keys inside prove nothing.
    let nobody = Trust::default();
    let report = verdict(
        &read(
            &tail("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "aa", &ALL, 1, &[1]).to_string(),
            &nobody,
        ),
        &nobody,
        now,
    )
    .report;
    assert_eq!(report.state, State::Unverified);
    // A changed field fails with its signature.
    let mut changed = tail("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "aa", &ALL, 2, &[1, 2]);
    changed["canary"]["expiry"] = json!("2034-02-01T00:00:00Z");
    assert!(
        codes(&verdict(&read(&changed.to_string(), &known), &known, now))
            .contains(&Code::BadSignature)
    );
    // A field that nobody signed is said to be so.
    let mut extra = tail("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "aa", &ALL, 2, &[1, 2]);
    extra["canary"]["note"] = json!("all is well");
    assert!(
        codes(&verdict(&read(&extra.to_string(), &known), &known, now))
            .contains(&Code::FieldUnsigned)
    );
}

#[test]
fn splices_show_where_two_observations_show_them() {
    let known = trust(&[1]);
    let make = |month: u32, freshness: &str, codes: &[&str]| {
        tail(
            &format!("2024-0{month}-01T00:00:00Z"),
            &format!("2024-0{}-02T00:00:00Z", month + 1),
            freshness,
            codes,
            1,
            &[1],
        )
    };
    let now = "2024-04-15T00:00:00Z";
    let issues = |all: &[&Value]| {
        all.iter().flat_map(|one| read(&one.to_string(), &known)).collect::<Vec<_>>()
    };
    let (january, february) = (make(1, "aa", &ALL), make(2, "bb", &ALL[1..]));
    let spliced = |all: &[&Value]| {
        verdict(&issues(all), &known, now)
            .issues
            .iter()
            .any(|one| one.findings.iter().any(|finding| finding.code == Code::FieldsSpliced))
    };
    assert!(!spliced(&[&january, &february]));
    // February's dates with January's codes: every signature holds.
    let mut put_together = february.clone();
    put_together["canary"]["codes"] = january["canary"]["codes"].clone();
    let signer = public(1);
    put_together["signatures"][&signer]["codes"] = january["signatures"][&signer]["codes"].clone();
    assert!(issues(&[&put_together])[0].signatures.iter().all(|one| one.outcome == Outcome::Good));
    assert!(!spliced(&[&put_together]));
    assert!(spliced(&[&january, &february, &put_together]));
    // March with January's proof of freshness, which February had replaced.
    assert!(spliced(&[&january, &february, &make(3, "aa", &["war", "gag"])]));
    assert!(!spliced(&[&january, &february, &make(3, "cc", &["war", "gag"])]));
}

fn python(value: &Value) -> String {
    // Members are sorted by the map itself; these texts hold no quotes or separators of their own.
    value.to_string().replace("\":", "\": ").replace(",\"", ", \"").replace('é', "\\u00e9")
}

#[test]
fn signed_json_in_each_way_of_writing() {
    let known = trust(&[1]);
    let content = json!({"issued": "2024-01-01T00:00:00Z", "expires": "2024-02-01T00:00:00Z", "statement": "No warrants at the café.", "gag_orders": 0, "warrants_received": false});
    let now = "2024-01-15T00:00:00Z";
    for (what, signed) in [("compact", content.to_string()), ("python", python(&content))] {
        for encoded in [
            STANDARD.encode(key(1).sign(signed.as_bytes()).to_bytes()),
            key(1)
                .sign(signed.as_bytes())
                .to_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ] {
            let mut document = content.clone();
            document["signature"] = json!(encoded);
            let history = verdict(&read(&document.to_string(), &known), &known, now);
            assert_eq!(
                (history.report.state, history.report.severity),
                (State::Live, Severity::Alive),
                "{what} {:?}",
                history.report.findings
            );
            assert_eq!(
                history.report.issue.expect("authentic").expires.to_string(),
                "2024-02-01T00:00:00Z"
            );
            for (name, value) in [
                ("gag_orders", json!(1)),
                ("expires", json!("2034-02-01T00:00:00Z")),
                ("warrants_received", json!(true)),
                ("more", json!(1)),
            ] {
                let mut changed = document.clone();
                changed[name] = value;
                assert!(
                    codes(&verdict(&read(&changed.to_string(), &known), &known, now))
                        .contains(&Code::BadSignature),
                    "{name}"
                );
            }
            assert_eq!(
                verdict(&read(&document.to_string(), &trust(&[2])), &trust(&[2]), now).report.state,
                State::Unverified
            );
            let twice = document.to_string().replacen('{', "{\"gag_orders\":5,", 1);
            let published =
                Published { source: "fixture", body: twice.as_bytes(), beside: &[], seen: None };
            assert!(dialect(Kind::SignedJson).read(&published, &known).issues.is_empty());
        }
    }
    // The signed value may stand in a member of its own; what is beside it is not signed and not read.
    let signature = STANDARD.encode(key(1).sign(content.to_string().as_bytes()).to_bytes());
    let document = json!({"payload": content, "signature": signature, "expires": "2099-01-01T00:00:00Z", "public_key": public(1)});
    let history = verdict(&read(&document.to_string(), &known), &known, now);
    assert_eq!(history.report.state, State::Live);
    assert_eq!(
        history.report.issue.expect("authentic").expires.to_string(),
        "2024-02-01T00:00:00Z"
    );
    let issue = read(&document.to_string(), &known).remove(0);
    let mut later = issue.clone();
    later.statements.retain(|statement| statement.id != "gag-orders");
    later.dates.issued = later.dates.issued.map(|mut span| {
        span.earliest = span.earliest.plus(86_400);
        span.latest = span.latest.plus(86_400);
        span
    });
    assert!(codes(&verdict(&[issue, later], &known, now)).contains(&Code::FactAbsent));
}

#[test]
fn canary_txt_is_read_and_never_better_than_unsigned() {
    let text = "Canonical-URL: https://example.com/.well-known/canary.txt\nIssued: 2025-11-03T00:00:00Z\nExpires: 2026-11-03T00:00:00Z\nOrganization: Example Inc\nFrequency: monthly\n\nStatement: As of 2025-11-03, Example Inc has NOT received:\n- National Security Letters (NSLs)\n- FISA court orders\n- Gag orders preventing disclosure\n\nPersonnel-Statement: No duress.\n";
    let none = Trust::default();
    let issues = read(text, &none);
    assert_eq!(issues[0].kind, Kind::CanaryTxt);
    let history = verdict(&issues, &none, "2026-01-01T00:00:00Z");
    assert_eq!((history.report.state, history.report.severity), (State::Live, Severity::Attention));
    assert_eq!(codes(&history), [Code::Unsigned]);
    assert_eq!(
        history.report.issue.as_ref().expect("read").expires.to_string(),
        "2026-11-03T00:00:00Z"
    );
    assert!(
        history.facts.iter().any(|fact| fact.text.contains("FISA"))
            && history.facts.iter().any(|fact| fact.id == "personnel-statement")
    );
    assert_eq!(verdict(&issues, &none, "2026-11-04T00:00:00Z").report.state, State::Lapsed);
    // Where keys are named, words that nobody signed are no canary.
    assert_eq!(
        verdict(&issues, &trust(&[1]), "2026-01-01T00:00:00Z").report.state,
        State::Unverified
    );
    let gone =
        read(&text.replace("- FISA court orders\n", "").replace("2025-11-03", "2025-12-03"), &none);
    assert!(
        codes(&verdict(&[issues[0].clone(), gone[0].clone()], &none, "2026-01-01T00:00:00Z"))
            .contains(&Code::FactAbsent)
    );
}

#[test]
fn a_choice_between_signed_dialects_is_the_users() {
    let both = "-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n-----BEGIN SSH SIGNATURE-----\n";
    let published = |body: &'static str, beside: &'static [(&'static str, &'static [u8])]| {
        Published { source: "x", body: body.as_bytes(), beside, seen: None }
    };
    assert_eq!(
        recognise(&published(both, &[])),
        Err(Unrecognised::Several(vec![Kind::OpenPgp, Kind::SshSig]))
    );
    assert_eq!(
        recognise(&published("words", &[("a.sig", b"what is this")])),
        Err(Unrecognised::Unknown)
    );
    assert_eq!(recognise(&published("words", &[])), Ok(Kind::Plain));
}
