//! `canary watch` on canaries of every format: what is told, what is kept, and what an export proves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
#[path = "monitor/live.rs"]
mod live;
mod monitor;
mod server;

use std::path::Path;
use std::process::Command;

use build::{Series, first};
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use live::{DAY, live, pin, publish};
use monitor::{Operator, Pages, Running, codes, have, now, wait_for};
use nix::sys::signal::Signal;
use serde_json::Value;

const FACTS: [&str; 2] =
    ["We have never placed a backdoor.", "We have not handed over any private key."];

fn text(issued: Timestamp, next: Timestamp, facts: &[&str]) -> String {
    let facts: String = facts.iter().map(|fact| format!("- {fact}\n")).collect();
    format!("Warrant canary\n\nDate: {}\nNext update: {}\n\n{facts}", issued.date(), next.date())
}

fn ssh_keygen(folder: &Path, arguments: &[&str]) {
    let made = Command::new("ssh-keygen").current_dir(folder).args(arguments).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Signs a text and gives the detached signature.
fn signed(operator: &Operator, words: &str) -> Vec<u8> {
    let text = operator.put("text", words);
    let _ = std::fs::remove_file(operator.path().join("text.sig"));
    ssh_keygen(operator.path(), &["-q", "-Y", "sign", "-f", "key", "-n", "file", "text"]);
    std::fs::read(text.with_extension("sig")).unwrap()
}

fn with_key() -> Operator {
    let operator = Operator::new("");
    ssh_keygen(operator.path(), &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"]);
    operator
}

#[test]
fn a_signed_text_with_its_signature_beside_it_is_watched() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let (operator, pages) = (with_key(), Pages::default());
    let server = pages.serve();
    operator.configure(&format!(
        "[defaults]\nmissing_after = \"0s\"\nconfirm_checks = 1\n\
         [[target]]\nname = \"signed\"\nurl = \"{0}canary.txt\"\ndialect = \"sshsig\"\n\
         keys = {{ alice = \"key.pub\" }}\nsignatures = [\"canary.txt.sig\"]\n",
        server.url()
    ));
    let publish = |words: &str| {
        pages.set("/canary.txt", words);
        pages.set("/canary.txt.sig", signed(&operator, words));
    };
    let today = now();
    let old = text(today.plus(-20 * DAY), today.plus(10 * DAY), &FACTS);
    publish(&old);
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((line["state"].as_str(), line["severity"].as_str()), (Some("LIVE"), Some("alive")));
    assert_eq!(line["issue"], 1);

    // One fact is gone, and it is signed: told at the first look.
    publish(&text(today.plus(-DAY), today.plus(29 * DAY), &FACTS[..1]));
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((line["state"].as_str(), line["issue"].as_u64()), (Some("LIVE"), Some(2)));
    assert_eq!(codes(&line), ["FACT_ABSENT"]);

    // The older text with its own good signature.
    publish(&old);
    let line = operator.once().remove("signed").unwrap();
    assert_eq!(codes(&line), ["FACT_ABSENT", "ROLLBACK"]);

    // Words that nobody signed, under a signature of others.
    pages.set("/canary.txt", text(today, today.plus(30 * DAY), &FACTS));
    let line = operator.once().remove("signed").unwrap();
    assert_eq!(line["state"], "UNVERIFIED");
    assert!(codes(&line).contains(&"BAD_SIGNATURE"), "{line}");

    // The signature is not there any more.
    pages.remove("/canary.txt.sig");
    let line = operator.once().remove("signed").unwrap();
    assert!(codes(&line).contains(&"MISSING"), "{line}");
    assert!(line["open"].to_string().contains("canary.txt.sig"));
}

#[test]
fn an_upload_under_way_is_no_forged_signature() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let (operator, pages) = (with_key(), Pages::default());
    let server = pages.serve();
    operator.configure(&format!(
        "[[target]]\nname = \"signed\"\nurl = \"{0}canary.txt\"\ndialect = \"sshsig\"\n\
         keys = {{ alice = \"key.pub\" }}\nsignatures = [\"canary.txt.sig\"]\n",
        server.url()
    ));
    let today = now();
    let (old, new) = (
        text(today.plus(-20 * DAY), today.plus(10 * DAY), &FACTS),
        text(today.plus(-DAY), today.plus(29 * DAY), &FACTS),
    );
    pages.set("/canary.txt", old.clone());
    pages.set("/canary.txt.sig", signed(&operator, &old));
    assert_eq!(codes(&operator.once()["signed"]), Vec::<&str>::new());
    pages.set("/canary.txt", new.clone());
    assert_eq!(codes(&operator.once()["signed"]), Vec::<&str>::new(), "it waits to be confirmed");
    pages.set("/canary.txt.sig", signed(&operator, &new));
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((codes(&line).len(), line["issue"].as_u64()), (0, Some(2)));
}

