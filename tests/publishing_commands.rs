//! What `canary publish` and `canary heartbeat` do where something is not as it should be.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "publishing/fixture.rs"]
#[allow(dead_code, clippy::cast_possible_wrap)]
mod fixture;
#[path = "publishing/folder.rs"]
#[allow(dead_code)]
mod folder;

use std::fs;
use std::path::Path;
use std::process::Output;

use canary_format::envelope::Envelope;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_publisher::FutureHeartbeat;
use canary_publisher::folder::Folder;
use canary_publisher::heartbeat::{Current, refresh};
use canary_publisher::store::Directory;
use canary_verifier::evidence::Trust;
use canary_verifier::judge::judge;
use canary_verifier::report::Report;

use fixture::{ADA, BO, content, series, signed};
use folder::Publisher;

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64)
}

fn report(site: &Path) -> Report {
    judge(&canary_verifier::files::read(site, now()), &Trust::default(), None, now()).report
}

/// The exit status and everything that was said.
fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn a_heartbeat_set_by_a_clock_that_was_ahead_is_replaced_with_the_flag_that_the_error_names() {
    const FLAG: &str = "--danger-replace-future-heartbeat";
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.publish(&to);
    let set_ahead = || {
        let folder = Folder::open(publisher.path()).unwrap();
        let (current, key) = (Current::read(&folder).unwrap(), folder.heartbeat_key().unwrap());
        let mut store = Directory::open(&site).unwrap();
        let ahead = now().plus(500 * 86_400);
        refresh(&mut store, &current, &key.unwrap(), ahead, FutureHeartbeat::Keep).unwrap();
    };
    set_ahead();
    for command in ["heartbeat", "publish"] {
        let (status, text) = said(&publisher.run(command, &to));
        assert!(status == 78 && text.contains(FLAG), "{command}: {status} {text}");
        assert_eq!(report(&site).log.unwrap().heartbeat_at, None);
    }
    let (status, text) = said(&publisher.run("heartbeat", &[to[0], to[1], FLAG]));
    assert_eq!(status, 0, "{text}");
    assert!(report(&site).ages.heartbeat.unwrap() <= 60);

    // A new issue is not taken before every place can take it.
    set_ahead();
    publisher.draft(2);
    let (status, text) = said(&publisher.run("publish", &to));
    assert!(status == 78 && text.contains(FLAG), "{status} {text}");
    assert!(publisher.path().join("draft.json").exists());
    assert!(!publisher.path().join("canaries/0002.json").exists());
    publisher.publish(&[to[0], to[1], FLAG]);
    assert_eq!(report(&site).issue.unwrap().number, 2);
    assert!(report(&site).ages.heartbeat.unwrap() <= 60);
}

#[test]
fn where_another_copy_of_the_folder_published_first_nothing_is_consumed() {
    let issues = series(1);
    let (one, two) = (Publisher::with(&issues), Publisher::with(&issues));
    let (site, mirror) = (one.site(), one.path().join("mirror"));
    let to = ["--to", site.to_str().unwrap()];
    one.draft(2);
    one.publish(&to);

    two.draft_signed_by(2, &[BO, ADA]);
    let held = fs::read(two.path().join("draft.json")).unwrap();
    let targets = ["--to", mirror.to_str().unwrap(), "--to", site.to_str().unwrap()];
    let (status, text) = said(&two.run("publish", &targets));
    assert_eq!(status, 65, "{text}");
    assert!(text.contains("The issues published there are the series"), "{text}");
    assert!(!text.contains("empty place"), "{text}");
    assert_eq!(fs::read(two.path().join("draft.json")).unwrap(), held);
    assert!(!two.path().join("canaries/0002.json").exists());
    assert!(!mirror.exists(), "no place shows another issue 2");

    // What the message says: what is published becomes the folder's own.
    fs::copy(site.join("issues/0002.json"), two.path().join("canaries/0002.json")).unwrap();
    fs::remove_file(two.path().join("draft.json")).unwrap();
    two.publish(&targets);
    two.draft(3);
    two.publish(&targets);
    assert_eq!(report(&site).issue.unwrap().number, 3);
}

