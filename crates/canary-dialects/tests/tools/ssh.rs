//! OpenSSH.

use std::path::{Path, PathBuf};
use std::process::Command;

use canary_dialects::dialect::dialect;
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Kind, Outcome, Published, Remark};
use canary_dialects::sshsig::SshKey;
use canary_dialects::trust::{Key, Trust};
use canary_verifier::report::{Report, Severity, State};

use crate::{at, file, good, have, must, outcomes, read, run, trust};

const TEXT: &[u8] = b"Date: 2024-02-01\n\nWe have never received a gag order.\n";
const SSH: Kind = Kind::SshSig;

fn key(folder: &Path, name: &str, kind: &[&str]) -> Vec<u8> {
    must(
        Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", name, "-f"])
            .arg(folder.join(name))
            .arg("-t")
            .args(kind),
        b"",
    );
    std::fs::read(folder.join(format!("{name}.pub"))).expect("a public key")
}

fn sign(folder: &Path, name: &str, namespace: &str, text: &[u8]) -> Vec<u8> {
    must(
        Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(folder.join(name)),
        text,
    )
}

fn verifies(
    folder: &Path,
    allowed: &str,
    namespace: &str,
    time: Option<&str>,
    text: &[u8],
    signature: &[u8],
) -> bool {
    let allowed: PathBuf = file(folder, "allowed", allowed.as_bytes());
    let signature = file(folder, "check.sig", signature);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-Y", "verify", "-I", "alice@example.com", "-n", namespace, "-f"])
        .arg(allowed)
        .arg("-s")
        .arg(signature);
    if let Some(time) = time {
        command.args(["-O", &format!("verify-time={time}")]);
    }
    run(command.env("TZ", "UTC"), text).status.success()
}

fn allowed(text: &str, namespace: &str) -> Trust {
    let mut trust = Trust { namespace: namespace.to_owned(), ..Trust::default() };
    for (name, key) in SshKey::allowed_signers(text).expect("a file that ssh-keygen takes") {
        trust.add(&name, vec![Key::Ssh(Box::new(key))]);
    }
    trust
}

#[test]
fn detached_signatures_agree_with_ssh_keygen() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mallory = String::from_utf8(key(folder, "mallory", &["ed25519"])).expect("text");
    for kind in [
        &["ed25519"][..],
        &["rsa", "-b", "2048"],
        &["ecdsa", "-b", "256"],
        &["ecdsa", "-b", "384"],
        &["ecdsa", "-b", "521"],
    ] {
        let name = kind.join("");
        let public = String::from_utf8(key(folder, &name, kind)).expect("text");
        let line = format!("alice@example.com {public}");
        let known = allowed(&line, "file");
        let signature = sign(folder, &name, "file", TEXT);
        let text = String::from_utf8(signature.clone()).expect("armour is text");
        for (what, body, signature) in [
            ("good", TEXT, signature.as_slice()),
            ("altered text", b"other words".as_slice(), &signature),
            (
                "crlf in the text",
                &String::from_utf8_lossy(TEXT).replace('\n', "\r\n").into_bytes(),
                &signature,
            ),
            ("cut", TEXT, &signature[..signature.len() / 2]),
            ("nothing", TEXT, b""),
            ("another key", TEXT, &sign(folder, "mallory", "file", TEXT)),
            ("another namespace", TEXT, &sign(folder, &name, "git", TEXT)),
        ] {
            assert_eq!(
                good(SSH, body, &[signature], &known),
                verifies(folder, &line, "file", None, body, signature),
                "{name}, {what}"
            );
        }
        assert!(good(SSH, TEXT, &[text.replace('\n', "\r\n").as_bytes()], &known));
        let both = allowed(&format!("{line}\nmallory@example.com {mallory}"), "file");
        let twice = [signature.clone(), sign(folder, "mallory", "file", TEXT)].concat();
        assert_eq!(outcomes(SSH, TEXT, &[&twice], &both), [Outcome::Good, Outcome::Good]);
    }
}

