//! What a customer's commands remember: trust, what was seen, and what becomes of it where it cannot be kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod home;
mod server;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use canary_format::key::PublicKey;
use canary_format::note::{KeyKind, VerifierKey};
use home::{Customer, ORIGIN, PIN, Run, changing, path, site};
use server::{Server, file, respond};

#[test]
fn trust_is_kept_used_acknowledged_and_forgotten() {
    let customer = Customer::new();
    let at = ["--at", "2026-02-02T09:00:00Z", "--json"];
    let target = path("fact-reworded-english");
    let verify = || customer.run(&[&["verify", &target][..], &at].concat());
    assert!(verify().codes().contains(&"UNPINNED".to_owned()));
    assert_eq!(customer.run(&["trust", "add", PIN]).status, 0);
    assert_eq!(customer.run(&["trust", "list"]).out, format!("{PIN}\n"));
    let run = verify();
    assert_eq!(run.status, 2);
    assert_eq!(run.json()["subject"]["pin"], PIN);
    assert_eq!(customer.run(&["trust", "ack", ORIGIN, "--through", "2"]).status, 0);
    assert_eq!(verify().status, 0);
    // Another pin for the same place is not put in its place without a word.
    let other = PIN.replace("Qdul", "Adul");
    let run = customer.run(&["trust", "add", &other]);
    assert_eq!(run.status, 65);
    assert!(run.err.contains("another pin is trusted already"), "{}", run.err);
    assert_eq!(customer.run(&["trust", "remove", ORIGIN]).status, 0);
    assert!(verify().codes().contains(&"UNPINNED".to_owned()));
    assert_eq!(customer.run(&["trust", "remove", ORIGIN]).status, 65);
}

#[test]
fn first_use_is_said_loudly_and_acknowledging_needs_what_was_seen() {
    let customer = Customer::new();
    let server = Server::folder(site("alive"));
    let run = customer.run(&["trust", "add", &server.url()]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.starts_with("FIRST USE: nothing but this site itself vouches"), "{}", run.out);
    assert!(run.out.contains("SHA256:") && run.out.contains("#3:sha256:"), "{}", run.out);
    assert!(customer.run(&["trust", "list"]).out.contains("pinned on first use"));
    assert_eq!(customer.run(&["trust", "ack", &server.url()]).status, 65);
    // A policy for what is trusted already is kept, and the same pin from the publisher is a given one.
    let base_point = PublicKey(std::array::from_fn(|byte| if byte == 0 { 0x58 } else { 0x66 }));
    let witness = VerifierKey::new("witness.example", KeyKind::Cosignature, base_point).unwrap();
    fs::write(customer.0.path().join("policy"), format!("witness w {witness}\nquorum w\n"))
        .unwrap();
    let run = customer.run(&["trust", "add", &server.url(), "--witnesses", "policy"]);
    assert!(run.status == 0 && run.out.starts_with("trusted already: "), "{}{}", run.out, run.err);
    assert!(customer.run(&["trust", "list"]).out.contains("witnesses by "));
    let run = customer.run(&["verify", &server.url(), "--json"]);
    assert!(run.codes().contains(&"WITNESS_SHORT".to_owned()), "{}", run.out);
    let pin = run.json()["subject"]["pin"].as_str().unwrap().to_owned();
    assert_eq!(customer.run(&["trust", "add", &pin]).status, 0);
    assert!(!customer.run(&["trust", "list"]).out.contains("first use"));
    customer.run(&["verify", &server.url()]);
    assert_eq!(customer.run(&["trust", "ack", &server.url(), "--through", "4"]).status, 65);
    let run = customer.run(&["trust", "ack", &server.url()]);
    assert!(run.out.contains("through issue 3"), "{}{}", run.out, run.err);
    let server = Server::folder(site("quorum-short"));
    assert_eq!(customer.run(&["trust", "add", &server.url()]).status, 65);
}

#[test]
fn first_use_says_what_was_found() {
    let customer = Customer::new();
    let server = Server::folder(site("checkpoint-by-another-log-key"));
    let run = customer.run(&["trust", "add", &server.url()]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("found      alarm CHECKPOINT_UNSIGNED"), "{}", run.out);
    // The origin is what the site says of itself: whose entry it names is told.
    let run = customer.run(&["trust", "ack", ORIGIN, "--through", "1"]);
    assert!(run.out.contains(&server.url()), "{}{}", run.out, run.err);
}

#[test]
fn a_series_is_acknowledged_by_any_of_its_names_and_never_less_than_before() {
    let customer = Customer::new();
    let server = Server::folder(site("alive"));
    customer.run(&["verify", &server.url()]);
    let ack = |arguments: &[&str]| customer.run(&[&["trust", "ack"], arguments].concat());
    let run = ack(&[ORIGIN]);
    assert!(run.out.contains("through issue 3"), "{}{}", run.out, run.err);
    assert_eq!(ack(&[ORIGIN, "--through", "99"]).status, 65);
    assert!(ack(&[ORIGIN, "--through", "1"]).out.contains("through issue 3"));
    // Nothing of it was seen: that is said, and the host is the usual place on it.
    let run = ack(&["other.example", "--through", "2"]);
    assert_eq!(run.status, 0);
    assert!(run.err.contains("on your word"), "{}", run.err);
    let list = customer.run(&["trust", "list", "--json"]).json();
    assert_eq!(list[1]["url"], "https://other.example/.well-known/canary/", "{list}");
}

