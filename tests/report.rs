//! `canary report`: from sites in folders to reports, and a pack that is checked again by its own
//! commands, in an empty folder and with nothing but the binary.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").canonicalize().unwrap()
}

fn canary(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_canary")).args(arguments).output().unwrap()
}

/// The site of a vector, its pin and its instant.
fn vector(name: &str) -> (String, String, String) {
    let folder = vectors().join(name);
    let expect: Value =
        serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
    let member = |name: &str| expect[name].as_str().unwrap().to_owned();
    (folder.join("site").display().to_string(), member("pin"), member("at"))
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn report(name: &str, more: &[&str]) -> (i32, String, String) {
    let (site, pin, at) = vector(name);
    let mut arguments = vec!["report", &site, "--pin", &pin, "--at", &at];
    arguments.extend(more);
    said(&canary(&arguments))
}

#[test]
fn a_live_canary_covers_and_a_lapsed_one_does_not() {
    let covered = |name: &str| {
        let (code, out, err) = report(name, &["--kind", "coverage", "--json"]);
        let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        assert_eq!(json["report"], "warrant-canary/coverage/v1");
        let rows = json["rows"].as_array().unwrap().clone();
        let covered = rows.iter().filter(|row| row["status"] == "covered").count();
        (code, covered)
    };
    assert_eq!(covered("alive"), (0, 5));
    assert_eq!(covered("overdue-one-second"), (1, 5));
    assert_eq!(covered("lapsed-one-second"), (2, 0));
    assert_eq!(covered("fact-absent").1, 5);
    assert_eq!(covered("scope-narrowed").1, 4);
    assert_eq!(covered("fact-reworded-english").1, 3);
    assert_eq!(covered("known-key-bad-signature").1, 0);
}

#[test]
fn the_terminal_leads_with_what_is_uncovered_and_ends_with_the_limits() {
    let (_, out, _) = report("alive", &["--kind", "coverage"]);
    assert!(out.starts_with("Coverage of the shared-responsibility model\n"), "{out}");
    assert!(out.contains("8 times a supplier is responsible"), "{out}");
    assert!(out.trim_end().ends_with("a quorum that lies."), "{out}");
    let (_, out, _) = report("alive", &["--kind", "edpb", "--lang", "zh"]);
    assert!(out.contains("NOT EVIDENCED") && out.contains("局限"), "{out}");
}

#[test]
fn each_fault_of_the_input_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (site, pin, at) = vector("alive");
    let stack = |change: &str| {
        let file = folder.path().join("suppliers.toml");
        let supplier = format!("[[supplier]]\nid = \"host\"\ntarget = '{site}'\npin = '{pin}'\n");
        fs::write(&file, format!("{supplier}{change}\n")).unwrap();
        let file = file.display().to_string();
        said(&canary(&["report", "--stack", &file, "--kind", "coverage", "--at", &at]))
    };
    let cases = [
        (
            "services = [\"storage\"]",
            78,
            "names a service of host that its canary does not: storage",
        ),
        ("profile = \"gcp\"", 78, "unknown profile: gcp"),
        ("entities = [\"x\"]", 78, "names an entity of host that its canary does not: x"),
        ("role = \"vendor\"", 78, "unknown role of host: vendor"),
        ("colour = 1", 78, "does not read as TOML of the documented form"),
    ];
    for (change, code, words) in cases {
        let (status, out, err) = stack(change);
        assert_eq!((status, out.as_str()), (code, ""), "{err}");
        assert!(err.contains(words) && err.contains("next: "), "{err}");
    }
    fs::write(
        folder.path().join("own.toml"),
        "id = \"own\"\nname = { en = \"a\", zh = \"b\" }\n[layers.kernel]\n",
    )
    .unwrap();
    assert!(stack("profile = \"own.toml\"").2.contains("unknown layer: kernel"));
    fs::write(folder.path().join("own.toml"), "id = \"own\"\nname = { en = \"a\", zh = \"b\" }\n")
        .unwrap();
    assert!(stack("profile = \"own.toml\"").2.contains("has no cell for physical under iaas"));

    let (code, _, err) =
        report("alive", &["--kind", "edpb", "--from", "2025-01-01", "--to", "2025-12-31"]);
    assert_eq!(code, 64);
    assert!(err.contains("before the first issue, which is as of 2026-01-01T09:00:00Z"), "{err}");
    let (code, _, err) = report("alive", &["--kind", "edpb", "--to", "2027-01-01"]);
    assert_eq!(code, 64);
    assert!(err.contains("reaches past the instant judged"), "{err}");

    // Another format: said, and not an error.
    let (status, out, _) = stack("format = \"OpenPGP\"\nmodel = \"iaas\"");
    assert_eq!(status, 3);
    assert!(out.contains("another format (OpenPGP); facts without a scope never cover a layer"));
}

#[test]
fn a_folder_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let (code, said, err) = report("alive", &["--kind", "edpb", "--out", &out]);
    assert_eq!(code, 0, "{err}");
    assert!(said.starts_with("3 files in "));
    let (code, _, err) = report("alive", &["--kind", "edpb", "--out", &out]);
    assert_eq!(code, 74);
    assert!(err.contains("the folder is not empty"), "{err}");
    let entries = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(entries, 1, "nothing else is left behind");
}

/// The README's commands, each as it stands there, with what it must exit with where it says so.
fn commands(readme: &str) -> Vec<(String, Option<i32>)> {
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    "));
    let commands =
        lines.filter(|line| line.starts_with("canary ") || line.starts_with("sha256sum "));
    commands
        .map(|line| match line.rsplit_once("exit ") {
            Some((_, exit)) => (line.to_owned(), Some(exit.parse().unwrap())),
            None => (line.to_owned(), None),
        })
        .collect()
}

#[cfg(unix)]
#[test]
fn a_pack_is_checked_again_by_its_own_commands_alone() {
    for name in ["alive", "lapsed-one-second", "lapsed-then-resumed", "roster-rotated-properly"] {
        check_again(name);
    }
}

#[cfg(unix)]
fn check_again(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    let days = ["--kind", "tia", "--from", "2026-01-15", "--third-country", "US", "--out"];
    let (_, _, err) = report(name, &[&days[..], &[&out.display().to_string()]].concat());
    assert!(out.join("MANIFEST.sha256").exists(), "{name}: {err}");
    let readme = fs::read_to_string(out.join("README.txt")).unwrap();
    let commands = commands(&readme);
    assert_eq!(commands.len(), 4, "{readme}");
    let binaries = Path::new(env!("CARGO_BIN_EXE_canary")).parent().unwrap();
    let run = |command: &str| {
        Command::new("sh")
            .args(["-c", command])
            .current_dir(&out)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
            .env("HOME", folder.path())
            .output()
            .unwrap()
    };
    for (command, exit) in commands {
        let output = run(&command);
        let (code, out_text, err) = said(&output);
        if command.starts_with("sha256sum") {
            assert_eq!(code, 0, "{out_text}{err}");
        } else if command.starts_with("canary verify") {
            assert_eq!(Some(code), exit, "{name}: {command}\n{out_text}{err}");
        } else {
            let file = if command.contains("edpb") { "edpb.json" } else { "coverage.json" };
            let stored = fs::read_to_string(out.join(file)).unwrap();
            assert_eq!(out_text, stored, "{name}: {command}\n{err}");
        }
    }
}
