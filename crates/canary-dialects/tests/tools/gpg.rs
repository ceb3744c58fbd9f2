//! GnuPG.

use std::path::Path;
use std::process::Command;

use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Kind, Outcome, Remark};
use canary_dialects::trust::Trust;
use canary_verifier::report::{Code, State};

use crate::{at, file, good, have, must, outcomes, read, run, trust};

const TEXT: &str = "Date: 2024-02-01\nNext update: 2024-04-01\n\n- We have never received a gag order.\n-- A line that begins with dashes.\nTrailing space \nFrom here on, nothing.\n";
const PGP: Kind = Kind::OpenPgp;

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Option<Self> {
        have("gpg", "gnupg").then(|| Self { folder: tempfile::tempdir().expect("a folder") })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn gpg(&self) -> Command {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", self.path()).args([
            "--batch",
            "--quiet",
            "--yes",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--trust-model",
            "always",
        ]);
        command
    }

    /// A command that believes it is that time.
    fn gpg_at(&self, time: &str) -> Command {
        let mut command = self.gpg();
        command.arg("--faked-system-time").arg(format!("{time}!"));
        command
    }

    fn key(&self, name: &str, algorithm: &str) -> Vec<u8> {
        must(
            self.gpg_at("20240101T000000").args([
                "--quick-gen-key",
                &format!("{name} <{name}@example.com>"),
                algorithm,
                "sign",
                "never",
            ]),
            b"",
        );
        self.export(name)
    }

    fn export(&self, name: &str) -> Vec<u8> {
        must(self.gpg().args(["--armor", "--export", name]), b"")
    }

    fn fingerprint(&self, name: &str) -> String {
        let listed = must(self.gpg().args(["--with-colons", "--list-keys", name]), b"");
        let listed = String::from_utf8(listed).expect("text");
        listed
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .and_then(|line| line.split(':').nth(9))
            .expect("a fingerprint")
            .to_owned()
    }

    fn clear(&self, name: &str, text: &[u8]) -> Vec<u8> {
        must(self.gpg_at("20240201T120000").args(["-u", name, "--clearsign", "-o", "-"]), text)
    }

    fn detached(&self, name: &str, text: &[u8], more: &[&str]) -> Vec<u8> {
        must(
            self.gpg_at("20240201T120000")
                .args(["-u", name, "--detach-sign", "-o", "-"])
                .args(more),
            text,
        )
    }

    /// What gpg says of a signature: whether it is good without any reserve, and the lines of its status.
    fn verdict(&self, body: &[u8], signature: Option<&[u8]>) -> (bool, String) {
        let body = file(self.path(), "body", body);
        let mut command = self.gpg();
        command.args(["--status-fd", "1", "--verify"]);
        match signature {
            Some(signature) => {
                command.arg(file(self.path(), "body.sig", signature)).arg(body);
            }
            None => {
                command.arg(body);
            }
        }
        let output = run(&mut command, b"");
        let status = String::from_utf8_lossy(&output.stdout).into_owned();
        let has =
            |word: &str| status.lines().any(|line| line.starts_with(&format!("[GNUPG:] {word} ")));
        (
            output.status.success()
                && has("GOODSIG")
                && has("VALIDSIG")
                && !has("BADSIG")
                && !has("ERRSIG"),
            status,
        )
    }
}