#[test]
fn a_page_without_signatures_is_watched_for_dates_and_wording() {
    let pages = Pages::default();
    let server = pages.serve();
    let config = |more: &str| {
        format!(
            "[defaults]\n{more}[[target]]\nname = \"page\"\nurl = \"{0}page.html\"\ndialect = \"plain\"\n\
             [[target]]\nname = \"daily\"\nurl = \"{0}daily.txt\"\ncadence = \"daily+1d\"\n",
            server.url()
        )
    };
    let operator = Operator::new(&config(""));
    let today = now();
    let page = |facts: &[&str], frame: u32| {
        let words = text(today.plus(-2 * DAY), today.plus(5 * DAY), facts).replace('\n', "<br>\n");
        format!("<html><body data-frame=\"{frame}\"><p>{words}</p></body></html>")
    };
    pages.set("/page.html", page(&FACTS, 1));
    // The words promise another month; the user says daily.
    pages.set("/daily.txt", text(today.plus(-10 * DAY), today.plus(20 * DAY), &FACTS));
    let lines = operator.once();
    assert_eq!(codes(&lines["page"]), ["UNSIGNED"]);
    assert_eq!(lines["page"]["state"], "LIVE");
    assert_eq!(lines["daily"]["state"], "LAPSED");
    assert_eq!(codes(&lines["daily"]), ["LAPSED", "UNSIGNED"]);

    // Another frame around the same words is the same canary.
    pages.set("/page.html", page(&FACTS, 2));
    let lines = operator.once();
    assert_eq!(
        (codes(&lines["page"]), &lines["page"]["issue"]),
        (vec!["UNSIGNED"], &Value::from(1))
    );

    // A page that says none of it may be an error page: it waits.
    pages.set("/page.html", "<html><body>Please try again later.</body></html>");
    assert_eq!(codes(&operator.once()["page"]), ["UNSIGNED"]);
    operator.configure(&config("confirm_checks = 1\nmissing_after = \"0s\"\n"));
    let lines = operator.once();
    assert_eq!(codes(&lines["page"]).iter().filter(|code| **code == "FACT_ABSENT").count(), 2);
}

#[test]
fn a_dialect_once_recognised_stays() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let (operator, pages) = (with_key(), Pages::default());
    let server = pages.serve();
    operator.configure(&format!(
        "[defaults]\nconfirm_checks = 1\nmissing_after = \"0s\"\n\
         [[target]]\nname = \"it\"\nurl = \"{0}canary.txt\"\nkeys = {{ alice = \"key.pub\" }}\n",
        server.url()
    ));
    let today = now();
    let words = text(today.plus(-DAY), today.plus(29 * DAY), &FACTS);
    let signature = String::from_utf8(signed(&operator, &words)).unwrap();
    pages.set("/canary.txt", format!("{words}{signature}"));
    let line = operator.once().remove("it").unwrap();
    assert_eq!((line["state"].as_str(), codes(&line).len()), (Some("LIVE"), 0), "{line}");
    // Without a signature it is not taken for a page that has none.
    pages.set("/canary.txt", words);
    let line = operator.once().remove("it").unwrap();
    assert_eq!((line["state"].as_str(), &line["severity"]), (Some("UNVERIFIED"), &"alarm".into()));
    assert!(!codes(&line).contains(&"UNSIGNED"), "{line}");
}

