//! A customer's commands on real sites: state, history, diff, Nagios, and failures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod home;
mod server;

use std::fs;
use std::sync::{Arc, Mutex};

use home::{Customer, PIN, Run, changing, path, site};
use serde_json::Value;
use server::{Server, file, respond};

#[test]
fn a_file_or_directory_leaves_nothing_behind() {
    let customer = Customer::new();
    for target in ["alive", "fact-absent"] {
        customer.run(&["verify", &path(target), "--pin", PIN, "--at", "2026-02-02T09:00:00Z"]);
    }
    let proof = site("alive").join("latest.tlog-proof").display().to_string();
    let run = customer.run(&["verify", &proof, "--at", "2026-03-02T09:00:00Z", "--json"]);
    assert_eq!((run.status, run.codes()), (1, vec!["UNPINNED".into(), "FRESHNESS_MISSING".into()]));
    assert!(customer.files().is_empty());
}

#[test]
fn what_was_seen_is_measured_against_and_a_smaller_tree_is_a_rollback() {
    let customer = Customer::new();
    let (server, folder) = changing("alive");
    let url = server.url();
    let verify = |at: &str| {
        customer.run(&["verify", &url, "--pin", PIN, "--state", "seen", "--at", at, "--json"])
    };
    assert_eq!(verify("2026-03-02T09:00:00Z").status, 0);
    *folder.lock().unwrap() = site("chain-previous-wrong");
    let run = verify("2026-03-03T09:00:00Z");
    assert_eq!(run.status, 2);
    assert!(
        run.codes().iter().any(|code| code == "ROLLBACK" || code == "LOG_INCONSISTENT"),
        "{:?}",
        run.codes()
    );
    // Nothing that is not authentic is kept: the old site still verifies, and is asked for nothing
    // but its checkpoint.
    *folder.lock().unwrap() = site("alive");
    server.asked();
    assert_eq!(verify("2026-03-03T09:00:00Z").status, 0);
    assert_eq!(server.asked(), ["/checkpoint"]);
}

#[test]
fn where_nothing_can_be_fetched_what_was_seen_still_lapses() {
    let customer = Customer::new();
    let gone = Arc::new(Mutex::new(false));
    let down = gone.clone();
    let server = Server::new(move |request, out| match *down.lock().unwrap() {
        true => respond(out, 503, "", b""),
        false => file(&site("alive"), request, out),
    });
    let url = server.url();
    let verify = |at: &str| {
        customer.run(&["verify", &url, "--pin", PIN, "--state", "seen", "--at", at, "--json"])
    };
    assert_eq!(verify("2026-03-02T09:00:00Z").json()["state"], "LIVE");
    *gone.lock().unwrap() = true;
    let run = verify("2026-03-05T09:00:00Z");
    assert_eq!((run.status, &run.json()["state"]), (3, &Value::from("UNREACHABLE")));
    let run = verify("2026-05-05T09:00:00Z");
    assert_eq!((run.status, &run.json()["state"]), (2, &Value::from("LAPSED")));
    assert!(run.codes().contains(&"UNREACHABLE".to_owned()));
}

#[test]
fn an_instant_that_is_not_now_is_only_a_question() {
    let customer = Customer::new();
    let server = Server::folder(site("alive"));
    customer.run(&["verify", &server.url(), "--pin", PIN, "--at", "2030-01-01T00:00:00Z"]);
    assert!(customer.files().is_empty());
    customer.run(&["verify", &server.url(), "--pin", PIN, "--no-state"]);
    assert!(customer.files().is_empty());
    customer.run(&["verify", &server.url(), "--pin", PIN]);
    let head = customer.files().into_iter().find(|path| path.ends_with("head.json")).unwrap();
    assert!(head.starts_with(customer.0.path().join(".local/state/canary")), "{}", head.display());
}

#[test]
fn damaged_state_is_an_error_that_names_the_file_and_what_to_do() {
    let customer = Customer::new();
    let server = Server::folder(site("alive"));
    customer.run(&["verify", &server.url(), "--pin", PIN]);
    let head = customer.files().into_iter().find(|path| path.ends_with("head.json")).unwrap();
    fs::write(&head, "{").unwrap();
    let run = customer.run(&["verify", &server.url(), "--pin", PIN, "--json"]);
    assert_eq!((run.status, run.out.as_str()), (78, ""));
    assert!(run.err.contains(&head.display().to_string()) && run.err.contains("next: move"));
    assert_eq!(fs::read_to_string(&head).unwrap(), "{");
}