#[test]
fn clear_texts_agree_with_gpg() {
    let Some(home) = Home::new() else { return };
    for algorithm in ["ed25519", "rsa2048", "nistp256"] {
        let name = format!("alice-{algorithm}");
        let key = home.key(&name, algorithm);
        let trust = trust(&[("alice", &key)]);
        let signed = home.clear(&name, TEXT.as_bytes());
        let text = String::from_utf8(signed.clone()).expect("armour is text");
        let end = text.find("-----END").expect("an end");
        let mut cases: Vec<(&str, String)> = vec![
            ("good", text.clone()),
            ("crlf", text.replace('\n', "\r\n")),
            ("altered", text.replace("never received", "received")),
            ("space at the end of a line", text.replace("nothing.\n", "nothing.  \n")),
            ("space within", text.replace("never received", "never  received")),
            ("words before", format!("Read this first.\n\n{text}")),
            ("words behind", format!("{text}\nAnd this.\n")),
            ("words before and behind", format!("a\n{text}\nb\n")),
            ("an escape lost", text.replace("- -- A line", "-- A line")),
            ("without an end", text[..end].to_owned()),
            (
                "without a signature",
                text[..text.find("-----BEGIN PGP SIGNATURE").expect("a signature")].to_owned(),
            ),
            (
                "half of the signature",
                format!("{}\n-----END PGP SIGNATURE-----\n", &text[..end - 60]),
            ),
            ("a header that is not allowed", text.replace("Hash: ", "Comment: x\nHash: ")),
            ("nothing", String::new()),
            ("words only", TEXT.to_owned()),
            (
                "nested, not escaped",
                format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nmore words\n{text}"),
            ),
        ];
        let nested = String::from_utf8(home.clear(&name, text.as_bytes())).expect("armour is text");
        cases.push(("nested, escaped", nested));
        for (what, body) in cases {
            let (theirs, status) = home.verdict(body.as_bytes(), None);
            let ours = good(PGP, body.as_bytes(), &[], &trust);
            if what == "nested, not escaped" {
                // gpg refuses; here the inner text stands on its own, the outer one is a finding.
                let reading = read(PGP, body.as_bytes(), &[], &trust);
                assert!(
                    reading.remarks.iter().any(|remark| matches!(remark, Remark::Malformed(_))),
                    "{reading:?}"
                );
                assert!(reading.issues.iter().all(|issue| !issue.text.contains("more words")));
                assert!(!theirs);
                continue;
            }
            assert_eq!(ours, theirs, "{algorithm}, {what}: {status}\n{body}");
        }
        let read = read(PGP, &signed, &[], &trust);
        assert_eq!(read.issues[0].text, TEXT.trim_end().replace("space \n", "space\n"));
    }
}

#[test]
fn only_the_span_counts() {
    let Some(home) = Home::new() else { return };
    let key = home.key("alice", "ed25519");
    let trust = trust(&[("alice", &key)]);
    let one = String::from_utf8(home.clear("alice", TEXT.as_bytes())).expect("armour is text");
    let two = String::from_utf8(home.clear(
        "alice",
        b"Date: 2024-03-01\nNext update: 2024-05-01\n\nNo warrants were served.\n",
    ))
    .expect("armour is text");
    let body = format!(
        "Next update: 2030-01-01\nWe have never moved.\n\n{one}\nBetween: expires 2031-01-01.\n\n{two}\nAfter.\n"
    );
    let reading = read(PGP, body.as_bytes(), &[], &trust);
    assert_eq!(reading.issues.len(), 2);
    assert!(
        reading.remarks.contains(&Remark::SeveralSpans(2))
            && reading.remarks.contains(&Remark::WordsOutside)
    );
    assert!(reading.issues.iter().all(|issue| issue.signatures[0].outcome == Outcome::Good
        && !issue.text.contains("203")
        && !issue.text.contains("moved")));
    let history = judge(
        &reading.issues,
        &reading.remarks,
        &trust,
        &Context::default(),
        at("2024-03-10T00:00:00Z"),
    );
    assert_eq!(history.report.state, State::Live);
    assert_eq!(history.report.issue.expect("authentic").next_due, at("2024-05-01T23:59:59Z"));
    // The same inside of a page.
    let page = format!(
        "<!DOCTYPE html><html><body><p>Next update: 2030-01-01</p><pre>{}</pre></body></html>",
        one.replace('&', "&amp;").replace('<', "&lt;")
    );
    assert!(good(PGP, page.as_bytes(), &[], &trust));
}

