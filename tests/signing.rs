//! The signing ceremony as people hold it: at a terminal, with keys of several makers.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "signing/desk.rs"]
mod desk;
#[path = "signing/keys.rs"]
mod keys;
#[path = "signing/other_reader.rs"]
mod other_reader;

use std::process::{Command, Stdio};

use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use desk::{Desk, Pressed};
use nix::sys::signal::Signal;

use Pressed::{Affirm, LeaveOut};

#[test]
fn two_persons_sign_and_the_company_publishes() {
    let desk = Desk::founded();
    let shown = desk.sign("ada", &[Affirm, Affirm]);
    assert!(shown.contains("Never, up to the date affirmed."), "{shown}");
    let status = desk.canary(&["status"]);
    assert_eq!(status.status.code(), Some(1));
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(said.contains("signed by Ada") && said.contains("still to sign: 1 of Bo, Chen"));
    desk.sign("bo", &[Affirm, Affirm]);
    let published = desk.canary(&["publish", "--to", "site"]);
    assert!(published.status.success(), "{published:?}");
    assert!(!desk.path("draft.json").exists());
    let bytes = std::fs::read(desk.path("canaries/0001.json")).unwrap();
    let envelope = Envelope::parse(&bytes).unwrap();
    let issue = Issue::parse(envelope.payload()).unwrap();
    assert_eq!(issue.facts.len(), 2);
    let status = desk.canary(&["status", "--json", "--ics", "renewal.ics"]);
    assert_eq!(status.status.code(), Some(0));
    let ics = std::fs::read_to_string(desk.path("renewal.ics")).unwrap();
    let due = issue.next_due.to_string().replace(['-', ':'], "");
    assert!(ics.contains(&format!("DTSTART:{due}")), "{ics}");
    assert!(desk.canary(&["status", "--ics", "renewal.ics"]).status.success(), "it is renewed");
    let key = std::fs::read(desk.path("keys/log")).unwrap();
    let over = desk.canary(&["status", "--ics", "keys/log"]);
    assert_eq!(over.status.code(), Some(74), "{over:?}");
    assert_eq!(std::fs::read(desk.path("keys/log")).unwrap(), key);
}

#[test]
fn an_export_is_written_over_nothing_but_an_export() {
    let desk = Desk::founded();
    assert!(desk.canary(&["sign", "--export", "to-sign"]).status.success());
    assert!(desk.canary(&["sign", "--export", "to-sign"]).status.success());
    for kept in ["draft.json", "canary.toml", "keys/log"] {
        let before = std::fs::read(desk.path(kept)).unwrap();
        let said = desk.canary(&["sign", "--export", kept]);
        assert_eq!(said.status.code(), Some(74), "{said:?}");
        assert_eq!(std::fs::read(desk.path(kept)).unwrap(), before, "{kept}");
    }
}

#[test]
fn one_key_press_leaves_a_fact_out_and_no_trace_of_it() {
    let desk = Desk::founded();
    let before = desk.issue();
    desk.sign("ada", &[Affirm, LeaveOut]);
    let draft = std::fs::read_to_string(desk.path("draft.json")).unwrap();
    assert!(!draft.contains("net.no-feed"));
    let mut after = desk.issue();
    assert_eq!(after.facts, before.facts[..1]);
    after.facts.clone_from(&before.facts);
    assert_eq!(after, before, "nothing else differs");
}

#[test]
fn a_later_signer_who_leaves_a_fact_out_starts_anew() {
    let desk = Desk::founded();
    desk.sign("ada", &[Affirm, Affirm]);
    let shown = desk.sign("bo", &[LeaveOut, Affirm]);
    assert!(shown.contains("these persons sign again: Ada"), "{shown}");
    assert!(!desk.canary(&["publish", "--to", "site"]).status.success());
    let shown = desk.sign("ada", &[Affirm]);
    assert!(shown.contains("since the first signature") && shown.contains("not here any more"));
    assert!(desk.canary(&["publish", "--to", "site"]).status.success());
    let envelope = std::fs::read_to_string(desk.path("canaries/0001.json")).unwrap();
    let payload = Envelope::parse(envelope.as_bytes()).unwrap();
    assert!(!String::from_utf8_lossy(payload.payload()).contains("keys.own"));
}

