//! `canary watch` killed at random instants: no notice is lost, and none is sent twice under two keys.
//!
//! The real command, with real canaries over HTTP and a real webhook, on both stores. Each target serves what it
//! should not until the webhook is told so, and then what it should until it is told that too: a lost
//! notice holds its target up for ever. `CANARY_KILLS` says how many kills.

#![allow(clippy::print_stdout, reason = "it says what it did")]

mod build;
mod postgres;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use build::Series;
use canary_format::time::Timestamp;
use canary_monitor::store::Store;
use canary_monitor::store::postgres::{Address, PostgresStore};
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::target::TargetId;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres::Postgres;
use serde_json::Value;
use server::{Server, respond};

fn kills() -> usize {
    std::env::var("CANARY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(24)
}

/// How far each target has come, and everything that was told.
#[derive(Default)]
struct Told {
    phases: Vec<Phase>,
    /// Key and body of each request that the webhook took in.
    posts: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It serves a checkpoint whose signature is wrong.
    Wrong,
    /// It serves what it should again.
    Mended,
    /// Both were told.
    Done,
}

struct World {
    told: Arc<Mutex<Told>>,
    /// Targets below this number have begun to serve what they should not.
    released: Arc<AtomicUsize>,
    hook: u16,
    site: u16,
    pin: String,
    targets: usize,
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("small")
}

impl World {
    fn new(targets: usize, folder: &Path) -> Self {
        let series = Series::of_yesterday(Timestamp::from_unix(unix_now()));
        series.write(folder);
        let told =
            Arc::new(Mutex::new(Told { phases: vec![Phase::Wrong; targets], posts: Vec::new() }));
        let released = Arc::new(AtomicUsize::new(0));
        let (known, begun, root) = (told.clone(), released.clone(), folder.to_owned());
        let site = Server::new(move |request, out| {
            let (target, path) = parse(&request.path);
            let wrong = target < begun.load(Ordering::SeqCst)
                && known.lock().expect("no panic").phases[target] == Phase::Wrong;
            match fs::read(root.join(path)) {
                Ok(bytes) if wrong && path == "checkpoint" => respond(out, 200, "", &spoil(&bytes)),
                Ok(bytes) => respond(out, 200, "", &bytes),
                Err(_) => respond(out, 404, "", b"not here"),
            }
        });
        let hook = listen(&told);
        let pin = series.pin(1).to_string();
        let pin = pin.split_once('#').expect("a pin").1.to_owned();
        Self { told, released, hook, site: site.port, pin, targets }
    }

    fn url(&self, target: usize) -> String {
        format!("http://127.0.0.1:{}/c{target}/", self.site)
    }

    fn configure(&self, folder: &Path) -> PathBuf {
        let list: String =
            (0..self.targets).map(|n| format!("{}#{} c{n}\n", self.url(n), self.pin)).collect();
        fs::write(folder.join("fleet.txt"), list).expect("written");
        let config = folder.join("watch.toml");
        let text = format!(
            "[limits]\nconcurrency = 16\nper_host = 16\ncheck_timeout = \"10s\"\n\
             [defaults]\ninterval = \"10s\"\nresolve_checks = 1\ndanger_allow_private = true\n\
             [[list]]\npath = \"fleet.txt\"\n\
             [[sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n",
            self.hook
        );
        fs::write(&config, text).expect("written");
        config
    }

    fn waiting(&self) -> Vec<(usize, Phase)> {
        let told = self.told.lock().expect("no panic");
        let phases = told.phases.iter().copied().enumerate();
        phases.filter(|(_, phase)| *phase != Phase::Done).collect()
    }
}

fn parse(path: &str) -> (usize, &str) {
    let rest = path.trim_start_matches("/c");
    let (target, path) = rest.split_once('/').unwrap_or((rest, ""));
    (target.parse().unwrap_or(usize::MAX), path)
}

/// Another letter in the last signature's line but its first bytes, which name the key.
fn spoil(checkpoint: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(checkpoint);
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix('\u{2014}') {
            Some(_) => {
                let at = line.len() - 12;
                let other = if line[at..].starts_with('A') { "B" } else { "A" };
                format!("{}{other}{}", &line[..at], &line[at + 1..])
            }
            None => line.to_owned(),
        })
        .collect();
    format!("{}\n", lines.join("\n")).into_bytes()
}

/// The webhook: takes a notice in, lets the sender wait a little, and accepts it.
fn listen(told: &Arc<Mutex<Told>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let told = told.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || while take_in(&stream, &told).is_some() {});
        }
    });
    port
}

fn take_in(stream: &TcpStream, told: &Mutex<Told>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "idempotency-key" => key = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().ok()?,
                _ => {}
            }
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).ok().filter(|n| *n as u64 == length)?;
    let wait = body.len() % 60;
    take_note(&mut told.lock().expect("no panic"), key, body);
    // Long enough for a kill to fall between being told and knowing that it was.
    std::thread::sleep(Duration::from_millis(wait as u64));
    let mut stream = stream;
    write!(stream, "HTTP/1.1 204 taken\r\ncontent-length: 0\r\n\r\n").ok()
}

