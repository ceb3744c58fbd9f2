//! What verification costs beside the signature check of its library, and the import of a long history.
//!
//! `cargo bench -p canary-dialects`. Signatures are made with the real tools; a tool that is not there is left out.

#![allow(clippy::expect_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said plainly")]
#![allow(clippy::print_stdout, reason = "its result")]

mod pair;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use canary_dialects::Timestamp;
use canary_dialects::dialect::dialect;
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Kind, Outcome, Published, check};
use canary_dialects::trust::{Key, Trust};
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use pair::pair;
use pgp::composed::{CleartextSignedMessage, Deserializable as _, SignedPublicKey};

const ISSUES: u32 = 1000;

/// Words of the length that canaries have.
fn text(number: u32) -> String {
    let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date")
        + chrono::Days::new(u64::from(number) * 7);
    let note =
        "We would like to remind you that nothing here is legally binding in any way to anybody. "
            .repeat(12);
    format!(
        "Canary {number}\n\nStatements\n----------\n\n1. The date of issue of this canary is {}.\n2. No warrants have ever been served to us.\n3. We have not placed \
        a backdoor.\n4. There have been {number} bulletins so far.\n5. The next canary will be published within 8 days.\n\nDisclaimers and notes\n---------------------\n\n{note}\n",
        day.format("%B %d, %Y")
    )
}

fn run(command: &mut Command) -> Option<Vec<u8>> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn gpg(home: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    run(Command::new("gpg")
        .env("GNUPGHOME", home)
        .args([
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--faked-system-time",
            "20240101T000000",
        ])
        .args(arguments))
}

fn trust(key: &[u8]) -> Trust {
    let mut trust = Trust::default();
    trust.add("alice", Key::read(key).expect("a public key"));
    trust
}

/// Verification by us, and by the library alone, over the same bytes.
fn compare(
    name: &str,
    kind: Kind,
    body: &[u8],
    beside: &[(&str, &[u8])],
    trust: &Trust,
    library: impl Fn(),
) {
    let published = Published { source: "bench", body, beside, seen: None };
    let outcomes = |signed: Vec<canary_dialects::reading::Signed>| {
        signed.iter().all(|one| one.outcome == Outcome::Good) && !signed.is_empty()
    };
    assert!(outcomes(check(kind, &published, trust)), "{name}");
    let verified = || drop(check(kind, black_box(&published), trust));
    pair(name, 2_000, ("library", &library), ("verified", verified));
    let read = || drop(dialect(kind).read(black_box(&published), trust));
    pair(name, 2_000, ("library", &library), ("verified and read as facts and dates", read));
}

fn openpgp() {
    let home = tempfile::tempdir().expect("a folder");
    for algorithm in ["ed25519", "rsa4096"] {
        let name = format!("{algorithm} <{algorithm}@example.com>");
        let Some(key) = gpg(home.path(), &["--quick-gen-key", &name, algorithm, "sign", "never"])
            .and_then(|_| gpg(home.path(), &["--armor", "--export", &name]))
        else {
            eprintln!("left out: gpg is not there");
            return;
        };
        let path = home.path().join("text");
        std::fs::write(&path, text(1)).expect("a file");
        let path = path.to_str().expect("a path in UTF-8");
        let signed =
            gpg(home.path(), &["-u", &name, "--clearsign", "-o", "-", path]).expect("a signature");
        let trust = trust(&key);
        let message = String::from_utf8(signed.clone()).expect("armour is text");
        let (public, _) =
            SignedPublicKey::from_string(std::str::from_utf8(&key).expect("armour is text"))
                .expect("a certificate");
        compare(&format!("openpgp {algorithm}"), Kind::OpenPgp, &signed, &[], &trust, || {
            let (message, _) =
                CleartextSignedMessage::from_string(black_box(&message)).expect("a message");
            message.verify(&public.primary_key).expect("a good signature");
        });
        if algorithm == "rsa4096" {
            continue;
        }
        let versions: Vec<Version> = (0..ISSUES)
            .map(|number| {
                std::fs::write(path, text(number)).expect("a file");
                let bytes = gpg(home.path(), &["-u", &name, "--clearsign", "-o", "-", path])
                    .expect("a signature");
                Version { path: format!("canary-{number:04}.txt"), bytes, at: None }
            })
            .collect();
        import_all(&versions, &trust);
    }
}