#[test]
fn one_place_has_one_state_however_it_is_typed() {
    let customer = Customer::new();
    let target = customer.0.path().join("site");
    copy(&site("alive"), &target);
    let verify = |target: &str| {
        let at = "2026-03-02T09:00:00Z";
        customer.run(&["verify", target, "--state", "s", "--at", at, "--pin", PIN, "--json"])
    };
    assert_eq!(verify("./site").status, 0);
    fs::remove_dir_all(&target).unwrap();
    copy(&site("overdue-one-second"), &target);
    let codes = verify("./site").codes();
    for spelled in ["site/", "./site/../site", "site/."] {
        assert_eq!(verify(spelled).codes(), codes, "{spelled}");
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn a_verdict_is_told_where_it_cannot_be_kept() {
    let customer = Customer::new();
    let (target, state) = (customer.0.path().join("site"), customer.0.path().join("state"));
    let verify = |name: &str, at: &str| {
        drop(fs::remove_dir_all(&target));
        copy(&site(name), &target);
        customer.run(&["verify", "site", "--state", "state", "--at", at, "--pin", PIN, "--json"])
    };
    assert_eq!(verify("alive", "2026-03-02T09:00:00Z").status, 0);
    let kept = fs::read_dir(&state).unwrap().next().unwrap().unwrap().path();
    // A folder where the lock should be: nothing was seen, and nothing can be kept.
    fs::remove_dir_all(&kept).unwrap();
    fs::create_dir_all(kept.join("lock")).unwrap();
    let alive = verify("alive", "2026-03-02T09:00:00Z");
    assert_eq!((alive.status, alive.json()["severity"].as_str()), (74, Some("alive")));
    assert!(alive.err.contains("next: "), "{}", alive.err);
    let absent = verify("fact-absent", "2026-02-02T09:00:00Z");
    assert_eq!(absent.status, 2, "an alarm is told whatever becomes of the state");
    assert!(absent.codes().contains(&"FACT_ABSENT".to_owned()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_lost_result_is_no_success() {
    let customer = Customer::new();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let verify = |name: &str| {
        let arguments = ["verify", &path(name), "--at", "2026-02-02T09:00:00Z", "--pin", PIN];
        Run::of(customer.command().args(arguments).stdout(full()).output().unwrap())
    };
    let run = verify("fact-absent");
    assert_eq!(run.status, 2, "an alarm stays one");
    assert!(run.err.contains("could not be written"), "{}", run.err);
    let listed = customer.command().args(["man"]).stdout(full()).output().unwrap();
    assert_eq!(listed.status.code(), Some(74));
}

#[test]
fn what_was_not_accepted_is_not_asked_for_as_known() {
    let customer = Customer::new();
    let turn = AtomicUsize::new(0);
    let root = site("alive");
    let server = Server::new(move |request, out| {
        if !request.path.ends_with("/checkpoint") {
            return file(&root, request, out);
        }
        let genuine = fs::read(root.join("checkpoint")).unwrap();
        match turn.fetch_add(1, Ordering::Relaxed) {
            0 => respond(out, 200, "ETag: \"one\"\r\n", &genuine),
            // Garbage under the validator of what comes next.
            1 => respond(out, 200, "ETag: \"two\"\r\n", b"garbage"),
            _ if request.has("if-none-match: \"two\"") => {
                respond(out, 304, "", b"");
            }
            _ => respond(out, 200, "ETag: \"two\"\r\n", &genuine),
        }
    });
    let verify = || customer.run(&["verify", &server.url(), "--pin", PIN, "--json"]);
    assert!(!verify().codes().contains(&"MALFORMED".to_owned()));
    assert!(verify().codes().contains(&"MALFORMED".to_owned()));
    assert!(!verify().codes().contains(&"MALFORMED".to_owned()));
}

#[test]
fn on_what_was_only_seen_before_nothing_is_built() {
    let customer = Customer::new();
    let status = Arc::new(Mutex::new(200));
    let now = status.clone();
    let server = Server::new(move |request, out| match *now.lock().unwrap() {
        200 => file(&site("alive"), request, out),
        other => respond(out, other, "", b""),
    });
    let url = server.url();
    assert_eq!(customer.run(&["witness", "init", "w", "--name", "witness.example/w"]).status, 0);
    customer.run(&["verify", &url]);
    let add = || customer.run(&["witness", "add", &url, "--config", "w/witness.toml"]);
    assert_eq!(add().status, 64, "no pin: {}", add().err);
    customer.run(&["verify", &url, "--pin", PIN]);
    let commands = [
        vec!["trust", "add", &url],
        vec!["witness", "add", &url, "--pin", PIN, "--config", "w/witness.toml"],
        vec!["export", &url, "--pin", PIN, "-o", "series.canary"],
    ];
    for (answer, expected) in [(404, 65), (503, 75)] {
        *status.lock().unwrap() = answer;
        for command in &commands {
            let run = customer.run(command);
            assert_eq!(run.status, expected, "{command:?}: {}", run.err);
        }
    }
}

#[test]
fn what_stands_in_for_what_is_served_is_said() {
    let customer = Customer::new();
    let (server, folder) = changing("alive");
    customer.run(&["verify", &server.url(), "--pin", PIN]);
    let history = || customer.run(&["history", &server.url(), "--json"]);
    assert!(!history().err.contains("warning"), "{}", history().err);
    *folder.lock().unwrap() = site("fact-absent");
    let run = history();
    assert!(run.err.contains("warning: what is served now is not what is shown"), "{}", run.err);
    assert!(!run.json()["findings"].as_array().unwrap().is_empty());
    let diff = customer.run(&["diff", &server.url(), "1", "2"]);
    assert!(diff.err.contains("warning: "), "{}", diff.err);
    let unverified = customer.run(&["history", &path("quorum-short"), "--json"]);
    assert_eq!(unverified.json()["state"], "UNVERIFIED");
}