#[test]
fn an_export_proves_every_verdict_without_a_network() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let series = live(&url, 2);
    publish(&pages, "/canary/", &series);
    let pin = pin(&series, &url);
    let operator = Operator::new(&format!("[[target]]\nname = \"edge\"\npin = \"{pin}\"\n"));
    let line = operator.once().remove("edge").unwrap();
    assert_eq!((line["state"].as_str(), codes(&line).len()), (Some("LIVE"), 0), "{line}");
    let after_the_first = now();
    wait_for("the clock's next second", || now() > after_the_first);

    // Another issue 2, as authentic as the first: both are kept.
    let other = {
        let mut other = live(&url, 1);
        other.leaves[0].clone_from(&series.leaves[0]);
        other.newest = first();
        let mut next = series.newest.clone();
        next.facts.pop();
        next.previous = Some(series.digest(1));
        other.push(next, &["Bo", "Chen"]);
        other.heartbeat_at(now().plus(-300))
    };
    publish(&pages, "/canary/", &other);
    let line = operator.once().remove("edge").unwrap();
    assert!(codes(&line).contains(&"FORK"), "{line}");

    let exported = operator.run(&["watch", "export", "--out", "out", "--watcher", "w.example"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let before = ["watch", "export", "--out", "before", "--at", &after_the_first.to_string()];
    assert!(operator.run(&before).status.success());
    let listed: Value =
        serde_json::from_slice(&std::fs::read(operator.path().join("out/targets.json")).unwrap())
            .unwrap();
    let folder = listed["targets"][0]["folder"].as_str().unwrap().to_owned();

    // Nothing listens there any more: what follows needs no network.
    let at = now().to_string();
    let verify = |out: &str, pinned: &str| {
        let place = format!("{out}/{folder}/site");
        let arguments = ["verify", &place, "--pin", pinned, "--at", &at, "--json"];
        let said = operator.run(&arguments);
        let report: Value = serde_json::from_slice(&said.stdout).unwrap();
        (report["state"].as_str().unwrap().to_owned(), report["issue"]["digest"].clone())
    };
    let pinned = pin.to_string();
    let digest = |series: &Series| Value::from(series.digest(2).to_string());
    assert_eq!(verify("before", &pinned), ("LIVE".to_owned(), digest(&series)));
    assert_eq!(verify("out", &pinned), ("LIVE".to_owned(), digest(&other)));
    let history = operator.run(&["history", &format!("out/{folder}/site"), "--json"]);
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history["issues"].as_array().unwrap().len(), 2);

    let root = operator.path().join("out").join(&folder);
    assert_eq!(std::fs::read_dir(root.join("twice/0002")).unwrap().count(), 2, "side by side");
    let fork = std::fs::read_dir(root.join("forks")).unwrap().next().unwrap().unwrap().path();
    let found = operator.run(&["verify-fork", &fork.display().to_string()]);
    assert_eq!(found.status.code(), Some(2), "{}", String::from_utf8_lossy(&found.stdout));
    let bodies: Value =
        serde_json::from_slice(&std::fs::read(root.join("sightings.json")).unwrap()).unwrap();
    for body in bodies.as_array().unwrap() {
        let name = body["sha256"].as_str().unwrap();
        let bytes = std::fs::read(root.join("bodies").join(name)).unwrap();
        let digest = canary_format::digest::Digest::of(&bytes).to_string();
        assert_eq!(digest, format!("sha256:{name}"));
    }
}