fn take_note(told: &mut Told, key: String, body: String) {
    let notice: Value = serde_json::from_str(&body).expect("a notice");
    told.posts.push((key, body));
    let name = notice["target"]["name"].as_str().unwrap_or_default();
    let Some(phase) = name.strip_prefix('c').and_then(|n| n.parse::<usize>().ok()) else { return };
    let phase = &mut told.phases[phase];
    for change in notice["changes"].as_array().into_iter().flatten() {
        *phase = match (*phase, change["turn"].as_str(), change["code"].as_str()) {
            (Phase::Wrong, Some("opened"), Some("CHECKPOINT_UNSIGNED")) => Phase::Mended,
            (Phase::Mended, Some("resolved"), Some("CHECKPOINT_UNSIGNED")) => Phase::Done,
            (phase, ..) => phase,
        };
    }
}

struct Workers {
    config: PathBuf,
    store: String,
    running: Vec<Child>,
}

impl Workers {
    fn start(&self, n: usize) -> Child {
        let log = fs::File::create(self.config.with_file_name(format!("worker{n}.log")));
        Command::new(env!("CARGO_BIN_EXE_canary"))
            .args(["watch", "--config"])
            .arg(&self.config)
            .args(["--store", &self.store, "--worker", &format!("w{n}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a log"))
            .spawn()
            .expect("it starts")
    }

    fn log(&self, n: usize) -> String {
        fs::read_to_string(self.config.with_file_name(format!("worker{n}.log"))).unwrap_or_default()
    }

    fn kill(&mut self, n: usize) {
        let early = self.running[n].try_wait().expect("it is ours");
        assert!(early.is_none(), "it ended by itself: {early:?} {}", self.log(n));
        self.running[n].kill().expect("SIGKILL");
        self.running[n].wait().expect("it ended");
        self.running[n] = self.start(n);
    }

    fn stop(mut self) {
        for n in 0..self.running.len() {
            let pid = i32::try_from(self.running[n].id()).expect("small");
            kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it runs");
            let status = self.running[n].wait().expect("it ended");
            assert!(status.success(), "{status} {}", self.log(n));
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Kills, waits until everything is told, stops; gives the world for the comparison with the store.
fn live(folder: &Path, store: &str, workers: usize, seed: u64) -> World {
    let kills = kills();
    let world = World::new((kills * 2).max(40), &folder.join("site"));
    let config = world.configure(folder);
    let mut running = Workers { config, store: store.to_owned(), running: Vec::new() };
    for n in 0..workers {
        let child = running.start(n);
        running.running.push(child);
    }
    let begun = Instant::now();
    let mut dice = seed;
    let mut roll = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    for n in 1..=kills {
        // The instant is the point: some fall into the start, some into checks, some into sending.
        std::thread::sleep(Duration::from_millis(roll(1_800 / workers as u64)));
        let worker = usize::try_from(roll(workers as u64)).expect("small");
        running.kill(worker);
        world.released.store((world.targets * n).div_ceil(kills), Ordering::SeqCst);
    }
    let killing = begun.elapsed();
    let between = world.told.lock().expect("no panic").posts.len();
    let until = Instant::now() + Duration::from_secs(180);
    while !world.waiting().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.waiting(), [], "these were never told\n{}", running.log(0));
    running.stop();
    let told = world.told.lock().expect("no panic");
    let keys: BTreeSet<&String> = told.posts.iter().map(|(key, _)| key).collect();
    println!(
        "{kills} kills in {killing:?}, in which {between} notices arrived; {} targets: {} notices told, \
         {} arrivals besides",
        world.targets,
        keys.len(),
        told.posts.len() - keys.len()
    );
    drop(told);
    world
}

/// What was told is what the store says happened, each under one key with one text.
async fn compare<S: Store>(world: &World, store: S) {
    let told = world.told.lock().expect("no panic").posts.clone();
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut keys: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (key, body) in &told {
        assert_eq!(*texts.entry(key).or_insert(body), body, "one key, one notice");
        let notice: Value = serde_json::from_str(body).expect("a notice");
        for change in notice["changes"].as_array().expect("changes") {
            let what = format!("{} {}", change["episode"], change["turn"]);
            keys.entry(what).or_default().insert(key);
        }
    }
    let twice: Vec<_> = keys.iter().filter(|(_, keys)| keys.len() > 1).collect();
    assert!(twice.is_empty(), "told under two keys: {twice:?}");
    let of = |turn: &str| keys.keys().filter(|what| what.ends_with(&format!("{turn:?}"))).count();
    let (mut opened, mut resolved) = (0, 0);
    for n in 0..world.targets {
        let events = store.events(TargetId::of(&world.url(n)), 1_000).await.expect("it reads");
        opened += events.iter().filter(|event| event.kind == "opened").count();
        resolved += events.iter().filter(|event| event.kind == "resolved").count();
    }
    assert_eq!((of("opened"), of("resolved")), (opened, resolved), "told, and written down");
    assert!(opened >= world.targets && resolved >= world.targets, "{opened} {resolved}");
    let counts = store.counts().await.expect("it counts");
    assert_eq!((counts.pending, counts.given_up), (0, 0));
}

#[test]
fn on_sqlite_nothing_is_lost_and_nothing_is_told_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("watch.db");
    let world = live(folder.path(), &format!("sqlite:{}", path.display()), 1, 1);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = SqliteStore::open(&path, Access::Reader).expect("it opens");
    runtime.block_on(compare(&world, store));
}

#[test]
fn on_postgresql_nothing_is_lost_and_nothing_is_told_twice() {
    let Some(server) = Postgres::start() else {
        println!("left out: PostgreSQL is not installed, workers on it are not killed");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.database("killed");
    let world = live(folder.path(), &url, 2, 2);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let address = Address::parse(&url).expect("a URL");
        compare(&world, PostgresStore::open_to_read(&address).await.expect("it opens")).await;
    });
}