#[test]
fn a_place_that_another_run_writes_keeps_the_draft() {
    let publisher = Publisher::with(&series(1));
    let (site, mirror) = (publisher.site(), publisher.path().join("mirror"));
    publisher.publish(&["--to", site.to_str().unwrap()]);
    publisher.draft(2);
    let (site, mirror) = (site.display(), mirror.display());
    let config = format!("[targets]\nsite = \"{site}\"\nmirror = \"{mirror}\"\n");
    fs::write(publisher.path().join("canary.toml"), config).unwrap();
    let writing = Directory::open(&publisher.site()).unwrap();
    for to in [&["--to", "mirror"][..], &[]] {
        let (status, text) = said(&publisher.run("publish", to));
        assert!(status == 75 && text.contains("in use by another run"), "{status} {text}");
        assert!(publisher.path().join("draft.json").exists(), "{text}");
        assert!(!publisher.path().join("mirror/checkpoint").exists());
    }
    drop(writing);
    publisher.publish(&[]);
}

#[test]
fn another_issue_that_a_killed_run_left_before_its_checkpoint_is_seen() {
    let issues = series(1);
    let (one, two) = (Publisher::with(&issues), Publisher::with(&issues));
    let (site, mirror) = (one.site(), one.path().join("mirror"));
    one.publish(&["--to", site.to_str().unwrap()]);
    let before = fs::read(site.join("checkpoint")).unwrap();
    one.draft(2);
    one.publish(&["--to", site.to_str().unwrap()]);
    fs::write(site.join("checkpoint"), before).unwrap();

    two.draft_signed_by(2, &[BO, ADA]);
    let targets = ["--to", mirror.to_str().unwrap(), "--to", site.to_str().unwrap()];
    let (status, text) = said(&two.run("publish", &targets));
    assert!(status == 65 && two.path().join("draft.json").exists(), "{status} {text}");
    assert!(!mirror.exists(), "no place shows another issue 2");
    // The run that was killed goes on.
    one.publish(&targets);
}

#[test]
fn a_target_that_the_run_does_not_write_is_looked_at_before_a_draft_is_taken() {
    let issues = series(1);
    let (one, two) = (Publisher::with(&issues), Publisher::with(&issues));
    let (production, staging) = (one.site(), two.path().join("staging"));
    let config = |name: &str, address: &str| {
        let staging = staging.display();
        let text = format!("[targets]\n{name} = \"{address}\"\nstaging = \"{staging}\"\n");
        fs::write(two.path().join("canary.toml"), text).unwrap();
    };
    config("production", production.to_str().unwrap());
    one.draft(2);
    one.publish(&["--to", production.to_str().unwrap()]);
    let shown = fs::read(production.join("checkpoint")).unwrap();

    two.draft_signed_by(2, &[BO, ADA]);
    for dry in [&["--dry-run"][..], &[]] {
        let (status, text) = said(&two.run("publish", &[&["--to", "staging"], dry].concat()));
        assert!(status == 65 && text.contains("production"), "{status} {text}");
        assert!(two.path().join("draft.json").exists() && !staging.exists());
        assert!(!two.path().join("canaries/0002.json").exists());
    }
    assert_eq!(fs::read(production.join("checkpoint")).unwrap(), shown);

    // One that cannot be looked at says nothing, and the run says so.
    config("away", "git+/nowhere/site.git#main");
    let text = two.publish(&["--to", "staging"]);
    assert!(text.contains("warning: away was not looked at"), "{text}");
    assert_eq!(report(&staging).issue.unwrap().number, 2);
}

