//! The transcripts of tests/cli and the README: each command with exactly what it prints and its exit status.

use std::path::Path;

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
