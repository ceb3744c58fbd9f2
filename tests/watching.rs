//! `canary watch` as an operator runs it: targets, mistakes, reloads, rounds, and who is told of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
#[path = "monitor/live.rs"]
mod live;
mod monitor;
mod server;
#[path = "monitor/texts.rs"]
mod texts;

use canary_format::pin::Pin;
use live::{DAY, live, pin, publish};
use monitor::{Operator, Pages, Running, codes, now, wait_for};
use nix::sys::signal::Signal;
use texts::{FACTS, text};

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
         evidence_per_day = \"10\"\n\
         evidence = \"1s\"\n\
         [[sink]]\n\
         name = \"a\"\n\
         kind = \"webhook\"\n\
         url = \"not a url\"\n\
         [[sink]]\n\
         name = \"b\"\n\
         kind = \"slack\"\n\
         url = \"http://h ooks/\"\n\
         [[route]]\n\
         name = \"r\"\n\
         sinks = []\n\
         [[route]]\n\
         name = \"r\"\n\
         sinks = [\"a\"]\n\
         [[silence]]\n\
         days = []\n\
         from = \"23:00\"\n\
         to = \"02:00\"\n\
         [dead_man]\n\
         url = \"https://x/\"\n\
         every = \"0s\"\n\
         [defaults]\n\
         remind_alarm = \"0s\"\n\
         unreachable_after = \"400d\"\n\
         missing_after = \"32d\"\n",
    );
    let said = operator.run(&["watch", "check-config"]);
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    for place in [
        "watch.toml:1:1: unknown field `interval`",
        "watch.toml:4:11: `dialect` must be one of openpgp",
        "watch.toml:5:18: cannot read \"absent.asc\"",
        "watch.toml:7:11: `cadence` must be",
        "watch.toml:2:1: `mirrors` is for native canaries",
        "watch.toml:11:11: `keys` or `allowed_signers` is missing",
        "watch.toml:10:7: the target is listed twice",
        "watch.toml:12:1: there is no trust file",
        "watch.toml:15:20: `evidence_per_day` must be",
        "watch.toml:16:12: `evidence` must be a duration such as 90d, of 1h at least",
        "watch.toml:20:7: not an http or https URL: \"not a url\"",
        "watch.toml:24:7: not an http or https URL: \"http://h ooks/\"",
        "watch.toml:27:9: a route has at least one sink",
        "watch.toml:29:8: another route has the name \"r\"",
        "watch.toml:32:8: without days the silence never holds",
        "watch.toml:37:9: `every` must be a duration from 5s to 1d",
        "watch.toml:39:16: `remind_alarm` must be a duration from 1m to 400d",
        "watch.toml:40:21: `unreachable_after` must be a duration from 0s to 31d",
        "watch.toml:41:17: `missing_after` must be a duration from 0s to 31d",
    ] {
        assert!(said.contains(place), "{place}\n{said}");
    }
    assert!(!said.contains("`quorum` is 2"), "a key's file was not read: {said}");
}

#[test]
fn who_has_no_sink_is_told_so() {
    let operator = Operator::new("[[target]]\nurl = \"https://a.example/\"\n");
    let said = operator.run(&["watch", "check-config"]);
    assert!(said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("remark: watch.toml:2:7: there is no `[[sink]]`"), "{said}");
    let tried = operator.run(&["watch", "test-alert"]);
    assert_eq!(tried.status.code(), Some(78));
    assert!(String::from_utf8(tried.stderr).unwrap().contains("add a [[sink]]"));
}