#[test]
fn several_people_and_other_keys() {
    let Some(home) = Home::new() else { return };
    let (alice, bob, mallory) =
        (home.key("alice", "ed25519"), home.key("bob", "rsa2048"), home.key("mallory", "ed25519"));
    let mut both = trust(&[("alice", &alice), ("bob", &bob)]);
    both.threshold = 2;
    let body = TEXT.as_bytes();
    let sign = |name: &str| home.detached(name, body, &["--armor"]);
    let now = at("2024-03-01T00:00:00Z");
    let verdict = |beside: &[&[u8]], trust: &Trust| {
        let reading = read(PGP, body, beside, trust);
        judge(&reading.issues, &reading.remarks, trust, &Context::default(), now).report
    };
    let has = |report: &canary_verifier::report::Report, code: Code| {
        report.findings.iter().any(|finding| finding.code == code)
    };
    let (a, b, m) = (sign("alice"), sign("bob"), sign("mallory"));
    let report = verdict(&[&a, &b], &both);
    assert_eq!((report.state, report.affirmed_by.len()), (State::Live, 2));
    let report = verdict(&[&a], &both);
    assert_eq!(report.state, State::Unverified);
    assert!(has(&report, Code::QuorumShort));
    let report = verdict(&[&a, &m], &both);
    assert!(has(&report, Code::QuorumShort) && has(&report, Code::UnknownSigner));
    // Two keys of one person count once.
    let mut one = trust(&[("alice", &alice), ("alice", &bob)]);
    one.threshold = 2;
    assert_eq!(verdict(&[&a, &b], &one).state, State::Unverified);
    // Both in one file, as armour and as packets.
    let together = [a.clone(), b.clone()].concat();
    assert_eq!(verdict(&[&together], &both).affirmed_by.len(), 2);
    let packets = [home.detached("alice", body, &[]), home.detached("bob", body, &[])].concat();
    assert_eq!(verdict(&[&packets], &both).affirmed_by.len(), 2);
    assert!(home.verdict(body, Some(&packets)).0);
    // A good signature does not outweigh a bad one.
    let bad = home.detached("bob", b"other words", &["--armor"]);
    let report = verdict(&[&a, &b, &bad], &both);
    assert!(has(&report, Code::BadSignature) && report.state == State::Live);
    for signature in [&a, &b, &bad, &m, &a[..a.len() - 40].to_vec(), &Vec::new()] {
        let known = trust(&[("alice", &alice), ("bob", &bob), ("mallory", &mallory)]);
        assert_eq!(good(PGP, body, &[signature], &known), home.verdict(body, Some(signature)).0);
    }
}

#[test]
fn keys_that_end_and_keys_that_are_withdrawn() {
    let Some(home) = Home::new() else { return };
    home.key("carol", "ed25519");
    let before = home.detached("carol", TEXT.as_bytes(), &["--armor"]);
    let after = must(
        home.gpg_at("20240601T000000").args(["-u", "carol", "--detach-sign", "--armor", "-o", "-"]),
        TEXT.as_bytes(),
    );
    // The key's own newest statement now ends it between the two.
    must(
        home.gpg_at("20240202T000000").args([
            "--quick-set-expire",
            &home.fingerprint("carol"),
            "2024-03-01",
        ]),
        b"",
    );
    let carol = home.export("carol");
    let known = trust(&[("carol", &carol)]);
    let report = |signature: &[u8], trust: &Trust, now: &str| {
        let reading = read(PGP, TEXT.as_bytes(), &[signature], trust);
        judge(&reading.issues, &[], trust, &Context::default(), at(now))
            .report
            .findings
            .iter()
            .map(|one| one.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&before], &known), [Outcome::Good]);
    assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&after], &known), [Outcome::KeyExpired]);
    assert!(
        !report(&before, &known, "2024-02-05T00:00:00Z").contains(&Code::SignerKeyExpiredSince)
    );
    assert!(report(&before, &known, "2024-03-05T00:00:00Z").contains(&Code::SignerKeyExpiredSince));
    assert!(report(&after, &known, "2024-06-05T00:00:00Z").contains(&Code::SignerKeyExpired));
    // gpg, which judges as of today, has a reserve about both.
    assert!(
        !home.verdict(TEXT.as_bytes(), Some(&before)).0
            && !home.verdict(TEXT.as_bytes(), Some(&after)).0
    );

    // No reason given: every signature goes with the key.
    home.key("dave", "ed25519");
    let signed = home.detached("dave", TEXT.as_bytes(), &["--armor"]);
    let stored =
        home.path().join("openpgp-revocs.d").join(format!("{}.rev", home.fingerprint("dave")));
    let revocation = std::fs::read_to_string(stored)
        .expect("gpg keeps one")
        .replace(":-----BEGIN", "-----BEGIN");
    must(home.gpg().arg("--import"), revocation.as_bytes());
    let known = trust(&[("dave", &home.export("dave"))]);
    assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&signed], &known), [Outcome::KeyRevoked]);
    assert!(home.verdict(TEXT.as_bytes(), Some(&signed)).1.contains("REVKEYSIG"));

    // Retired: what was signed before stays.
    home.key("erin", "ed25519");
    let before = home.detached("erin", TEXT.as_bytes(), &["--armor"]);
    let after = must(
        home.gpg_at("20240601T000000").args(["-u", "erin", "--detach-sign", "--armor", "-o", "-"]),
        TEXT.as_bytes(),
    );
    let mut command = Command::new("gpg");
    command.env("GNUPGHOME", home.path()).args([
        "--faked-system-time",
        "20240301T000000!",
        "--no-tty",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--command-fd",
        "0",
        "--armor",
        "--gen-revoke",
        "erin",
    ]);
    let retired = must(&mut command, b"y\n3\n\ny\n");
    must(home.gpg().arg("--import"), &retired);
    let known = trust(&[("erin", &home.export("erin"))]);
    assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&before], &known), [Outcome::Good]);
    assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&after], &known), [Outcome::KeyRevoked]);
    assert!(report(&before, &known, "2024-03-05T00:00:00Z").contains(&Code::SignerKeyRevokedSince));
    assert!(
        !report(&before, &known, "2024-02-05T00:00:00Z").contains(&Code::SignerKeyRevokedSince)
    );
}

