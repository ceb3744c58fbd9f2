//! How fast a fleet is watched, beside others that fetch the same. Figures: `docs/benchmarks.md`.
//!
//! `cargo bench -p canary-monitor --bench watch -- [checks] [store] [workers] [large]`. Servers run on one core,
//! what is measured on another, in processes of their own; paired runs take turns, and medians are printed.
//! A check is a turn of the worker, as `canary watch --once` takes it: claim, fetch, parse, judge, step, commit.
//! `large` runs the command itself, from `$CANARY_BIN` or `target/release/canary`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and fails by panicking"
)]

#[path = "../tests/build/mod.rs"]
mod build;
#[path = "../tests/postgres/mod.rs"]
mod postgres;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use build::Series;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_monitor::checker::Checker;
use canary_monitor::config::Config;
use canary_monitor::fleet::{Fleet, FleetBuilder};
use canary_monitor::policy::Policy;
use canary_monitor::sinks::Sinks;
use canary_monitor::store::postgres::{Address, PostgresStore};
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::store::{Claim, Commit, Store};
use canary_monitor::target::{Target, TargetId};
use canary_monitor::worker::{Settings, Worker, wall_clock};
use canary_verifier::fetch::Limits;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinSet;

const HOSTS: usize = 3_000;
const AT_ONCE: usize = 64;
const PAIRS: usize = 5;
/// Polls of every host in one turn.
const ROUNDS: usize = 2;
/// Checkpoints over one tree, each with a later heartbeat.
const HEARTBEATS: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    drop(rustls::crypto::ring::default_provider().install_default());
    match words[..] {
        ["serve", folder, tls, what] => {
            runtime(1).block_on(serve(Path::new(folder), tls, what == "changed"));
        }
        ["canary", base, pin] => runtime(1).block_on(canary(base, pin)),
        ["bare", base, roots, resume] => runtime(1).block_on(bare(base, roots, resume)),
        ["probe", blackbox, base] => runtime(1).block_on(probe(blackbox, base)),
        _ => {
            let all = words.is_empty();
            for (name, section) in [
                ("checks", checks as fn()),
                ("store", stores as fn()),
                ("workers", workers as fn()),
                ("large", large as fn()),
            ] {
                if all || words.contains(&name) {
                    println!("== {name}");
                    section();
                }
            }
        }
    }
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

// What is served.

/// What a host answers: the same checkpoint always, or another one each time it is asked.
struct Site {
    files: HashMap<String, Vec<u8>>,
    checkpoints: Vec<Vec<u8>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Site {
    fn read(folder: &Path, changes: bool) -> Self {
        let mut files = HashMap::new();
        for path in std::fs::read_to_string(folder.join("files")).unwrap().lines() {
            files.insert(format!("/{path}"), std::fs::read(folder.join(path)).unwrap());
        }
        let most = if changes { HEARTBEATS } else { 1 };
        let read = |n| std::fs::read(folder.join(format!("checkpoint.{n}"))).unwrap();
        Self { files, checkpoints: (0..most).map(read).collect(), asked: Mutex::default() }
    }

    /// A body and its tag.
    fn page(&self, host: &str, path: &str) -> Option<(Vec<u8>, usize)> {
        if path != "/checkpoint" {
            return self.files.get(path).map(|body| (body.clone(), 0));
        }
        let mut asked = self.asked.lock().unwrap();
        let turn = asked.entry(host.to_owned()).or_default();
        let tag = (*turn).min(self.checkpoints.len() - 1);
        *turn += 1;
        Some((self.checkpoints[tag].clone(), tag))
    }
}

async fn serve(folder: &Path, tls: &str, changes: bool) {
    let files = Arc::new(Site::read(folder, changes));
    let acceptor = (tls != "plain").then(|| {
        let chain = vec![CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        match tls {
            "resume" => config.ticketer = rustls::crypto::ring::Ticketer::new().unwrap(),
            _ => config.send_tls13_tickets = 0,
        }
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (files, acceptor) = (files.clone(), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = answer(stream, &files).await;
                    }
                }
                None => drop(answer(stream, &files).await),
            }
        });
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    site: &Site,
) -> std::io::Result<()> {
    let mut head = Vec::with_capacity(1_024);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16_384 || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let path = text.split(' ').nth(1).unwrap_or_default();
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    let (status, body, tag) = match site.page(header("host: "), path) {
        Some((_, tag)) if header("if-none-match: ") == format!("\"{tag}\"") => {
            ("304 Not Modified", Vec::new(), tag)
        }
        Some((body, tag)) => ("200 OK", body, tag),
        None => ("404 Not Found", Vec::new(), 0),
    };
    let length = body.len();
    let mut out = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"{tag}\"\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(&body);
    stream.write_all(&out).await?;
    stream.shutdown().await
}

