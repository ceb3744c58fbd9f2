//! What `canary watch` has kept: an export, a target's page, and the record for a report.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
#[path = "monitor/live.rs"]
mod live;
mod monitor;
mod server;
#[path = "monitor/texts.rs"]
mod texts;

use build::{Series, first};
use canary_format::time::Timestamp;
use live::{DAY, live, pin, publish};
use monitor::{Operator, Pages, codes, have, now, wait_for};
use serde_json::Value;
use texts::{FACTS, Signed, text};

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

    // As of then, nothing is there that came later, and nothing is said that was concluded later.
    let earlier = operator.path().join("before").join(&folder);
    let read = |name: &str| std::fs::read_to_string(earlier.join(name)).unwrap();
    let count = |folder: &str| std::fs::read_dir(earlier.join(folder)).map_or(0, Iterator::count);
    assert_eq!((count("twice"), count("forks")), (0, 0));
    let last = after_the_first.to_string();
    for name in ["sightings.json", "timeline.json"] {
        let all: Value = serde_json::from_str(&read(name)).unwrap();
        assert!(!all.as_array().unwrap().is_empty());
        for one in all.as_array().unwrap() {
            let times = ["first", "last", "at"].into_iter().filter_map(|time| one[time].as_str());
            assert!(times.into_iter().all(|at| at <= last.as_str()), "{one}");
        }
    }
    assert!(!read("timeline.json").contains("FORK"));
    let watched: Value = serde_json::from_str(&read("watch.json")).unwrap();
    assert!(watched["looks"].is_null(), "{watched}: only those of a longer time are counted");
    let whole = std::fs::read_to_string(operator.path().join("before/targets.json")).unwrap();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert!(whole["targets"][0]["state"].is_null() && whole["targets"][0]["severity"].is_null());
    assert_eq!(listed["targets"][0]["severity"], "alarm");

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
fn an_older_copy_is_not_exported_for_the_tree_and_is_judged_as_it_was_watched() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let older = live(&url, 1);
    let newer = {
        let mut newer = older.clone();
        let mut next = newer.next();
        next.as_of = newer.newest.as_of.plus(3_600);
        (next.next_due, next.expires) = (now().plus(7 * DAY), now().plus(14 * DAY));
        newer.push(next, &["Ada", "Bo"]);
        newer.heartbeat_at(now().plus(-300))
    };
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"edge\"\npin = \"{}\"\nrequire_freshness = true\n\
         max_interval_days = 10\nwitnesses = \"w.policy\"\n",
        pin(&older, &url)
    ));
    let key = build::heartbeat_key("witness.example", "witness");
    operator.put("w.policy", format!("witness w {key}\nquorum w\n"));
    let next_second = || {
        let then = now();
        wait_for("the clock's next second", || now() > then);
    };
    let look = |series: &Series| {
        publish(&pages, "/canary/", series);
        operator.once().remove("edge").unwrap()
    };
    look(&older);
    next_second();
    look(&newer);
    let then = now();
    next_second();
    let line = look(&older);
    assert_eq!(line["issue"], 2, "an older copy takes nothing back: {line}");
    for (out, at) in [("now", None), ("then", Some(then.to_string()))] {
        let mut arguments = vec!["watch", "export", "--out", out];
        arguments.extend(at.as_ref().into_iter().flat_map(|at| ["--at", at]));
        assert!(operator.run(&arguments).status.success());
        let listed = std::fs::read(operator.path().join(out).join("targets.json")).unwrap();
        let listed: Value = serde_json::from_slice(&listed).unwrap();
        let command = listed["targets"][0]["recheck"][0].as_str().unwrap();
        let words = command.split(' ').skip(1).chain(["--json"]);
        let words: Vec<&str> = words.map(|word| word.trim_matches('\'')).collect();
        let said = operator.command(&words).current_dir(operator.path().join(out)).output();
        let said = said.unwrap();
        let report: Value = serde_json::from_slice(&said.stdout)
            .unwrap_or_else(|_| panic!("{command}: {}", String::from_utf8_lossy(&said.stderr)));
        assert_eq!(report["issue"]["number"], 2, "{out}: {command}");
        let found: Vec<&str> = (report["findings"].as_array().unwrap().iter())
            .filter(|finding| finding["severity"] != "alive")
            .map(|finding| finding["code"].as_str().unwrap())
            .collect();
        for code in codes(&line) {
            assert!(found.contains(&code), "{out}: {code} is not among {found:?}");
        }
        assert_eq!(codes(&line).len(), found.len(), "{out}: {found:?}");
    }
    assert_eq!(codes(&line).len(), 3, "{line}");
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
    let signed = Signed::new();
    let undated = format!(
        "[[target]]\nname = \"undated\"\nurl = \"{}page.txt\"\ncadence = \"daily\"\n",
        signed.server.url()
    );
    signed.configure("", &undated);
    let today = now();
    for (age, facts) in [(20, &FACTS[..]), (1, &FACTS[..1])] {
        let words = text(today.plus(-age * DAY), today.plus((30 - age) * DAY), facts);
        signed.publish(&words);
        signed.pages.set("/page.txt", "We have never placed a backdoor.\n");
        signed.operator.once();
    }
    let oldest = text(today.plus(-20 * DAY), today.plus(10 * DAY), &FACTS);
    signed.publish(&oldest);
    let line = signed.operator.once().remove("signed").unwrap();
    assert!(codes(&line).contains(&"ROLLBACK"), "{line}");
    let Signed { operator, server, .. } = signed;
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
    // What was served last is an older one again: history has the newer one.
    let verified = ran("signed", "verify", None);
    let day = |report: &Value| report["issue"]["as_of"].as_str().unwrap()[..10].to_owned();
    assert_eq!(day(&verified), today.plus(-20 * DAY).date().to_string());
    assert_eq!(day(&history["report"]), today.plus(-DAY).date().to_string());
    // A page without a date counts from when it was first seen, which the folder says.
    let history = ran("undated", "history", Some(today.plus(3 * DAY)));
    assert_eq!(history["report"]["state"], "LAPSED", "{history}");
}