#[test]
fn the_next_issue_shows_what_changed_and_drafts_keep_signatures() {
    let desk = Desk::published();
    let toml = desk.path("canary.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, text.replace("threshold = 2", "threshold = 3")).unwrap();
    desk.wait_until_after(desk.newest().as_of);
    assert!(desk.canary(&["draft", "--offline"]).status.success());
    let shown = desk.sign("ada", &[Affirm, Affirm]);
    assert!(shown.contains("Changes since issue 1:"), "{shown}");
    assert!(shown.contains("3 persons from 2 jurisdictions, before 2 from 2"), "{shown}");
    assert!(shown.contains("(as in issue 1)"));
    let signed = std::fs::read(desk.path("draft.json")).unwrap();
    let again = desk.canary(&["draft", "--offline"]);
    assert_eq!(again.status.code(), Some(78), "a draft with signatures is not made anew");
    assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), signed);
    // Made anew within the same second it would be the same payload, and keep its signatures.
    desk.wait_until_after(desk.issue().as_of);
    assert!(desk.canary(&["draft", "--offline", "--discard-signatures"]).status.success());
    assert!(desk.draft().signatures().is_empty() && desk.draft().first_signed().is_some());
}

#[test]
fn nothing_signs_without_a_person_at_a_terminal() {
    let desk = Desk::founded();
    let before = std::fs::read(desk.path("draft.json")).unwrap();
    let key = desk.key("ada");
    let answers = "aa\nsign 1\n".repeat(100);
    for input in [Stdio::null(), desk.pipe(&"y\n".repeat(1_000)), desk.pipe(&answers)] {
        // In a session of its own there is no terminal to fall back on either.
        let mut command = Command::new("setsid");
        command.arg(env!("CARGO_BIN_EXE_canary")).args(["sign", "--key"]).arg(&key);
        let output = command.current_dir(desk.root()).stdin(input).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("needs a person at a terminal"));
    }
    // `yes` from a terminal of its own: no key of it affirms anything, and `sign 1` is never typed.
    let mut session = desk.spawn(&["sign", "--key", &key]);
    session.exp_string("q: stop   > ").unwrap();
    for _ in 0..200 {
        if session.send("y\n").and_then(|_| session.flush().map(|()| 0)).is_err() {
            break;
        }
    }
    let shown = session.exp_eof().unwrap();
    assert!(shown.contains("stopped: nothing was signed"), "{shown}");
    assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), before);
}

#[test]
fn what_is_typed_before_a_question_is_shown_answers_nothing() {
    let desk = Desk::founded();
    let before = std::fs::read(desk.path("draft.json")).unwrap();
    let arguments = ["sign", "--key", &desk.key("ada")];
    let mut session = desk.spawn_typed_ahead("aasign 1\n", &arguments);
    session.exp_string("Fact 1 of 2").unwrap();
    session.exp_string("q: stop   > ").unwrap();
    session.send("q").unwrap();
    session.flush().unwrap();
    let shown = session.exp_eof().unwrap();
    assert!(shown.contains("stop") && !shown.contains("affirm"), "{shown}");
    assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), before);
}

#[test]
fn a_killed_ceremony_loses_nothing_and_is_run_again() {
    let desk = Desk::founded();
    desk.sign("ada", &[Affirm, Affirm]);
    let before = std::fs::read(desk.path("draft.json")).unwrap();
    for (answers, until) in [(0, "you sign as"), (1, "Fact 2 of 2"), (2, "To sign, type")] {
        let mut session = desk.spawn(&["sign", "--key", &desk.key("bo")]);
        for _ in 0..answers {
            session.exp_string("q: stop   > ").unwrap();
            session.send("a").and_then(|_| session.flush().map(|()| 0)).unwrap();
        }
        session.exp_string(until).unwrap();
        session.process_mut().signal(Signal::SIGKILL).unwrap();
        session.process().wait().unwrap();
        assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), before, "{until}");
    }
    desk.sign("bo", &[Affirm, Affirm]);
    assert_eq!(desk.draft().signatures().len(), 2);
}

#[test]
fn a_statement_that_waits_for_a_review_is_not_signed() {
    let desk = Desk::founded();
    let toml = desk.path("canary.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let fact = "[[facts]]\ntemplate = \"order.transfer\"\nscope = { jurisdictions = [\"AU\"] }\n\n[roster]";
    std::fs::write(&toml, text.replace("[roster]", fact)).unwrap();
    let drafted = desk.canary(&["draft", "--offline", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&drafted.stdout).unwrap();
    let waiting = &document["reviews_needed"][0];
    assert_eq!(waiting["jurisdiction"], "AU");
    let before = std::fs::read(desk.path("draft.json")).unwrap();
    let mut session = desk.spawn(&["sign", "--key", &desk.key("ada")]);
    let shown = session.exp_eof().unwrap();
    assert!(shown.contains("wait for a named review"), "{shown}");
    assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), before);
    let review = format!(
        "[[review]]\nstatement = \"order.transfer\"\njurisdiction = \"AU\"\nwords = {}\nreviewer = \"R. Viewer\"\ndate = \"2026-01-01\"\n",
        waiting["words"]
    );
    std::fs::write(desk.path("reviews.toml"), review).unwrap();
    desk.sign("ada", &[Affirm, Affirm, Affirm]);
    let draft = std::fs::read_to_string(desk.path("draft.json")).unwrap();
    assert!(!draft.contains("Viewer"), "a review stays outside the issue");
}

