//! Canaries of another format, signed as their publishers would.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::Path;
use std::process::Command;

use canary_format::time::Timestamp;

use crate::monitor::{Operator, Pages};
use crate::server::Server;

pub(crate) const FACTS: [&str; 2] =
    ["We have never placed a backdoor.", "We have not handed over any private key."];

pub(crate) fn text(issued: Timestamp, next: Timestamp, facts: &[&str]) -> String {
    let facts: String = facts.iter().map(|fact| format!("- {fact}\n")).collect();
    format!("Warrant canary\n\nDate: {}\nNext update: {}\n\n{facts}", issued.date(), next.date())
}

fn ssh_keygen(folder: &Path, arguments: &[&str]) {
    let made = Command::new("ssh-keygen").current_dir(folder).args(arguments).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A host that serves a text with its signature beside it, and an operator who knows the key.
pub(crate) struct Signed {
    pub(crate) operator: Operator,
    pub(crate) pages: Pages,
    pub(crate) server: Server,
}

impl Signed {
    pub(crate) fn new() -> Self {
        let (operator, pages) = (Operator::new(""), Pages::default());
        ssh_keygen(operator.path(), &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"]);
        let server = pages.serve();
        Self { operator, pages, server }
    }

    /// Watched as `signed`, with more of a configuration before and after it.
    pub(crate) fn configure(&self, before: &str, after: &str) {
        self.operator.configure(&format!(
            "{before}[[target]]\nname = \"signed\"\nurl = \"{}canary.txt\"\ndialect = \"sshsig\"\n\
             keys = {{ alice = \"key.pub\" }}\nsignatures = [\"canary.txt.sig\"]\n{after}",
            self.server.url()
        ));
    }

    pub(crate) fn publish(&self, words: &str) {
        self.pages.set("/canary.txt", words);
        self.pages.set("/canary.txt.sig", self.signature(words));
    }

    /// The detached signature of a text.
    pub(crate) fn signature(&self, words: &str) -> Vec<u8> {
        let text = self.operator.put("text", words);
        let _ = std::fs::remove_file(self.operator.path().join("text.sig"));
        ssh_keygen(self.operator.path(), &["-q", "-Y", "sign", "-f", "key", "-n", "file", "text"]);
        std::fs::read(text.with_extension("sig")).unwrap()
    }
}
