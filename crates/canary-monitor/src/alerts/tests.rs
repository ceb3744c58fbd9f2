//! Rounds, with a receiver that keeps alerts as Alertmanager does: by their labels, until they end.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use canary_verifier::report::{Code, State};
use serde_json::Value;

use super::*;
use crate::memory::Key;
use crate::store::Commit;
use crate::store::sqlite::{Access, SqliteStore};

const START: i64 = 1_800_000_000;

struct Manager {
    port: u16,
    status: Arc<AtomicU16>,
    alerts: Arc<Mutex<HashMap<String, String>>>,
}

impl Manager {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it has one").port();
        let (status, alerts) = (Arc::new(AtomicU16::new(200)), Arc::default());
        let manager = Self { port, status, alerts };
        let (status, alerts) = (Arc::clone(&manager.status), Arc::clone(&manager.alerts));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = BufReader::new(stream);
                let (mut head, mut line) = (String::new(), String::new());
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    head.push_str(&line.to_ascii_lowercase());
                    line.clear();
                }
                let length = head.split("content-length: ").nth(1).expect("a length");
                let length = length.lines().next().expect("a line").parse().expect("a number");
                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("the whole body");
                let said: Vec<Value> = serde_json::from_slice(&body).expect("a list");
                let answer = status.load(Ordering::SeqCst);
                if answer == 200 {
                    let mut alerts = alerts.lock().expect("no panic");
                    for alert in said {
                        let ends = alert["endsAt"].as_str().expect("a text").to_owned();
                        alerts.insert(alert["labels"].to_string(), ends);
                    }
                }
                let answer = format!(
                    "HTTP/1.1 {answer} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        });
        manager
    }

    /// The labels of what is open, in order.
    fn open(&self, now: i64) -> Vec<Value> {
        let (alerts, now) = (self.alerts.lock().expect("no panic"), instant(now));
        let open = alerts.iter().filter(|(_, ends)| **ends > now).map(|(labels, _)| labels);
        let mut open: Vec<&String> = open.collect();
        open.sort();
        open.into_iter().map(|labels| serde_json::from_str(labels).expect("an object")).collect()
    }

    fn forget(&self) {
        self.alerts.lock().expect("no panic").clear();
    }
}

/// A monitor with these targets, whose alarms go to a receiver.
struct Monitor {
    folder: tempfile::TempDir,
    manager: Manager,
    store: SqliteStore,
    config: Config,
    sinks: Sinks,
    rounds: Rounds,
}

fn name(n: usize) -> String {
    format!("[[target]]\nname = \"c{n}\"\nurl = \"https://c{n}.example/\"\n")
}

fn id(n: usize) -> TargetId {
    TargetId::of(&format!("https://c{n}.example/"))
}

impl Monitor {
    async fn new(targets: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("watch.db"), Access::Monitor);
        let (store, manager) = (store.expect("it opens"), Manager::new());
        let (config, sinks) = read(&folder, &manager, targets);
        store.enroll(&config.fleet, START).await.expect("it enrolls");
        Self { folder, manager, store, config, sinks, rounds: Rounds::default() }
    }

    async fn reload(&mut self, targets: &str, now: i64) {
        (self.config, self.sinks) = read(&self.folder, &self.manager, targets);
        self.store.enroll(&self.config.fleet, now).await.expect("it enrolls");
        self.rounds.begin_anew();
    }

    /// Writes that a target has one open episode, told with this severity; or none.
    async fn told(&self, id: TargetId, severity: Option<Severity>) {
        let episode = |severity| Episode {
            id: format!("{:032x}", id.0),
            key: Key { code: Code::FactAbsent, about: "f1".to_owned() },
            severity,
            message: String::new(),
            opened_at: START - 10,
            told_at: Some(START - 10),
            told_severity: Some(severity),
            worst_told: Some(Severity::Alarm),
            told_to: BTreeMap::new(),
            clean: 0,
            clean_since: None,
            reminders: 0,
            reopened: 0,
        };
        let memory =
            Memory { episodes: severity.map(episode).into_iter().collect(), ..Memory::default() };
        let commit = Commit {
            id,
            fence: None,
            at: START,
            wake: START,
            memory,
            severity: severity.unwrap_or(Severity::Alive),
            state: State::Live,
            events: Vec::new(),
            notices: Vec::new(),
            bodies: Vec::new(),
        };
        self.store.commit(commit).await.expect("it writes");
    }

    /// What a round does at an instant, and over how many pages.
    async fn round(&mut self, now: i64) -> (Goes, usize) {
        let watch = Watch { config: &self.config, sinks: &self.sinks, worker: "a" };
        for pages in 0.. {
            let goes = self.rounds.go_on(&self.store, watch, now).await.expect("it reads");
            if goes != Goes::On {
                return (goes, pages);
            }
        }
        unreachable!("a round ends")
    }
}