#[test]
fn no_site_is_written_among_the_keys_or_the_series() {
    let publisher = Publisher::with(&series(1));
    let below = |name: &str| publisher.path().join(name);
    for place in [".", "site/..", "keys", "canaries/site", ".canary"].map(below) {
        for command in ["publish", "heartbeat"] {
            let (status, text) = said(&publisher.run(command, &["--to", place.to_str().unwrap()]));
            assert!(status == 64 && text.contains("not for visitors"), "{status} {text}");
            assert!(text.contains("next: "), "{text}");
        }
        assert!(!place.join("checkpoint").exists(), "{}", place.display());
    }
    publisher.publish(&["--to", below("site").to_str().unwrap()]);
}

#[test]
fn what_is_no_directory_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.canary"), "").unwrap();
    for name in ["nope", "site.canary"] {
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_canary"));
        run.current_dir(folder.path()).args(["serve", name, "--listen", "127.0.0.1:0"]);
        let (status, text) = said(&run.output().unwrap());
        assert!(status == 74 && text.contains(name) && text.contains("next: "), "{text}");
        assert!(!text.contains("serving"), "{text}");
    }
}

#[test]
fn a_home_directory_is_not_guessed() {
    let publisher = Publisher::with(&series(1));
    let mut run = publisher.command("publish", &["--to", "~/www"]);
    let (status, text) = said(&run.current_dir(publisher.path()).output().unwrap());
    assert!(status == 64 && text.contains("written in full"), "{status} {text}");
    assert!(!publisher.path().join("~").exists());
}

#[test]
fn a_folder_with_a_signer_s_private_key_publishes_nothing_and_sets_no_heartbeat() {
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.publish(&to);
    let stray = publisher.path().join("canaries/stray");
    fixture::write_key(&stray, 99);
    for command in ["publish", "heartbeat"] {
        let (status, text) = said(&publisher.run(command, &to));
        assert!(status == 0 && text.contains("stray is a private key"), "{command}: {text}");
    }
    fs::remove_file(&stray).unwrap();
    let checkpoint = fs::read(site.join("checkpoint")).unwrap();
    for place in ["canaries/bo", "bo", "target/bo"] {
        let path = publisher.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fixture::write_key(&path, BO);
        for command in ["publish", "heartbeat"] {
            let (status, text) = said(&publisher.run(command, &to));
            assert!(
                status == 78 && text.contains("private key of the signer Bo"),
                "{command}: {text}"
            );
        }
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(fs::read(site.join("checkpoint")).unwrap(), checkpoint);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_folder_is_not_waited_for() {
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    for name in ["pipe", "canaries/0002.json"] {
        let made = std::process::Command::new("mkfifo").arg(publisher.path().join(name)).status();
        assert!(made.unwrap().success());
        let (status, text) = said(&publisher.run("publish", &["--to", site.to_str().unwrap()]));
        assert_eq!(status == 0, name == "pipe", "{text}");
    }
}

#[cfg(unix)]
#[test]
fn every_file_of_a_site_can_be_read_by_all_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let publisher = Publisher::with(&series(2));
    let made = publisher.path().join("www");
    let site = made.join("canary");
    for name in ["publish", "heartbeat"] {
        let command = publisher.command(name, &["--to", site.to_str().unwrap()]);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]);
        let output = shell.arg(command.get_program()).args(command.get_args()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut folders = vec![made];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o755, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o644, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 10);
}

