//! Witnesses that run on this machine for tests.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use canary_format::digest::Digest;
use canary_format::note::VerifierKey;
use canary_witness::config::Limits;
use canary_witness::origins::{self, Origin};
use canary_witness::{Options, Store, WitnessKey, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub const NAME: &str = "witness.example/w1";

/// A witness on this machine, in a folder of its own.
pub struct Running {
    pub address: SocketAddr,
    pub metrics: SocketAddr,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

pub fn unlimited() -> Limits {
    let mut limits = Limits::default();
    (limits.per_address, limits.per_origin) = (0.0, 0.0);
    limits
}

pub fn key(name: &str) -> WitnessKey {
    WitnessKey::from_seed(name, &Digest::of(name.as_bytes()).0).unwrap()
}

pub fn witness_key() -> VerifierKey {
    key(NAME).verifier().clone()
}

pub async fn run(
    folder: &Path,
    name: &str,
    listener: TcpListener,
    metrics: Option<TcpListener>,
    limits: Limits,
    stop: oneshot::Receiver<()>,
) {
    let options = Options {
        key: key(name),
        store: Store::open(&folder.join("witness.sqlite")).unwrap(),
        origins: folder.join("origins.txt"),
        prefix: String::new(),
        limits,
        metrics,
        tell: |_| {},
    };
    let stopped = async { drop(stop.await) };
    serve(listener, options, stopped).await.unwrap();
}

impl Running {
    pub fn new(logs: &[&VerifierKey], limits: Limits) -> Self {
        Self::named(NAME, logs, limits)
    }

    pub fn named(name: &str, logs: &[&VerifierKey], limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_origins(folder.path(), logs);
        let (stop, stopped) = oneshot::channel();
        let (sender, addresses) = std::sync::mpsc::channel();
        let (path, name) = (folder.path().to_owned(), name.to_owned());
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let metrics = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let both = (listener.local_addr().unwrap(), metrics.local_addr().unwrap());
                sender.send(both).unwrap();
                run(&path, &name, listener, Some(metrics), limits, stopped).await;
            });
        });
        let (address, metrics) = addresses.recv().unwrap();
        Self { address, metrics, folder, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Stops it, and gives its folder.
    pub fn stop(mut self) -> TempDir {
        self.stop.take().unwrap().send(()).unwrap();
        self.thread.take().unwrap().join().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

pub fn write_origins(folder: &Path, logs: &[&VerifierKey]) {
    let file = folder.join("origins.txt");
    std::fs::write(&file, "").unwrap();
    for key in logs {
        let origin = Origin { origin: key.name().to_owned(), key: (*key).clone() };
        origins::add(&file, &origin).unwrap();
    }
}

/// Where a witness serves its copy of a log's checkpoint, without the slash before it.
pub fn monitoring_path(origin: &str) -> String {
    let digest = Digest::of(origin.as_bytes()).to_string();
    format!("{}/checkpoint", digest.strip_prefix("sha256:").unwrap())
}