#[test]
fn an_issue_that_a_target_did_not_take_is_not_published() {
    let desk = Desk::published();
    let said = |arguments: &[&str]| {
        let output = desk.canary(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let site = desk.root().canonicalize().unwrap().join("site").display().to_string();
    let (code, text) = said(&["status"]);
    assert!(code == Some(0) && text.contains(&format!("published: on {site}\n")), "{text}");
    desk.wait_until_after(desk.newest().as_of);
    assert!(desk.canary(&["draft", "--offline"]).status.success());
    desk.sign("ada", &[Affirm, Affirm]);
    desk.sign("bo", &[Affirm, Affirm]);
    // The series grows, and one target does not.
    assert!(desk.canary(&["publish", "--to", "mirror"]).status.success());
    assert_eq!(desk.newest().number, 2);
    let (code, text) = said(&["status"]);
    assert!(code == Some(1) && text.contains("issue 2 is not published"), "{text}");
    let first_due = canary_signer::folder::issue(desk.root(), 1).unwrap().next_due;
    let (code, text) = said(&["status", "--json", "--at", &first_due.plus(1).to_string()]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &document["urgency"]), (Some(2), &"overdue".into()));
    assert_eq!(document["published"]["targets"][&site], 1);
    assert!(desk.canary(&["publish", "--to", "site"]).status.success());
    // One place has one line, however it is typed.
    let again = desk.path("mirror/../site/").display().to_string();
    assert!(desk.canary(&["publish", "--to", &again]).status.success());
    let (code, text) = said(&["status", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, document["published"]["targets"].as_object().map(|all| all.len())),
        (Some(0), Some(2))
    );
    // Targets of canary.toml that no run reached are not known.
    let toml = desk.path("canary.toml");
    let before = std::fs::read_to_string(&toml).unwrap();
    let targets = "[targets]\nproduction = \"site\"\nmirror = \"elsewhere\"\n";
    let with = |targets: &str| before.replace("[targets]\n", targets);
    std::fs::write(&toml, with(targets)).unwrap();
    let (code, text) = said(&["status"]);
    assert!(code == Some(1) && text.contains("; on mirror: not known"), "{text}");
    // Two names of one place are a mistake, before anything is written.
    std::fs::write(&toml, with(&targets.replace("elsewhere", "./site/"))).unwrap();
    let twice = desk.canary(&["publish"]);
    assert_eq!(twice.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("are one place"));
    std::fs::write(&toml, &before).unwrap();
    let record = desk.path(".canary/delivered.json");
    // A run that failed says nothing of what the target holds.
    std::fs::write(&record, r#"{"targets":{"site":0}}"#).unwrap();
    let (code, text) = said(&["status"]);
    assert!(code == Some(1) && text.contains("; on site: not known"), "{text}");
    // The folder was taken from its history.
    std::fs::write(&record, r#"{"targets":{"site":99}}"#).unwrap();
    let (code, text) = said(&["status"]);
    assert!(code == Some(1) && text.contains("does not hold; on site: issue 99\n"), "{text}");
    assert!(text.starts_with("due: fetch what is published\n"), "{text}");
    std::fs::remove_file(record).unwrap();
    assert!(said(&["status"]).1.contains("published: nothing on record here"));
}

#[test]
fn an_id_that_comes_back_after_an_absence_has_its_words() {
    let desk = Desk::published();
    let toml = desk.path("canary.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let entry = "[[facts]]\ntemplate = \"net.no-feed\"\n";
    std::fs::write(&toml, text.replace(entry, "")).unwrap();
    desk.wait_until_after(desk.newest().as_of);
    assert!(desk.canary(&["draft", "--offline"]).status.success());
    desk.sign("ada", &[Affirm]);
    desk.sign("bo", &[Affirm]);
    assert!(desk.canary(&["publish", "--to", "site"]).status.success());
    let other = format!("{entry}text = {{ en = \"We have fed no one.\" }}\n");
    std::fs::write(&toml, text.replace(entry, &other)).unwrap();
    desk.wait_until_after(desk.newest().as_of);
    let refused = desk.canary(&["draft", "--offline"]);
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("net.no-feed: other words than in issue 1"), "{said}");
    std::fs::write(&toml, &text).unwrap();
    assert!(desk.canary(&["draft", "--offline"]).status.success());
    let shown = desk.sign("ada", &[Affirm, Affirm]);
    assert!(shown.contains("fact net.no-feed: affirmed again, last in issue 1"), "{shown}");
}

#[test]
fn no_key_is_written_over_and_what_lies_outside_is_made() {
    let desk = Desk::founded();
    let refused = |arguments: &[&str], said: &str| {
        let output = desk.canary(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(said), "{error}");
    };
    let bare = "--danger-no-passphrase";
    let public = std::fs::read(desk.path("keys/ada.pub")).unwrap();
    let other = desk.key("other/ada");
    std::fs::create_dir(desk.root().join("../other")).unwrap();
    refused(&["key", "new", "--out", &other, "--public-to", "keys", bare], "is there already");
    assert_eq!(std::fs::read(desk.path("keys/ada.pub")).unwrap(), public);
    assert!(!desk.root().join("../other/ada").exists());
    refused(&["key", "new", "--out", "keys/../bo", bare], "lies in the publisher's folder");
    assert!(desk.canary(&["key", "new", "--out", "../log.new", bare]).status.success());
    assert!(desk.root().join("../log.new.pub").exists());
}

#[test]
fn what_the_ceremony_refuses_is_not_taken_in_either() {
    let desk = Desk::founded();
    let draft = std::fs::read_to_string(desk.path("draft.json")).unwrap();
    let year = desk.issue().as_of.to_string()[..4].to_owned();
    std::fs::write(desk.path("signature"), [0; 64]).unwrap();
    let later = (year.parse::<u32>().unwrap() + 1).to_string();
    std::fs::write(desk.path("draft.json"), draft.replace(&year, &later)).unwrap();
    for arguments in [["sign", "--import", "signature"], ["sign", "--export", "to-sign"]] {
        let output = desk.canary(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(75) && said.contains("lies in the future"), "{said}");
    }
}

#[test]
fn mistakes_are_told_with_a_status_of_their_own() {
    let desk = Desk::founded();
    let before = std::fs::read(desk.path("draft.json")).unwrap();
    for (text, status) in [("origin = ", 78), ("origin = \"x\"\nfact = 1\n", 78)] {
        let toml = desk.path("canary.toml");
        let good = std::fs::read(&toml).unwrap();
        std::fs::write(&toml, text).unwrap();
        let output = desk.canary(&["draft", "--offline"]);
        assert_eq!(output.status.code(), Some(status));
        assert!(String::from_utf8_lossy(&output.stderr).contains("canary.toml line"), "{output:?}");
        std::fs::write(&toml, good).unwrap();
    }
    assert_eq!(std::fs::read(desk.path("draft.json")).unwrap(), before);
    std::fs::write(desk.path("draft.json"), &before[..before.len() / 2]).unwrap();
    assert_eq!(desk.canary(&["status"]).status.code(), Some(65));
    assert_eq!(desk.canary(&["init", "."]).status.code(), Some(64));
    let elsewhere = tempfile::tempdir().unwrap();
    let nothing = desk.canary(&["status", "--folder", elsewhere.path().to_str().unwrap()]);
    assert_eq!(nothing.status.code(), Some(78));
}

#[test]
fn init_asks_again_for_what_it_needs_before_it_asks_on() {
    let desk = Desk::empty();
    let key = desk.key("ada");
    let made = desk.canary(&["key", "new", "--out", &key, "--danger-no-passphrase"]);
    assert!(made.status.success(), "{made:?}");
    let arguments = ["init", ".", "--language=en", "--service=X=saas", "--fact=keys.own"];
    let mut session = desk.spawn(&arguments);
    for (asked, answer) in [
        ("The publisher's name: ", ""),
        ("The publisher's name: ", "Example"),
        ("URL prefix of the series", ""),
        ("Legal entities", "Example GmbH"),
        ("expected NAME=VALUE", "Example GmbH=DE"),
        (": ", ""),
        ("Signers", ""),
        ("Signers", "Ada,officer,DE,nowhere.pub"),
        ("nowhere.pub", &format!("Ada,officer,DE,{key}.pub")),
        (": ", ""),
        ("How often issues appear", "sometimes"),
        ("How often issues appear", "weekly"),
    ] {
        session.exp_string(asked).unwrap();
        session.send_line(answer).unwrap();
    }
    session.exp_string("made ").unwrap();
    session.exp_eof().unwrap();
    let text = std::fs::read_to_string(desk.path("canary.toml")).unwrap();
    assert!(text.contains("profile = \"weekly\""), "{text}");
    assert!(desk.root().join("draft.json").exists());
}