#[test]
fn both_sides_of_a_fork_are_kept() {
    let customer = Customer::new();
    let server = Server::folder(site("fact-absent"));
    let mirror = path("fact-reworded-english");
    let state = ["--state", "seen", "--at", "2026-02-02T09:00:00Z", "--json"];
    let url = server.url();
    let arguments = [&["verify", &url, "--pin", PIN, "--mirror", &mirror][..], &state].concat();
    let run = customer.run(&arguments);
    assert!(run.codes().contains(&"FORK".to_owned()), "{:?}", run.codes());
    let forks =
        customer.files().into_iter().filter(|path| path.parent().unwrap().ends_with("forks"));
    assert_eq!(forks.count(), 2);
    assert!(run.err.contains("both sides are kept in "), "{}", run.err);
}

#[test]
fn runs_at_once_and_runs_killed_leave_state_that_reads_back() {
    let customer = Customer::new();
    let server = Server::folder(site("alive"));
    let url = server.url();
    for round in 0..12_u32 {
        let mut runs: Vec<_> = (0..4)
            .map(|_| {
                let mut command = customer.command();
                command.args(["verify", &url, "--pin", PIN, "--json"]);
                command.stdout(std::process::Stdio::null()).spawn().unwrap()
            })
            .collect();
        for (index, run) in runs.iter_mut().enumerate() {
            // Each round ends some of them at another point of their work.
            if index % 2 == 0 {
                for _ in 0..round * 200 {
                    std::thread::yield_now();
                }
                let _ = run.kill();
            }
            run.wait().unwrap();
        }
        let run = customer.run(&["verify", &url, "--pin", PIN, "--at", "2026-03-02T09:00:00Z"]);
        assert_eq!(run.status, 0, "round {round}: {}{}", run.out, run.err);
    }
}

#[test]
fn the_first_line_says_what_to_act_on_and_the_limits_are_always_there() {
    let customer = Customer::new();
    for (name, at, first) in [
        ("alive", "2026-03-02T09:00:00Z", "ALIVE LIVE: issue 3 affirmed 2026-03-01 09:00 UTC"),
        (
            "fact-absent",
            "2026-02-02T09:00:00Z",
            "ALARM LIVE: issue 2 affirmed 2026-02-01 09:00 UTC",
        ),
        ("quorum-short", "2026-01-02T09:00:00Z", "ALARM UNVERIFIED: what was found is not an"),
    ] {
        let run = customer.run(&["verify", &path(name), "--pin", PIN, "--at", at]);
        assert!(run.out.starts_with(first), "{}", run.out);
        assert!(run.out.contains("What a live canary does not show:"), "{}", run.out);
        assert!(!run.out.contains('\x1b'), "no colour away from a terminal");
    }
}

#[test]
fn nagios_gets_one_line_with_performance_data() {
    let customer = Customer::new();
    for (name, at, status, word) in [
        ("alive", "2026-03-02T09:00:00Z", 0, "CANARY OK - LIVE: "),
        ("overdue-one-second", "2026-03-02T09:00:00Z", 1, "CANARY WARNING - "),
        ("fact-absent", "2026-02-02T09:00:00Z", 2, "CANARY CRITICAL - LIVE: "),
    ] {
        let expect = site(name).join("../expect.json");
        let expect: Value = serde_json::from_slice(&fs::read(expect).unwrap()).unwrap();
        let at = if name == "overdue-one-second" { expect["at"].as_str().unwrap() } else { at };
        let run = customer.run(&["verify", &path(name), "--pin", PIN, "--at", at, "--nagios"]);
        assert_eq!(run.status, status, "{}", run.out);
        assert!(run.out.starts_with(word), "{}", run.out);
        assert_eq!(run.out.lines().count(), 1);
        let (_, data) = run.out.trim_end().split_once(" | ").unwrap();
        assert!(data.split(' ').all(|item| item.contains('=')), "{data}");
        assert!(data.starts_with("human_age="), "{data}");
    }
    let run = customer.run(&["verify", "http://127.0.0.1:1/", "--no-state", "--nagios"]);
    assert_eq!(run.status, 3);
    assert!(run.out.starts_with("CANARY UNKNOWN - UNREACHABLE: "), "{}", run.out);
}

