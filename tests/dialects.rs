//! Canaries of other formats through the command: a repository's history, and a native draft from it.

#![allow(clippy::print_stderr, reason = "what is left out is said plainly")]

mod server;

use std::path::Path;
use std::process::{Command, Output};

use server::{Server, respond};

fn git(folder: &Path, date: &str, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(folder)
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .status()
        .expect("git starts");
    assert!(status.success(), "{arguments:?}");
}

fn canary(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_canary")).args(arguments).output().expect("the command starts")
}

/// A page that was published three times, the last time without one of its sentences.
fn repository() -> Option<tempfile::TempDir> {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("left out: git is not there");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), "2024-01-01T12:00:00Z", &["init", "-q"]);
    for (date, next, order) in [
        ("2024-01-01", "2024-02-01", true),
        ("2024-02-03", "2024-03-01", true),
        ("2024-03-01", "2024-04-01", false),
    ] {
        let order = if order { "- We have not received a gag order.\n" } else { "" };
        let text = format!(
            "Warrant canary\n\nDate: {date}\nNext update: {next}\n\n- We have never placed a backdoor.\n{order}"
        );
        std::fs::write(folder.path().join("canary.md"), text).expect("a file");
        std::fs::write(folder.path().join("README.md"), "How this works.\n").expect("a file");
        git(folder.path(), &format!("{date}T12:00:00Z"), &["add", "."]);
        git(folder.path(), &format!("{date}T12:00:00Z"), &["commit", "-q", "-m", "update"]);
    }
    Some(folder)
}

