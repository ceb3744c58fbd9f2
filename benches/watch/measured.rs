//! Processes on one core each, and what they took.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

/// A process of this program, on one core where that can be said.
pub(crate) fn process(core: &str, arguments: &[&str], roots: &Path) -> Child {
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

pub(crate) fn pinned(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}

pub(crate) fn line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a client did: how many answers a second, and microseconds of processor for each.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) second: f64,
    pub(crate) processor: f64,
}

/// Runs a client to its end: the last two numbers that it prints.
pub(crate) fn rate(arguments: &[&str], core: &str, roots: &Path) -> Rate {
    let output = process(core, arguments, roots).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().rev();
    let mut number = || words.next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
    Rate { second: number(), processor: number() }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of processor that this process has used.
pub(crate) fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}
