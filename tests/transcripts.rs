//! The transcripts of tests/cli and the README: each command with exactly what it prints and its exit status.
//! And the manual pages, which are written from the same words as the help.

use std::path::Path;
use std::process::{Command, Output};

/// Runs transcripts from the workspace's folder, for a customer who has nothing yet.
fn run(transcripts: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(root).expect("the workspace is there");
    let home = tempfile::tempdir().expect("a folder for the customer");
    trycmd::TestCases::new()
        .register_bin("canary", Path::new(env!("CARGO_BIN_EXE_canary")))
        .env("HOME", home.path().to_string_lossy())
        .env("NO_COLOR", "1")
        .env("XDG_CONFIG_HOME", "")
        .env("XDG_STATE_HOME", "")
        .case(transcripts)
        .run();
}

#[test]
fn reading_commands_print_what_the_transcripts_say() {
    run("tests/cli/read/*.md");
}

#[test]
fn the_readme_s_example_prints_what_it_shows() {
    run("README.md");
}

#[test]
fn trust_prints_what_the_transcript_says() {
    run("tests/cli/trust.md");
}

fn canary(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_canary")).args(arguments).output().expect("the command starts")
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("man1");
    let written = canary(&["man", "--out", out.to_str().expect("a path in UTF-8")]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    for (name, words) in [
        ("canary.1", "canary\\-verify(1)"),
        ("canary-verify.1", "\\-\\-witnesses"),
        ("canary-trust-add.1", ".TH canary-trust-add 1"),
    ] {
        let page = std::fs::read_to_string(out.join(name)).expect("a page");
        assert!(page.contains(words), "{name}: {page}");
    }
    assert!(!out.join("canary-help.1").exists());
    let page = canary(&["man", "trust", "add"]);
    let stored = std::fs::read(out.join("canary-trust-add.1")).expect("a page");
    assert_eq!(page.stdout, stored);
    assert_eq!(canary(&["man", "nonesuch"]).status.code(), Some(64));
}