#[test]
fn a_targets_page_shows_the_life_of_each_fact() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let mut series = live(&url, 2);
    publish(&pages, "/canary/", &series);
    let pin = pin(&series, &url);
    let operator = Operator::new(&format!("[[target]]\nname = \"edge\"\npin = \"{pin}\"\n"));
    let life = |id: &str| {
        let line = operator.once().remove("edge").unwrap();
        assert!(operator.run(&["watch", "export", "--site", "pages"]).status.success());
        let page = format!("pages/target/{}.html", line["id"].as_str().unwrap());
        let page = std::fs::read_to_string(operator.path().join(page)).unwrap();
        let mut rows = page.split("<tr>").filter_map(|row| row.split("</tr>").next());
        let row = rows.find(|row| row.contains(&format!("<span>{id}</span>")));
        let row = row.unwrap_or_else(|| panic!("{id}: {page}"));
        let times = row.split("<time>").skip(1).map(|cell| cell.split('<').next().unwrap());
        (times.collect::<Vec<_>>().join(" "), row.contains(">affirmed<"))
    };
    let as_of = |series: &Series| series.newest.as_of.to_string();
    let (first, second) = (series.newest.as_of.plus(-3_600).to_string(), as_of(&series));
    assert_eq!(life("data.no-bulk"), (format!("{first} {second}"), true));
    let mut next = series.next();
    (next.as_of, next.next_due) = (series.newest.as_of.plus(3_600), now().plus(7 * DAY));
    next.expires = now().plus(14 * DAY);
    next.facts.retain(|fact| fact.id != "data.no-bulk");
    series.push(next, &["Ada", "Bo"]);
    publish(&pages, "/canary/", &series.clone().heartbeat_at(now().plus(-300)));
    assert_eq!(life("data.no-bulk"), (format!("{first} {second}"), false));
    assert_eq!(life("keys.own"), (format!("{first} {}", as_of(&series)), true));
}

#[test]
fn a_report_takes_the_watchers_own_record() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let series = live(&url, 1);
    publish(&pages, "/canary/", &series);
    let pin = pin(&series, &url).to_string();
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"edge\"\npin = \"{pin}\"\ninterval = \"1h\"\n"
    ));
    operator.once();
    operator.once();
    assert!(operator.run(&["watch", "export", "--out", "out"]).status.success());
    let listed = std::fs::read(operator.path().join("out/targets.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let folder = format!("out/{}", listed["targets"][0]["folder"].as_str().unwrap());
    let at = now().plus(60).to_string();
    let (site, watch) = (format!("{folder}/site"), format!("{folder}/watch.json"));
    let report = operator.run(&[
        "report", &site, "--pin", &pin, "--watch", &watch, "--kind", "edpb", "--at", &at, "--json",
    ]);
    let report: Value = serde_json::from_slice(&report.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&report.stderr)));
    let watched = &report["suppliers"][0]["watch"];
    assert_eq!(watched["watcher"], "canary watch");
    assert_eq!((watched["looks"].as_u64(), watched["interval"].as_u64()), (Some(2), Some(3_600)));
    assert_eq!(watched["gaps"].as_array().unwrap().len(), 0);
}