#[test]
fn lines_of_allowed_signers_bind_purpose_and_time() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let public = String::from_utf8(key(folder, "alice", &["ed25519"])).expect("text");
    let signature = sign(folder, "alice", "canary", TEXT);
    for (options, time) in [
        ("", "20240201"),
        ("namespaces=\"canary\"", "20240201"),
        ("namespaces=\"file,git\"", "20240201"),
        ("namespaces=\"can*\"", "20240201"),
        ("valid-after=\"20240101\"", "20240201"),
        ("valid-after=\"20240301\"", "20240201"),
        ("valid-before=\"20240301\"", "20240201"),
        ("valid-before=\"20240101\"", "20240201"),
        ("namespaces=\"canary\",valid-after=\"20240101\",valid-before=\"20240301\"", "20240201"),
    ] {
        let line = format!("alice@example.com {options} {public}");
        let theirs = verifies(folder, &line, "canary", Some(time), TEXT, &signature);
        let trust = allowed(&line, "canary");
        let published = Published {
            source: "fixture",
            body: TEXT,
            beside: &[("beside", &signature)],
            seen: Some(at("2024-02-01T00:00:00Z")),
        };
        let ours = dialect(SSH).read(&published, &trust).issues[0].signatures[0].outcome;
        assert_eq!(ours == Outcome::Good, theirs, "{options}: {ours:?}");
    }
}

#[test]
fn embedded_signatures() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let known = trust(&[("alice", &key(folder, "alice", &["ed25519"]))]);
    let signature = sign(folder, "alice", "file", TEXT);
    let whole = [TEXT, &signature].concat();
    assert!(good(SSH, &whole, &[], &known));
    assert!(good(SSH, &[TEXT, b"\n", &signature].concat(), &[], &known));
    assert!(!good(SSH, &[b"more\n", whole.as_slice()].concat(), &[], &known));
    let reading = read(SSH, &[&whole, b"words behind\n".as_slice()].concat(), &[], &known);
    assert!(
        reading.remarks.contains(&Remark::WordsOutside)
            && reading.issues[0].text.as_bytes() == TEXT
    );
}

/// A version of a file at noon of a day in February 2024.
fn version(path: &str, bytes: &[u8], day: u32) -> Version {
    let time = at(&format!("2024-02-{day:02}T12:00:00Z"));
    Version { path: path.to_owned(), bytes: bytes.to_vec(), at: Some(time) }
}

/// What versions of files come to on February 10.
fn report(versions: &[Version], trust: &Trust) -> Report {
    let read = import(versions, Some(SSH), trust);
    let remarks: Vec<_> = read.remarks.into_iter().map(|(_, remark)| remark).collect();
    let now = at("2024-02-10T00:00:00Z");
    judge(&read.issues, &remarks, trust, &Context::default(), now).report
}

#[test]
fn an_issue_whose_signature_is_taken_away_stands_no_more() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let trust = trust(&[("alice", &key(folder, "alice", &["ed25519"]))]);
    let mut versions = vec![
        version("canary.txt", TEXT, 1),
        version("canary.txt.sig", &sign(folder, "alice", "file", TEXT), 1),
    ];
    assert_eq!(report(&versions, &trust).severity, Severity::Attention);
    // A commit that changes no byte of the text (its mode), and takes the signature away.
    versions.push(version("canary.txt", TEXT, 5));
    assert_eq!(report(&versions, &trust).severity, Severity::Attention);
    let gone = [&versions[..], &[version("canary.txt.sig", b"", 5)]].concat();
    assert_eq!(report(&gone, &trust).state, State::Missing);
    // Somebody else's stands in its place.
    key(folder, "mallory", &["ed25519"]);
    let other = sign(folder, "mallory", "file", TEXT);
    let other = [&versions[..], &[version("canary.txt.sig", &other, 5)]].concat();
    assert_eq!(report(&other, &trust).severity, Severity::Alarm);
}

#[test]
fn a_draft_that_no_quorum_signed_is_not_missed() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let keys = ["alice", "bob"].map(|name| key(folder, name, &["ed25519"]));
    let mut trust = trust(&[("alice", &keys[0]), ("bob", &keys[1])]);
    trust.threshold = 2;
    let draft = b"Date: 2024-02-07\n\nWe have never received a gag order.\n";
    let versions = [
        version("canary.txt", TEXT, 1),
        version("canary.txt.sig.alice", &sign(folder, "alice", "file", TEXT), 1),
        version("canary.txt.sig.bob", &sign(folder, "bob", "file", TEXT), 1),
        version("draft.txt", draft, 7),
        version("draft.txt.sig.alice", &sign(folder, "alice", "file", draft), 7),
        version("draft.txt", b"", 8),
    ];
    assert_eq!(report(&versions, &trust).state, State::Live);
}
