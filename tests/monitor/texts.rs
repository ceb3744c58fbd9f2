//! Canaries of another format, signed as their publishers would.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::Path;
use std::process::Command;

use canary_format::time::Timestamp;

use crate::monitor::Operator;

pub(crate) const FACTS: [&str; 2] =
    ["We have never placed a backdoor.", "We have not handed over any private key."];

pub(crate) fn text(issued: Timestamp, next: Timestamp, facts: &[&str]) -> String {
    let facts: String = facts.iter().map(|fact| format!("- {fact}\n")).collect();
    format!("Warrant canary\n\nDate: {}\nNext update: {}\n\n{facts}", issued.date(), next.date())
}

pub(crate) fn ssh_keygen(folder: &Path, arguments: &[&str]) {
    let made = Command::new("ssh-keygen").current_dir(folder).args(arguments).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Signs a text and gives the detached signature.
pub(crate) fn signed(operator: &Operator, words: &str) -> Vec<u8> {
    let text = operator.put("text", words);
    let _ = std::fs::remove_file(operator.path().join("text.sig"));
    ssh_keygen(operator.path(), &["-q", "-Y", "sign", "-f", "key", "-n", "file", "text"]);
    std::fs::read(text.with_extension("sig")).unwrap()
}

pub(crate) fn with_key() -> Operator {
    let operator = Operator::new("");
    ssh_keygen(operator.path(), &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"]);
    operator
}