#[cfg(unix)]
#[test]
fn a_dry_run_makes_no_file_in_the_folder() {
    let publisher = Publisher::with(&series(1));
    publisher.draft(2);
    let names = || {
        let entries = fs::read_dir(publisher.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    let site = publisher.site();
    publisher.publish(&["--dry-run", "--to", site.to_str().unwrap()]);
    assert_eq!(names(), before);
}

#[test]
fn the_pins_are_printed_and_what_verifiers_will_remark_before_anything_is_written() {
    let publisher = Publisher::new();
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.draft(1);
    let text = publisher.publish(&to);
    let first = Envelope::parse(&fs::read(publisher.path().join("canaries/0001.json")).unwrap());
    let first = first.unwrap();
    let url = "https://canary.example/main/".to_owned();
    let pin = Pin { url, number: 1, digest: first.digest() }.to_string();
    assert!(
        text.contains(&format!("  pin        {pin}\n")) && !text.contains("first pin"),
        "{text}"
    );
    let plain = fs::read_to_string(site.join("canary.txt")).unwrap();
    assert!(plain.contains(&pin));

    let mut narrowed = content(2, Some(&first));
    narrowed.facts[0].scope.excludes = Some(vec!["the test network".to_owned()]);
    let narrowed = signed(narrowed, &[ADA, BO]);
    fs::write(publisher.path().join("draft.json"), narrowed.bytes()).unwrap();
    let rehearsed = publisher.publish(&["--dry-run", to[0], to[1]]);
    for text in [rehearsed, publisher.publish(&to)] {
        assert!(text.contains(&format!("  first pin  {pin}\n")), "{text}");
        assert!(text.contains("known the series since issue 1, verifiers say alarm"), "{text}");
        assert!(text.contains("SCOPE_NARROWED (issue 2, net.no-equipment)"), "{text}");
    }
    let json = publisher.run("publish", &["--json", to[0], to[1]]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["first_pin"], pin.as_str());
    let codes: Vec<_> = json["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    assert!(codes.iter().any(|code| *code == "SCOPE_NARROWED"), "{codes:?}");
    assert!(codes.iter().all(|code| *code != "UNPINNED"), "{codes:?}");
}

#[test]
fn a_draft_that_is_dated_ahead_waits_for_the_clock() {
    let publisher = Publisher::with(&series(1));
    let path = publisher.path().join("canaries/0001.json");
    let first = Envelope::parse(&fs::read(path).unwrap()).unwrap();
    let mut ahead = content(2, Some(&first));
    ahead.as_of = now().plus(86_400);
    (ahead.next_due, ahead.expires) = (ahead.as_of.plus(86_400), ahead.as_of.plus(2 * 86_400));
    let ahead = signed(ahead, &[ADA, BO]);
    fs::write(publisher.path().join("draft.json"), ahead.bytes()).unwrap();
    let site = publisher.site();
    let (status, text) = said(&publisher.run("publish", &["--to", site.to_str().unwrap()]));
    assert!(status == 75 && text.contains("set the clock"), "{status} {text}");
    assert!(!text.contains("canary status"), "{text}");
}

#[test]
fn every_failure_says_what_to_do_next() {
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.publish(&to);
    let failure = |command: &str, arguments: &[&str]| {
        let (status, text) = said(&publisher.run(command, arguments));
        assert!(status >= 64 && text.contains("\n  next: "), "{command}: {status} {text}");
        text
    };
    let nowhere = publisher.path().join("nowhere");
    let both = ["--to", nowhere.to_str().unwrap(), "--to", site.to_str().unwrap()];
    let text = failure("heartbeat", &both);
    assert!(text.contains("nowhere: nothing is published there"), "{text}");
    assert!(text.contains("site: heartbeat set") && text.contains("canary publish"), "{text}");

    let key = publisher.path().join("keys/heartbeat");
    fs::rename(&key, publisher.path().join("keys/away")).unwrap();
    for command in ["heartbeat", "publish"] {
        let text = failure(command, &to);
        assert!(text.contains("put it back into keys/"), "{text}");
    }
    fs::rename(publisher.path().join("keys/log"), &key).unwrap();
    assert!(failure("publish", &to).contains("put it back into keys/"));

    let mut silent = content(1, None);
    silent.log.heartbeat = None;
    let silent = Publisher::with(&[signed(silent, &[ADA, BO])]);
    let (status, text) = said(&silent.run("heartbeat", &to));
    assert!(status == 78 && text.contains("under [log.heartbeat]"), "{text}");

    let elsewhere = tempfile::tempdir().unwrap();
    for command in ["heartbeat", "publish"] {
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_canary"));
        let run = run.current_dir(elsewhere.path()).arg(command).args(to);
        let (status, text) = said(&run.output().unwrap());
        assert!(status == 78 && text.contains("no publisher's folder"), "{text}");
        assert!(text.contains("give --folder"), "{text}");
    }
}