#[test]
fn subkeys_digests_and_signatures_that_end() {
    let Some(home) = Home::new() else { return };
    must(
        home.gpg_at("20240101T000000").args([
            "--quick-gen-key",
            "frank <frank@example.com>",
            "rsa2048",
            "cert",
            "never",
        ]),
        b"",
    );
    must(
        home.gpg_at("20240101T000000").args([
            "--quick-add-key",
            &home.fingerprint("frank"),
            "ed25519",
            "sign",
            "never",
        ]),
        b"",
    );
    let frank = home.export("frank");
    let known = trust(&[("frank", &frank)]);
    let signed = home.detached("frank", TEXT.as_bytes(), &["--armor"]);
    assert!(
        good(PGP, TEXT.as_bytes(), &[&signed], &known)
            && home.verdict(TEXT.as_bytes(), Some(&signed)).0
    );

    home.key("grace", "rsa2048");
    let known = trust(&[("grace", &home.export("grace"))]);
    let weak = home.detached("grace", TEXT.as_bytes(), &["--digest-algo", "SHA1"]);
    let reading = read(PGP, TEXT.as_bytes(), &[&weak], &known);
    assert!(
        reading.issues[0].signatures[0].weak_hash
            && reading.issues[0].signatures[0].outcome == Outcome::Good
    );
    assert!(home.verdict(TEXT.as_bytes(), Some(&weak)).0);
    let refused = run(
        home.gpg_at("20240201T000000").args([
            "-u",
            "grace",
            "--detach-sign",
            "--digest-algo",
            "MD5",
            "-o",
            "-",
        ]),
        TEXT.as_bytes(),
    );
    if refused.status.success() {
        assert_eq!(outcomes(PGP, TEXT.as_bytes(), &[&refused.stdout], &known), [Outcome::Refused]);
        assert!(!home.verdict(TEXT.as_bytes(), Some(&refused.stdout)).0);
    }
    let short = home.detached("grace", TEXT.as_bytes(), &["--default-sig-expire", "10d"]);
    let reading = read(PGP, TEXT.as_bytes(), &[&short], &known);
    let codes = |now: &str| {
        judge(&reading.issues, &[], &known, &Context::default(), at(now))
            .report
            .findings
            .iter()
            .map(|one| one.code)
            .collect::<Vec<_>>()
    };
    assert!(!codes("2024-02-05T00:00:00Z").contains(&Code::SignatureExpired));
    assert!(codes("2024-02-20T00:00:00Z").contains(&Code::SignatureExpired));
    assert!(home.verdict(TEXT.as_bytes(), Some(&short)).1.contains("EXPSIG"));
    // A message that is packed, not a signature: refused unopened, however small it is and large it would become.
    let packed = must(
        home.gpg_at("20240201T000000").args(["-u", "grace", "--sign", "-z", "9", "-o", "-"]),
        &b"a".repeat(4 << 20),
    );
    assert!(packed.len() < 64 << 10);
    let reading = read(PGP, TEXT.as_bytes(), &[&packed], &known);
    assert!(reading.issues.iter().all(|issue| issue.signatures.is_empty()));
    assert!(
        reading
            .remarks
            .iter()
            .any(|remark| matches!(remark, Remark::Malformed(why) if why.contains("type 8"))),
        "{:?}",
        reading.remarks
    );
}