fn read(folder: &tempfile::TempDir, manager: &Manager, targets: &str) -> (Config, Sinks) {
    let path = folder.path().join("watch.toml");
    let text = format!(
        "{targets}[[sink]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:{}\"\n\
         [[route]]\nname = \"alarms\"\nsinks = [\"am\"]\nmin_severity = \"alarm\"\n",
        manager.port
    );
    std::fs::write(&path, text).expect("it writes");
    let config = Config::read(&path, None).expect("it is a configuration");
    let sinks = Sinks::new(&config.sinks).expect("TLS");
    (config, sinks)
}

const WELL: (Goes, usize) = (Goes::Ended { refused: 0 }, 0);

#[tokio::test]
async fn what_is_open_is_said_again_until_it_is_over() {
    let mut monitor = Monitor::new(&(name(1) + &name(2))).await;
    monitor.told(id(1), Some(Severity::Alarm)).await;
    monitor.told(own::own_id("a"), Some(Severity::Alarm)).await;
    assert_eq!(monitor.round(START).await, WELL);
    let open = monitor.manager.open(START);
    let named: Vec<&Value> = open.iter().map(|labels| &labels["canary"]).collect();
    assert_eq!(named, ["c1", "canary watch (a)"]);
    assert_eq!(monitor.manager.open(START + 3_599).len(), 2, "a restart of the monitor ends none");
    assert!(monitor.manager.open(START + 3_601).is_empty(), "a monitor that is gone says nothing");

    monitor.manager.forget();
    assert_eq!(monitor.round(START + 299).await, (Goes::Waits, 0));
    assert_eq!(monitor.round(START + 300).await, WELL);
    assert_eq!(monitor.manager.open(START + 300), open, "what it forgot is there again");

    monitor.told(id(1), Some(Severity::Attention)).await;
    assert_eq!(monitor.round(START + 600).await, WELL);
    let now = monitor.manager.open(START + 600);
    assert_eq!(now.len(), 2, "its severity is another, and it is still one alert");
    assert_eq!(now[0]["severity"], "attention", "however mild: it was told as an alarm");

    monitor.told(id(1), None).await;
    monitor.told(own::own_id("a"), None).await;
    assert_eq!(monitor.round(START + 900).await, WELL);
    assert!(monitor.manager.open(START + 900).is_empty());
}

#[tokio::test]
async fn an_alert_ends_where_its_target_has_another_name_or_is_watched_no_more() {
    let mut monitor = Monitor::new(&(name(1) + &name(2))).await;
    monitor.told(id(1), Some(Severity::Alarm)).await;
    monitor.told(id(2), Some(Severity::Alarm)).await;
    assert_eq!(monitor.round(START).await, WELL);
    let renamed = name(1).replace("\"c1\"", "\"edge\"\nlabels = { team = \"ops\" }");
    monitor.reload(&renamed, START + 10).await;
    assert_eq!(monitor.round(START + 10).await, WELL, "at once");
    let open = monitor.manager.open(START + 10);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((&open[0]["canary"], &open[0]["team"]), (&"edge".into(), &"ops".into()));
    // Another worker that has not read its configuration again says what it still watches.
    let old = read(&monitor.folder, &monitor.manager, &(name(1) + &name(2)));
    let watch = Watch { config: &old.0, sinks: &old.1, worker: "b" };
    let goes = Rounds::default().go_on(&monitor.store, watch, START + 20).await;
    assert_eq!(goes.expect("it reads"), WELL.0);
    assert!(!monitor.manager.open(START + 20).is_empty());
}

#[tokio::test]
async fn what_is_refused_is_said_again_soon_and_ends_too() {
    let mut monitor = Monitor::new(&name(1)).await;
    monitor.told(id(1), Some(Severity::Alarm)).await;
    monitor.manager.status.store(503, Ordering::SeqCst);
    assert_eq!(monitor.round(START).await, (Goes::Ended { refused: 1 }, 0));
    monitor.manager.status.store(200, Ordering::SeqCst);
    assert_eq!(monitor.round(START + 60).await, WELL);
    assert_eq!(monitor.manager.open(START + 60).len(), 1);
    monitor.told(id(1), None).await;
    monitor.manager.status.store(503, Ordering::SeqCst);
    assert_eq!(monitor.round(START + 360).await, (Goes::Ended { refused: 1 }, 0));
    assert_eq!(monitor.manager.open(START + 360).len(), 1);
    monitor.manager.status.store(200, Ordering::SeqCst);
    assert_eq!(monitor.round(START + 420).await, WELL);
    assert!(monitor.manager.open(START + 420).is_empty());
}

#[tokio::test]
async fn a_round_goes_over_many_targets_a_page_at_a_time() {
    let targets: String = (0..450).map(name).collect();
    let mut monitor = Monitor::new(&targets).await;
    for n in 0..450 {
        monitor.told(id(n), (n % 3 > 0).then_some(Severity::Alarm)).await;
    }
    assert_eq!(monitor.round(START).await, (Goes::Ended { refused: 0 }, 1));
    assert_eq!(monitor.manager.open(START).len(), 300);
}