#[test]
fn history_and_diff_show_both_texts() {
    let customer = Customer::new();
    let target = path("fact-reworded-english");
    let at = ["--at", "2026-02-02T09:00:00Z"];
    let run = |arguments: &[&str]| customer.run(&[arguments, &at].concat());
    let history = run(&["history", &target, "--json"]).json();
    assert_eq!(history["history"], "warrant-canary/history/v1");
    assert_eq!(history["issues"].as_array().unwrap().len(), 2);
    let told = run(&["history", &target, "--fact", "keys.own"]).out;
    let (before, after) = ("We have given none of our", "We have given almost none of our");
    assert!(told.contains(before) && told.contains(after), "{told}");
    for diff in [run(&["diff", &target, "1", "2"]), run(&["diff", &target, "2", "1"])] {
        assert_eq!(diff.status, 0);
        let (first, second) = (diff.out.find(before).unwrap(), diff.out.find(after).unwrap());
        assert!(first < second, "{}", diff.out);
    }
    let diff = run(&["diff", &target, "1", "2", "--json"]).json();
    assert_eq!(diff["changed"][0]["id"], "keys.own");
    let run = run(&["diff", &target, "1", "9"]);
    assert_eq!(run.status, 65);
    assert!(run.err.contains("there are issues 1 to 2"), "{}", run.err);
    let unknown = customer.run(&["history", &target, "--fact", "keys.other"]);
    assert_eq!(unknown.status, 65);
}

#[test]
fn what_is_gone_or_rotated_shows_in_a_diff() {
    let customer = Customer::new();
    let diff = |name: &str| customer.run(&["diff", &path(name), "1", "2", "--json"]).json();
    assert_eq!(diff("fact-absent")["absent"][0]["fact"]["id"], "dns.unmodified");
    assert!(diff("fact-absent")["absent"][0]["retiring_after"].is_null());
    assert!(diff("fact-retired-as-announced")["members"].is_array());
    assert_eq!(diff("scope-narrowed")["changed"][0]["scope"]["change"], "narrowed");
    let rotated = diff("roster-rotated-properly");
    let members: Vec<&str> = rotated["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["member"].as_str().unwrap())
        .collect();
    assert_eq!(members, ["roster.signers[Ada]", "roster.signers[Dia]"]);
}

#[test]
fn the_command_line_has_statuses_of_its_own() {
    let customer = Customer::new();
    for arguments in [
        &["verify"][..],
        &["verify", "a b"],
        &["verify", "https://example.com/#1"],
        &["verify", "ftp://example.com/"],
        &["verify", ".", "--pin", "none"],
        &["verify", ".", "--at", "yesterday"],
        &["verify", ".", "--json", "--nagios"],
        &["verify", ".", "--state", "x", "--no-state"],
        &["verify", PIN, "--pin", &PIN.replace("#1", "#2")],
        &["diff", ".", "0", "1"],
        &["trust", "add", "./site"],
    ] {
        let run = customer.run(arguments);
        assert_eq!(run.status, 64, "{arguments:?}: {}", run.err);
        assert_eq!(run.out, "");
    }
    let gone = customer.run(&["verify", "nowhere.canary", "--json"]);
    assert_eq!((gone.status, &gone.json()["state"]), (2, &Value::from("MISSING")));
}

#[test]
fn the_url_of_one_of_its_files_is_not_a_canary_that_is_gone() {
    let customer = Customer::new();
    let folder = "https://canary.example.net/.well-known/canary/";
    for file in ["issues/0003.json", "checkpoint", "feed.atom", "canary.ics", "badge.svg"] {
        let run = customer.run(&["verify", &format!("{folder}{file}"), "--no-state"]);
        assert_eq!(run.status, 64, "{file}: {}", run.err);
        let says = format!("name the folder: {folder}\n");
        assert!(run.err.contains(file) && run.err.contains(&says), "{}", run.err);
    }
}

#[test]
fn a_downgrade_from_https_is_refused_by_a_server_whose_certificate_is_believed() {
    let customer = Customer::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let roots = customer.0.path().join("roots.pem");
    fs::write(&roots, made.cert.pem()).unwrap();
    let key = made.signing_key.serialize_der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let plain = Server::folder(site("alive"));
    let elsewhere = format!("http://localhost:{}/checkpoint", plain.port);
    let server = Server::over(
        move |request, out| match request.path.as_str() {
            "/down/checkpoint" => respond(out, 302, &format!("Location: {elsewhere}\r\n"), b""),
            _ => file(&site("alive"), request, out),
        },
        move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            rustls::StreamOwned::new(connection, stream)
        },
    );
    let verify = |path: &str| {
        let mut command = customer.command();
        command.env("SSL_CERT_FILE", &roots);
        let url = format!("https://localhost:{}/{path}", server.port);
        command.args(["verify", &url, "--pin", PIN, "--no-state", "--json"]);
        command.args(["--at", "2026-03-02T09:00:00Z"]);
        Run::of(command.output().unwrap())
    };
    assert_eq!(verify("").json()["state"], "LIVE", "the roots of SSL_CERT_FILE are believed");
    let run = verify("down/");
    assert_eq!((run.status, &run.json()["state"]), (3, &Value::from("UNREACHABLE")));
    assert!(run.out.contains("redirected from https to http"), "{}", run.out);
    assert_eq!(plain.asked(), [""; 0]);
}