fn import_all(versions: &[Version], trust: &Trust) {
    let now = Timestamp::parse("2024-06-01T00:00:00Z").expect("a literal");
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let imported = import(black_box(versions), None, trust);
            let history = judge(&imported.issues, &[], trust, &Context::default(), now);
            let authentic = history.issues.iter().filter(|issue| issue.authentic).count();
            assert_eq!(authentic, versions.len());
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("{} clearsigned issues imported and judged: {:.1?}", versions.len(), times[2]);
}

fn others() {
    let body = text(1);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
    std::fs::write(at("text"), &body).expect("a file");
    let file = |name: &str| std::fs::read(at(name)).expect("a file that the tool wrote");
    if run(Command::new("signify-openbsd").args([
        "-G",
        "-n",
        "-p",
        &at("s.pub"),
        "-s",
        &at("s.sec"),
    ]))
    .is_some()
    {
        run(Command::new("signify-openbsd").args([
            "-S",
            "-s",
            &at("s.sec"),
            "-m",
            &at("text"),
            "-x",
            &at("s.sig"),
        ]))
        .expect("a signature");
        numbered("signify", Kind::Signify, &body, &file("s.pub"), &file("s.sig"));
    } else {
        eprintln!("left out: signify-openbsd is not there");
    }
    if run(Command::new("minisign").args(["-G", "-W", "-p", &at("m.pub"), "-s", &at("m.sec")]))
        .is_some()
    {
        run(Command::new("minisign").args([
            "-S",
            "-W",
            "-l",
            "-s",
            &at("m.sec"),
            "-m",
            &at("text"),
            "-x",
            &at("m.sig"),
        ]))
        .expect("a signature");
        numbered("minisign", Kind::Minisign, &body, &file("m.pub"), &file("m.sig"));
    } else {
        eprintln!("left out: minisign is not there");
    }
    if run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at("k")]))
        .is_some()
    {
        run(Command::new("ssh-keygen").args([
            "-q",
            "-Y",
            "sign",
            "-n",
            "file",
            "-f",
            &at("k"),
            &at("text"),
        ]))
        .expect("a signature");
        let (key, signature) = (file("k.pub"), file("text.sig"));
        let public = ssh_key::PublicKey::from_openssh(std::str::from_utf8(&key).expect("text"))
            .expect("a key");
        compare(
            "sshsig",
            Kind::SshSig,
            body.as_bytes(),
            &[("text.sig", &signature)],
            &trust(&key),
            || {
                let sig = ssh_key::SshSig::from_pem(black_box(&signature)).expect("a signature");
                public.verify("file", body.as_bytes(), &sig).expect("a good signature");
            },
        );
    }
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = hex(key.verifying_key().as_bytes());
    let content = serde_json::json!({"issued": "2024-01-01", "expires": "2024-02-01", "statements": ["No warrants were served on us.", "No backdoor was placed."]});
    let signature = key.sign(content.to_string().as_bytes());
    let mut document = content.clone();
    document["signature"] = hex(&signature.to_bytes()).into();
    let (signed, bytes) = (document.to_string(), content.to_string());
    compare("json", Kind::SignedJson, signed.as_bytes(), &[], &trust(public.as_bytes()), || {
        key.verifying_key()
            .verify_strict(black_box(bytes.as_bytes()), &signature)
            .expect("a good signature");
    });
}

fn numbered(name: &str, kind: Kind, body: &str, key: &[u8], signature: &[u8]) {
    use base64::Engine as _;
    let line = |file: &[u8], at: usize| {
        base64::engine::general_purpose::STANDARD
            .decode(std::str::from_utf8(file).expect("text").lines().nth(at).expect("a line"))
            .expect("base64")
    };
    let public =
        ed25519_dalek::VerifyingKey::from_bytes(line(key, 1)[10..].try_into().expect("32 bytes"))
            .expect("a key");
    let first = Signature::from_slice(&line(signature, 1)[10..]).expect("64 bytes");
    let second = (kind == Kind::Minisign).then(|| {
        let text = std::str::from_utf8(signature).expect("text");
        let comment =
            text.lines().nth(2).expect("a comment").trim_start_matches("trusted comment: ");
        (
            [&first.to_bytes()[..], comment.as_bytes()].concat(),
            Signature::from_slice(&line(signature, 3)).expect("64 bytes"),
        )
    });
    compare(name, kind, body.as_bytes(), &[("text.sig", signature)], &trust(key), || {
        public.verify_strict(black_box(body.as_bytes()), &first).expect("a good signature");
        if let Some((covered, global)) = &second {
            public.verify_strict(black_box(covered), global).expect("a good signature");
        }
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() {
    openpgp();
    others();
}
