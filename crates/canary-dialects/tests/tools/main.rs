//! Agreement with the real tools, on keys and signatures that they make here.
//!
//! Where a tool is not there it is installed from Debian's packages (as root); where that is not possible the test
//! says what was left out.

#![allow(clippy::print_stderr, reason = "what is left out is said plainly")]

mod gpg;
mod numbered;
mod ssh;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use canary_dialects::Timestamp;
use canary_dialects::dialect::dialect;
use canary_dialects::reading::{Kind, Outcome, Published, Reading};
use canary_dialects::trust::{Key, Trust};

static INSTALLING: Mutex<()> = Mutex::new(());

/// Whether a tool can be run, installing its package if need be.
fn have(tool: &str, package: &str) -> bool {
    let found = || {
        Command::new(tool)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .map(|mut child| child.wait())
            .is_ok()
    };
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if found() {
        return true;
    }
    let _ = Command::new("timeout")
        .args(["120", "apt-get", "install", "-y", "--no-install-recommends", package])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let now = found();
    if !now {
        eprintln!("left out: {tool} is not there and could not be installed");
    }
    now
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the tool ends");
    writer.join().expect("the writer ends");
    output
}

fn must(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = run(command, input);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a writable folder");
    path
}

fn trust(keys: &[(&str, &[u8])]) -> Trust {
    let mut trust = Trust::default();
    for (name, bytes) in keys {
        trust.add(name, Key::read(bytes).expect("a public key that the tool wrote"));
    }
    trust
}

fn read(kind: Kind, body: &[u8], beside: &[&[u8]], trust: &Trust) -> Reading {
    let beside: Vec<(&str, &[u8])> = beside.iter().map(|bytes| ("beside", *bytes)).collect();
    dialect(kind).read(&Published { source: "fixture", body, beside: &beside, seen: None }, trust)
}

/// What the signatures of all issues come to; empty where none could be read.
fn outcomes(kind: Kind, body: &[u8], beside: &[&[u8]], trust: &Trust) -> Vec<Outcome> {
    read(kind, body, beside, trust)
        .issues
        .iter()
        .flat_map(|issue| issue.signatures.iter().map(|signed| signed.outcome))
        .collect()
}

/// Good as a tool means it: something was signed, and every signature over it holds.
fn good(kind: Kind, body: &[u8], beside: &[&[u8]], trust: &Trust) -> bool {
    let all = outcomes(kind, body, beside, trust);
    !all.is_empty() && all.iter().all(|outcome| *outcome == Outcome::Good)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a literal")
}