#[test]
fn an_export_of_another_format_is_read_by_history_and_verify() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let (operator, pages) = (with_key(), Pages::default());
    let server = pages.serve();
    operator.configure(&format!(
        "[[target]]\nname = \"signed\"\nurl = \"{0}canary.txt\"\ndialect = \"sshsig\"\n\
         keys = {{ alice = \"key.pub\" }}\nsignatures = [\"canary.txt.sig\"]\n\
         [[target]]\nname = \"undated\"\nurl = \"{0}page.txt\"\ncadence = \"daily\"\n",
        server.url()
    ));
    let today = now();
    for (age, facts) in [(20, &FACTS[..]), (1, &FACTS[..1])] {
        let words = text(today.plus(-age * DAY), today.plus((30 - age) * DAY), facts);
        pages.set("/canary.txt", words.clone());
        pages.set("/canary.txt.sig", signed(&operator, &words));
        pages.set("/page.txt", "We have never placed a backdoor.\n");
        operator.once();
    }
    assert!(operator.run(&["watch", "export", "--out", "out"]).status.success());
    let listed = std::fs::read(operator.path().join("out/targets.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    drop(server);
    let ran = |name: &str, verb: &str, at: Option<Timestamp>| {
        let all = listed["targets"].as_array().unwrap();
        let target = all.iter().find(|target| target["name"] == name).unwrap();
        let commands = target["recheck"].as_array().unwrap().iter().map(|c| c.as_str().unwrap());
        let command = commands.into_iter().find(|command| command.contains(verb)).unwrap();
        let mut words: Vec<String> = command.split(' ').skip(1).map(str::to_owned).collect();
        if let Some(at) = at {
            *words.last_mut().unwrap() = at.to_string();
        }
        words.push("--json".to_owned());
        let words: Vec<&str> = words.iter().map(|word| word.trim_matches('\'')).collect();
        let output = operator.command(&words).current_dir(operator.path().join("out")).output();
        let output = output.unwrap();
        serde_json::from_slice::<Value>(&output.stdout)
            .unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let history = ran("signed", "history", None);
    assert_eq!(history["issues"].as_array().unwrap().len(), 2);
    assert_eq!(history["report"]["state"], "LIVE");
    let found = history["report"]["findings"].to_string();
    assert!(found.contains("FACT_ABSENT"), "{found}");
    assert_eq!(ran("signed", "verify", None)["state"], "LIVE");
    // A page without a date counts from when it was first seen, which the folder says.
    let history = ran("undated", "history", Some(today.plus(3 * DAY)));
    assert_eq!(history["report"]["state"], "LAPSED", "{history}");
}

#[test]
fn the_trust_file_gives_targets() {
    let pages = Pages::default();
    let server = pages.serve();
    let (one, two) = (format!("{}one/", server.url()), format!("{}two/", server.url()));
    let (first, second) = (live(&one, 1), live(&two, 1));
    publish(&pages, "/one/", &first);
    publish(&pages, "/two/", &second);
    let operator = Operator::new("[[trust]]\ninterval = \"6h\"\n");
    for (series, url) in [(&first, &one), (&second, &two)] {
        let added = operator.run(&["trust", "add", &pin(series, url).to_string()]);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    let lines = operator.once();
    assert_eq!(lines.len(), 2);
    for url in [&one, &two] {
        let line = &lines[url.as_str()];
        assert_eq!(
            (line["state"].as_str(), codes(line).len()),
            (Some("LIVE"), 0),
            "pinned: {line}"
        );
    }
    // What is a target besides is watched as it is configured there.
    operator.configure(&format!("[[target]]\nname = \"mine\"\nurl = \"{one}\"\n[[trust]]\n"));
    let lines = operator.once();
    assert_eq!(lines.keys().map(String::as_str).collect::<Vec<_>>(), [two.as_str(), "mine"]);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let operator = Operator::new(
        "interval = \"1h\"\n\
         [[target]]\n\
         url = \"https://a.example/canary.txt\"\n\
         dialect = \"opengpg\"\n\
         keys = { alice = \"absent.asc\" }\n\
         quorum = 2\n\
         cadence = \"sometimes\"\n\
         mirrors = [\"https://b.example/\"]\n\
         [[target]]\n\
         url = \"https://a.example/canary.txt\"\n\
         dialect = \"openpgp\"\n\
         [[trust]]\n\
         path = \"absent.json\"\n\
         [retention]\n\
         evidence_per_day = \"10\"\n",
    );
    let said = operator.run(&["watch", "check-config"]);
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    for place in [
        "watch.toml:1:1: unknown field `interval`",
        "watch.toml:4:11: `dialect` must be one of openpgp",
        "watch.toml:5:18: cannot read \"absent.asc\"",
        "watch.toml:6:10: `quorum` is 2, and keys of 0 persons are named",
        "watch.toml:7:11: `cadence` must be",
        "watch.toml:2:1: `mirrors` is for native canaries",
        "watch.toml:11:11: `keys` or `allowed_signers` is missing",
        "watch.toml:10:7: the target is listed twice",
        "watch.toml:12:1: there is no trust file",
        "watch.toml:15:20: `evidence_per_day` must be",
    ] {
        assert!(said.contains(place), "{place}\n{said}");
    }
}

#[test]
fn a_reload_loses_nothing() {
    let pages = Pages::default();
    let server = pages.serve();
    let (one, two) = (format!("{}one/", server.url()), format!("{}two/", server.url()));
    let (first, second) = (live(&one, 1), live(&two, 1));
    publish(&pages, "/one/", &first);
    publish(&pages, "/two/", &second);
    let target = |name: &str, pin: Pin| format!("[[target]]\nname = \"{name}\"\npin = \"{pin}\"\n");
    let (a, b) = (target("a", pin(&first, &one)), target("b", pin(&second, &two)));
    let operator = Operator::new(&a);
    let running = Running::start(&operator, &[]);
    let shows = |words: &str| running.page("/").1.contains(words);
    wait_for("a was asked", || shows(">LIVE<"));
    let id = canary_monitor_id(&one);
    let timeline = || running.page(&format!("/target/{id}")).1;
    wait_for("its first issue", || timeline().contains("new issue: 1"));

    // A mistake: it is named, and what was in force stays.
    operator.configure("[[target]]\nurl = 7\n");
    running.signal(Signal::SIGHUP);
    running.wait_for_words("the configuration in force stays");
    assert!(shows(">a<"));

    // Another target, and back again: the first one's history is there all the while.
    operator.configure(&format!("{a}{b}"));
    running.signal(Signal::SIGHUP);
    running.wait_for_words("configuration taken over: 2 targets");
    wait_for("b was asked", || running.page("/").1.matches(">LIVE<").count() == 2);
    assert_eq!(timeline().matches("new issue: 1").count(), 1, "{}", timeline());
    operator.configure(&b);
    running.signal(Signal::SIGHUP);
    running.wait_for_words("configuration taken over: 1 targets");
    assert!(!shows(">a<") && shows(">b<"));
    operator.configure(&format!("{b}{a}"));
    running.signal(Signal::SIGHUP);
    wait_for("a is back", || shows(">a<") && timeline().contains("new issue: 1"));
    assert_eq!(timeline().matches("new issue: 1").count(), 1, "{}", timeline());
    assert!(running.page("/metrics").1.contains("canary_watch_reloads_total 3"));
    running.stop();
}

#[test]
fn one_round_asks_every_target_whenever_its_turn_is() {
    const TARGETS: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    live("https://canary.example/main/", 1).write(folder.path());
    // Each of them serves the same series: none has trouble that would bring it back sooner.
    let server = server::Server::new(move |request, out| {
        let path = request.path.splitn(3, '/').nth(2).unwrap();
        match std::fs::read(folder.path().join(path)) {
            Ok(bytes) => server::respond(out, 200, "", &bytes),
            Err(_) => server::respond(out, 404, "", b"not here"),
        }
    });
    let operator = Operator::new("[limits]\nper_host = 64\n[[list]]\npath = \"fleet.txt\"\n");
    let list = (0..TARGETS).map(|n| format!("{}{n}/\n", server.url()));
    operator.put("fleet.txt", list.collect::<String>());
    for round in 1..=3 {
        let before = server.asked().len();
        assert_eq!(operator.once().len(), TARGETS);
        let asked: std::collections::BTreeSet<String> = server.asked()[before..]
            .iter()
            .map(|path| path.split('/').nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(asked.len(), TARGETS, "round {round}");
    }
}

#[test]
fn a_large_fleet_is_shown_a_part_at_a_time() {
    const TARGETS: usize = 5_100;
    // Nothing listens at port 1.
    let operator = Operator::new(
        "[[list]]\npath = \"fleet.txt\"\ninterval = \"31d\"\n[metrics]\naggregate_from = 100\n",
    );
    let list = (0..TARGETS).map(|n| format!("http://127.0.0.1:1/{n}/ name-{n:04}\n"));
    operator.put("fleet.txt", list.collect::<String>());
    let running = Running::start(&operator, &[]);
    for sort in ["name", "urgency", "due"] {
        let mut address = format!("/?sort={sort}");
        let mut names = std::collections::BTreeSet::new();
        let mut pages = 0;
        loop {
            let (status, page) = running.page(&address);
            assert_eq!(status, 200);
            let shown: Vec<&str> = page.split("\">name-").skip(1).map(|name| &name[..4]).collect();
            assert!(sort != "name" || shown.is_sorted());
            names.extend(shown.into_iter().map(str::to_owned));
            pages += 1;
            assert_eq!(page.contains(">first</a>"), pages > 1);
            let next = page.split("<a href=\"").find(|part| part.contains(">next</a>"));
            let Some(next) = next else { break };
            address = format!("/{}", next.split('"').next().unwrap().replace("&amp;", "&"));
        }
        assert_eq!((names.len(), pages), (TARGETS, TARGETS.div_ceil(200)), "{sort}");
    }
    let metrics = running.page("/metrics").1;
    assert!(metrics.contains(&format!("canary_watch_targets {TARGETS}\n")));
    let of_severity = |severity: &str| {
        let name = format!("canary_watch_targets_by_severity{{severity=\"{severity}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name.as_str()));
        line.map_or(0, |count| count.parse::<usize>().unwrap())
    };
    assert_eq!(of_severity("unknown"), TARGETS, "nothing can be concluded of any");
    assert!(!metrics.contains("canary_up"));
    running.stop();
    let exported = operator.run(&["watch", "export", "--site", "site"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let last = std::fs::read_to_string(operator.path().join("site/name-25.html")).unwrap();
    assert!(last.contains("name-5099") && !last.contains(">next</a>"));
    assert!(last.contains("<a href=\"name-24.html\">previous</a>"));
}

#[test]
fn the_service_manager_and_a_dead_man_are_told() {
    let pages = Pages::default();
    let server = pages.serve();
    pages.set("/ping", "");
    let url = format!("{}canary/", server.url());
    let series = live(&url, 1);
    publish(&pages, "/canary/", &series);
    let operator = Operator::new(&format!(
        "[dead_man]\nurl = \"{}ping\"\nevery = \"5s\"\n[[target]]\nname = \"edge\"\npin = \"{}\"\n",
        server.url(),
        pin(&series, &url)
    ));
    let path = operator.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let path = path.display().to_string();
    let running = Running::start_with(&operator, &[], &[("NOTIFY_SOCKET", &path)]);
    let next = |wanted: &str| {
        let mut told = Vec::new();
        while !told.iter().any(|one: &String| one.contains(wanted)) {
            let mut bytes = [0; 1_024];
            let length = socket.recv(&mut bytes).unwrap_or_else(|_| panic!("{wanted}: {told:?}"));
            told.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
        }
    };
    next("READY=1");
    next("WATCHDOG=1");
    running.signal(Signal::SIGHUP);
    next("STATUS=reloading");
    next("READY=1");
    wait_for("the dead man's ping", || server.asked().iter().any(|path| path == "/ping"));
    running.signal(Signal::SIGTERM);
    next("STOPPING=1");
}

#[test]
fn a_ci_job_gets_a_report_of_each_target() {
    let pages = Pages::default();
    let server = pages.serve();
    let today = now();
    pages.set("/%3Ca%3E&.txt", text(today.plus(-9 * DAY), today.plus(-2 * DAY), &FACTS));
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"<a> & \\\"b\\\"\"\nurl = \"{}%3Ca%3E&.txt\"\ndialect = \"plain\"\n",
        server.url()
    ));
    let output = operator.run(&["watch", "--once", "--junit", "report.xml"]);
    assert_eq!(output.status.code(), Some(2), "as `canary verify` exits");
    let report = std::fs::read_to_string(operator.path().join("report.xml")).unwrap();
    assert!(report.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{report}");
    assert!(report.contains("name=\"&lt;a&gt; &amp; &quot;b&quot;\""), "{report}");
    assert!(report.contains("<failure message=\"LAPSED\">"), "{report}");
}

/// The identity of a target as its page's address has it.
fn canary_monitor_id(url: &str) -> String {
    let digest = canary_format::digest::Digest::of(url.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.0[..8]);
    format!("{:016x}", i64::from_be_bytes(first) & i64::MAX)
}
