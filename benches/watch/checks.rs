//! Whole checks beside others that fetch the same.
//!
//! A check is a turn of the worker, as `canary watch --once` takes it: claim, fetch, parse, judge, step,
//! commit.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use canary_format::time::Timestamp;
use canary_monitor::checker::Checker;
use canary_monitor::config::Config;
use canary_monitor::sinks::Sinks;
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::worker::{Settings, Worker, wall_clock};
use canary_verifier::fetch::Limits;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::task::JoinSet;

use crate::build::Series;
use crate::measured::{Rate, Running, line, median, pinned, process, processor, rate};
use crate::served::HEARTBEATS;
use crate::{AT_ONCE, PAIRS};

const HOSTS: usize = 3_000;
/// Polls of every host in one turn.
const ROUNDS: usize = 2;

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

pub(crate) fn checks() {
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
    let begun = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "blackbox does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    rate(&["probe", &port, base], "1", roots)
}

/// Two rounds to know every canary, then those that count.
pub(crate) async fn canary(base: &str, pin: &str) {
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
    let checker = Checker::new(store.clone(), limits).unwrap();
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
pub(crate) async fn bare(base: &str, roots: &str, resume: &str) {
    let mut store = rustls::RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(roots).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    if resume == "resume" {
        // Eight tickets are kept of each host.
        tls.resumption = rustls::client::Resumption::in_memory_sessions(8 * HOSTS);
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
pub(crate) async fn probe(blackbox: &str, base: &str) {
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