/// A process of this program, on one core where that can be said.
fn process(core: &str, arguments: &[&str], roots: &Path) -> Child {
    let this = std::env::current_exe().unwrap();
    let this = this.to_str().unwrap();
    pinned(core, this)
        .args(arguments)
        .env("SSL_CERT_FILE", roots)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn pinned(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}

fn line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a client did: how many answers a second, and microseconds of processor for each.
#[derive(Clone, Copy)]
struct Rate {
    second: f64,
    processor: f64,
}

/// Runs a client to its end: the last two numbers that it prints.
fn rate(arguments: &[&str], core: &str, roots: &Path) -> Rate {
    let output = process(core, arguments, roots).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().rev();
    let mut number = || words.next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
    Rate { second: number(), processor: number() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

// Checks, beside others.

fn certificates(folder: &Path) {
    let mut ca = rcgen::CertificateParams::default();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca_cert = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["*.bench.localhost".to_owned(), "localhost".to_owned()];
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("roots.pem"), ca_cert.pem()).unwrap();
    std::fs::write(folder.join("leaf.pem"), leaf.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn checks() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, roots) = (folder.path(), folder.path().join("roots.pem"));
    let series = Series::of_yesterday(Timestamp::from_unix(wall_clock()));
    series.write(folder);
    for n in 0..HEARTBEATS {
        let later = i64::try_from(n).unwrap() * 60;
        let (_, at) = series.heartbeat.clone().unwrap();
        let checkpoint = series.clone().heartbeat_at(at.plus(later)).checkpoint().to_string();
        std::fs::write(folder.join(format!("checkpoint.{n}")), checkpoint).unwrap();
    }
    std::fs::write(
        folder.join("files"),
        "issues/0001.json\ntile/entries/000.p/1\ntile/0/000.p/1\nlatest.json\n",
    )
    .unwrap();
    certificates(folder);
    let pin = series.pin(1).to_string();
    let pin = pin.split_once('#').unwrap().1;
    for tls in ["full", "resume", "plain"] {
        for what in ["changed", "same"] {
            pairs(folder, &roots, pin, (tls, what));
        }
    }
}

/// Each turn has a server of its own, so that nobody profits from what another asked for.
fn pairs(folder: &Path, roots: &Path, pin: &str, (tls, what): (&str, &str)) {
    let place = folder.to_str().unwrap();
    let scheme = if tls == "plain" { "http" } else { "https" };
    let mut all: [Vec<Rate>; 3] = [const { Vec::new() }; 3];
    for _ in 0..PAIRS {
        for (turn, rates) in all.iter_mut().enumerate() {
            let mut server = Running(process("1", &["serve", place, tls, what], roots));
            let port = line(&mut server.0);
            let base = format!("{scheme}://HOST.bench.localhost:{port}/");
            rates.push(match (turn, tls) {
                (0, _) => rate(&["canary", &base, pin], "0", roots),
                (1, _) => rate(&["bare", &base, roots.to_str().unwrap(), tls], "0", roots),
                (_, "plain") => Rate { second: wrk(&port), processor: f64::NAN },
                _ => blackbox(folder, &base, roots),
            });
        }
    }
    let of = |turn: usize, of: fn(&Rate) -> f64| median(all[turn].iter().map(of).collect());
    let ratio = |other: usize| {
        let pair = |n: usize| all[0][n].second / all[other][n].second;
        median((0..PAIRS).map(pair).collect())
    };
    let [canary, bare, other] = [0, 1, 2].map(|turn| of(turn, |rate| rate.second));
    let [ours, theirs] = [0, 1].map(|turn| of(turn, |rate| rate.processor));
    let name = if tls == "plain" { "wrk" } else { "blackbox" };
    println!(
        "{tls}, {what}: canary {canary:.0}/s, bare {bare:.0}/s, {name} {other:.0}/s; \
         canary/bare {:.2}, canary/{name} {:.2}; processor {ours:.0} us, bare {theirs:.0} us",
        ratio(1),
        ratio(2)
    );
}

fn wrk(port: &str) -> f64 {
    let url = format!("http://127.0.0.1:{port}/checkpoint");
    let output = pinned("0", "wrk")
        .args(["-t1", "-c64", "-d3s", "-H", "Connection: close", &url])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.and_then(|rate| rate.trim().parse().ok()).unwrap_or(f64::NAN)
}

fn blackbox(folder: &Path, base: &str, roots: &Path) -> Rate {
    let config = folder.join("blackbox.yml");
    let text = format!(
        "modules:\n  canary:\n    prober: http\n    timeout: 10s\n    http:\n      preferred_ip_protocol: ip4\n      tls_config:\n        ca_file: {}\n",
        roots.display()
    );
    std::fs::write(&config, text).unwrap();
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port().to_string()
    };
    let started = pinned("0", "prometheus-blackbox-exporter")
        .args(["--config.file", config.to_str().unwrap(), "--log.level", "error"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .env("GOMAXPROCS", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(started) = started else { return Rate { second: f64::NAN, processor: f64::NAN } };
    let _running = Running(started);
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::sleep(Duration::from_millis(50));
    }
    rate(&["probe", &port, base], "1", roots)
}

fn fleet(count: usize, url: impl Fn(usize) -> String, pin: Option<&str>) -> Fleet {
    let policy = Arc::new(Policy::default());
    let mut builder = FleetBuilder::default();
    for n in 0..count {
        let url = url(n);
        let pin = pin.and_then(|pin| Pin::parse(&format!("{url}#{pin}")).ok());
        let target = Target {
            id: TargetId::of(&url),
            name: url.clone(),
            url,
            pin,
            mirrors: Vec::new(),
            labels: BTreeMap::new(),
            policy: Arc::clone(&policy),
        };
        builder.add(&target).unwrap();
    }
    builder.build()
}

/// Two rounds to know every canary, then those that count.
async fn canary(base: &str, pin: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("watch.db"), Access::Monitor).unwrap();
    let line = |n: usize| format!("{}#{pin}\n", base.replace("HOST", &format!("c{n}")));
    std::fs::write(folder.path().join("fleet.txt"), (0..HOSTS).map(line).collect::<String>())
        .unwrap();
    let file = folder.path().join("watch.toml");
    let text = format!("[limits]\nconcurrency = {AT_ONCE}\n[[list]]\npath = \"fleet.txt\"\n");
    std::fs::write(&file, text).unwrap();
    let config = Config::read(&file, None).unwrap();
    let limits = Limits { idle_per_host: 0, sessions: HOSTS, ..Limits::default() };
    let checker = Checker::new(store.clone(), &config.fleet, limits).unwrap();
    let sinks = Sinks::new(&config.sinks).unwrap();
    let worker = Worker::new("bench", store, Settings { config, sinks, checker });
    worker.enroll().await.unwrap();
    for _ in 0..2 {
        worker.once().await.unwrap();
    }
    let (begun, used) = (Instant::now(), processor());
    for _ in 0..ROUNDS {
        worker.once().await.unwrap();
    }
    let rate = (ROUNDS * HOSTS) as f64 / begun.elapsed().as_secs_f64();
    let each = (processor() - used) * 1e6 / (ROUNDS * HOSTS) as f64;
    let metrics = worker.metrics();
    let (judged, same) = (metrics.judged.value(), metrics.unchanged.value());
    let all = ((2 + ROUNDS) * HOSTS) as u64;
    assert_eq!(judged + same, all, "every host was reached in every round");
    println!(
        "{judged} judged, {same} unchanged; microseconds of processor, and each second: {each:.1} {rate:.1}"
    );
}

struct Loopback;

impl reqwest::dns::Resolve for Loopback {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as reqwest::dns::Addrs) })
    }
}