#[test]
fn a_repository_is_a_history() {
    let Some(folder) = repository() else { return };
    let place = folder.path().to_str().expect("a path in UTF-8");
    let output = canary(&["import", place, "--at", "2024-03-15T00:00:00Z", "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON document");
    let issues = document["issues"].as_array().expect("issues");
    assert_eq!(
        issues.iter().map(|issue| issue["as_of"].as_str().expect("a time")).collect::<Vec<_>>(),
        ["2024-01-01T00:00:00Z", "2024-02-03T00:00:00Z", "2024-03-01T00:00:00Z"]
    );
    let codes = |at: usize| {
        issues[at]["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|one| one["code"].as_str().expect("a code"))
            .collect::<Vec<_>>()
    };
    assert!(
        codes(1).contains(&"ISSUED_LATE")
            && codes(1).contains(&"RESUMED")
            && !codes(1).contains(&"FACT_ABSENT")
    );
    assert!(codes(2).contains(&"FACT_ABSENT"));
    assert_eq!(document["report"]["state"], "LIVE");
    assert_eq!(document["facts"].as_array().expect("facts").len(), 2);
    assert!(document["left_out"][0].as_str().expect("a file").starts_with("README.md"));

    let shown = canary(&["import", place, "--at", "2024-03-15T00:00:00Z"]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("FACT_ABSENT") && shown.contains("What a live canary does not show"));
    let diff = canary(&["import", place, "--diff", "1", "3"]);
    assert!(String::from_utf8_lossy(&diff.stdout).contains("not affirmed any more"));
    assert_eq!(canary(&["import", place, "--diff", "1", "9"]).status.code(), Some(65));
    assert_eq!(canary(&["import", place, "--dialect", "latin"]).status.code(), Some(64));
    assert_eq!(canary(&["import", "/nowhere/at/all"]).status.code(), Some(64));
    // Nobody signed: with keys named this is no canary at all.
    let key = folder.path().join("alice.pub");
    std::fs::write(&key, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").expect("a file");
    let output =
        canary(&["import", place, "--trust-key", key.to_str().expect("a path in UTF-8"), "--json"]);
    let document: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["report"]["state"], "UNVERIFIED");
}

#[test]
fn one_fact_is_asked_for_in_every_form() {
    let Some(folder) = repository() else { return };
    let place = folder.path().to_str().expect("a path in UTF-8");
    let all = canary(&["import", place, "--json"]);
    let all: serde_json::Value = serde_json::from_slice(&all.stdout).expect("JSON");
    let id = all["facts"][1]["id"].as_str().expect("an id");
    for command in [vec!["import", place], vec!["history", place, "--dialect", "plain"]] {
        let asked = canary(&[&command[..], &["--fact", id, "--json"]].concat());
        let asked: serde_json::Value = serde_json::from_slice(&asked.stdout).expect("JSON");
        assert_eq!(asked["facts"].as_array().map(Vec::len), Some(1), "{command:?}");
        assert_eq!(asked["facts"][0]["id"], id);
        let unknown = canary(&[&command[..], &["--fact", "nope"]].concat());
        assert_eq!(unknown.status.code(), Some(65), "{command:?}");
        assert!(String::from_utf8_lossy(&unknown.stderr).contains(id), "{command:?}");
    }
    let both = canary(&["import", place, "--diff", "1", "2", "--fact", id]);
    assert_eq!(both.status.code(), Some(64));
    let empty = tempfile::tempdir().expect("a folder");
    let empty = empty.path().to_str().expect("a path in UTF-8");
    let history = canary(&["history", empty, "--dialect", "plain"]);
    assert_eq!(history.status.code(), Some(2), "nothing authentic");
    let diff = canary(&["diff", empty, "1", "2", "--dialect", "plain"]);
    assert_eq!(diff.status.code(), Some(65));
    assert!(!String::from_utf8_lossy(&diff.stderr).contains("1 to 0"));
}

/// The next commit of a repository whose newest is of March 1, and what an import then says.
fn after(folder: &Path, change: &[&str]) -> (Option<i32>, String) {
    git(folder, "2024-03-10T12:00:00Z", change);
    git(folder, "2024-03-10T12:00:00Z", &["commit", "-q", "-a", "-m", "after"]);
    let place = folder.to_str().expect("a path in UTF-8");
    let output = canary(&["import", place, "--at", "2024-03-15T00:00:00Z", "--json"]);
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_canary_that_is_taken_away_is_not_alive() {
    let Some(folder) = repository() else { return };
    let (_, moved) = after(folder.path(), &["mv", "canary.md", "canary-2024.md"]);
    assert!(moved.contains("\"LIVE\"") && !moved.contains("MISSING"), "{moved}");
    std::fs::write(folder.path().join("canary-2024.md"), "").expect("a file");
    let (code, emptied) = after(folder.path(), &["add", "."]);
    assert_eq!(code, Some(2));
    assert!(emptied.contains("\"MISSING\"") && !emptied.contains("\"LIVE\""), "{emptied}");
    let Some(folder) = repository() else { return };
    let (_, deleted) = after(folder.path(), &["rm", "-q", "canary.md"]);
    assert!(deleted.contains("canary.md held the newest issue"), "{deleted}");
}

#[test]
fn an_older_issue_elsewhere_does_not_stand_for_the_newest() {
    let Some(folder) = repository() else { return };
    let older = Command::new("git")
        .arg("-C")
        .arg(folder.path())
        .args(["show", "HEAD~1:canary.md"])
        .output()
        .expect("git runs")
        .stdout;
    std::fs::write(folder.path().join("canary-2024-02.md"), older).expect("a file");
    let (_, archived) = after(folder.path(), &["add", "."]);
    assert!(archived.contains("\"LIVE\"") && !archived.contains("MISSING"), "{archived}");
    let (code, deleted) = after(folder.path(), &["rm", "-q", "canary.md"]);
    assert_eq!(code, Some(2));
    assert!(deleted.contains("\"MISSING\"") && !deleted.contains("\"LIVE\""), "{deleted}");
}

#[test]
fn an_older_issue_put_back_is_a_rollback() {
    let Some(folder) = repository() else { return };
    let (code, back) = after(folder.path(), &["checkout", "-q", "HEAD~1", "--", "canary.md"]);
    assert_eq!(code, Some(2));
    assert!(back.contains("\"ROLLBACK\"") && !back.contains("MISSING"), "{back}");
}

#[test]
fn a_submodule_or_a_file_too_large_holds_no_canary() {
    let Some(folder) = repository() else { return };
    let entry = "160000,1111111111111111111111111111111111111111,canary.md";
    git(folder.path(), "2024-03-10T12:00:00Z", &["update-index", "--cacheinfo", entry]);
    git(folder.path(), "2024-03-10T12:00:00Z", &["commit", "-q", "-m", "a submodule"]);
    let place = folder.path().to_str().expect("a path in UTF-8");
    let output = canary(&["import", place, "--at", "2024-03-15T00:00:00Z", "--json"]);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("\"MISSING\"") && !said.contains("\"LIVE\""), "{said}");
    let Some(folder) = repository() else { return };
    let large = vec![b'x'; (16 << 20) + 1];
    std::fs::write(folder.path().join("canary.md"), large).expect("a file");
    let (_, large) = after(folder.path(), &["add", "."]);
    assert!(large.contains("\"MISSING\"") && !large.contains("\"LIVE\""), "{large}");
}

#[test]
fn a_history_becomes_a_native_draft() {
    let Some(folder) = repository() else { return };
    let output = canary(&[
        "migrate",
        folder.path().to_str().expect("a path in UTF-8"),
        "--name",
        "Example \"A\"",
        "--at",
        "2024-03-15T00:00:00Z",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let draft: toml::Table = text.parse().expect("TOML");
    assert_eq!(draft["publisher"]["name"].as_str(), Some("Example \"A\""));
    assert_eq!(draft["cadence"]["profile"].as_str(), Some("monthly"));
    let facts = draft["facts"].as_array().expect("facts");
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0]["text"]["en"].as_str(), Some("We have never placed a backdoor."));
    assert_eq!(facts[0]["tense"].as_str(), Some("never"));
}

#[test]
fn verify_history_and_diff_read_other_formats() {
    let Some(folder) = repository() else { return };
    let place = folder.path().to_str().expect("a path in UTF-8");
    let page = folder.path().join("canary.md");
    let page = page.to_str().expect("a path in UTF-8");
    let state = |at: &str| {
        let output = canary(&["verify", page, "--dialect", "plain", "--at", at, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        (report["state"].as_str().expect("a state").to_owned(), output.status.code())
    };
    assert_eq!(state("2024-03-15T00:00:00Z"), ("LIVE".into(), Some(1)));
    assert_eq!(state("2024-04-02T00:00:00Z"), ("LAPSED".into(), Some(2)));
    let shown = canary(&["verify", page, "--dialect", "plain", "--at", "2024-03-15T00:00:00Z"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("UNSIGNED"));
    let nagios =
        canary(&["verify", page, "--dialect", "plain", "--at", "2024-04-02T00:00:00Z", "--nagios"]);
    assert!(String::from_utf8_lossy(&nagios.stdout).contains("CRITICAL"));
    let gone = canary(&["verify", "/nowhere/canary.txt", "--dialect", "plain", "--json"]);
    assert_eq!(gone.status.code(), Some(2));
    // What has no meaning there is refused, never left out without a word.
    for asked in [
        &["--mirror", "https://example.com/"][..],
        &["--witnesses", "policy"],
        &["--max-interval", "9"],
        &["--require-freshness"],
        &["--roughtime", "list.json"],
    ] {
        let refused = canary(&[&["verify", page, "--dialect", "plain"], asked].concat());
        assert_eq!(refused.status.code(), Some(64), "{asked:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(asked[0]), "{asked:?}");
    }
    // A quorum of no named keys could let unsigned words pass.
    for asked in [["--quorum", "2"], ["--namespace", "canary"]] {
        let refused = canary(&[&["verify", page, "--json"][..], &asked].concat());
        assert_eq!(refused.status.code(), Some(64), "{asked:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--trust-key"), "{asked:?}");
    }
    // A host names no page: nothing of that name on this machine is looked for instead.
    let host = canary(&["verify", "canary.example.com", "--dialect", "plain"]);
    assert_eq!(host.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&host.stderr).contains("https://canary.example.com/"));
    let history = canary(&["history", place, "--dialect", "plain", "--at", "2024-03-15T00:00:00Z"]);
    assert!(
        history.status.success()
            && String::from_utf8_lossy(&history.stdout).contains("FACT_ABSENT")
    );
    let diff = canary(&["diff", place, "2", "3", "--dialect", "plain", "--json"]);
    let diff: serde_json::Value = serde_json::from_slice(&diff.stdout).expect("one JSON document");
    assert_eq!(diff["changes"][0]["code"], "FACT_ABSENT");
    // A signature that is not there and one that is too large are told apart.
    let server = Server::new(|request, out| match request.path.as_str() {
        "/large" => respond(out, 200, "", &vec![b'x'; 17 << 20]),
        _ => respond(out, 404, "", b""),
    });
    for (name, code) in [("large", "TOO_LARGE"), ("none", "MISSING")] {
        let signature = format!("{}{name}", server.url());
        let report = canary(&["verify", page, "--signature", &signature, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("a report");
        assert_eq!(report["findings"][0]["code"], code, "{report}");
        assert_eq!(report["state"], "UNVERIFIED");
    }
    // Nothing listens there: that is not silence.
    let away = canary(&["verify", "http://127.0.0.1:9/canary.txt", "--dialect", "plain", "--json"]);
    assert_eq!(away.status.code(), Some(3), "{}", String::from_utf8_lossy(&away.stderr));
}
