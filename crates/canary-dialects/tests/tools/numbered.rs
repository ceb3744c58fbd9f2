//! signify and minisign.

use std::path::{Path, PathBuf};
use std::process::Command;

use canary_dialects::reading::{Kind, Outcome, Remark};
use canary_dialects::trust::Trust;

use crate::{file, good, have, must, outcomes, read, run, trust};

const TEXT: &[u8] = b"Date: 2024-02-01\n\nWe have never received a gag order.\n";

struct Tool {
    kind: Kind,
    folder: tempfile::TempDir,
}

impl Tool {
    fn all() -> Vec<Self> {
        [
            (Kind::Signify, "signify-openbsd", "signify-openbsd"),
            (Kind::Minisign, "minisign", "minisign"),
        ]
        .into_iter()
        .filter(|(_, tool, package)| have(tool, package))
        .map(|(kind, ..)| Self { kind, folder: tempfile::tempdir().expect("a folder") })
        .collect()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn at(&self, name: &str, end: &str) -> PathBuf {
        self.path().join(format!("{name}.{end}"))
    }

    fn key(&self, name: &str) -> Vec<u8> {
        let (public, secret) = (self.at(name, "pub"), self.at(name, "sec"));
        match self.kind {
            Kind::Signify => must(
                Command::new("signify-openbsd")
                    .args(["-G", "-n", "-p"])
                    .arg(&public)
                    .arg("-s")
                    .arg(secret),
                b"",
            ),
            _ => must(
                Command::new("minisign")
                    .args(["-G", "-W", "-f", "-p"])
                    .arg(&public)
                    .arg("-s")
                    .arg(secret),
                b"",
            ),
        };
        std::fs::read(public).expect("a public key")
    }

    fn sign(&self, name: &str, text: &[u8], more: &[&str]) -> Vec<u8> {
        let body = file(self.path(), "body.txt", text);
        let signature = self.at("out", "sig");
        match self.kind {
            Kind::Signify => must(
                Command::new("signify-openbsd")
                    .arg("-S")
                    .args(more)
                    .arg("-s")
                    .arg(self.at(name, "sec"))
                    .arg("-m")
                    .arg(body)
                    .arg("-x")
                    .arg(&signature),
                b"",
            ),
            _ => must(
                Command::new("minisign")
                    .args(["-S", "-W"])
                    .args(more)
                    .arg("-s")
                    .arg(self.at(name, "sec"))
                    .arg("-m")
                    .arg(body)
                    .arg("-x")
                    .arg(&signature),
                b"",
            ),
        };
        std::fs::read(signature).expect("a signature")
    }

    fn verifies(&self, name: &str, text: &[u8], signature: &[u8]) -> bool {
        let (body, signature) =
            (file(self.path(), "body.txt", text), file(self.path(), "check.sig", signature));
        let tool = if self.kind == Kind::Signify { "signify-openbsd" } else { "minisign" };
        run(
            Command::new(tool)
                .arg("-V")
                .arg("-p")
                .arg(self.at(name, "pub"))
                .arg("-m")
                .arg(body)
                .arg("-x")
                .arg(signature),
            b"",
        )
        .status
        .success()
    }
}

#[test]
fn detached_signatures_agree_with_the_tools() {
    for tool in Tool::all() {
        let kind = tool.kind;
        let (alice, bob) = (tool.key("alice"), tool.key("bob"));
        let known = trust(&[("alice", &alice)]);
        let mut variants = vec![tool.sign("alice", TEXT, &[])];
        if kind == Kind::Minisign {
            // The old form signs the text itself, not its digest.
            variants.push(tool.sign("alice", TEXT, &["-l"]));
        }
        for signature in variants {
            let text = String::from_utf8(signature.clone()).expect("a signature is text");
            let cut = &signature[..signature.len() / 2];
            let crlf = text.replace('\n', "\r\n");
            let renamed = text.replacen("comment: ", "comment: another ", 1);
            for (what, body, signature) in [
                ("good", TEXT, signature.as_slice()),
                ("altered text", b"other words".as_slice(), &signature),
                ("text with more", &[TEXT, b"\n"].concat(), &signature),
                (
                    "crlf in the text",
                    &String::from_utf8_lossy(TEXT).replace('\n', "\r\n").into_bytes(),
                    &signature,
                ),
                ("cut", TEXT, cut),
                ("nothing", TEXT, b""),
                ("another untrusted comment", TEXT, renamed.as_bytes()),
                ("another key", TEXT, &tool.sign("bob", TEXT, &[])),
            ] {
                assert_eq!(
                    good(kind, body, &[signature], &known),
                    tool.verifies("alice", body, signature),
                    "{kind:?}, {what}"
                );
            }
            // Line ends of another system are the one thing that is read more kindly than the tool does.
            assert!(good(kind, TEXT, &[crlf.as_bytes()], &known));
            let twice = [signature.clone(), tool.sign("bob", TEXT, &[])].concat();
            let both = trust(&[("alice", &alice), ("bob", &bob)]);
            assert_eq!(outcomes(kind, TEXT, &[&twice], &both), [Outcome::Good, Outcome::Good]);
            assert_eq!(
                outcomes(kind, TEXT, &[&twice], &known),
                [Outcome::Good, Outcome::UnknownKey]
            );
        }
        assert!(!good(kind, TEXT, &[&tool.sign("alice", TEXT, &[])], &Trust::default()));
    }
}

#[test]
fn a_trusted_comment_is_signed_too() {
    for tool in Tool::all().into_iter().filter(|tool| tool.kind == Kind::Minisign) {
        let known = trust(&[("alice", &tool.key("alice"))]);
        let signature =
            String::from_utf8(tool.sign("alice", TEXT, &["-t", "timestamp:1706745600"]))
                .expect("text");
        let reading = read(tool.kind, TEXT, &[signature.as_bytes()], &known);
        assert_eq!(reading.issues[0].signed_at(), Some(crate::at("2024-02-01T00:00:00Z")));
        let moved = signature.replace("timestamp:1706745600", "timestamp:1806745600");
        assert_eq!(outcomes(tool.kind, TEXT, &[moved.as_bytes()], &known), [Outcome::Bad]);
        assert!(!tool.verifies("alice", TEXT, moved.as_bytes()));
        let bare: String = signature.lines().take(2).map(|line| format!("{line}\n")).collect();
        assert!(!good(tool.kind, TEXT, &[bare.as_bytes()], &known));
        assert!(!tool.verifies("alice", TEXT, bare.as_bytes()));
    }
}

#[test]
fn embedded_signatures() {
    for tool in Tool::all() {
        let known = trust(&[("alice", &tool.key("alice"))]);
        let signature = tool.sign("alice", TEXT, &[]);
        if tool.kind == Kind::Signify {
            let embedded = tool.sign("alice", TEXT, &["-e"]);
            assert!(good(tool.kind, &embedded, &[], &known));
            let extracted = tool.path().join("extracted");
            must(
                Command::new("signify-openbsd")
                    .args(["-V", "-e", "-p"])
                    .arg(tool.at("alice", "pub"))
                    .arg("-x")
                    .arg(file(tool.path(), "e.sig", &embedded))
                    .arg("-m")
                    .arg(&extracted),
                b"",
            );
            let reading = read(tool.kind, &embedded, &[], &known);
            assert_eq!(
                reading.issues[0].text.as_bytes(),
                std::fs::read(extracted).expect("what signify took out")
            );
            let altered = String::from_utf8_lossy(&embedded).replace("never", "ever");
            assert!(!good(tool.kind, altered.as_bytes(), &[], &known));
        }
        for whole in [[&signature, TEXT].concat(), [TEXT, &signature].concat()] {
            assert!(good(tool.kind, &whole, &[], &known), "{:?}", tool.kind);
        }
        let around = [TEXT, &signature, b"words behind\n"].concat();
        let reading = read(tool.kind, &around, &[], &known);
        assert_eq!(reading.issues[0].text.as_bytes(), TEXT);
        assert!(reading.remarks.contains(&Remark::WordsOutside));
    }
}