/// Fetches the same without judging or keeping anything.
async fn bare(base: &str, roots: &str, resume: &str) {
    let mut store = rustls::RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(roots).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    if resume == "resume" {
        tls.resumption = rustls::client::Resumption::in_memory_sessions(HOSTS);
    }
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Loopback)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    let ask = |n: usize| {
        let request = client.get(format!("{}checkpoint", base.replace("HOST", &format!("c{n}"))));
        async move {
            let answer = request.header("if-none-match", "\"0\"").send().await.unwrap();
            answer.bytes().await.unwrap();
        }
    };
    many(1, ask).await;
    let used = processor();
    let rate = many(ROUNDS, ask).await;
    println!("{:.1} {rate:.1}", (processor() - used) * 1e6 / (ROUNDS * HOSTS) as f64);
}

/// Drives the other's prober over connections that stay open.
async fn probe(blackbox: &str, base: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let port = base.rsplit(':').next().unwrap_or_default().trim_end_matches('/');
    let target = format!("https://127.0.0.1:{port}/checkpoint");
    let ask = |n: usize| {
        let url = format!(
            "http://127.0.0.1:{blackbox}/probe?module=canary&target={target}&hostname=c{n}.bench.localhost"
        );
        let request = client.get(url);
        async move {
            let text = request.send().await.unwrap().text().await.unwrap();
            assert!(text.contains("probe_success 1"), "{text}");
        }
    };
    println!("{:.1}", many(ROUNDS, ask).await);
}

