//! A large fleet: the command itself, from `$CANARY_BIN` or `target/release/canary`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::measured::Running;

/// A number of kilobytes that the kernel gives for a process.
fn kilobytes(process: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap()
}

/// Nothing listens where these hosts are: what counts is the start, and memory ten seconds after it.
pub(crate) fn large() {
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
