//! A publisher's folder driven through the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use canary_format::envelope::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, pae};
use canary_format::issue::Issue;
use canary_format::key::Signature;
use canary_signer::draft::Draft;
use ed25519_dalek::Signer as _;
use tempfile::TempDir;

use crate::fixture::{ADA, BO, content, key, public, write_folder};

pub(crate) struct Publisher {
    folder: TempDir,
}

impl Publisher {
    /// A folder with the machine keys and no issue yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &[]);
        Self { folder }
    }

    /// A folder that holds these issues.
    pub(crate) fn with(issues: &[Envelope]) -> Self {
        let publisher = Self::new();
        write_folder(publisher.path(), issues);
        publisher
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.path().join("site")
    }

    /// Puts an issue into `draft.json`, signed by both signers.
    pub(crate) fn draft(&self, number: u64) {
        self.draft_signed_by(number, &[ADA, BO]);
    }

    pub(crate) fn draft_signed_by(&self, number: u64, signers: &[u8]) {
        let previous = number.checked_sub(1).filter(|previous| *previous > 0).map(|previous| {
            let path = self.path().join(format!("canaries/{previous:04}.json"));
            Envelope::parse(&std::fs::read(path).unwrap()).unwrap()
        });
        let content = content(number, previous.as_ref());
        let (_, payload) = Issue::compose(content.clone()).unwrap();
        let mut draft = Draft::new(content, previous.as_ref()).unwrap();
        for seed in signers {
            let signature = key(*seed).sign(&pae(PAYLOAD_TYPE, &payload));
            let signature = Signature(signature.to_bytes());
            let keyid = public(*seed).fingerprint();
            draft.add(EnvelopeSignature { keyid, signature }).unwrap();
        }
        std::fs::write(self.path().join("draft.json"), draft.encode()).unwrap();
    }

    /// The command `canary <name> --folder <folder>` with further arguments.
    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        command.arg(name).arg("--folder").arg(self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name, arguments).output().unwrap()
    }

    /// Publishes, and fails the test where that fails.
    pub(crate) fn publish(&self, arguments: &[&str]) -> String {
        let output = self.run("publish", arguments);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{said}");
        said
    }
}

/// Says what a test left out, past the capture of a passing test's output.
pub(crate) fn left_out(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "left out: {what}");
}
