//! Every site of tests/vectors as a customer meets it: `canary verify` on the directory, and over
//! HTTP from a server on this machine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use server::Server;

struct Vector {
    name: String,
    site: PathBuf,
    expect: Value,
}

fn vectors() -> Vec<Vector> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let mut vectors: Vec<Vector> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expect.json").exists())
        .map(|path| Vector {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            site: path.join("site"),
            expect: serde_json::from_slice(&fs::read(path.join("expect.json")).unwrap()).unwrap(),
        })
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    vectors
}

/// Runs the command as the vector says, and compares.
fn check(vector: &Vector, target: &str, home: &Path) -> Result<(), String> {
    let expect = &vector.expect;
    let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
    command.env_clear().env("HOME", home);
    command.args(["verify", target, "--json", "--no-state"]);
    command.args(["--at", expect["at"].as_str().unwrap()]);
    if let Some(pin) = expect["pin"].as_str() {
        command.args(["--pin", pin]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said)
        .map_err(|error| format!("not one JSON document: {error}: {said}"))?;
    let status = match report["severity"].as_str() {
        Some("alive") => 0,
        Some("attention") => 1,
        Some("alarm") => 2,
        Some("unknown") => 3,
        other => return Err(format!("a severity of {other:?}")),
    };
    let found: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|f| f["code"].as_str()).collect();
    let codes = |name: &str| -> Vec<String> {
        let list = expect[name].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let absent: Vec<String> =
        codes("codes").into_iter().filter(|code| !found.contains(&code.as_str())).collect();
    let forbidden: Vec<String> =
        codes("never").into_iter().filter(|code| found.contains(&code.as_str())).collect();
    let severity = expect["severity"].is_null() || report["severity"] == expect["severity"];
    let state = expect["state"].is_null() || report["state"] == expect["state"];
    let status = output.status.code() == Some(status);
    if severity && state && status && absent.is_empty() && forbidden.is_empty() {
        return Ok(());
    }
    Err(format!(
        "severity {}, state {}, exit {:?}, findings {found:?}; expected {expect}",
        report["severity"], report["state"], output.status
    ))
}

#[test]
fn every_vector_is_judged_as_expected_from_a_directory_and_over_http() {
    let vectors = vectors();
    assert!(vectors.len() >= 60, "{} vectors", vectors.len());
    let home = tempfile::tempdir().unwrap();
    let mut failed = Vec::new();
    for vector in &vectors {
        let server = Server::folder(&vector.site);
        let places = [vector.site.display().to_string(), server.url()];
        // A directory without a checkpoint is missing too, in the same words of the report.
        for place in &places {
            if let Err(why) = check(vector, place, home.path()) {
                failed.push(format!("{} at {place}: {why}", vector.name));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