/// Asks every host so many times: how many answers a second.
async fn many<F: Future<Output = ()> + Send + 'static>(
    rounds: usize,
    ask: impl Fn(usize) -> F,
) -> f64 {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for n in 0..rounds * HOSTS {
        if running.len() >= AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(ask(n % HOSTS));
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    (rounds * HOSTS) as f64 / begun.elapsed().as_secs_f64()
}

// Stores.

const STEPS: usize = 20_000;

fn unchanged(claim: Claim, now: i64) -> Commit {
    Commit {
        id: claim.id,
        fence: Some(claim.fence),
        at: now,
        wake: now + 3_600,
        memory: canary_monitor::memory::Memory {
            asked_at: Some(now),
            checker: "x".repeat(1_000),
            ..claim.memory
        },
        severity: canary_verifier::report::Severity::Alive,
        state: canary_verifier::report::State::Live,
        events: Vec::new(),
        notices: Vec::new(),
        bodies: Vec::new(),
    }
}

/// Claims and writes unchanged steps, as many at once as a worker has checks under way.
async fn steps<S: Store>(store: S, count: usize) {
    let mut done = 0;
    let mut running: JoinSet<()> = JoinSet::new();
    while done < count {
        let now = wall_clock();
        for claim in store.claim(now, i64::MAX, 600, AT_ONCE).await.unwrap() {
            let store = store.clone();
            done += 1;
            running.spawn(async move { store.commit(unchanged(claim, now)).await.unwrap() });
        }
        while running.len() > AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

/// Seconds of processor that this process has used.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

fn stores() {
    let folder = tempfile::tempdir().unwrap();
    let targets = fleet(STEPS, |n| format!("https://c{n}.example/"), None);
    runtime(2).block_on(async {
        let store = SqliteStore::open(&folder.path().join("watch.db"), Access::Monitor).unwrap();
        store.enroll(&targets, wall_clock()).await.unwrap();
        steps(store.clone(), STEPS).await;
        let (begun, used) = (Instant::now(), processor());
        steps(store, STEPS).await;
        let each = 1e6 / STEPS as f64;
        println!(
            "SQLite: {:.0} unchanged steps/s, {:.0} us of processor each",
            STEPS as f64 / begun.elapsed().as_secs_f64(),
            (processor() - used) * each
        );
    });
}

fn workers() {
    // A server that flushes, as in operation.
    let Some(server) = postgres::Postgres::start_flushing() else {
        println!("left out: PostgreSQL is not installed");
        return;
    };
    let targets = fleet(STEPS, |n| format!("https://c{n}.example/"), None);
    runtime(2).block_on(async {
        let address = Address::parse(&server.database("bench")).unwrap();
        let mut stores = Vec::new();
        for n in 0..4 {
            stores.push(PostgresStore::open(&address, &format!("w{n}")).await.unwrap());
        }
        stores[0].enroll(&targets, wall_clock()).await.unwrap();
        steps(stores[0].clone(), STEPS).await;
        let mut rates: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for _ in 0..PAIRS {
            for count in [1, 2, 4] {
                let begun = Instant::now();
                let mut all = JoinSet::new();
                for store in &stores[..count] {
                    all.spawn(steps(store.clone(), STEPS / 4 / count));
                }
                while all.join_next().await.is_some() {}
                let rate = (STEPS / 4) as f64 / begun.elapsed().as_secs_f64();
                rates.entry(count).or_default().push(rate);
            }
        }
        for (count, rates) in rates {
            println!("PostgreSQL, {count} workers: {:.0} unchanged steps/s", median(rates));
        }
    });
}

// A large fleet: the command itself.

/// A number of kilobytes that the kernel gives for a process.
fn kilobytes(process: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap()
}

/// Nothing listens where these hosts are: what counts is the start, and memory ten seconds after it.
fn large() {
    let beside = std::env::current_exe().unwrap().parent().unwrap().join("../canary");
    let program = std::env::var_os("CANARY_BIN").map_or(beside, Into::into);
    for targets in [100_000, 1_000_000] {
        let folder = tempfile::tempdir().unwrap();
        let digest = "QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
        let line = |n: usize| format!("http://c{n}.bench.localhost:1/#1:sha256:{digest}\n");
        std::fs::write(folder.path().join("fleet.txt"), (0..targets).map(line).collect::<String>())
            .unwrap();
        std::fs::write(
            folder.path().join("watch.toml"),
            "[[list]]\npath = \"fleet.txt\"\ninterval = \"31d\"\n",
        )
        .unwrap();
        for start in ["first", "next"] {
            let begun = Instant::now();
            let mut child = Command::new(&program)
                .args(["watch", "--listen", "127.0.0.1:0"])
                .current_dir(folder.path())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let mut said = || lines.next().unwrap().unwrap();
            let address = said().split_once("http://").unwrap().1.trim_end_matches('/').to_owned();
            assert!(said().starts_with("watching"));
            let started = begun.elapsed().as_secs_f64();
            let _running = Running(child);
            let process = _running.0.id();
            std::thread::sleep(Duration::from_secs(10));
            let page = |path: &str| {
                let begun = Instant::now();
                let mut stream = std::net::TcpStream::connect(&address).unwrap();
                write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut stream, &mut text).unwrap();
                (begun.elapsed().as_secs_f64() * 1e3, text.len())
            };
            let [metrics, home] = ["/metrics", "/?sort=name"].map(page);
            println!(
                "{targets} targets, {start} start: {started:.1} s, peak {:.0} MiB, now {:.0} MiB, \
                 /metrics {:.0} ms ({} bytes), / {:.0} ms ({} bytes)",
                kilobytes(process, "VmHWM:") / 1024.0,
                kilobytes(process, "VmRSS:") / 1024.0,
                metrics.0,
                metrics.1,
                home.0,
                home.1
            );
        }
    }
}
