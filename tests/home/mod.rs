//! A customer with a home of their own, for tests of the commands.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Server, file};

pub const PIN: &str =
    "https://canary.holdout.example/main/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
pub const ORIGIN: &str = "canary.holdout.example/main";

pub fn site(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name).join("site")
}

pub fn path(name: &str) -> String {
    site(name).display().to_string()
}

/// A customer with a home of their own.
pub struct Customer(pub TempDir);

impl Customer {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command().args(arguments).output().unwrap())
    }

    /// Every file below the home.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
            }
        }
        files
    }
}

pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    pub fn codes(&self) -> Vec<String> {
        let report = self.json();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }
}

/// A server whose folder can be exchanged.
pub fn changing(first: &str) -> (Server, Arc<Mutex<PathBuf>>) {
    let folder = Arc::new(Mutex::new(site(first)));
    let served = folder.clone();
    let server = Server::new(move |request, out| {
        let root = served.lock().unwrap().clone();
        file(&root, request, out);
    });
    (server, folder)
}