#[test]
fn what_may_be_meant_so_is_a_remark_and_a_silence_of_nobody_a_mistake() {
    let text = "[[target]]\n\
         url = \"https://a.example/\"\n\
         labels = { \"a b\" = \"x\", __name__ = \"y\", team = \"z\" }\n\
         [[sink]]\n\
         name = \"m\"\n\
         kind = \"webhook\"\n\
         url_env = \"CANARY_TEST_NOT_SET\"\n\
         secret_env = \"CANARY_TEST_NOT_SET_EITHER\"\n\
         [[silence]]\n\
         from = \"2027-01-10T22:00:00Z\"\n\
         to = \"2027-01-11T22:00:00Z\"\n";
    let operator = Operator::new(&format!("{text}targets = [\"https://a.example/\"]\n"));
    let said = operator.run(&["watch", "check-config"]);
    assert!(said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    for place in [
        "remark: watch.toml:3:12: the label \"a b\" is `a_b` in metrics",
        "remark: watch.toml:3:25: the label \"__name__\" is `l___name__` in metrics",
        "remark: watch.toml:7:11: the environment variable is not set here: \"CANARY_TEST_NOT_SET\"",
        "remark: watch.toml:8:14: the environment variable is not set here",
    ] {
        assert!(said.contains(place), "{place}\n{said}");
    }
    assert_eq!(said.matches("remark: ").count(), 4, "{said}");
    operator.configure(&format!("{text}targets = [\"nonesuch\"]\n"));
    let said = operator.run(&["watch", "check-config"]);
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(
        said.contains("watch.toml:12:12: no target has the name or URL \"nonesuch\""),
        "{said}"
    );
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

    // Nothing to watch: refused as at the start and by `check-config`, in the same words.
    let none = "there is no target";
    operator.put("fleet.txt", "");
    for empty in ["", "[[list]]\npath = \"fleet.txt\"\n"] {
        operator.configure(empty);
        for arguments in [&["watch"] as &[&str], &["watch", "check-config"]] {
            let refused = operator.run(arguments);
            assert_eq!(refused.status.code(), Some(78));
            assert!(String::from_utf8_lossy(&refused.stderr).contains(none));
        }
    }
    running.signal(Signal::SIGHUP);
    running.wait_for_words(none);
    assert!(shows(">a<"));

    // Another target, and back again: the first one's history is there all the while.
    operator.configure(&format!("{a}{b}"));
    running.signal(Signal::SIGHUP);
    running.wait_for_words("configuration taken over: 2 targets");
    wait_for("b was asked", || running.page("/").1.matches(">LIVE<").count() == 2);
    assert_eq!(timeline().matches("new issue: 1").count(), 1, "{}", timeline());
    operator.configure(&b);
    running.signal(Signal::SIGHUP);
    running.wait_for_words("configuration taken over: 1 target");
    assert!(!shows(">a<") && shows(">b<"));
    operator.configure(&format!("{b}{a}"));
    running.signal(Signal::SIGHUP);
    wait_for("a is back", || shows(">a<") && timeline().contains("new issue: 1"));
    assert_eq!(timeline().matches("new issue: 1").count(), 1, "{}", timeline());
    assert!(running.page("/metrics").1.contains("canary_watch_reloads_total 3"));
    running.stop();
}

#[test]
fn a_reload_says_what_needs_a_restart_and_whose_notices_wait() {
    let pages = Pages::default();
    let server = pages.serve();
    let config = |store: &str, sink: &str| {
        format!(
            "store = \"sqlite:{store}.db\"\n[[target]]\nurl = \"{0}\"\n\
             [[sink]]\nname = \"{sink}\"\nkind = \"webhook\"\nurl = \"{0}\"\n",
            server.url()
        )
    };
    let operator = Operator::new(&config("a", "old"));
    let running = Running::start(&operator, &[]);
    operator.configure(&config("b", "new"));
    let words = ["remark: `store` has changed", "remark: no sink is named \"old\" any more"];
    running.signal(Signal::SIGHUP);
    running.wait_for_words("configuration taken over");
    for words in words {
        running.wait_for_words(words);
    }
    assert!(!operator.path().join("b.db").exists());
    // The store is still another; the sink is what it was.
    running.signal(Signal::SIGHUP);
    wait_for("it is said again", || running.said("remark: `store` has changed") == 2);
    wait_for("it was read again", || running.said("configuration taken over") == 2);
    assert_eq!(running.said("remark: no sink"), 1);
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

#[test]
fn where_no_control_url_answers_it_is_the_monitors_own_network() {
    let (control, pages) = (Pages::default(), Pages::default());
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let series = live(&url, 1);
    publish(&pages, "/canary/", &series);
    // Nothing listens there; a host that answers anything at all is there.
    let (closed, answering) = ("http://127.0.0.1:1/".to_owned(), control.serve());
    let configured = |control: &str, url: &str| {
        format!(
            "[network]\ncontrol = [\"{control}\"]\n\
             [defaults]\nunreachable_after = \"0s\"\nconfirm_checks = 1\n\
             [[target]]\nname = \"edge\"\nurl = \"{url}\"\n"
        )
    };
    let gone = "http://127.0.0.1:2/canary/";
    let operator = Operator::new(&configured(&closed, gone));
    let open = |operator: &Operator| {
        let line = operator.once().remove("edge").unwrap();
        codes(&line).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(open(&operator), Vec::<String>::new(), "nobody could look");
    operator.configure(&configured(&answering.url(), gone));
    assert_eq!(open(&operator), ["UNREACHABLE"], "it could");
    operator.configure(&configured(&answering.url(), &url));
    assert!(!open(&operator).contains(&"UNREACHABLE".to_owned()));
}

#[test]
fn a_round_that_reached_nobody_says_of_nobody_that_it_is_alive() {
    let folder = tempfile::tempdir().unwrap();
    let away = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (root, gone) = (folder.path().to_owned(), away.clone());
    let server = server::Server::new(move |request, out| {
        match gone.load(std::sync::atomic::Ordering::SeqCst) {
            true => server::respond(out, 503, "", b"later"),
            false => server::file(&root, request, out),
        }
    });
    let series = live(&server.url(), 1);
    series.write(folder.path());
    let operator = Operator::new(&format!(
        "[network]\ncontrol = [\"http://127.0.0.1:1/\"]\n\
         [[target]]\nname = \"edge\"\npin = \"{}\"\n",
        pin(&series, &server.url())
    ));
    let round = || operator.run(&["watch", "--once", "--json", "--junit", "report.xml"]);
    let line = |output: &std::process::Output| {
        let lines: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        ["reached", "state", "severity"].map(|field| lines[0][field].as_str().unwrap().to_owned())
    };
    let read = round();
    assert_eq!(line(&read), ["yes", "LIVE", "alive"]);
    assert_eq!(read.status.code(), Some(0));
    away.store(true, std::sync::atomic::Ordering::SeqCst);
    let unread = round();
    assert_eq!(line(&unread), ["no", "UNREACHABLE", "unknown"]);
    assert_eq!(unread.status.code(), Some(3));
    let report = std::fs::read_to_string(operator.path().join("report.xml")).unwrap();
    assert!(report.contains("failures=\"0\" errors=\"1\""), "{report}");
}

#[test]
fn a_round_that_was_done_is_told_to_the_dead_man() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    publish(&pages, "/canary/", &live(&url, 1));
    let config = |store: &str| {
        format!("{store}[dead_man]\nurl = \"{}ping\"\n[[target]]\nurl = \"{url}\"\n", server.url())
    };
    let operator = Operator::new(&config(""));
    operator.once();
    assert_eq!(server.asked().last().map(String::as_str), Some("/ping"), "after all the rest");
    operator.put("not-a-folder", "");
    operator.configure(&config("store = \"not-a-folder/watch.db\"\n"));
    assert!(!operator.run(&["watch", "--once"]).status.success());
    assert_eq!(server.asked(), Vec::<String>::new(), "a round that was not done");
}
