//! How fast a fleet is watched, beside others that fetch the same. Figures: `docs/benchmarks.md`.
//!
//! `cargo bench -p canary-monitor --bench watch -- [checks] [store] [workers] [large]`. Servers run on one core,
//! what is measured on another, in processes of their own; paired runs take turns, and medians are printed.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and fails by panicking"
)]

#[path = "../tests/build/mod.rs"]
mod build;
#[path = "watch/checks.rs"]
mod checks;
#[path = "watch/large.rs"]
mod large;
#[path = "watch/measured.rs"]
mod measured;
#[path = "../tests/postgres/mod.rs"]
mod postgres;
#[path = "watch/served.rs"]
mod served;
#[path = "watch/stores.rs"]
mod stores;

use std::path::Path;

use checks::{bare, canary, checks, probe};
use large::large;
use measured::runtime;
use served::serve;
use stores::{stores, workers};

const AT_ONCE: usize = 64;
const PAIRS: usize = 5;

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
